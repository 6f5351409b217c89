"""Ten thousand plans within the inputs' ranges: what a month may cost. Pure, seeded.

In floats, unlike the forecast: a percentile of a sample is no promise to the cent. Figures
become money again, in cents, when they leave this module.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from capacity.formulas.changes import Changes
from capacity.formulas.draws import Floats, Stream, draws_of
from capacity.formulas.periods import Month
from capacity.formulas.reserve import MONTHS_A_QUARTER
from capacity.formulas.rounding import to_cents
from capacity.formulas.sampled_plan import SampledPlan
from capacity.formulas.scenarios import Setting
from capacity.formulas.staffing import WEEKS_A_QUARTER

PERCENTILES = (10, 50, 90)
MOST_SAMPLES = 100_000
# Months × samples × uncertain inputs that one answer computes, in about two seconds. What
# each month and sample takes besides its inputs is worth thirty of them.
MOST_FIGURES = 400_000_000
INPUTS_OF_A_MONTH = 30
# Numbers held at a time, besides the months' own: 32 MB.
HELD = 4_000_000
HALF_A_CENT = 0.005


class Band(NamedTuple):
    """Nine of ten samples lie above `p10`, half above `p50`, one of ten above `p90`."""

    p10: Decimal
    p50: Decimal
    p90: Decimal


@dataclass(frozen=True, slots=True)
class SampledMonth:
    """Money of tokens and of compute, sessions to buy, and ops hours a week."""

    month: Month
    tokens_cost: Band
    compute_cost: Band
    capacity_sessions: Band
    ops_hours_week: Band


@dataclass(frozen=True, slots=True)
class MonteCarlo:
    """The samples' percentiles by month; in `held` of them the reserve was enough."""

    samples: int
    seed: int
    held: int
    months: Sequence[SampledMonth]

    @property
    def probability(self) -> Fraction:
        """Share of samples (0–1) whose excess every quarter's reserve absorbs."""
        return Fraction(self.held, self.samples)


def uncertain_inputs(setting: Setting, changes: Changes) -> int:
    """How many inputs of the changed plan a sample draws."""
    return len(draws_of(setting.changed(changes).workloads))


def samples_within(months: int, inputs: int) -> int:
    """The most samples that are drawn for so many months and uncertain inputs."""
    allowed = MOST_FIGURES // (months * (INPUTS_OF_A_MONTH + inputs))
    return min(MOST_SAMPLES, allowed)


def monte_carlo(
    setting: Setting, changes: Changes, *, samples: int, seed: int
) -> MonteCarlo:
    """Samples of the changed plan, against the plan as it stands without any chance.

    Each uncertain input is triangular and independent. The same seed gives the same
    numbers. `prices.NoPrice` as in the forecast.
    """
    if not 1 <= samples <= MOST_SAMPLES:
        raise ValueError(f"Samples are 1 to {MOST_SAMPLES}, not {samples}.")
    changed = setting.changed(changes)
    draws = draws_of(changed.workloads)
    plan = SampledPlan(changed, changes, draws)
    judge = _Judge(setting, plan)
    months = len(setting.periods)
    tokens = np.empty((months, samples))
    sessions = np.empty((months, samples))
    hours = np.empty((len(plan.quarters), samples))
    held = 0
    stream = Stream(draws, samples, seed)
    for some, rows in stream.chunks(max(1, HELD // plan.numbers_a_sample)):
        tokens[:, some] = plan.tokens_cost(rows)
        sessions[:, some] = plan.capacity_sessions(rows)
        hours[:, some], bought = plan.ops_hours(rows)
        held += judge.held(
            tokens[:, some],
            plan.compute_cost(sessions[:, some]),
            hours[:, some] + bought,
        )
    return MonteCarlo(
        samples, seed, held, _months(setting, plan, tokens, sessions, hours)
    )


def tokens_bands(setting: Setting, *, samples: int, seed: int) -> list[Band]:
    """What each month's tokens may cost: as `monte_carlo` of no change, and only that.

    The stream is the same, so the figures are. Compute, hours and the reserve's verdict,
    which take most of the time, are left out.
    """
    draws = draws_of(setting.workloads)
    plan = SampledPlan(setting, Changes(), draws)
    tokens = np.empty((len(setting.periods), samples))
    stream = Stream(draws, samples, seed)
    for some, rows in stream.chunks(max(1, HELD // plan.numbers_a_sample)):
        tokens[:, some] = plan.tokens_cost(rows)
    return [_band(month) for month in _percentiles(tokens)]


class _Judge:
    """Whether the reserve absorbs a sample, quarter by quarter and budget by budget."""

    def __init__(self, setting: Setting, changed: SampledPlan) -> None:
        places = setting.by_quarter()
        self._of_quarter = np.zeros((len(places), len(setting.periods)))
        for row, months in enumerate(places.values()):
            self._of_quarter[row, months] = 1.0
        weeks = self._of_quarter.sum(axis=1) * WEEKS_A_QUARTER / MONTHS_A_QUARTER
        self._hour_price = (weeks * float(setting.ops_hour_price))[:, None]
        self._left = np.array(
            [float(setting.reserve_left[one]) for one in changed.quarters]
        )[:, None]
        # The baseline by the same arithmetic, so that equal inputs give no excess at all.
        draws = draws_of(setting.workloads)
        plan = SampledPlan(setting, Changes(), draws)
        likely = np.array([one.mode for one in draws])[:, None]
        self._baseline = self._costs(
            plan.tokens_cost(likely),
            plan.compute_cost(plan.capacity_sessions(likely)),
            plan.ops_hours(likely)[0],
        )

    def _costs(
        self, tokens: Floats, compute: Floats, hours: Floats
    ) -> tuple[Floats, Floats, Floats]:
        return (
            self._of_quarter @ tokens,
            self._of_quarter @ compute,
            hours * self._hour_price,
        )

    def held(self, tokens: Floats, compute: Floats, hours: Floats) -> int:
        """How many samples no quarter's reserve falls short of; to the cent."""
        excess = np.zeros((len(self._left), tokens.shape[1]))
        for old, new in zip(
            self._baseline, self._costs(tokens, compute, hours), strict=True
        ):
            excess += np.maximum(0.0, new - old)
        return int((excess < self._left + HALF_A_CENT).all(axis=0).sum())


def _months(
    setting: Setting,
    plan: SampledPlan,
    tokens: Floats,
    sessions: Floats,
    hours: Floats,
) -> list[SampledMonth]:
    of_tokens, of_sessions = _percentiles(tokens), _percentiles(sessions)
    of_compute = plan.compute_cost(of_sessions)
    of_hours = _percentiles(hours)
    quarters = {quarter: place for place, quarter in enumerate(plan.quarters)}
    return [
        SampledMonth(
            period.month,
            _band(of_tokens[at]),
            _band(of_compute[at]),
            _band(of_sessions[at]),
            _band(of_hours[quarters[period.quarter]]),
        )
        for at, period in enumerate(setting.periods)
    ]


def _percentiles(samples: Floats) -> Floats:
    """A row a month; the samples are put out of order, for they are needed no more."""
    return np.percentile(samples, PERCENTILES, axis=1, overwrite_input=True).T


def _band(figures: Floats) -> Band:
    return Band(*(to_cents(Decimal(repr(float(one)))) for one in figures))
