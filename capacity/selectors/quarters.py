"""Heads of the roadmap's quarters that belong to capacity: tokens, compute, ops."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, Q, Subquery

from capacity.formulas.tokens import TokensPerUserMonth, tokens_in_month
from capacity.selectors.ops_load import OpsHours, ops_hours
from portal.kernel import clock
from portal.kernel.models import ModelNumbers
from portal.kernel.periods import Month, Quarter
from portal.kernel.selectors import numbers
from workloads.enums import COUNTED, Status
from workloads.models import StatusStep, Workload
from workloads.rules.estimates import format_number
from workloads.rules.shown import ref_of
from workloads.selectors.quarters import first_quarter_of


@dataclass(frozen=True)
class Load:
    """What one workload of the plan asks of a quarter."""

    ref: str
    status: str
    ships: Month
    first_quarter: Quarter
    users: int | None
    tokens_per_user_month: int | None
    growth_per_month: Decimal
    grows_from: Month


def loads(starts: int) -> list[Load]:
    """Planned, committed and live workloads that have a ship quarter, in one query.

    Candidates count for nothing; those without an estimate make a quarter uncertain.
    """
    live_at = StatusStep.objects.filter(
        workload=OuterRef("pk"), target=Status.LIVE
    ).values("at")[:1]
    rows = (
        Workload.objects.filter(
            Q(status__in=[Status.PLANNED, *COUNTED])
            | Q(
                status=Status.CANDIDATE,
                shown_estimate__tokens_per_user_month__isnull=True,
            )
        )
        .exclude(ship_quarter="")
        .annotate(live_at=Subquery(live_at))
        .order_by("number")
        .values_list(
            "number",
            "status",
            "ship_quarter",
            "live_at",
            "shown_estimate__users",
            "shown_estimate__tokens_per_user_month",
            "shown_estimate__growth_per_month",
            "shown_estimate__submitted_at",
        )
    )
    return [_load(row, starts) for row in rows]


def _load(row: tuple[Any, ...], starts: int) -> Load:
    number, status, ship_quarter, live_at, users, tokens, growth, submitted = row
    live_on = clock.today(live_at) if live_at else None
    quarter = first_quarter_of(ship_quarter, live_on, starts)
    ships = Month.of(live_on) if live_on else quarter.months(starts)[0]
    estimated = Month.of(clock.today(submitted)) if submitted else ships
    return Load(
        ref=ref_of(number),
        status=status,
        ships=ships,
        first_quarter=quarter,
        users=users,
        tokens_per_user_month=tokens,
        growth_per_month=growth if growth is not None else Decimal(0),
        grows_from=max(ships, estimated),
    )


def tokens_of(load: Load, month: Month, ramp: tuple[Decimal, ...]) -> int | None:
    """Tokens of one workload in one month; None where it is not estimated."""
    if load.users is None or load.tokens_per_user_month is None:
        return None
    return tokens_in_month(
        users=load.users,
        per_user=TokensPerUserMonth(load.tokens_per_user_month, 0),
        months_since_ship=month.index - load.ships.index,
        months_of_growth=month.index - load.grows_from.index,
        growth_per_month=load.growth_per_month,
        ramp=ramp,
    )


class TokensColumn:
    """Tokens of the three months of a quarter, by workload and month, summed."""

    code = "tokens"

    def heads(self, quarters: Sequence[Quarter]) -> Mapping[Quarter, Any]:
        current = numbers.current()
        everything = loads(current.fiscal_year_starts)
        return {
            quarter: {
                "tokens": _sum_tokens(_counted(everything), quarter, current),
                "planned": _sum_tokens(_planned(everything), quarter, current),
                "unknown": _unknown(everything, quarter),
            }
            for quarter in quarters
        }


class ComputeColumn:
    """Peak concurrency and its price are not modelled yet: the cells say so."""

    code = "compute"

    def heads(self, quarters: Sequence[Quarter]) -> Mapping[Quarter, Any]:
        return {
            quarter: {"peak_concurrent_sessions": None, "cost": None}
            for quarter in quarters
        }


class OpsColumn:
    """Required hours a week; the ceiling is unknown until staffing is entered."""

    code = "ops"

    def heads(self, quarters: Sequence[Quarter]) -> Mapping[Quarter, Any]:
        hours = ops_hours()
        return {quarter: _ops(hours, quarter) for quarter in quarters}


def _ops(hours: OpsHours, quarter: Quarter) -> dict[str, Any]:
    counted = hours.load(quarter, COUNTED)
    with_planned = hours.load(quarter, (Status.PLANNED, *COUNTED))
    return {
        "hours_week": format_number(counted.hours_week),
        "planned": format_number(with_planned.hours_week - counted.hours_week),
        "stable": format_number(counted.stable),
        "first_quarter": format_number(counted.first_quarter),
        "platform": format_number(counted.platform),
        "ceiling_hours_week": None,
        "unknown": hours.unknown(quarter),
    }


def _sum_tokens(some: Iterable[Load], quarter: Quarter, current: ModelNumbers) -> int:
    ramp = tuple(current.adoption_ramp)
    months = quarter.months(current.fiscal_year_starts)
    return sum(tokens_of(load, month, ramp) or 0 for load in some for month in months)


def _counted(everything: list[Load]) -> list[Load]:
    return [load for load in everything if load.status in COUNTED]


def _planned(everything: list[Load]) -> list[Load]:
    return [load for load in everything if load.status == Status.PLANNED]


def _unknown(everything: list[Load], quarter: Quarter) -> list[str]:
    """References whose part of the sum is not estimated."""
    return [
        load.ref
        for load in everything
        if load.first_quarter <= quarter and load.tokens_per_user_month is None
    ]
