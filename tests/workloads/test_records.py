"""Success criteria, readiness, baselines, lead times, departments."""

from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from portal.kernel.errors import Invalid, NotAllowed, NotFound, Stale
from portal.kernel.models import AuditEntry
from portal.kernel.periods import Quarter
from tests.conftest import NOW
from tests.workloads import stories
from workloads.enums import Moment, ReadinessCheck, Status
from workloads.models import ReadinessItem, SuccessCriterion
from workloads.selectors.baselines import compare_baselines, get_baseline
from workloads.selectors.lead_times import lead_times_of, lead_times_to_live
from workloads.services.baselines import take_baseline
from workloads.services.criteria import (
    record_readiness,
    remove_criterion,
    write_criterion,
)
from workloads.services.departments import (
    DepartmentTaken,
    create_department,
    edit_department,
)
from workloads.services.plan import edit_workload

pytestmark = pytest.mark.django_db

Q2 = Quarter(2026, 2)


def test_a_criterion_of_the_same_metric_is_rewritten_and_audited(
    cast: SimpleNamespace,
) -> None:
    workload = stories.proposed(cast)
    stories.with_criterion(workload, cast.sarah)
    stories.with_criterion(workload, cast.sarah)

    write_criterion(
        number=workload.number,
        actor=cast.pia,
        metric="Minutes saved per chat",
        baseline="0",
        target="8",
        due_on=date(2026, 9, 30),
        now=NOW,
    )

    assert SuccessCriterion.objects.get().target == "8"
    assert AuditEntry.objects.filter(action="criterion.written").count() == 2


def test_a_criterion_is_taken_back_and_its_words_kept_in_the_trail(
    cast: SimpleNamespace,
) -> None:
    workload = stories.proposed(cast)
    stories.with_criterion(workload, cast.sarah)
    criterion = SuccessCriterion.objects.get()

    with pytest.raises(NotAllowed):
        remove_criterion(
            number=1, criterion_id=criterion.pk, actor=cast.marcus, now=NOW
        )
    remove_criterion(number=1, criterion_id=criterion.pk, actor=cast.sarah, now=NOW)

    assert not SuccessCriterion.objects.exists()
    entry = AuditEntry.objects.get(action="criterion.removed")
    assert entry.before["metric"] == "Minutes saved per chat"
    with pytest.raises(NotFound):
        remove_criterion(number=1, criterion_id=criterion.pk, actor=cast.sarah, now=NOW)


def test_a_proof_of_tomorrow_is_refused(cast: SimpleNamespace) -> None:
    workload = stories.proposed(cast)

    with pytest.raises(Invalid) as refused:
        record_readiness(
            number=workload.number,
            actor=cast.sarah,
            item=ReadinessCheck.LOAD_TEST,
            link="https://wiki.example.com/load",
            done_on=(NOW + timedelta(days=1)).date(),
            now=NOW,
        )

    assert [error.pointer for error in refused.value.errors] == ["/done_on"]
    assert not ReadinessItem.objects.exists()


def test_a_load_test_below_the_factor_does_not_count(cast: SimpleNamespace) -> None:
    workload = stories.committed(cast)
    stories.ready(workload, cast.sarah)
    record_readiness(
        number=workload.number,
        actor=cast.sarah,
        item=ReadinessCheck.LOAD_TEST,
        link="https://wiki.example.com/load",
        done_on=NOW.date(),
        load_test_factor=1,
        now=NOW,
    )

    with pytest.raises(Exception, match="1 of 4 requirements") as refused:
        stories.moved(workload, Status.LIVE, cast.sarah)

    assert refused.value.code == "requirements_not_met"


def test_two_baselines_tell_what_changed(cast: SimpleNamespace) -> None:
    workload = stories.planned(cast)
    opened = take_baseline(actor=cast.clara, quarter=Q2, moment=Moment.OPENED, now=NOW)
    edit_workload(
        number=workload.number,
        actor=cast.pia,
        changes={"ship_quarter": "2026Q3"},
        now=NOW,
    )
    stories.proposed(cast, name="Marketing copy drafts")

    closed = take_baseline(actor=cast.clara, quarter=Q2, moment=Moment.CLOSED, now=NOW)

    assert (opened.number, closed.number) == (1, 2)
    assert compare_baselines(get_baseline(1), get_baseline(2)) == [
        {
            "ref": "W-01",
            "name": "Customer support chat",
            "change": "changed",
            "changes": {"ship_quarter": ["2026Q2", "2026Q3"]},
        },
        {
            "ref": "W-02",
            "name": "Marketing copy drafts",
            "change": "added",
            "changes": {
                "name": [None, "Marketing copy drafts"],
                "owner": [None, "Sarah Lind"],
                "status": [None, "candidate"],
                "ship_quarter": [None, "2026Q2"],
                "model_tier": [None, "Sonnet→Haiku"],
                "cost_gate": [None, "soft_cap"],
            },
        },
    ]


@pytest.mark.parametrize("person", ["pia", "sarah", "adele", "ada"])
def test_only_the_committee_takes_a_baseline(
    cast: SimpleNamespace, person: str
) -> None:
    with pytest.raises(NotAllowed):
        take_baseline(
            actor=getattr(cast, person), quarter=Q2, moment=Moment.OPENED, now=NOW
        )


def test_lead_times_count_every_stay(cast: SimpleNamespace) -> None:
    workload = stories.proposed(cast)
    stories.signed(workload, cast)

    def later(days: int):
        return NOW + timedelta(days=days)

    stories.moved(workload, Status.PLANNED, cast.sarah, now=later(4))
    stories.moved(workload, Status.CANDIDATE, cast.sarah, "Look again.", now=later(6))
    stories.moved(workload, Status.PLANNED, cast.sarah, now=later(7))
    stories.with_criterion(workload, cast.sarah)
    stories.staffed(cast, workload.ship_quarter)
    stories.activated(stories.gated(workload, cast), cast)
    stories.enforced(workload, cast.gateway, later(20))
    stories.moved(workload, Status.COMMITTED, cast.sarah, now=later(10))
    stories.ready(workload, cast.sarah)
    stories.moved(workload, Status.LIVE, cast.sarah, now=later(20))

    times = lead_times_of(workload, later(25))

    assert times.days_to_live == 20.0
    assert times.days_in_status == {
        "candidate": 5.0,
        "planned": 5.0,
        "committed": 10.0,
        "live": 5.0,
    }
    assert [(one.ref, one.days_to_live) for one in lead_times_to_live()] == [
        ("W-01", 20.0)
    ]


def test_departments_have_one_code_and_name(cast: SimpleNamespace) -> None:
    create_department(
        actor=cast.clara, code="support", name="Support", head=cast.dana, now=NOW
    )

    for code, name in (("support", "Other"), ("other", "SUPPORT")):
        with pytest.raises(DepartmentTaken):
            create_department(
                actor=cast.clara, code=code, name=name, head=None, now=NOW
            )
    with pytest.raises(NotAllowed):
        create_department(actor=cast.pia, code="x", name="X", head=None, now=NOW)
    with pytest.raises(Stale):
        edit_department(
            code="support",
            actor=cast.ada,
            name="Help",
            head=None,
            now=NOW,
            if_version=9,
        )
    edited = edit_department(
        code="support", actor=cast.ada, name="Help", head=None, now=NOW, if_version=1
    )
    assert (edited.name, edited.version) == ("Help", 2)
