"""Nothing commits over a quarter's ops ceiling, or into a quarter without one."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connections, transaction

from capacity.models import GatePolicy
from capacity.services.staffing import enter_staffing
from portal.kernel.periods import Quarter
from portal.kernel.selectors import numbers
from portal.kernel.services.numbers import change_numbers
from tests.conftest import NOW
from tests.workloads import stories
from workloads.enums import Status
from workloads.models import Workload
from workloads.rules.requirements import Requirement, StepRequest
from workloads.selectors.plan import get_workload
from workloads.selectors.requirements import requirements_for
from workloads.services.errors import RequirementsNotMet

pytestmark = pytest.mark.django_db
CODES = {"ops_headroom", "no_staffing"}
# The plan that the company starts from: reference, owner, hours a week, quarter.
PLAN = (
    ("Customer support chat", "sarah", "6", "2026Q2"),
    ("Internal Q&A over docs", "marcus", "4", "2026Q2"),
    ("Sales-call summariser", "sarah", "2", "2026Q3"),
    ("Code review assistant", "marcus", "3", "2026Q3"),
)


def planned(cast, name: str, owner: str, hours: str, quarter: str) -> Workload:
    """Planned with so many hours; a reason stands where guidance asks for more."""
    person = getattr(cast, owner)
    workload = stories.proposed(cast, name=name, owner=person, ship_quarter=quarter)
    estimate = stories.submitted(
        workload, person, ops_hours_week=Decimal(hours), ops_reason="As its team says."
    )
    for role, signer in stories.SIGNERS.items():
        stories.press(estimate, getattr(cast, signer), role)
    stories.with_criterion(workload, person)
    stories.gated(workload, cast)
    return stories.moved(workload, Status.PLANNED, person)


@pytest.fixture
def plan(cast) -> list[Workload]:
    """The four estimated rows of the plan, planned; W-01 and W-02 committed."""
    found = [planned(cast, *row) for row in PLAN]
    staff(cast, "2026Q2", "1")
    for workload in found[:2]:
        stories.moved(workload, Status.COMMITTED, workload.owner)
    return found


def staff(cast, quarter: str, people: str, vacancies: str = "0") -> None:
    enter_staffing(
        actor=cast.noor,
        quarter=Quarter.parse(quarter),
        full_time_equivalents=Decimal(people),
        vacancies=Decimal(vacancies),
        reason="As planned.",
        now=NOW,
    )


def room_of(ref: str, **once) -> Requirement:
    step = StepRequest(to=Status.COMMITTED, **once)
    (found,) = (
        one
        for one in requirements_for(get_workload(ref), step=step, now=NOW)
        if one.code in CODES
    )
    return found


def commit(workload: Workload) -> Workload:
    return stories.moved(workload, Status.COMMITTED, workload.owner)


def refused(workload: Workload) -> str:
    with pytest.raises(RequirementsNotMet) as refusal:
        commit(workload)
    (unmet,) = (one for one in refusal.value.requirements if not one.met)
    assert Workload.objects.get(pk=workload.pk).status == Status.PLANNED
    return f"{unmet.code}: {unmet.message}"


# --- The plan's own figures ----------------------------------------------------------


def test_two_workloads_fill_the_second_quarter_to_38_hours(plan):
    found = room_of("W-02")

    assert found.met
    assert found.message == "2026-Q2 needs 38 h/week with W-02 and has 40."


def test_a_quarter_without_staffing_has_no_ceiling(plan):
    assert refused(plan[2]) == (
        "no_staffing: 2026-Q3 has no staffing, so it has no ceiling yet and nothing "
        "commits into it."
    )
    assert room_of("W-03").link == "/capacity/rates/#staffing"


def test_the_third_quarter_lacks_three_hours_for_both(cast, plan):
    staff(cast, "2026Q3", "1")
    assert room_of("W-03").message == (
        "2026-Q3 needs 28 h/week with W-03 and has 40."  # 12 + 12 + 4
    )
    commit(plan[2])

    assert refused(plan[3]) == (
        "ops_headroom: 2026-Q3 needs 43 h/week and has 40: 3 over. W-04 shares it with "
        "W-01, W-02 and W-03."
    )
    assert room_of("W-04").link == "/plan/roadmap/"


@pytest.mark.parametrize(
    ("people", "vacancies", "met"),
    [
        ("1.075", "0", None),
        ("1.08", "0", True),
        ("1.07", "0", False),
        ("2", "1", False),
    ],
)
def test_exactly_the_hours_needed_are_enough(cast, plan, people, vacancies, met):
    if met is None:  # 43 hours are 1.075 people; rows keep two places.
        change_numbers(
            actor=cast.clara,
            changes={"hours_per_full_time_equivalent": Decimal(43)},
            reason="A longer week.",
            if_version=numbers.current().version,
            now=NOW,
        )
        people, met = "1", True
    staff(cast, "2026Q3", people, vacancies)
    commit(plan[2])

    assert room_of("W-04").met is met


def test_a_lowered_quarter_takes_no_more(cast, plan):
    staff(cast, "2026Q3", "2")
    staff(cast, "2026Q3", "0.5")

    assert refused(plan[2]).startswith(
        "ops_headroom: 2026-Q3 needs 28 h/week and has 20: 8 over."
    )


def test_a_quarter_of_vacancies_alone_holds_nothing(cast, plan):
    staff(cast, "2026Q3", "1", "1")

    assert "needs 28 h/week and has 0: 28 over" in refused(plan[2])


def test_alone_in_a_quarter_the_sentence_says_so(cast):
    lone = planned(cast, *PLAN[0])
    staff(cast, "2026Q2", "0.1")

    assert refused(lone) == (
        "ops_headroom: 2026-Q2 needs 18 h/week and has 4: 14 over. W-01 is alone in it."
    )


def test_of_many_that_share_it_twelve_are_named(cast):
    staff(cast, "2026Q2", "100")
    for number in range(14):
        commit(planned(cast, f"Workload {number}", "sarah", "6", "2026Q2"))
    last = planned(cast, "One more", "sarah", "6", "2026Q2")
    staff(cast, "2026Q2", "1")

    said = refused(last)
    assert "W-15 shares it with W-01, W-02," in said
    assert said.endswith("W-12 and 2 more.")


def _may_go_live(workload: Workload, cast, now=NOW) -> None:
    """With its proofs, and an active gate that a runtime holds."""
    stories.ready(workload, cast.sarah)
    policy = GatePolicy.objects.get(workload=workload)
    stories.activated(policy, cast)
    stories.enforced(workload, cast.gateway, now)


def test_what_was_retired_before_the_quarter_shares_nothing(cast, plan):
    first = plan[0]
    _may_go_live(first, cast)
    stories.moved(first, Status.LIVE, cast.sarah)
    stories.moved(first, Status.RETIRED, cast.sarah, reason="Replaced.")
    staff(cast, "2026Q3", "0.5")

    assert refused(plan[2]) == (
        "ops_headroom: 2026-Q3 needs 22 h/week and has 20: 2 over. W-03 shares it with "
        "W-02."
    )


def test_a_live_workload_counts_from_the_quarter_in_which_it_went_live(cast, plan):
    first, later = plan[0], NOW + timedelta(days=60)
    _may_go_live(first, cast, later)
    stories.moved(first, Status.LIVE, cast.sarah, now=later)
    staff(cast, "2026Q3", "1")

    # 6 + 4 + 2 stable, two in their first quarter, 4 for the platform.
    assert room_of("W-03").message == "2026-Q3 needs 40 h/week with W-03 and has 40."


def test_without_a_ship_quarter_there_is_nothing_to_hold_it_against(cast):
    stories.proposed(cast, ship_quarter="")

    found = room_of("W-01")
    assert (found.code, found.met, found.link) == (
        "ops_headroom",
        False,
        "/workloads/W-01/edit/",
    )


def test_an_estimate_without_hours_leaves_it_open(cast):
    stories.proposed(cast)
    staff(cast, "2026Q2", "1")

    found = room_of("W-01")
    assert (found.code, found.met) == ("ops_headroom", False)
    assert "not estimated" in found.message


def test_a_committed_workload_is_not_counted_twice(plan):
    assert room_of("W-01").message == "2026-Q2 needs 38 h/week with W-01 and has 40."


@pytest.mark.parametrize("count", [1, 3])
def test_a_list_reads_the_quarters_once(plan, django_assert_num_queries, count):
    workloads = [get_workload(f"W-0{number}") for number in range(1, count + 1)]
    once = {"workloads": [workload.pk for workload in workloads]}
    step = StepRequest(to=Status.COMMITTED, once=once)

    # The quarters, the gates, and their tiers.
    with django_assert_num_queries(3):
        for workload in workloads:
            requirements_for(workload, step=step, now=NOW)


# --- At the same time ----------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_round", range(5))
def test_of_two_commits_at_once_only_one_finds_room(cast, _round):
    first = planned(cast, *PLAN[2])
    second = planned(cast, *PLAN[3])
    staff(cast, "2026Q3", "0.5")  # 14 or 15 hours alone; 33 together.
    start, outcomes = threading.Barrier(2), []

    def press(workload: Workload) -> None:
        try:
            start.wait()
            outcomes.append(commit(workload).status)
        except RequirementsNotMet as refusal:
            unmet = [one.code for one in refusal.requirements if not one.met]
            outcomes.append(unmet[0])
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=press, args=(workload,)) for workload in (first, second)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["committed", "ops_headroom"]
    assert Workload.objects.filter(status=Status.COMMITTED).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_commit_waits_for_the_lowering_that_came_before_it(cast):
    workload = planned(cast, *PLAN[2])
    staff(cast, "2026Q3", "1")
    locked, lowered, outcomes = threading.Event(), threading.Event(), []

    def lower() -> None:
        try:
            with transaction.atomic():
                staff(cast, "2026Q3", "0.1")
                locked.set()
                lowered.wait(5)
        finally:
            connections.close_all()

    def press() -> None:
        locked.wait(5)
        try:
            outcomes.append(commit(workload).status)
        except RequirementsNotMet:
            outcomes.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=lower), threading.Thread(target=press)]
    for thread in threads:
        thread.start()
    threads[1].join(0.5)
    assert outcomes == []
    lowered.set()
    for thread in threads:
        thread.join()

    assert outcomes == ["refused"]
