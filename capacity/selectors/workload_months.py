"""What one workload's tokens cost by month: as forecast, and as it really was."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from capacity.formulas.forecast import Rates, Sized, forecast
from capacity.formulas.growth import OutOfReach
from capacity.formulas.lines import ComputeLines
from capacity.formulas.prices import NoPrice
from capacity.selectors.forecast import Ground
from capacity.selectors.plan import PlanToSize, size_workload
from capacity.selectors.problems import UNTOLD, NotForecast, not_forecast
from capacity.selectors.rates import rate_card
from capacity.selectors.spent import read_spent
from portal.kernel.periods import Month
from portal.kernel.selectors import numbers

BACK, AHEAD = 6, 6


@dataclass(frozen=True)
class CostMonth:
    """Money of a month; None where nothing is forecast or nothing was used."""

    month: Month
    forecast: Decimal | None
    actual: Decimal | None


@dataclass(frozen=True)
class WorkloadMonths:
    """Six months that have ended, and six from the present one on.

    `is_sized`: its estimate says enough. `untold` says why months are left out: each model
    without a price once, or a growth out of reach.
    """

    months: Sequence[CostMonth]
    present: Month
    currency: str
    is_sized: bool
    untold: Sequence[NotForecast] = ()

    @property
    def is_drawn(self) -> bool:
        return self.is_sized and any(
            one.forecast is not None or one.actual is not None for one in self.months
        )


def workload_months(number: int, today: date) -> WorkloadMonths:
    """Five queries, whatever the workload."""
    current = numbers.current()
    one = size_workload(number, current)
    plan = PlanToSize((one,) if one else ())
    # Lines and people bear on no token.
    ground = Ground(plan, Rates(rate_card(), ComputeLines()), current)
    present = Month.of(today)
    months = [present.plus(n) for n in range(-BACK, AHEAD)]
    read = read_spent(ground, months[: BACK + 1], number=number)
    spent = read.by_month()
    costs, untold = [], dict[str, NoPrice | OutOfReach](read.lacks)
    for month in months:
        cost = None
        if one is not None:
            try:
                cost = _cost(ground, one, month)
            except UNTOLD as error:
                _note(untold, error)
        costs.append(CostMonth(month, cost, spent.get(month)))
    return WorkloadMonths(
        costs,
        present,
        current.currency,
        one is not None,
        untold=[not_forecast(error) for error in untold.values()],
    )


def _note(untold: dict[str, NoPrice | OutOfReach], error: NoPrice | OutOfReach) -> None:
    """The earliest month of each model, whether it is lacking in usage or forecast."""
    if isinstance(error, OutOfReach):
        untold.setdefault("", error)
        return
    name = error.model.casefold()
    known = untold.setdefault(name, error)
    if isinstance(known, NoPrice) and error.day < known.day:
        untold[name] = error


def _cost(ground: Ground, one: Sized, month: Month) -> Decimal | None:
    (found,) = forecast(
        (one,), ground.periods(month, 1), numbers=ground.numbers, rates=ground.rates
    )
    return found.tokens_cost if found.by_workload else None
