"""Steps of the lifecycle as actions of the admin: the use case decides each."""

from datetime import timedelta

import pytest

from portal.kernel import clock
from portal.kernel.enums import Source
from portal.kernel.models import AuditEntry, User
from tests.workloads import stories
from tests.workloads.in_the_admin import act, now_planned, planning, said, status_of
from workloads.services.plan import edit_workload


@pytest.fixture
def planner(cast) -> User:
    return planning(cast.clara)


def test_moving_to_planned_asks_the_requirements_of_each_row(cast, planner) -> None:
    moment = clock.now() - timedelta(days=2)
    ready = stories.proposed(cast)
    stories.signed(ready, cast, moment)
    bare = stories.proposed(cast, name="Docs answers")

    answer = act(planner, "move_to_planned", ready, bare)

    assert (status_of(ready), status_of(bare)) == ("planned", "candidate")
    assert "W-01 Customer support chat is planned now." in said(answer)
    assert "W-02 is still candidate: nothing was changed." in said(answer)
    assert "No estimate yet." in said(answer)
    assert AuditEntry.objects.order_by("-id")[0].source == Source.ADMIN


def test_committing_and_going_live_follow_the_same_rules(cast, planner) -> None:
    workload = now_planned(cast)

    refused = act(planner, "move_to_committed", workload)
    stories.with_criterion(workload, cast.sarah)
    stories.staffed(cast, workload.ship_quarter)
    stories.gated(workload, cast)
    act(planner, "move_to_committed", workload)
    not_hers = act(planner, "move_to_live", workload)

    assert "2026-Q2 has no staffing" in said(refused)
    assert "No success criterion is written" in said(refused)
    assert status_of(workload) == "committed"
    assert "Its owner Sarah Lind can." in said(not_hers)


@pytest.mark.parametrize("username", ["clara", "ada", "adele"])
@pytest.mark.parametrize(
    "action", ["move_to_planned", "move_to_committed", "move_to_live"]
)
def test_a_step_by_whoever_has_no_say_moves_nothing(cast, username, action) -> None:
    candidate = stories.proposed(cast)
    planned = now_planned(cast, name="Docs answers")
    committed = stories.committed(
        cast, now=clock.now() - timedelta(days=2), name="Code review"
    )

    answer = act(getattr(cast, username), action, candidate, planned, committed)

    assert [status_of(one) for one in (candidate, planned, committed)] == [
        "candidate",
        "planned",
        "committed",
    ]
    assert "can." in said(answer) or "no step leads" in said(answer)


def test_a_reason_is_asked_on_a_page_with_what_holds_for_each_row(cast) -> None:
    committed = stories.committed(cast, now=clock.now() - timedelta(days=2))
    candidate = stories.proposed(cast, name="Docs answers")

    page = act(cast.clara, "decommit", committed, candidate)
    body = page.content.decode()

    assert page.status_code == 200
    assert "Customer support chat" in body
    assert "It is candidate: no such step from there." in body
    assert f'name="version_{committed.pk}"' in body
    assert status_of(committed) == "committed"


def test_de_committing_takes_the_reason_into_the_trail(cast) -> None:
    committed = stories.committed(cast, now=clock.now() - timedelta(days=2))

    answer = act(
        cast.clara, "decommit", committed, confirmed="1", reason="Staff is short."
    )

    entry = AuditEntry.objects.filter(action="workload.transitioned").latest("id")
    assert status_of(committed) == "planned"
    assert (entry.reason, entry.actor) == ("Staff is short.", cast.clara)
    assert "is planned now" in said(answer)


def test_without_a_reason_nothing_is_de_committed(cast) -> None:
    committed = stories.committed(cast, now=clock.now() - timedelta(days=2))

    page = act(cast.clara, "decommit", committed, confirmed="1", reason="  ")

    assert "A reason is needed. Nothing was changed." in page.content.decode()
    assert status_of(committed) == "committed"


def test_de_committing_never_moves_a_candidate_forward(cast, planner) -> None:
    workload = stories.proposed(cast)
    stories.signed(workload, cast, clock.now() - timedelta(days=2))

    answer = act(planner, "decommit", workload, confirmed="1", reason="Because.")

    assert status_of(workload) == "candidate"
    assert "only what is committed is de-committed" in said(answer)


def test_a_row_that_moved_meanwhile_is_not_retired(cast) -> None:
    workload = stories.proposed(cast)
    seen = {f"version_{workload.pk}": workload.version}
    edit_workload(
        number=workload.number,
        actor=cast.pia,
        changes={"purpose": "Other."},
        now=clock.now(),
    )

    answer = act(
        cast.clara, "retire", workload, confirmed="1", reason="Dropped.", **seen
    )

    assert status_of(workload) == "candidate"
    assert "changed since you read it" in said(answer)


def test_retiring_and_withdrawing_need_their_reason_too(cast, planner) -> None:
    candidate = stories.proposed(cast)
    planned = now_planned(cast, name="Docs answers")

    act(cast.clara, "retire", candidate, confirmed="1", reason="Dropped.")
    act(planner, "withdraw", planned, confirmed="1", reason="New numbers.")

    assert (status_of(candidate), status_of(planned)) == ("retired", "candidate")


@pytest.mark.parametrize("action", ["decommit", "retire", "withdraw"])
def test_an_auditor_takes_no_step_back(cast, action) -> None:
    committed = stories.committed(cast, now=clock.now() - timedelta(days=2))

    act(cast.adele, action, committed, confirmed="1", reason="Because.")

    assert status_of(committed) == "committed"
