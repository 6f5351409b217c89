"""Lead times: from proposal to live, and the days spent in each status."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from workloads.enums import Status
from workloads.models import StatusStep, Workload

SECONDS_A_DAY = 86_400


@dataclass(frozen=True)
class LeadTime:
    """Measured days of one workload.

    `days_to_live` is None until it went live; `days_in_status` counts every stay, the
    present one up to `now`.
    """

    days_to_live: float | None
    days_in_status: dict[str, float]
    hours_to_add: Decimal | None


def lead_time_of(
    workload: Workload, steps: Sequence[StatusStep], now: datetime
) -> LeadTime:
    """From the recorded steps, in order; days with one decimal."""
    days: dict[str, float] = {}
    entered, status, went_live = workload.proposed_at, str(Status.CANDIDATE), None
    for step in steps:
        days[status] = days.get(status, 0.0) + _days(entered, step.at)
        entered, status = step.at, step.target
        if step.target == Status.LIVE and went_live is None:
            went_live = step.at
    days[status] = days.get(status, 0.0) + _days(entered, now)
    return LeadTime(
        days_to_live=_days(workload.proposed_at, went_live) if went_live else None,
        days_in_status={name: round(value, 1) for name, value in days.items()},
        hours_to_add=workload.hours_to_add,
    )


def lead_times_of(workload: Workload, now: datetime) -> LeadTime:
    """The same, reading the steps itself."""
    return lead_time_of(workload, list(workload.steps.order_by("sequence")), now)


@dataclass(frozen=True)
class LiveLeadTime:
    """One point of the curve that must fall: a workload, when it went live, its days."""

    ref: str
    name: str
    went_live_at: datetime
    days_to_live: float
    hours_to_add: Decimal | None


def lead_times_to_live() -> list[LiveLeadTime]:
    """Every workload that went live, in the order in which it did."""
    steps = (
        StatusStep.objects.filter(target=Status.LIVE)
        .select_related("workload")
        .order_by("at", "id")
    )
    return [
        LiveLeadTime(
            ref=step.workload.ref,
            name=step.workload.name,
            went_live_at=step.at,
            days_to_live=_days(step.workload.proposed_at, step.at),
            hours_to_add=step.workload.hours_to_add,
        )
        for step in steps
    ]


def _days(start: datetime, end: datetime) -> float:
    return round((end - start).total_seconds() / SECONDS_A_DAY, 1)
