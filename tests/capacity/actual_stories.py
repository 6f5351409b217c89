"""Entries and usage as tests need them, written straight into the tables."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from capacity.models import (
    ComputeActual,
    OpsActual,
    QuarterEvent,
    RecalibrationRun,
    TokenActual,
    UsageDay,
)
from capacity.services.partitions import ensure_usage_months
from portal.kernel.periods import Month
from tests.conftest import NOW
from workloads.models import Workload

D = Decimal
LONG_BEFORE = datetime(2026, 4, 2, tzinfo=UTC)
TOKENS: dict[str, Any] = {
    "users": 40,
    "sessions": 400,
    "turns": 1600,
    "retries": 80,
    "tool_calls": 160,
    "input_tokens": 3_000_000,
    "cached_input_tokens": 1_000_000,
    "output_tokens": 1_000_000,
}


def used(workload: Workload, day: str, user: str = "u-1", **counts: Any) -> UsageDay:
    on = date.fromisoformat(day)
    ensure_usage_months([Month.of(on)])
    return UsageDay.objects.create(
        day=on,
        workload=workload,
        user_ref=user,
        **{"tier": "staff", "model": "Sonnet", "sessions": 1, "turns": 4, **counts},
    )


def compute(month: str, line: str, amount: str, **more: Any) -> ComputeActual:
    return ComputeActual.objects.create(
        month=month,
        line=line,
        amount=Decimal(amount),
        currency="USD",
        entered_at=NOW,
        **more,
    )


def ops(workload: Workload | None, week: str, hours: str, **more: Any) -> OpsActual:
    year, number = week.split("-W")
    thursday = date.fromisocalendar(int(year), int(number), 4)
    quarter = f"{thursday.year}Q{(thursday.month + 2) // 3}"
    return OpsActual.objects.create(
        **{
            "workload": workload,
            "week": week,
            "month": f"{thursday:%Y-%m}",
            "quarter": quarter,
            "category": "on_call",
            "hours": Decimal(hours),
            "entered_at": NOW,
            **more,
        }
    )


def tokens(workload: Workload, month: str, **values: Any) -> TokenActual:
    return TokenActual.objects.create(
        **{**TOKENS, "workload": workload, "month": month, "entered_at": NOW, **values}
    )


def marked(quarter: str, mark: str, at: datetime = NOW) -> QuarterEvent:
    return QuarterEvent.objects.create(quarter=quarter, mark=mark, entered_at=at)


def recalibrated(quarter: str, at: datetime = NOW) -> RecalibrationRun:
    return RecalibrationRun.objects.create(
        period=quarter,
        status="complete",
        is_current=True,
        requested_at=at,
        finished_at=at,
        is_calibrated=True,
    )
