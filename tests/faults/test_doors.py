"""Illegal steps of a status through every door there is: all refused, nothing moved.

The database's own doors are those of the lifecycle's tests; here they are tried from
every status, and beside them the doors of people and programs.
"""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import Error, transaction

from portal.kernel import clock
from portal.kernel.models import AuditEntry
from tests.workloads import stories
from tests.workloads.in_the_admin import LIST, act, planning, save
from tests.workloads.pages import Reader
from tests.workloads.test_lifecycle import DOORS
from workloads.enums import Status
from workloads.lifecycle import step_between
from workloads.models import StatusStep, Workload

pytestmark = pytest.mark.django_db

STORIES: dict[Status, Callable[..., Workload]] = {
    Status.CANDIDATE: lambda cast, now: stories.proposed(cast),
    Status.PLANNED: stories.planned,
    Status.COMMITTED: stories.committed,
    Status.LIVE: stories.live,
    Status.RETIRED: lambda cast, now: stories.moved(
        stories.proposed(cast), Status.RETIRED, cast.sarah, reason="Dropped.", now=now
    ),
}
ILLEGAL = [
    (source, to)
    for source in Status
    for to in Status
    if step_between(source, to) is None
]
# From the others some of the database's doors would be legal pairs.
STATUSES = [Status.CANDIDATE, Status.RETIRED]


def at(cast: SimpleNamespace, status: Status) -> Workload:
    """A workload in that status, its signatures given two days before the clock's now."""
    STORIES[status](cast, now=clock.now() - timedelta(days=2))
    return Workload.objects.get()


class Unmoved:
    """Whatever was tried, the row, its steps and the trail are as they were."""

    def __init__(self) -> None:
        self.before = self.facts()

    def facts(self) -> Any:
        return (
            list(Workload.objects.values_list("status", "status_steps", "version")),
            StatusStep.objects.count(),
            AuditEntry.objects.filter(action="workload.transitioned").count(),
        )

    def check(self) -> None:
        assert self.facts() == self.before


def test_there_are_illegal_steps_from_each_status() -> None:
    assert {source for source, _ in ILLEGAL} == set(Status)


@pytest.mark.parametrize(("source", "to"), ILLEGAL)
def test_an_illegal_step_is_refused_by_api_and_page(
    cast: SimpleNamespace, api: Any, source: Status, to: Status
) -> None:
    workload = at(cast, source)
    unmoved = Unmoved()

    by_transition = api("sarah")(
        "POST",
        f"/api/v1/workloads/{workload.ref}/transitions/",
        {"to": str(to), "reason": "Because."},
    )
    by_patch = api("sarah")(
        "PATCH",
        f"/api/v1/workloads/{workload.ref}/",
        {"status": str(to)},
        If_Match="*",
    )
    by_page = Reader(cast)("sarah").post(
        f"/workloads/{workload.ref}/step/{to}/",
        {
            "reason": "Because.",
            "if_version": Workload.objects.get(pk=workload.pk).version,
        },
    )

    assert (by_transition.status_code, by_transition.json()["code"]) == (
        409,
        "illegal_transition",
    )
    assert (by_patch.status_code, by_patch.json()["code"]) == (400, "read_only")
    assert by_page.status_code == 409
    unmoved.check()


ACTIONS = {
    "move_to_planned": Status.PLANNED,
    "move_to_committed": Status.COMMITTED,
    "move_to_live": Status.LIVE,
    "withdraw": Status.CANDIDATE,
    "retire": Status.RETIRED,
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("source", list(Status))
def test_an_action_of_the_admin_moves_nothing_for_who_has_no_say(
    cast: SimpleNamespace, action: str, source: Status
) -> None:
    workload = at(cast, source)
    unmoved = Unmoved()

    act(cast.adele, action, workload, confirmed="yes", reason="Because.")
    act(cast.ada, action, workload, confirmed="yes", reason="Because.")

    unmoved.check()


@pytest.mark.parametrize(("source", "to"), ILLEGAL)
def test_the_form_of_the_admin_takes_no_status(
    cast: SimpleNamespace, source: Status, to: Status
) -> None:
    workload = at(cast, source)
    unmoved = Unmoved()

    save(planning(cast.clara), workload, status=str(to))
    Reader(cast)("clara").post(
        LIST, {"form-TOTAL_FORMS": "1", "form-0-status": str(to), "_save": "Save"}
    )

    unmoved.check()


@pytest.mark.parametrize("door", [door for door in DOORS if door != "bulk_update"])
@pytest.mark.parametrize("source", STATUSES)
def test_the_database_refuses_each_of_its_doors(
    cast: SimpleNamespace, source: Status, door: str
) -> None:
    workload = at(cast, source)
    unmoved = Unmoved()

    with pytest.raises(Error), transaction.atomic():
        DOORS[door](workload)

    unmoved.check()


@pytest.mark.parametrize(
    ("source", "to"), [pair for pair in ILLEGAL if pair[0] != pair[1]]
)
def test_no_update_of_many_rows_takes_an_illegal_step(
    cast: SimpleNamespace, source: Status, to: Status
) -> None:
    at(cast, source)
    unmoved = Unmoved()

    with pytest.raises(Error), transaction.atomic():
        Workload.objects.update(status=str(to))

    unmoved.check()
