"""All that the page of the budgets shows of a quarter, read once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from capacity.enums import OpsCategory
from capacity.formulas.forecast import MonthForecast, ops_of
from capacity.formulas.monte_carlo import Band
from capacity.formulas.people import Spread
from capacity.formulas.scenarios import Outcome, StressTest
from capacity.formulas.staffing import (
    WEEKS_A_QUARTER,
    HiddenFactors,
    LoggedQuarter,
    learned_factors,
)
from capacity.models import UsageDay
from capacity.selectors.actuals import OpsMonth, ops_hours_by_month
from capacity.selectors.bands import tokens_band
from capacity.selectors.budgets import QuarterForecast, by_quarter
from capacity.selectors.exposure import Exposure, exposures
from capacity.selectors.forecast import Ground, ground
from capacity.selectors.overlap import Overlap, overlap, spreads
from capacity.selectors.problems import NotForecast
from capacity.selectors.recalibrated import Recalibrated, recalibrated
from capacity.selectors.reserve import Reserve, reserve_of
from capacity.selectors.scenarios import stage
from capacity.selectors.spent import tokens_spent
from portal.kernel.periods import Month, Quarter
from workloads.enums import COUNTED, Status

AHEAD = 3
BACK = 1
LOGGED_BACK = 4
STRESSED_MONTHS = 12


@dataclass(frozen=True)
class Outlook:
    """A quarter, the one before it and those to come.

    `everything` stands on planned and candidates too, `on` on what counts.
    """

    quarter: Quarter
    today: date
    on: Ground
    everything: Ground
    forecasts: Mapping[Quarter, QuarterForecast]
    reserve: Reserve | None
    stress: Sequence[tuple[StressTest, Outcome]]
    band: Mapping[Month, Band]
    spent: Mapping[Month, Decimal]
    recalibrated: Recalibrated | None
    logged: Mapping[Quarter, "Logged"] = field(default_factory=dict)
    overlap: Overlap | None = None
    spreads: Mapping[str, Spread] = field(default_factory=dict)
    exposures: Mapping[str, Exposure] = field(default_factory=dict)

    @property
    def shown(self) -> QuarterForecast:
        return self.forecasts[self.quarter]

    @property
    def last_month(self) -> MonthForecast:
        return self.shown.months[-1]

    @property
    def currency(self) -> str:
        return self.on.current.currency

    def from_quarter(self, first: int, count: int) -> list[QuarterForecast]:
        """`count` quarters from the shown one plus `first` on."""
        return [self.forecasts[self.quarter.plus(first + n)] for n in range(count)]

    @property
    def factors(self) -> HiddenFactors:
        """What too few people cost, learned from the quarters that logged it."""
        numbers, people = self.on.numbers, self.on.rates.staffed
        quarters = []
        for quarter, logged in self.logged.items():
            ops = ops_of(self.on.plan.sized, quarter, numbers, people)
            if ops.ceiling_hours_week is not None and logged.is_whole:
                quarters.append(
                    LoggedQuarter(
                        ops.load.hours_week,
                        ops.ceiling_hours_week,
                        logged.a_week(OpsCategory.INCIDENT_RESPONSE),
                        logged.a_week(OpsCategory.ENGINEERING_TIME_LOST),
                    )
                )
        return learned_factors(quarters)


@dataclass(frozen=True)
class Logged:
    """Hours that people logged in a quarter. `is_whole`: in each of its months."""

    months: Sequence[OpsMonth]
    is_whole: bool

    @property
    def hours_week(self) -> Decimal:
        """The ops team's own, a week of thirteen."""
        total = sum((one.hours for one in self.months), Decimal(0))
        return (total / WEEKS_A_QUARTER).quantize(Decimal("0.1"))

    def a_week(self, category: str) -> Decimal:
        hours = (one.by_category.get(category, Decimal(0)) for one in self.months)
        return sum(hours, Decimal(0)) / WEEKS_A_QUARTER


def read_outlook(quarter: Quarter, today: date, statuses: Sequence[str]) -> Outlook:
    """`statuses` count beside committed and live. The same queries whatever the plan."""
    everything = ground((Status.CANDIDATE, Status.PLANNED, *COUNTED))
    on = everything.of(Status.RETIRED, *COUNTED, *statuses)
    window = [quarter.plus(n) for n in range(-BACK, AHEAD + 1)]
    forecasts = by_quarter(on, window)
    drawn = [
        Month.of(month.month.first_day)
        for one in window[:-1]
        for month in forecasts[one].months
    ]
    past = [month for month in drawn if month <= Month.of(today)]
    used_in = _newest_usage(drawn[-1])
    behind = spreads(used_in) if used_in else {}
    return Outlook(
        quarter=quarter,
        today=today,
        on=on,
        everything=everything,
        forecasts=forecasts,
        reserve=_reserve(quarter, on),
        stress=_stress(on, today),
        band=_band(on, quarter),
        spent=tokens_spent(everything, past),
        recalibrated=recalibrated(on, Quarter.of(today, on.current.fiscal_year_starts)),
        logged=_logged(quarter, on, today),
        overlap=overlap(used_in) if used_in else None,
        spreads=behind,
        exposures=exposures(used_in, behind, on) if used_in else {},
    )


def _reserve(quarter: Quarter, on: Ground) -> Reserve | None:
    try:
        return reserve_of(quarter, on)
    except NotForecast:
        return None


def _stress(on: Ground, today: date) -> Sequence[tuple[StressTest, Outcome]]:
    """The standing stress tests of the plan as it is now; none where a price is missing."""
    now = Month.of(today)
    try:
        return stage(now, STRESSED_MONTHS, on).stress(now)
    except NotForecast:
        return ()


def _band(on: Ground, quarter: Quarter) -> Mapping[Month, Band]:
    """What the tokens of the months to come may cost; none where a price is missing."""
    first = quarter.months(on.current.fiscal_year_starts)[0]
    try:
        return tokens_band(on, first, 3 * AHEAD)
    except NotForecast:
        return {}


def _logged(quarter: Quarter, on: Ground, today: date) -> dict[Quarter, Logged]:
    """Of the quarters that have ended, back from those shown. One query."""
    starts = on.current.fiscal_year_starts
    ended = [
        one
        for n in range(-LOGGED_BACK, AHEAD + 1)
        if (one := quarter.plus(n)).last_day(starts) < today
    ]
    entries = ops_hours_by_month(month for one in ended for month in one.months(starts))
    found = {}
    for one in ended:
        months = [entry for (_, m), entry in entries.items() if m in one.months(starts)]
        whole = {entry.month for entry in months} == set(one.months(starts))
        found[one] = Logged(tuple(months), whole)
    return found


def _newest_usage(until: Month) -> Month | None:
    """The newest month with usage, up to the last one shown."""
    day = (
        UsageDay.objects.filter(day__lte=until.last_day)
        .order_by("-day")
        .values_list("day", flat=True)
        .first()
    )
    return Month.of(day) if day else None
