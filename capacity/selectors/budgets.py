"""The three budgets by quarter, where a price may be missing, and the reserve they size."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from capacity.formulas import reserve
from capacity.formulas.forecast import MonthForecast, forecast
from capacity.formulas.prices import Unpriced
from capacity.formulas.reserve import QuarterCosts
from capacity.formulas.rounding import total
from capacity.formulas.tokens import Tokens
from capacity.selectors.forecast import Ground
from capacity.selectors.problems import UNTOLD, PriceMissing, not_forecast
from portal.kernel.periods import Quarter

NO_TOKENS = Tokens(0, 0, 0)


@dataclass(frozen=True)
class QuarterForecast:
    """A quarter's three months. With `no_price` its tokens have no cost: the rate card
    lacks a price, and the other figures stand all the same."""

    quarter: Quarter
    months: tuple[MonthForecast, ...]
    no_price: PriceMissing | None = None

    @property
    def tokens(self) -> Tokens:
        return sum((month.tokens for month in self.months), NO_TOKENS)

    @property
    def tokens_cost(self) -> Decimal | None:
        if self.no_price is not None:
            return None
        return total(*(month.tokens_cost for month in self.months))

    @property
    def compute_cost(self) -> Decimal:
        return total(*(month.compute.cost for month in self.months))

    @property
    def busiest(self) -> MonthForecast:
        """The month with the highest peak, the later of two alike."""
        return max(
            self.months,
            key=lambda one: (one.compute.peaks.platform, one.month.index),
        )

    @property
    def peak(self) -> Decimal:
        return self.busiest.compute.peaks.platform

    @property
    def capacity_sessions(self) -> int:
        return self.busiest.compute.capacity_sessions

    def costs(self, ops_hour_price: Decimal) -> QuarterCosts:
        """What the reserve is sized by; `PriceMissing` where tokens have no cost."""
        if self.no_price is not None:
            raise self.no_price
        hours = self.months[0].ops.load.hours_week
        return QuarterCosts(
            compute=self.compute_cost,
            tokens=self.tokens_cost or Decimal(0),
            ops=reserve.ops_cost(hours, ops_hour_price),
        )


def by_quarter(
    ground: Ground, quarters: Iterable[Quarter]
) -> Mapping[Quarter, QuarterForecast]:
    """Each quarter's forecast, priced as far as the rate card reaches. No query.

    `GrowthOutOfReach` names a workload that grows too long to be forecast.
    """
    wanted = list(dict.fromkeys(quarters))
    try:
        return _priced(ground, wanted)
    except PriceMissing as error:
        if len(wanted) > 1:
            return {
                quarter: one
                for quarter in wanted
                for one in by_quarter(ground, [quarter]).values()
            }
        (quarter,) = wanted
        return {quarter: QuarterForecast(quarter, _unpriced(ground, quarter), error)}


def _priced(
    ground: Ground, quarters: Sequence[Quarter]
) -> dict[Quarter, QuarterForecast]:
    periods = [period for quarter in quarters for period in ground.periods_of(quarter)]
    try:
        months = forecast(
            ground.plan.sized, periods, numbers=ground.numbers, rates=ground.rates
        )
    except UNTOLD as error:
        raise not_forecast(error) from error
    return {
        quarter: QuarterForecast(quarter, tuple(months[3 * place : 3 * place + 3]))
        for place, quarter in enumerate(quarters)
    }


def _unpriced(ground: Ground, quarter: Quarter) -> tuple[MonthForecast, ...]:
    try:
        return tuple(
            forecast(
                ground.plan.sized,
                ground.periods_of(quarter),
                numbers=ground.numbers,
                rates=replace(ground.rates, card=Unpriced()),
            )
        )
    except UNTOLD as error:
        raise not_forecast(error) from error
