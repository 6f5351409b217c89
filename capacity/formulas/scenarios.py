"""What if: a changed plan beside the plan, and whether the reserve carries it. Pure.

Nothing here knows a database, so no scenario can touch the plan.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from capacity.formulas.changes import Changes, changed_card, changed_plan
from capacity.formulas.forecast import (
    MonthForecast,
    Numbers,
    OpsQuarter,
    Rates,
    Sized,
    forecast,
)
from capacity.formulas.periods import Period, Quarter
from capacity.formulas.reserve import MONTHS_A_QUARTER, QuarterCosts, excess
from capacity.formulas.rounding import product, quotient, to_cents, total
from capacity.formulas.staffing import WEEKS_A_QUARTER, hours_missing

DEAREST_TIMES = Decimal(2)
PRICE_RISE = Decimal("1.25")
NOTHING = Decimal(0)


def with_vacancy(ops: OpsQuarter, vacancy_hours_week: Decimal) -> OpsQuarter:
    """The ceiling less the hours that nobody works, never below 0."""
    if not vacancy_hours_week or ops.ceiling_hours_week is None:
        return ops
    ceiling = max(NOTHING, ops.ceiling_hours_week - vacancy_hours_week)
    return replace(ops, ceiling_hours_week=ceiling)


def hours_to_buy(ops: OpsQuarter, vacancy_hours_week: Decimal) -> Decimal:
    """Required hours a week that a vacancy leaves to nobody: what it costs to stand in.

    Hours that were missing without the vacancy are the plan's, not the scenario's. Where no
    staffing is entered there is no slack to count on: every required hour is to be bought.
    """
    required = ops.load.hours_week
    if ops.ceiling_hours_week is None:
        return min(vacancy_hours_week, required)
    before = hours_missing(required, ops.ceiling_hours_week)
    left = with_vacancy(ops, vacancy_hours_week).ceiling_hours_week
    return hours_missing(required, left or NOTHING) - before


@dataclass(frozen=True, slots=True)
class QuarterVerdict:
    """One quarter's two costs, of those of its months that were forecast.

    `left` is the reserve that the quarter has left, `bought_hours_week` what a vacancy makes
    the scenario buy.
    """

    quarter: Quarter
    months: int
    baseline: QuarterCosts
    scenario: QuarterCosts
    bought_hours_week: Decimal
    left: Decimal

    @property
    def excess(self) -> Decimal:
        return excess(self.baseline, self.scenario)

    @property
    def excess_of(self) -> QuarterCosts:
        """What each budget costs more, never below 0."""
        above = (
            max(NOTHING, new - old)
            for old, new in zip(self.baseline, self.scenario, strict=True)
        )
        return QuarterCosts(*above)

    @property
    def missing(self) -> Decimal:
        return max(NOTHING, self.excess - self.left)

    @property
    def absorbed(self) -> bool:
        return self.excess <= self.left


@dataclass(frozen=True, slots=True)
class Outcome:
    """A scenario beside its baseline, month by month, and each quarter's verdict."""

    baseline: Sequence[MonthForecast]
    scenario: Sequence[MonthForecast]
    quarters: Sequence[QuarterVerdict]

    @property
    def reserve_absorbs(self) -> bool:
        return all(one.absorbed for one in self.quarters)


@dataclass(frozen=True)
class Setting:
    """What a scenario is judged on: the plan, its months, and the reserve that is left.

    `reserve_left` is money by quarter, `ops_hour_price` money an hour.
    """

    workloads: Sequence[Sized]
    periods: Sequence[Period]
    numbers: Numbers
    rates: Rates
    reserve_left: Mapping[Quarter, Decimal]
    ops_hour_price: Decimal

    def forecast(self) -> list[MonthForecast]:
        return forecast(
            self.workloads, self.periods, numbers=self.numbers, rates=self.rates
        )

    def by_quarter(self) -> dict[Quarter, list[int]]:
        """Places of the months of each quarter, in order."""
        places: dict[Quarter, list[int]] = {}
        for place, period in enumerate(self.periods):
            places.setdefault(period.quarter, []).append(place)
        return places

    def changed(self, changes: Changes) -> "Setting":
        """The same with another plan and other prices."""
        starts = self.numbers.fiscal_year_starts
        return replace(
            self,
            workloads=changed_plan(self.workloads, changes, starts),
            rates=replace(
                self.rates, card=changed_card(self.rates.card, changes.price_factor)
            ),
        )


