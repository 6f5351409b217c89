"""The forecast with what the newest recalibration observed in place of what was signed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from capacity.enums import RunStatus
from capacity.formulas.forecast import MonthForecast, Sized, forecast
from capacity.formulas.recalibration_drafts import DECLARED, observed_inputs
from capacity.formulas.rounding import total
from capacity.models import RecalibrationRun
from capacity.selectors.forecast import Ground
from capacity.selectors.plan import Row, rows_by_number, sized_of
from capacity.selectors.recalibration import QUARTER
from portal.kernel.periods import Month, Quarter


@dataclass(frozen=True)
class Recalibrated:
    """A run's workloads as drafts of its observed inputs would state them."""

    run: str
    period: str
    observed: Mapping[str, Sized]
    ground: Ground

    def tokens_cost(self, month: MonthForecast) -> Decimal:
        """The month's cost by the observed inputs; as signed where none were observed.

        `prices.NoPrice` as the forecast.
        """
        there = [
            self.observed[ref] for ref in month.by_workload if ref in self.observed
        ]
        (told,) = forecast(
            there,
            self.ground.periods(Month.of(month.month.first_day), 1),
            numbers=self.ground.numbers,
            rates=self.ground.rates,
        )
        parts = {**month.by_workload, **told.by_workload}
        return total(*(part.tokens_cost for part in parts.values()))


def recalibrated(ground: Ground, today: Quarter) -> Recalibrated | None:
    """None before the first complete run of a quarter that has ended. Three queries.

    A quarter that still runs is compared as far as it is entered, a part of its months
    against the whole of them: it makes no line.
    """
    run = (
        RecalibrationRun.objects.filter(
            status=RunStatus.COMPLETE,
            is_current=True,
            period__regex=QUARTER,
            period__lt=str(today),
        )
        .order_by("-period")
        .first()
    )
    if run is None:
        return None
    kept = {
        number: observed_inputs(inputs)
        for number, inputs in run.results.values_list("workload__number", "inputs")
    }
    seen = {number: inputs for number, inputs in kept.items() if "users" in inputs}
    quarter = Quarter.parse(run.period)
    observed = {}
    for number, row in rows_by_number(seen).items():
        one = _observed(row, seen[number], quarter, ground)
        if one is not None:
            observed[one.ref] = one
    return Recalibrated(str(run), run.period, observed, ground) if observed else None


def _observed(
    row: Row, inputs: Mapping[str, Any], quarter: Quarter, ground: Ground
) -> Sized | None:
    """Observed users have come: no ramp is before them, and growth begins after them."""
    starts = ground.current.fiscal_year_starts
    stated = {"declared" if name == DECLARED else name: inputs[name] for name in inputs}
    one = sized_of(row._replace(**stated, ranges=None), starts)
    if one is None:
        return None
    after = quarter.months(starts)[-1].plus(1)
    return replace(
        one,
        ships=Month.of(one.ships.first_day).plus(-len(ground.numbers.ramp)),
        grows_from=max(after, Month.of(one.grows_from.first_day)),
    )
