"""Heads of the roadmap's quarters that belong to capacity: tokens, compute, ops."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from capacity.formulas.rounding import to_places
from capacity.selectors.budgets import QuarterForecast, by_quarter
from capacity.selectors.forecast import Ground, ground
from capacity.selectors.ops_load import OpsHours, ops_hours
from portal.kernel.periods import Quarter
from workloads.enums import COUNTED, Status
from workloads.rules.estimates import format_number

WITH_PLANNED = (Status.PLANNED, *COUNTED)


class BudgetColumns:
    """Tokens and compute of the three months of a quarter: one reading of the plan.

    Live and committed count; what is planned stands beside them. Candidates count for
    nothing; those without an estimate make a quarter uncertain.
    """

    codes = ("tokens", "compute")

    def heads(self, quarters: Sequence[Quarter]) -> Mapping[Quarter, Mapping[str, Any]]:
        stands_on = ground((Status.CANDIDATE, *WITH_PLANNED))
        counted = by_quarter(stands_on.of(Status.RETIRED, *COUNTED), quarters)
        together = by_quarter(stands_on.of(Status.RETIRED, *WITH_PLANNED), quarters)
        return {
            quarter: _Pair(counted[quarter], together[quarter]).parts(stands_on)
            for quarter in quarters
        }


@dataclass(frozen=True)
class _Pair:
    """A quarter as it is committed, and with all that is planned for it."""

    counted: QuarterForecast
    together: QuarterForecast

    def parts(self, stands_on: Ground) -> dict[str, Any]:
        counted, together = self.counted, self.together
        currency = stands_on.current.currency
        cost, peak = counted.tokens_cost, counted.peak
        return {
            "tokens": {
                "tokens": counted.tokens.total,
                "planned": together.tokens.total - counted.tokens.total,
                "cost": None if cost is None else str(cost),
                "currency": currency,
                "unknown": _unknown(stands_on, counted.quarter),
            },
            "compute": {
                "peak_concurrent_sessions": f"{to_places(peak, 2):f}",
                "planned": f"{to_places(together.peak - peak, 2):f}",
                "capacity_sessions": counted.capacity_sessions,
                "cost": str(counted.compute_cost),
                "currency": currency,
            },
        }


class OpsColumn:
    """Required hours a week against the ceiling: none until staffing is entered."""

    codes = ("ops",)

    def heads(self, quarters: Sequence[Quarter]) -> Mapping[Quarter, Mapping[str, Any]]:
        hours = ops_hours()
        return {quarter: {"ops": _ops(hours, quarter)} for quarter in quarters}


def _ops(hours: OpsHours, quarter: Quarter) -> dict[str, Any]:
    counted = hours.load(quarter, COUNTED)
    with_planned = hours.load(quarter, WITH_PLANNED)
    ceiling = hours.ceilings.get(quarter)
    return {
        "hours_week": format_number(counted.hours_week),
        "planned": format_number(with_planned.hours_week - counted.hours_week),
        "stable": format_number(counted.stable),
        "first_quarter": format_number(counted.first_quarter),
        "platform": format_number(counted.platform),
        "ceiling_hours_week": None if ceiling is None else format_number(ceiling),
        "unknown": hours.unknown(quarter),
    }


def _unknown(stands_on: Ground, quarter: Quarter) -> list[str]:
    """References whose part of the sums is not estimated."""
    return [
        one.ref
        for one in stands_on.plan.unknown
        if one.status != Status.RETIRED
        and one.first_quarter is not None
        and one.first_quarter <= quarter
    ]
