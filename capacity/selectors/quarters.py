"""Heads of the roadmap's quarters that belong to capacity: tokens, compute, ops."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, Subquery

from capacity.formulas.ops import OpsLoad, ops_load
from capacity.formulas.tokens import tokens_in_month
from portal.kernel import clock
from portal.kernel.models import ModelNumbers
from portal.kernel.periods import Month, Quarter
from portal.kernel.selectors import numbers
from workloads.enums import Status
from workloads.models import StatusStep, Workload
from workloads.rules.estimates import format_number

COUNTED = (Status.COMMITTED, Status.LIVE)


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
    ops_hours_week: Decimal | None


def loads() -> list[Load]:
    """Planned, committed and live workloads that have a ship quarter, in one query."""
    starts = numbers.current().fiscal_year_starts
    live_at = StatusStep.objects.filter(
        workload=OuterRef("pk"), target=Status.LIVE
    ).values("at")[:1]
    rows = (
        Workload.objects.filter(status__in=[Status.PLANNED, *COUNTED])
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
            "shown_estimate__ops_hours_week",
        )
    )
    return [_load(row, starts) for row in rows]


def _load(row: tuple[Any, ...], starts: int) -> Load:
    number, status, ship_quarter, live_at, users, tokens, growth, submitted, hours = row
    quarter = Quarter.parse(ship_quarter)
    ships = quarter.months(starts)[0]
    if live_at is not None:
        ships = Month.of(clock.today(live_at))
        quarter = Quarter.of(clock.today(live_at), starts)
    estimated = Month.of(clock.today(submitted)) if submitted else ships
    return Load(
        ref=f"W-{number:02d}",
        status=status,
        ships=ships,
        first_quarter=quarter,
        users=users,
        tokens_per_user_month=tokens,
        growth_per_month=growth if growth is not None else Decimal(0),
        grows_from=max(ships, estimated),
        ops_hours_week=hours,
    )


def tokens_of(load: Load, month: Month, ramp: tuple[Decimal, ...]) -> int | None:
    """Tokens of one workload in one month; None where it is not estimated."""
    if load.users is None or load.tokens_per_user_month is None:
        return None
    return tokens_in_month(
        users=load.users,
        tokens_per_user_month=load.tokens_per_user_month,
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
        everything = loads()
        return {
            quarter: {
                "tokens": _sum_tokens(_counted(everything), quarter, current),
                "planned": _sum_tokens(_planned(everything), quarter, current),
                "unknown": _unknown(everything, quarter, "tokens_per_user_month"),
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
        current = numbers.current()
        everything = loads()
        return {quarter: _ops(everything, quarter, current) for quarter in quarters}


def _ops(everything: list[Load], quarter: Quarter, current: ModelNumbers) -> Any:
    counted = _hours(_counted(everything), quarter, current)
    with_planned = _hours(everything, quarter, current)
    return {
        "hours_week": format_number(counted.hours_week),
        "planned": format_number(with_planned.hours_week - counted.hours_week),
        "stable": format_number(counted.stable),
        "first_quarter": format_number(counted.first_quarter),
        "platform": format_number(counted.platform),
        "ceiling_hours_week": None,
        "unknown": _unknown(everything, quarter, "ops_hours_week"),
    }


def _hours(some: Iterable[Load], quarter: Quarter, current: ModelNumbers) -> OpsLoad:
    there = [load for load in some if load.first_quarter <= quarter]
    return ops_load(
        stable_hours_week=[load.ops_hours_week or Decimal(0) for load in there],
        shipping=sum(load.first_quarter == quarter for load in there),
        uplift_hours_week=current.first_quarter_uplift_hours_week,
        platform_hours_week=current.platform_hours_week,
    )


def _sum_tokens(some: Iterable[Load], quarter: Quarter, current: ModelNumbers) -> int:
    ramp = tuple(current.adoption_ramp)
    months = quarter.months(current.fiscal_year_starts)
    return sum(tokens_of(load, month, ramp) or 0 for load in some for month in months)


def _counted(everything: list[Load]) -> list[Load]:
    return [load for load in everything if load.status in COUNTED]


def _planned(everything: list[Load]) -> list[Load]:
    return [load for load in everything if load.status == Status.PLANNED]


def _unknown(everything: list[Load], quarter: Quarter, name: str) -> list[str]:
    """References whose part of the sum is not estimated."""
    return [
        load.ref
        for load in everything
        if load.first_quarter <= quarter and getattr(load, name) is None
    ]
