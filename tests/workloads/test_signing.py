"""Signatures through the use case: who may, on what, and how they end."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import Error, connection, transaction

from portal.kernel.errors import Conflict, Invalid, NotAllowed, PreconditionRequired
from portal.kernel.models import AuditEntry, User
from portal.kernel.selectors import numbers
from portal.kernel.services.numbers import change_numbers
from tests.conftest import NOW
from tests.workloads import stories
from workloads.enums import SignoffEndKind, SignRole, Status, Verdict
from workloads.models import Estimate, Signoff, SignoffEnd, Workload
from workloads.services.deputies import name_deputy
from workloads.services.errors import (
    AlreadySigned,
    NoSuchSignature,
    NotOpenForSigning,
    SeparationOfDuties,
    StaleEstimate,
)
from workloads.services.estimates import edit_draft, submit_estimate
from workloads.services.plan import edit_workload
from workloads.services.signoff_ends import lapse_signatures, withdraw_signature
from workloads.services.signoffs import Press, sign

pytestmark = pytest.mark.django_db

ENGINEERING, FINANCE, OPS = SignRole


def everyone(cast: SimpleNamespace) -> dict[str, User]:
    """The cast, people of several roles, and a superuser with every signing role."""
    people = dict(vars(cast))
    people["eve"] = _person("eve", ["engineering", "finance", "ops"])
    people["root"] = _person("root", ["ops"], is_superuser=True, is_staff=True)
    return people


def _person(username: str, roles: list[str], **flags: bool) -> User:
    return User.objects.create(
        username=username,
        roles=roles,
        email=f"{username}@example.com",
        created_at=NOW,
        **flags,
    )


# Who × what on an estimate that sarah owns and pia helped to write. Every other cell of
# people × signatures is refused.
MAY_SIGN = {
    ("ines", "engineering"),
    ("felix", "finance"),
    ("noor", "ops"),
    ("eve", "engineering"),
    ("eve", "finance"),
    ("eve", "ops"),
    ("root", "ops"),
}
PEOPLE = [
    "sarah",
    "marcus",
    "pia",
    "ines",
    "felix",
    "noor",
    "clara",
    "dana",
    "adele",
    "ada",
    "gateway",
    "nils",
    "eve",
    "root",
]


@pytest.mark.parametrize("role", list(SignRole))
@pytest.mark.parametrize("person", PEOPLE)
def test_who_signs_what(cast: SimpleNamespace, person: str, role: SignRole) -> None:
    people = everyone(cast)
    estimate = stories.submitted(stories.proposed(cast), cast.sarah)

    if (person, str(role)) in MAY_SIGN:
        stories.press(estimate, people[person], role)
        assert Signoff.objects.get().signer == people[person]
    else:
        with pytest.raises(NotAllowed):
            stories.press(estimate, people[person], role)
        assert not Signoff.objects.exists()


@pytest.mark.parametrize("tie", ["owner", "author", "contributor", "signer", "root"])
@pytest.mark.parametrize("role", list(SignRole))
def test_separation_of_duties_bars_every_tie_in_every_role(
    cast: SimpleNamespace, tie: str, role: SignRole
) -> None:
    """Eve holds all three roles; one tie to the estimate bars her from each."""
    eve = _person(
        "eve",
        ["engineering", "finance", "ops", "planner"],
        is_superuser=tie == "root",
    )
    workload = stories.proposed(cast, owner=eve if tie in ("owner", "root") else None)
    draft = stories.drafted(workload, eve if tie == "author" else cast.pia)
    if tie == "contributor":
        _edited_twice(workload, draft, eve, cast.pia)
    estimate = submit_estimate(
        number=workload.number, version=draft.version, actor=cast.pia, now=NOW
    )
    if tie == "signer":
        other = next(one for one in SignRole if one != role)
        stories.press(estimate, eve, other)

    with pytest.raises(SeparationOfDuties) as refused:
        stories.press(estimate, eve, role)

    assert refused.value.status == 403
    assert refused.value.code == "separation_of_duties"
    assert not Signoff.objects.filter(role=role).exists()


def _edited_twice(workload: Workload, draft: object, first: User, last: User) -> None:
    """The last saver is not the only contributor."""
    for actor, users in ((first, 10), (last, 20)):
        edit_draft(
            number=workload.number,
            version=1,
            actor=actor,
            changes={"users": users},
            now=NOW,
        )


@pytest.mark.parametrize("role", list(SignRole))
@pytest.mark.parametrize("tie", ["owner", "contributor", "signer"])
def test_the_database_itself_holds_separation_of_duties(
    cast: SimpleNamespace, tie: str, role: SignRole
) -> None:
    eve = _person("eve", ["engineering", "finance", "ops", "planner"])
    workload = stories.proposed(cast, owner=eve if tie == "owner" else cast.sarah)
    estimate = stories.submitted(workload, eve if tie == "contributor" else cast.pia)
    if tie == "signer":
        stories.press(estimate, eve, next(one for one in SignRole if one != role))

    with pytest.raises(Error) as refused, transaction.atomic():
        Signoff.objects.create(
            estimate=estimate,
            role=role,
            verdict="approve",
            signer=eve,
            at=NOW,
            sha256=estimate.sha256,
            lapses_on=date(2026, 12, 31),
        )

    assert "separation of duties" in str(refused.value)


def test_a_signature_names_the_numbers_on_the_screen(cast: SimpleNamespace) -> None:
    estimate = stories.submitted(stories.proposed(cast), cast.sarah)

    with pytest.raises(StaleEstimate):
        _sign(estimate, cast.ines, ENGINEERING, sha256="0" * 64)
    with pytest.raises(PreconditionRequired):
        _sign(estimate, cast.ines, ENGINEERING, sha256=None)

    assert not Signoff.objects.exists()


def _sign(estimate, actor: User, role: SignRole, *, sha256: str | None):
    return sign(
        number=estimate.workload.number,
        version=estimate.version,
        press=Press(role, Verdict.APPROVE, "", sha256),
        actor=actor,
        now=NOW,
    )


def test_who_may_not_sign_is_told_so_before_the_numbers_are_judged(
    cast: SimpleNamespace,
) -> None:
    estimate = stories.submitted(stories.proposed(cast), cast.sarah)

    with pytest.raises(NotAllowed):
        _sign(estimate, cast.felix, ENGINEERING, sha256=None)


def test_a_signed_role_is_not_signed_again(cast: SimpleNamespace) -> None:
    iris = _person("iris", ["engineering"])
    estimate = stories.submitted(stories.proposed(cast), cast.sarah)
    stories.press(estimate, cast.ines, ENGINEERING)

    for presser in (cast.ines, iris):
        with pytest.raises(AlreadySigned):
            stories.press(estimate, presser, ENGINEERING)

    assert Signoff.objects.count() == 1


def test_a_superseded_version_takes_no_signature(cast: SimpleNamespace) -> None:
    workload = stories.proposed(cast)
    first = stories.submitted(workload, cast.sarah)
    stories.submitted(workload, cast.sarah, users=9)

    with pytest.raises(NotOpenForSigning):
        stories.press(first, cast.ines, ENGINEERING)


def test_a_refusal_needs_a_reason(cast: SimpleNamespace) -> None:
    estimate = stories.submitted(stories.proposed(cast), cast.sarah)

    with pytest.raises(Invalid) as refused:
        stories.press(estimate, cast.ines, ENGINEERING, Verdict.REFUSE, "  ")

    assert [error.pointer for error in refused.value.errors] == ["/reason"]


def test_contributors_of_a_refused_version_stay_barred(cast: SimpleNamespace) -> None:
    eve = _person("eve", ["planner", "ops"])
    workload = stories.proposed(cast)
    estimate = stories.submitted(workload, eve)
    stories.press(estimate, cast.felix, FINANCE, Verdict.REFUSE, "Too low.")
    second = submit_estimate(
        number=workload.number, version=2, actor=cast.sarah, now=NOW
    )

    with pytest.raises(SeparationOfDuties):
        stories.press(second, eve, OPS)


def test_the_third_signature_moves_nothing_by_itself(cast: SimpleNamespace) -> None:
    workload = stories.proposed(cast)

    estimate = stories.signed(workload, cast)

    fresh = Workload.objects.get()
    assert fresh.status == Status.CANDIDATE
    assert fresh.shown_estimate_id == estimate.pk
    assert fresh.estimates.get().signed_at == NOW


@pytest.mark.parametrize(
    ("signed_on", "last_day"),
    [
        (datetime(2026, 4, 1, tzinfo=UTC), date(2026, 12, 31)),
        (datetime(2026, 6, 30, 23, tzinfo=UTC), date(2026, 12, 31)),
        (datetime(2026, 7, 1, tzinfo=UTC), date(2027, 3, 31)),
        (datetime(2026, 12, 31, tzinfo=UTC), date(2027, 6, 30)),
        (datetime(2027, 9, 1, tzinfo=UTC), date(2028, 3, 31)),
    ],
)
def test_a_signature_lapses_at_the_end_of_the_second_quarter_after(
    cast: SimpleNamespace, signed_on: datetime, last_day: date
) -> None:
    estimate = stories.submitted(stories.proposed(cast), cast.sarah)

    signoff = stories.press(estimate, cast.ines, ENGINEERING, now=signed_on)

    assert signoff.lapses_on == last_day


AFTER_LAPSE = datetime(2027, 1, 1, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("story", "status"),
    [("planned", Status.CANDIDATE), ("committed", Status.COMMITTED), ("live", "live")],
)
def test_a_lapse_takes_only_a_planned_workload_back(
    cast: SimpleNamespace, story: str, status: str
) -> None:
    workload = getattr(stories, story)(cast)

    lapsed = lapse_signatures(number=workload.number, now=AFTER_LAPSE)

    assert lapsed == 3
    assert lapse_signatures(number=workload.number, now=AFTER_LAPSE) == 0
    assert Workload.objects.get().status == status
    assert AuditEntry.objects.filter(action="signoff.lapsed").count() == 3


def test_a_lapsed_signature_can_be_given_anew(cast: SimpleNamespace) -> None:
    estimate = stories.signed(stories.proposed(cast), cast)

    signoff = stories.press(estimate, cast.ines, ENGINEERING, now=AFTER_LAPSE)

    assert signoff.lapses_on == date(2027, 9, 30)
    assert signoff.renews is None
    assert sorted(end.kind for end in SignoffEnd.objects.all()) == ["lapsed"] * 3


@pytest.mark.parametrize(
    ("day", "renewable"),
    [
        (date(2026, 12, 16), False),
        (date(2026, 12, 17), True),
        (date(2026, 12, 31), True),
    ],
)
def test_its_signer_renews_from_fourteen_days_before(
    cast: SimpleNamespace, day: date, renewable: bool
) -> None:
    estimate = stories.signed(stories.proposed(cast), cast)
    moment = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)

    if renewable:
        renewal = stories.press(estimate, cast.ines, ENGINEERING, now=moment)
        assert renewal.renews.signer == cast.ines
        assert renewal.lapses_on == date(2027, 6, 30)
        assert Signoff.objects.filter(role=ENGINEERING).count() == 2
    else:
        with pytest.raises(AlreadySigned):
            stories.press(estimate, cast.ines, ENGINEERING, now=moment)


def test_only_its_signer_renews(cast: SimpleNamespace) -> None:
    iris = _person("iris", ["engineering"])
    estimate = stories.signed(stories.proposed(cast), cast)

    with pytest.raises(AlreadySigned):
        stories.press(
            estimate, iris, ENGINEERING, now=datetime(2026, 12, 20, tzinfo=UTC)
        )


def withdraw(estimate, actor: User, role: SignRole, reason: str = "Looked again."):
    return withdraw_signature(
        number=estimate.workload.number,
        version=estimate.version,
        role=role,
        actor=actor,
        reason=reason,
        now=NOW,
    )


# The status, how many of the three are given, and what a withdrawal then meets.
WITHDRAWALS = [
    ("candidate", 1, "ok"),
    ("candidate", 3, "ok"),
    ("planned", 3, "signature_in_use"),
    ("committed", 3, "signature_in_use"),
    ("live", 3, "signature_in_use"),
    ("retired", 1, "not_open_for_signing"),
    ("retired", 3, "not_open_for_signing"),
]


@pytest.mark.parametrize(("status", "given", "expected"), WITHDRAWALS)
def test_a_signature_is_withdrawn_while_the_status_has_not_used_it(
    cast: SimpleNamespace, status: str, given: int, expected: str
) -> None:
    estimate = _signed_and_moved(cast, Status(status), given)

    code = "ok"
    try:
        withdraw(estimate, cast.noor, OPS)
    except Conflict as refused:
        code = refused.code

    assert code == expected
    withdrawn = SignoffEnd.objects.filter(kind=SignoffEndKind.WITHDRAWN)
    assert withdrawn.exists() == (expected == "ok")


def _signed_and_moved(cast: SimpleNamespace, status: Status, given: int) -> Estimate:
    if status in (Status.PLANNED, Status.COMMITTED, Status.LIVE):
        workload: Workload = getattr(stories, str(status))(cast)
        assert workload.submitted_estimate is not None
        return workload.submitted_estimate
    workload = stories.proposed(cast)
    estimate = stories.submitted(workload, cast.sarah)
    for role in (OPS, ENGINEERING, FINANCE)[:given]:
        stories.press(estimate, getattr(cast, stories.SIGNERS[role]), role)
    if status == Status.RETIRED:
        stories.moved(workload, Status.RETIRED, cast.sarah, reason="No use.")
    return estimate


def test_a_withdrawn_signature_can_be_given_again(cast: SimpleNamespace) -> None:
    estimate = stories.signed(stories.proposed(cast), cast)
    withdraw(estimate, cast.noor, OPS)

    assert Workload.objects.get().estimates.get().signed_at is None
    stories.press(estimate, cast.noor, OPS)
    assert Signoff.objects.filter(role=OPS).count() == 2


def test_only_the_signer_withdraws_and_says_why(cast: SimpleNamespace) -> None:
    estimate = stories.submitted(stories.proposed(cast), cast.sarah)
    stories.press(estimate, cast.noor, OPS)

    with pytest.raises(NotAllowed):
        withdraw(estimate, cast.sarah, OPS)
    with pytest.raises(Invalid):
        withdraw(estimate, cast.noor, OPS, reason=" ")
    with pytest.raises(NoSuchSignature):
        withdraw(estimate, cast.ines, ENGINEERING)


SPAN = {"from_day": date(2026, 5, 1), "until_day": date(2026, 5, 31)}


def test_a_deputy_signs_in_their_own_name_for_the_signer(cast: SimpleNamespace) -> None:
    name_deputy(actor=cast.noor, role=OPS, deputy=cast.nils, now=NOW, **SPAN)
    estimate = stories.submitted(stories.proposed(cast), cast.sarah)

    signoff = stories.press(estimate, cast.nils, OPS)

    assert (signoff.signer, signoff.on_behalf_of) == (cast.nils, cast.noor)


@pytest.mark.parametrize("barred", ["deputy", "signer"])
def test_separation_of_duties_is_checked_for_both(
    cast: SimpleNamespace, barred: str
) -> None:
    name_deputy(actor=cast.noor, role=OPS, deputy=cast.nils, now=NOW, **SPAN)
    tied = cast.nils if barred == "deputy" else cast.noor
    workload = stories.proposed(cast, owner=tied)
    estimate = stories.submitted(workload, cast.pia)

    with pytest.raises(SeparationOfDuties):
        stories.press(estimate, cast.nils, OPS)


@pytest.mark.parametrize("day", [date(2026, 4, 30), date(2026, 6, 1)])
def test_a_deputy_outside_the_span_does_not_sign(
    cast: SimpleNamespace, day: date
) -> None:
    name_deputy(
        actor=cast.noor,
        role=OPS,
        deputy=cast.nils,
        now=NOW - timedelta(days=30),
        **SPAN,
    )
    estimate = stories.submitted(stories.proposed(cast), cast.sarah)

    with pytest.raises(NotAllowed):
        stories.press(
            estimate,
            cast.nils,
            OPS,
            now=datetime(day.year, day.month, day.day, 12, tzinfo=UTC),
        )


def test_an_owner_is_not_a_signer_afterwards_either(cast: SimpleNamespace) -> None:
    workload = stories.planned(cast)

    with pytest.raises(Exception, match="does not sign") as refused:
        edit_workload(
            number=workload.number,
            actor=cast.pia,
            changes={"owner": cast.ines},
            now=NOW,
        )

    assert refused.value.code == "owner_has_signed"


@pytest.mark.parametrize("table", ["signoff", "signoffend", "statusstep"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET at = now()", "DELETE FROM {}"])
def test_what_was_signed_is_never_edited(
    cast: SimpleNamespace, table: str, statement: str
) -> None:
    workload = stories.planned(cast)
    lapse_signatures(number=workload.number, now=AFTER_LAPSE)

    with (
        pytest.raises(Error),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(f"workloads_{table}"))


def test_a_submitted_estimate_is_frozen_in_the_database(cast: SimpleNamespace) -> None:
    estimate = stories.submitted(stories.proposed(cast), cast.sarah)

    for change in ({"users": 1}, {"budgets": {}}, {"sha256": "a" * 64}, {"version": 9}):
        with pytest.raises(Error), transaction.atomic():
            type(estimate).objects.filter(pk=estimate.pk).update(**change)


def test_policy_of_submit_time_rules_a_running_vote(cast: SimpleNamespace) -> None:
    estimate = stories.submitted(stories.proposed(cast), cast.sarah)
    change_numbers(
        actor=cast.clara,
        changes={"signature_validity_quarters": 4},
        reason="Longer.",
        if_version=numbers.current().version,
        now=NOW,
    )

    signoff = stories.press(estimate, cast.ines, ENGINEERING)

    assert signoff.lapses_on == date(2026, 12, 31)
