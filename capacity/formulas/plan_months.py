"""What chance does not touch in a plan: each month's factor and price by workload. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capacity.formulas.compute import MINUTES_AN_HOUR
from capacity.formulas.draws import Floats
from capacity.formulas.forecast import Sized
from capacity.formulas.growth import require_in_reach
from capacity.formulas.periods import Month
from capacity.formulas.prices import NoPrice, RateCard
from capacity.formulas.scenarios import Setting

MILLION = 1e6
# Sessions a month × minutes, as sessions that run at once: 12/52 of them a week, in hours.
SESSIONS_AT_ONCE = 12 / 52 / MINUTES_AN_HOUR
NEVER = 10**9


@dataclass(frozen=True, slots=True)
class WorkloadMonths:
    """One workload's months: adoption, months of growth, and prices of one token."""

    ramp: Floats
    growing: NDArray[np.int64]
    factor: Floats
    input_price: Floats
    output_price: Floats


@dataclass(frozen=True, slots=True)
class PlanMonths:
    """Months down, workloads across. Prices are money of one input and one output token,
    cached ones weighed in; 0 where a workload is not there."""

    workloads: Sequence[Sized]
    ramp: Floats
    growing: NDArray[np.int64]
    factor: Floats
    input_price: Floats
    output_price: Floats

    @classmethod
    def of(cls, setting: Setting) -> "PlanMonths":
        """`prices.NoPrice` names a model and a month in which it has none,
        `growth.OutOfReach` a workload that grows too long."""
        workloads = setting.workloads
        months = [period.month for period in setting.periods]
        index = np.array([month.index for month in months])[:, None]
        ships = _row([one.ships.index for one in workloads])
        ends = _row([one.retired.index if one.retired else NEVER for one in workloads])
        there = (ships <= index) & (index <= ends)
        shares = np.array([*(float(share) for share in setting.numbers.ramp), 1.0])
        ramp = shares[np.clip(index - ships, 0, len(shares) - 1)] * there
        grown = index - _row([one.grows_from.index for one in workloads])
        growing = np.maximum(0, grown) * there
        for one, most in zip(workloads, growing.max(axis=0, initial=0), strict=True):
            require_in_reach(one.growth_per_month, int(most), one.ref)
        growth = 1 + np.array([float(one.growth_per_month) for one in workloads])
        prices = _prices(workloads, months, setting.rates.card, there)
        return cls(workloads, ramp, growing, ramp * np.power(growth, growing), *prices)

    def column(self, place: int) -> WorkloadMonths:
        return WorkloadMonths(
            self.ramp[:, place],
            self.growing[:, place],
            self.factor[:, place],
            self.input_price[:, place],
            self.output_price[:, place],
        )

    def money_a_user(self) -> Floats:
        """What one user of each workload costs in each month."""
        given = np.array([float(one.per_user.input_tokens) for one in self.workloads])
        made = np.array([float(one.per_user.output_tokens) for one in self.workloads])
        return self.factor * (given * self.input_price + made * self.output_price)

    def at_once_a_user(self) -> Floats:
        """Sessions at once of one user, if a week's began in one hour."""
        minutes = [
            float(one.sessions_per_user_month) * float(one.session_minutes)
            for one in self.workloads
        ]
        return self.factor * (np.array(minutes) * SESSIONS_AT_ONCE)


def _row(numbers: Sequence[int]) -> NDArray[np.int64]:
    return np.array(numbers, dtype=np.int64)[None, :]


def _prices(
    workloads: Sequence[Sized],
    months: Sequence[Month],
    card: RateCard,
    there: NDArray[np.bool_],
) -> tuple[Floats, Floats]:
    by_model = {
        model: _prices_of(model, months, card)
        for model in {one.model for one in workloads}
    }
    given, made = np.zeros(there.shape), np.zeros(there.shape)
    for place, one in enumerate(workloads):
        table = by_model[one.model]
        missing = np.flatnonzero(there[:, place] & np.isnan(table[0]))
        if len(missing):
            card.price(one.model, months[missing[0]].first_day)
        cached = float(one.cached_input_share)
        given[:, place] = table[0] * (1 - cached) + table[1] * cached
        made[:, place] = table[2]
    return np.where(there, given, 0.0), np.where(there, made, 0.0)


def _prices_of(model: str, months: Sequence[Month], card: RateCard) -> Floats:
    """Input, cached and output price of one token by month; not a number without one."""
    table = np.full((3, len(months)), np.nan)
    for at, month in enumerate(months):
        try:
            price = card.price(model, month.first_day)
        except NoPrice:
            continue
        table[:, at] = (
            float(price.input_per_million),
            float(price.cached_input_per_million),
            float(price.output_per_million),
        )
    return table / MILLION
