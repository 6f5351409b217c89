"""What is missing: the one list that guard, page, API, preview and mails read."""

from datetime import datetime
from functools import cache
from typing import Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from workloads.enums import Status
from workloads.lifecycle import Step, road_to
from workloads.models import Workload
from workloads.rules.requirements import Requirement, StepRequest


class RequirementCheck(Protocol):
    """One condition of the lifecycle, named by a path in WORKLOAD_REQUIREMENTS."""

    @property
    def code(self) -> str: ...

    @property
    def guards(self) -> frozenset[Status]: ...

    def check(
        self, workload: Workload, step: StepRequest, now: datetime
    ) -> Requirement: ...


@cache
def _load(paths: tuple[str, ...]) -> tuple[RequirementCheck, ...]:
    return tuple(import_string(path)() for path in paths)


def checks() -> tuple[RequirementCheck, ...]:
    """The configured requirements, in the order shown to people."""
    return _load(tuple(settings.WORKLOAD_REQUIREMENTS))


def requirements_for(
    workload: Workload, *, step: StepRequest, now: datetime
) -> list[Requirement]:
    """The conditions of one status, met or not, whatever the present one is."""
    return [
        check.check(workload, step, now)
        for check in checks()
        if step.to in check.guards
    ]


def requirements_of_step(
    workload: Workload, *, step: Step, request: StepRequest, now: datetime
) -> list[Requirement]:
    """What one step asks for: a step back asks for its reason and nothing else."""
    if step.asks:
        return requirements_for(workload, step=request, now=now)
    return [
        check.check(workload, request, now)
        for check in checks()
        if check.code == "reason_given"
    ]


def road_for(
    workload: Workload,
    *,
    to: Status,
    now: datetime,
    once: dict[str, Any] | None = None,
) -> list[Requirement]:
    """The conditions of every status on the way to `to`, in order.

    A list of many workloads passes the same `once`: what is read for all is read once.
    """
    kept = {} if once is None else once
    return [
        requirement
        for status in road_to(to)
        for requirement in requirements_for(
            workload, step=StepRequest(to=status, once=kept), now=now
        )
    ]