def play(
    setting: Setting,
    changes: Changes,
    baseline: Sequence[MonthForecast] | None = None,
) -> Outcome:
    """Forecast the changed plan. `prices.NoPrice` names a model and day without a price.

    Nothing changed gives the baseline; a baseline that is known is not computed again.
    """
    before = setting.forecast() if baseline is None else baseline
    months = [
        replace(month, ops=with_vacancy(month.ops, changes.vacancy_in(period.quarter)))
        for month, period in zip(
            setting.changed(changes).forecast(), setting.periods, strict=True
        )
    ]
    return Outcome(before, months, _verdicts(setting, changes, before, months))


def _verdicts(
    setting: Setting,
    changes: Changes,
    before: Sequence[MonthForecast],
    after: Sequence[MonthForecast],
) -> list[QuarterVerdict]:
    verdicts = []
    for quarter, places in setting.by_quarter().items():
        # The vacancy is measured on the ceiling as it was, with the scenario's hours.
        ops = replace(
            after[places[0]].ops,
            ceiling_hours_week=before[places[0]].ops.ceiling_hours_week,
        )
        bought = hours_to_buy(ops, changes.vacancy_in(quarter))
        verdicts.append(
            QuarterVerdict(
                quarter,
                len(places),
                costs_of([before[at] for at in places], setting.ops_hour_price),
                costs_of([after[at] for at in places], setting.ops_hour_price, bought),
                bought,
                setting.reserve_left[quarter],
            )
        )
    return verdicts


def costs_of(
    months: Sequence[MonthForecast],
    ops_hour_price: Decimal,
    bought_hours_week: Decimal = NOTHING,
) -> QuarterCosts:
    """Three costs of some months of one quarter; each month has a third of its 13 weeks."""
    hours_week = months[0].ops.load.hours_week + bought_hours_week
    of_quarter = product(hours_week, WEEKS_A_QUARTER, ops_hour_price)
    return QuarterCosts(
        compute=total(*(month.compute.cost for month in months)),
        tokens=total(*(month.tokens_cost for month in months)),
        ops=to_cents(quotient(product(of_quarter, len(months)), MONTHS_A_QUARTER)),
    )


class StressTest(NamedTuple):
    """A standing question to every plan: what is changed, and of whom or what."""

    code: str
    subject: str
    changes: Changes


def stress_tests(
    setting: Setting, baseline: Sequence[MonthForecast], coming: Quarter
) -> list[StressTest]:
    """The dearest workload × 2, the largest spend + 25 %, one person gone.

    A plan without tokens has no dearest workload, so it stands one test alone.
    """
    spent = _spent(baseline, lambda ref: ref)
    models = {one.ref: one.model for one in setting.workloads}
    by_model = _spent(baseline, lambda ref: models[ref])
    tests = []
    if spent:
        ref = _most(spent)
        tests.append(
            StressTest(
                "twice_the_forecast", ref, Changes(users_factor={ref: DEAREST_TIMES})
            )
        )
        model = _most(by_model)
        tests.append(
            StressTest("price_rise", model, Changes(price_factor={model: PRICE_RISE}))
        )
    one_person = setting.numbers.hours_per_full_time_equivalent
    vacancy = Changes(vacancy_hours_week=one_person, vacancy_from=coming)
    return [*tests, StressTest("vacancy", str(coming), vacancy)]


def _spent(
    months: Sequence[MonthForecast], key: Callable[[str], str]
) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for month in months:
        for ref, part in month.by_workload.items():
            sums[key(ref)] = sums.get(key(ref), NOTHING) + part.tokens_cost
    return sums


def _most(sums: Mapping[str, Decimal]) -> str:
    """The largest; of two alike the one that the plan names first."""
    return max(sums, key=lambda name: sums[name])
