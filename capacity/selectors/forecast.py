"""The forecast of the plan, by month, from what stands in the database."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from capacity.formulas.forecast import MonthForecast, Numbers, Rates, forecast
from capacity.formulas.periods import Period
from capacity.selectors.plan import PlanToSize, numbers_of, plan_to_size
from capacity.selectors.problems import UNTOLD, not_forecast
from capacity.selectors.rates import compute_lines, rate_card
from capacity.selectors.staffing import staffed
from portal.kernel.models import ModelNumbers
from portal.kernel.periods import Month, Quarter
from portal.kernel.selectors import numbers
from workloads.enums import COUNTED

MONTHS_A_QUARTER = 3


@dataclass(frozen=True)
class Ground:
    """All that a forecast stands on, read once: plan, rates and numbers of the model."""

    plan: PlanToSize
    rates: Rates
    current: ModelNumbers

    @property
    def numbers(self) -> Numbers:
        return numbers_of(self.current)

    def of(self, *statuses: str) -> "Ground":
        """The same with those workloads alone that stand in one of these statuses."""
        sized = tuple(one for one in self.plan.sized if one.status in statuses)
        return replace(self, plan=replace(self.plan, sized=sized))

    def periods(self, first: Month, count: int) -> list[Period]:
        """`count` months from the first on, each with its quarter."""
        starts = self.current.fiscal_year_starts
        months = [first.plus(later) for later in range(count)]
        return [Period(month, Quarter.of(month.first_day, starts)) for month in months]

    def periods_of(self, quarter: Quarter) -> list[Period]:
        first = quarter.months(self.current.fiscal_year_starts)[0]
        return self.periods(first, MONTHS_A_QUARTER)

    def months(self, first: Month, count: int) -> list[MonthForecast]:
        """`PriceMissing` (409) names a model and a month without a price,
        `GrowthOutOfReach` (409) a workload that grows too long."""
        periods = self.periods(first, count)
        try:
            return forecast(
                self.plan.sized, periods, numbers=self.numbers, rates=self.rates
            )
        except UNTOLD as error:
            raise not_forecast(error) from error


def ground(statuses: Collection[str] = COUNTED, *, with_people: bool = True) -> Ground:
    """Five queries, however many workloads and months; four without the people, who bear
    on the ops load alone."""
    current = numbers.current()
    return Ground(
        plan_to_size(current, statuses),
        Rates(rate_card(), compute_lines(), staffed() if with_people else {}),
        current,
    )
