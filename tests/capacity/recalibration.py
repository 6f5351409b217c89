"""Workloads that were live for a whole quarter, and what was used in it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from capacity.models import (
    ComputeActual,
    OpsActual,
    RecalibrationRun,
    TokenActual,
    UsageDay,
)
from capacity.services.partitions import ensure_usage_months
from capacity.services.recalibration import request_recalibration, run_recalibration
from portal.kernel.periods import Month, Quarter
from tests.workloads import stories
from workloads.models import Estimate, Workload

WENT_LIVE = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
AFTER = datetime(2026, 7, 3, 6, 0, tzinfo=UTC)
QUARTER = "2026Q2"
APRIL, MAY, JUNE = MONTHS = Quarter.parse(QUARTER).months()
# One in each month of the quarter, by its Thursday.
WEEKS = {APRIL: "2026-W15", MAY: "2026-W20", JUNE: "2026-W25"}

FACTORS: Mapping[str, Any] = {
    "users": 1000,
    "sessions_per_user_month": Decimal(10),
    "turns_per_session": Decimal(5),
    "input_tokens_per_turn": Decimal(800),
    "output_tokens_per_turn": Decimal(200),
    "tool_call_factor": Decimal("1.2"),
    "retry_factor": Decimal("1.1"),
    "ops_hours_week": Decimal(6),
    "ops_reason": "It runs by itself.",
    "declared_tokens_per_user_month": None,
}
# A month exactly as FACTORS forecast it: 1,000 users, 66,000 calls of turns.
AS_FORECAST: Mapping[str, int] = {
    "users": 1000,
    "sessions": 10_000,
    "turns": 50_000,
    "retries": 5_000,
    "tool_calls": 10_000,
    "input_tokens": 52_800_000,
    "cached_input_tokens": 0,
    "output_tokens": 13_200_000,
}


def live(cast: SimpleNamespace, now: datetime = WENT_LIVE, **values: Any) -> Workload:
    """Live since January, by an estimate of FACTORS, unless `inputs` says otherwise."""
    inputs = {**FACTORS, **values.pop("inputs", {})}
    with stories.stating(inputs, alone=True):
        return stories.live(cast, now, ship_quarter="2026Q1", **values)


def used(workload: Workload, months: Iterable[Month] = MONTHS, **changes: int) -> None:
    """Entered as forecast, with these figures changed."""
    for month in months:
        TokenActual.objects.create(
            month=str(month),
            workload=workload,
            **{
                **AS_FORECAST,
                "entered_at": AFTER - timedelta(days=1),
                **changes,
            },
        )


def measured(workload: Workload, day: date, users: int, **counts: int) -> None:
    """Usage events of a day: so many people, each with these counts."""
    ensure_usage_months([Month.of(day)])
    UsageDay.objects.bulk_create(
        UsageDay(
            day=day,
            workload=workload,
            tier="default",
            user_ref=f"u{number:05d}",
            model="Sonnet",
            **counts,
        )
        for number in range(users)
    )


def worked(
    workload: Workload | None, hours: Decimal = Decimal(26), months=MONTHS
) -> None:
    """An entry a month; 26 hours in each of three are 6 a week."""
    for month in months:
        OpsActual.objects.create(
            workload=workload,
            week=WEEKS[month],
            month=str(month),
            quarter=QUARTER,
            category="on_call" if workload else "platform",
            hours=hours,
            entered_at=AFTER - timedelta(days=1),
        )


def billed(peak: Decimal = Decimal(20), **amounts: Decimal) -> None:
    """A peak, and an amount for each of these lines, in each month."""
    for month in MONTHS:
        ComputeActual.objects.create(
            month=str(month),
            peak_concurrent_sessions=peak,
            entered_at=AFTER - timedelta(days=1),
        )
        for line, amount in amounts.items():
            ComputeActual.objects.create(
                month=str(month),
                line=line,
                amount=amount,
                currency="USD",
                entered_at=AFTER - timedelta(days=1),
            )


def recalibrated(
    period: str = QUARTER, now: datetime = AFTER, worker: str = "worker"
) -> RecalibrationRun:
    """Asked for by the system and carried out at once."""
    run = request_recalibration(period=period, actor=None, now=now)
    run_recalibration(run_id=run.pk, worker=worker, clock=lambda: now)
    run.refresh_from_db()
    return run


def result(run: RecalibrationRun, workload: Workload) -> Any:
    return run.results.get(workload=workload)


def drafts(workload: Workload) -> list[Estimate]:
    return list(Estimate.objects.filter(workload=workload, state="draft"))
