"""Asking for what is missing, and what the system reminds of by itself."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

from portal.kernel.errors import NotAllowed, NotFound
from portal.kernel.models import OutboxMessage
from tests.conftest import NOW
from tests.workloads import stories
from workloads.enums import SignRole
from workloads.models import Reminder
from workloads.selectors.approvals import count_waiting_for, waiting_signatures
from workloads.selectors.people import who_can_mend
from workloads.selectors.plan import get_workload
from workloads.selectors.requirements import road_for
from workloads.services.deputies import name_deputy
from workloads.services.errors import AlreadyAsked
from workloads.services.reminders import (
    NothingToAsk,
    ask_for_requirement,
    remind_of_waiting,
)
from workloads.services.signoff_ends import lapse_signatures

pytestmark = pytest.mark.django_db


def ask(workload, code: str, actor, now: datetime = NOW) -> Reminder:
    return ask_for_requirement(number=workload.number, code=code, actor=actor, now=now)


def mailed() -> list[str]:
    return sorted(
        message.payload["to"].partition("@")[0]
        for message in OutboxMessage.objects.filter(kind="reminder")
    )


def test_asking_reminds_exactly_those_who_can_mend_it(cast: SimpleNamespace) -> None:
    workload = stories.proposed(cast)
    stories.submitted(workload, cast.sarah)

    ask(workload, "signoff_finance", cast.sarah)

    assert mailed() == ["felix"]


def test_the_owner_and_the_planner_are_asked_for_the_estimate(
    cast: SimpleNamespace,
) -> None:
    workload = stories.proposed(cast)

    ask(workload, "estimate_complete", cast.noor)

    assert mailed() == ["pia", "sarah"]


def test_the_same_person_asks_once_a_day(cast: SimpleNamespace) -> None:
    workload = stories.proposed(cast)
    ask(workload, "estimate_complete", cast.noor)

    with pytest.raises(AlreadyAsked):
        ask(workload, "estimate_complete", cast.noor)
    ask(workload, "estimate_complete", cast.noor, NOW + timedelta(days=1))

    assert Reminder.objects.count() == 2


@pytest.mark.parametrize("person", ["adele", "gateway", "nils"])
def test_who_only_reads_does_not_ask(cast: SimpleNamespace, person: str) -> None:
    workload = stories.proposed(cast)

    with pytest.raises(NotAllowed):
        ask(workload, "estimate_complete", getattr(cast, person))


def test_what_is_met_or_unknown_is_not_asked_for(cast: SimpleNamespace) -> None:
    workload = stories.proposed(cast)

    with pytest.raises(NothingToAsk):
        ask(workload, "owner_named", cast.noor)
    with pytest.raises(NotFound):
        ask(workload, "good_weather", cast.noor)


def test_nobody_else_to_ask_is_said(cast: SimpleNamespace) -> None:
    workload = stories.proposed(cast)
    stories.submitted(workload, cast.sarah)

    with pytest.raises(NothingToAsk):
        ask(workload, "signoff_ops", cast.noor)


@pytest.mark.parametrize(
    ("waited", "reminded"),
    [
        (5, []),
        (6, ["felix", "ines", "noor"]),
        (11, ["clara"] * 3 + ["felix", "ines", "nils", "noor"]),
    ],
)
def test_what_waits_is_reminded_of_in_two_stages(
    cast: SimpleNamespace, waited: int, reminded: list[str]
) -> None:
    stories.submitted(stories.proposed(cast), cast.sarah)
    name_deputy(
        actor=cast.noor,
        role=SignRole.OPS,
        deputy=cast.nils,
        from_day=date(2026, 5, 1),
        until_day=date(2026, 6, 30),
        now=NOW,
    )
    # 12 May 2026 is a Tuesday: five working days are a week.
    weeks, days = divmod(waited, 5)
    later = NOW + timedelta(days=7 * weeks + days)

    remind_of_waiting(now=later)
    assert remind_of_waiting(now=later) == 0

    assert mailed() == reminded


def test_a_lapsing_signature_is_reminded_of_fourteen_days_before(
    cast: SimpleNamespace,
) -> None:
    stories.signed(stories.proposed(cast), cast)

    assert remind_of_waiting(now=datetime(2026, 12, 16, 9, tzinfo=UTC)) == 0
    assert remind_of_waiting(now=datetime(2026, 12, 17, 9, tzinfo=UTC)) == 3
    assert remind_of_waiting(now=datetime(2026, 12, 18, 9, tzinfo=UTC)) == 0

    assert mailed() == ["felix", "ines", "noor"]


def test_the_inbox_holds_what_this_person_can_sign(cast: SimpleNamespace) -> None:
    estimate = stories.submitted(stories.proposed(cast), cast.sarah)
    counts = {
        name: count_waiting_for(getattr(cast, name), NOW)
        for name in ("ines", "felix", "noor", "sarah", "clara", "nils")
    }
    assert counts == {
        "ines": 1,
        "felix": 1,
        "noor": 1,
        "sarah": 0,
        "clara": 0,
        "nils": 0,
    }

    stories.press(estimate, cast.ines, SignRole.ENGINEERING)

    assert count_waiting_for(cast.ines, NOW) == 0
    assert [item.role for item in waiting_signatures(cast.noor, NOW)] == [
        SignRole.OPS,
        SignRole.FINANCE,
    ]


def test_a_renewal_waits_for_its_signer_alone(cast: SimpleNamespace) -> None:
    stories.signed(stories.proposed(cast), cast)
    late = datetime(2026, 12, 20, 9, tzinfo=UTC)

    (renewal,) = waiting_signatures(cast.noor, late)

    assert (renewal.role, renewal.yours) == (SignRole.OPS, True)
    assert renewal.due_on == date(2026, 12, 31)
    assert count_waiting_for(cast.clara, late) == 0


@pytest.mark.parametrize("workloads", [1, 3])
def test_the_inbox_takes_the_same_queries_whatever_the_rows(
    cast: SimpleNamespace, django_assert_num_queries, workloads: int
) -> None:
    for index in range(workloads):
        stories.submitted(stories.proposed(cast, name=f"Workload {index}"), cast.sarah)

    with django_assert_num_queries(6):
        assert len(waiting_signatures(cast.noor, NOW)) == 3 * workloads


def test_after_a_lapse_the_waiting_starts_anew(cast: SimpleNamespace) -> None:
    workload = stories.live(cast)
    lapsed = datetime(2027, 1, 1, 0, 30, tzinfo=UTC)
    lapse_signatures(number=workload.number, now=lapsed)

    mine = waiting_signatures(cast.noor, lapsed + timedelta(days=7))[0]

    assert (mine.role, mine.waited_working_days) == (SignRole.OPS, 5)


def test_people_are_named_not_only_roles(cast: SimpleNamespace) -> None:
    workload = stories.proposed(cast)
    stories.submitted(workload, cast.sarah)
    fresh = get_workload(workload.ref)
    said = {
        item.code: who_can_mend(item, fresh)
        for item in road_for(fresh, to="live", now=NOW)
    }

    assert said["signoff_engineering"] == "Ines Duarte can mend it."
    assert said["success_criteria"] == "Sarah Lind or Pia Novak can mend it."
