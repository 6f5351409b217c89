"""People by quarter: who enters what, what needs a decision, and what changes nothing."""

from decimal import Decimal

import pytest

from capacity.models import Staffing
from capacity.selectors.problems import DecisionRequired
from capacity.selectors.staffing import staffed
from capacity.services.staffing import enter_staffing, raise_staffing
from portal.kernel.errors import Invalid, NotAllowed
from portal.kernel.models import AuditEntry
from portal.kernel.periods import Quarter
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
Q3 = Quarter(2026, 3)


def enter(cast, people: str, vacancies: str | None = None, reason: str = "Planned."):
    return enter_staffing(
        actor=cast.noor,
        quarter=Q3,
        full_time_equivalents=Decimal(people),
        vacancies=None if vacancies is None else Decimal(vacancies),
        reason=reason,
        now=NOW,
    )


def test_a_first_row_makes_the_quarters_ceiling(cast):
    entry = enter(cast, "1.5", "0.25")

    assert entry.is_new
    assert staffed() == {Q3: Decimal("1.25")}
    audit = AuditEntry.objects.get()
    assert (audit.action, audit.object) == ("staffing.entered", "staffing/2026Q3")
    assert audit.after == {"full_time_equivalents": "1.50", "vacancies": "0.25"}
    assert (audit.before, audit.reason) == (
        {"full_time_equivalents": None, "vacancies": None},
        "Planned.",
    )


@pytest.mark.parametrize("who", ["felix", "ines", "clara", "pia", "ada", "gateway"])
def test_only_the_ops_lead_enters_people(cast, who):
    with pytest.raises(NotAllowed, match="The ops lead can"):
        enter_staffing(
            actor=getattr(cast, who),
            quarter=Q3,
            full_time_equivalents=Decimal(1),
            reason="Planned.",
            now=NOW,
        )

    assert not Staffing.objects.exists()


def test_an_equal_row_changes_nothing(cast):
    first = enter(cast, "1.5", "0.25")
    again = enter(cast, "1.50", "0.250", reason="")

    assert (again.row, again.is_new) == (first.row, False)
    assert Staffing.objects.count() == AuditEntry.objects.count() == 1


def test_without_vacancies_they_stay_as_they_are(cast):
    enter(cast, "2", "0.5")
    entry = enter(cast, "1.5")

    assert (entry.row.full_time_equivalents, entry.row.vacancies) == (
        Decimal("1.5"),
        Decimal("0.5"),
    )


def test_a_lowering_keeps_the_row_before_it(cast):
    enter(cast, "2")
    enter(cast, "1", reason="Two people moved to the data team.")

    rows = Staffing.objects.order_by("id").values_list("full_time_equivalents")
    assert [people for (people,) in rows] == [Decimal(2), Decimal(1)]
    entry = AuditEntry.objects.latest("id")
    assert entry.before == {"full_time_equivalents": "2.00"}
    assert entry.after == {"full_time_equivalents": "1.00"}


@pytest.mark.parametrize("people", ["2.01", "3"])
def test_a_raise_needs_a_decision(cast, people):
    enter(cast, "2")

    with pytest.raises(DecisionRequired, match="only a staffing decision") as refused:
        enter(cast, people)

    assert (refused.value.status, refused.value.code) == (409, "decision_required")
    assert Staffing.objects.count() == 1


def test_a_raise_with_more_vacancies_needs_a_decision_too(cast):
    enter(cast, "2")

    with pytest.raises(DecisionRequired):
        enter(cast, "3", "2")


@pytest.mark.parametrize(("before", "after"), [("0", "0.5"), ("0.5", "0")])
def test_vacancies_alone_are_changed_without_a_reason(cast, before, after):
    enter(cast, "2", before)
    entry = enter(cast, "2", after, reason="")

    assert entry.is_new
    assert staffed() == {Q3: 2 - Decimal(after)}


@pytest.mark.parametrize(("first", "then"), [(None, "2"), ("2", "1")])
@pytest.mark.parametrize("reason", ["", "   "])
def test_a_first_row_and_a_lowering_need_a_reason(cast, first, then, reason):
    if first:
        enter(cast, first)
    before = Staffing.objects.count()

    with pytest.raises(Invalid, match="needs a reason") as refused:
        enter(cast, then, reason=reason)

    assert [(e.pointer, e.code) for e in refused.value.errors] == [
        ("/reason", "required")
    ]
    assert Staffing.objects.count() == before


@pytest.mark.parametrize(
    ("people", "vacancies", "pointer", "code"),
    [
        ("-1", None, "/full_time_equivalents", "min_value"),
        ("1E+18", None, "/full_time_equivalents", "max_value"),
        ("10000.01", None, "/full_time_equivalents", "max_value"),
        ("1.001", None, "/full_time_equivalents", "places"),
        ("NaN", None, "/full_time_equivalents", "invalid"),
        ("1", "-0.5", "/vacancies", "min_value"),
        ("1", "1.01", "/vacancies", "max_value"),
        ("0", "0.5", "/vacancies", "max_value"),
    ],
)
def test_what_makes_no_sense_names_its_field(cast, people, vacancies, pointer, code):
    with pytest.raises(Invalid) as refused:
        enter(cast, people, vacancies)

    assert [(e.pointer, e.code) for e in refused.value.errors] == [(pointer, code)]
    assert not Staffing.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_lowering_below_the_vacancies_names_them(cast):
    enter(cast, "3", "2")

    with pytest.raises(Invalid, match="vacancies are more than the 1") as refused:
        enter(cast, "1")

    assert [e.pointer for e in refused.value.errors] == ["/vacancies"]


def test_nobody_is_staffed_with_zero_people(cast):
    enter(cast, "0")

    assert staffed() == {Q3: Decimal(0)}


def test_a_decision_raises_people_and_leaves_vacancies(cast):
    enter(cast, "1", "0.5")
    entry = raise_staffing(
        quarter=Q3,
        full_time_equivalents=Decimal(2),
        decision="D-12",
        actor=cast.clara,
        now=NOW,
    )

    assert (entry.row.decision, entry.row.vacancies) == ("D-12", Decimal("0.5"))
    assert staffed() == {Q3: Decimal("1.5")}
    audit = AuditEntry.objects.latest("id")
    assert (audit.action, audit.after) == (
        "staffing.decided",
        {"full_time_equivalents": "2.00", "decision": "D-12"},
    )


def test_the_same_decision_again_changes_nothing(cast):
    enter(cast, "1")
    for _ in range(2):
        raise_staffing(
            quarter=Q3,
            full_time_equivalents=Decimal(2),
            decision="D-12",
            actor=cast.clara,
            now=NOW,
        )

    assert Staffing.objects.count() == 2
