"""Scenarios on the plan as it stands: read once, changed in memory, never written."""

from collections.abc import Mapping
from dataclasses import dataclass

from capacity.formulas.changes import Changes, Refusal, refusals
from capacity.formulas.forecast import MonthForecast
from capacity.formulas.monte_carlo import (
    MonteCarlo,
    monte_carlo,
    samples_within,
    uncertain_inputs,
)
from capacity.formulas.periods import Quarter as AnyQuarter
from capacity.formulas.scenarios import Outcome, Setting, StressTest, play, stress_tests
from capacity.selectors.forecast import Ground, ground
from capacity.selectors.problems import UNTOLD, TooManySamples, not_forecast
from capacity.selectors.reserve import Reserve, reserves_of
from portal.kernel.errors import FieldError, Invalid
from portal.kernel.periods import Month, Quarter

MOST_MONTHS = 60
DEFAULT_MONTHS = 12


@dataclass(frozen=True)
class Stage:
    """The plan, its forecast without any change, and what is left of each reserve.

    `quarters` are those of the months, one a month.
    """

    ground: Ground
    setting: Setting
    baseline: tuple[MonthForecast, ...]
    quarters: tuple[Quarter, ...]
    reserves: Mapping[Quarter, Reserve]

    def reserve_of(self, quarter: AnyQuarter) -> Reserve:
        """The reserve of a quarter that a formula names."""
        return self.reserves[Quarter.parse(str(quarter))]

    def play(self, changes: Changes) -> Outcome:
        """`Invalid` names what the plan lacks, `PriceMissing` a month without a price."""
        self.require_possible(changes)
        try:
            return play(self.setting, changes, self.baseline)
        except UNTOLD as error:
            raise not_forecast(error) from error

    def sample(self, changes: Changes, *, samples: int, seed: int) -> MonteCarlo:
        """As `play`, for samples of the inputs' ranges. `TooManySamples` says how many
        are drawn of this plan and these months."""
        inputs = uncertain_inputs(self.setting, changes)
        most = samples_within(len(self.setting.periods), inputs)
        if samples > most:
            raise TooManySamples.of(samples, len(self.setting.periods), inputs, most)
        try:
            return monte_carlo(self.setting, changes, samples=samples, seed=seed)
        except UNTOLD as error:
            raise not_forecast(error) from error

    def refusals(self, changes: Changes) -> list[Refusal]:
        return refusals(changes, self.setting.workloads, self.setting.rates.card)

    def require_possible(self, changes: Changes) -> None:
        found = self.refusals(changes)
        if found:
            raise Invalid(
                " ".join(one.detail for one in found[:3]),
                errors=[
                    FieldError("/" + "/".join(one.path), one.code, one.detail)
                    for one in found
                ],
            )

    def stress(self, today: Month) -> list[tuple[StressTest, Outcome]]:
        """The three standing questions, asked of the plan as it stands now."""
        starts = self.ground.current.fiscal_year_starts
        coming = Quarter.of(today.first_day, starts).plus(1)
        tests = stress_tests(self.setting, self.baseline, coming)
        return [(test, self.play(test.changes)) for test in tests]


def stage(first: Month, months: int, on: Ground | None = None) -> Stage:
    """Live and committed workloads, seven queries. `PriceMissing` as the forecast."""
    on = on or ground()
    periods = on.periods(first, months)
    starts = on.current.fiscal_year_starts
    quarters = tuple(Quarter.of(period.month.first_day, starts) for period in periods)
    reserves = reserves_of(quarters, on)
    setting = Setting(
        workloads=on.plan.sized,
        periods=periods,
        numbers=on.numbers,
        rates=on.rates,
        reserve_left={quarter: one.left for quarter, one in reserves.items()},
        ops_hour_price=on.current.ops_hour_price,
    )
    baseline = tuple(on.months(first, months))
    return Stage(on, setting, baseline, quarters, reserves)
