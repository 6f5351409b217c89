"""Sessions at once over the 168 hours of the week, and what they cost. Pure.

Weights of a profile sum to 1; index 0 is Monday 00:00 in the organisation's time zone.
Sessions are carried to sixty digits: they are rounded only when they are bought.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from capacity.formulas.rounding import (
    SIXTY_DIGITS,
    product,
    quotient,
    round_up,
    to_cents,
)

HOURS_A_WEEK = 168
MINUTES_AN_HOUR = 60
# Two hours whose floats differ by less are compared by their sixty digits.
CLOSE = 1e-9


@dataclass(frozen=True, eq=False)
class Weights:
    """168 numbers ≥ 0 and their sum: an hour's share is its number ÷ the sum.

    The same profile is one object, so that workloads can be grouped by it.
    """

    numbers: tuple[Decimal, ...]
    sum: Decimal

    @cached_property
    def highest(self) -> Decimal:
        """The share of the busiest hour."""
        return quotient(max(self.numbers), self.sum)

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        return np.array([float(number / self.sum) for number in self.numbers])

    def share(self, hour: int) -> Decimal:
        return quotient(self.numbers[hour], self.sum)


def _weights(numbers: Sequence[Decimal]) -> Weights:
    return Weights(tuple(numbers), sum(numbers, Decimal(0)))


def _named(days: range, hours: range) -> Weights:
    busy = {day * 24 + hour for day in days for hour in hours}
    return _weights([Decimal(hour in busy) for hour in range(HOURS_A_WEEK)])


NAMED: dict[str, Weights] = {
    "business_hours": _named(range(5), range(9, 17)),
    "evenings": _named(range(7), range(18, 23)),
    "flat": _named(range(7), range(24)),
}


@lru_cache(maxsize=2048)
def weights_of(profile: str | tuple[float | int | Decimal, ...]) -> Weights:
    """A named profile, or 168 numbers ≥ 0 that are normalised; ValueError otherwise."""
    if isinstance(profile, str):
        if profile not in NAMED:
            raise ValueError(f"No profile is called {profile}.")
        return NAMED[profile]
    if len(profile) != HOURS_A_WEEK:
        raise ValueError(f"A profile has 168 weights, not {len(profile)}.")
    # A weight is the number that was written: 0.1 is one tenth, not its binary neighbour.
    numbers = [Decimal(str(weight)) for weight in profile]
    if not all(number.is_finite() for number in numbers):
        raise ValueError("Weights are numbers.")
    if min(numbers) < 0 or not any(numbers):
        raise ValueError("Weights are 0 or more, and not all of them 0.")
    return _weights(numbers)


@dataclass(frozen=True, slots=True)
class Demand:
    """What one workload asks of the platform.

    `sessions_at_once` is weekly sessions × minutes / 60: the sessions that ran at once if
    all of a week's began in one hour. An hour has its weight's share of them.
    """

    weights: Weights
    sessions_at_once: Decimal

    @property
    def peak(self) -> Decimal:
        return SIXTY_DIGITS.multiply(self.weights.highest, self.sessions_at_once)

    def times(self, of_steady: Decimal) -> "Demand":
        """The same in a month with this ramp × growth."""
        if of_steady == 1:
            return self
        return Demand(
            self.weights, SIXTY_DIGITS.multiply(self.sessions_at_once, of_steady)
        )


def demand(
    *, sessions_per_month: Decimal, session_minutes: Decimal, weights: Weights
) -> Demand:
    """Little's law: sessions in an hour × mean session minutes / 60.

    A month has 52/12 weeks. W-01: 75,600 sessions of 10 minutes in business hours are
    75,600 × 12/52 ÷ 40 × 10/60 = 72.69 at once.
    """
    hours = quotient(product(sessions_per_month, 12, session_minutes), 52)
    return Demand(weights, quotient(hours, MINUTES_AN_HOUR))


@dataclass(frozen=True)
class Peaks:
    """Sessions at once: the highest hour of the sum, and the workloads' peaks added up.

    `hour` is the first hour of the week (0–167) with the highest demand; `by_hour` is for
    pictures, as floats.
    """

    platform: Decimal
    sum_of_peaks: Decimal
    hour: int
    by_hour: NDArray[np.float64]

    @property
    def saved_by_sharing(self) -> Decimal:
        return max(Decimal(0), SIXTY_DIGITS.subtract(self.sum_of_peaks, self.platform))


def peaks(demands: Sequence[Demand]) -> Peaks:
    """The platform's peak is the highest hour of the sum, not the sum of the peaks."""
    grouped: dict[Weights, Decimal] = {}
    sum_of_peaks = Decimal(0)
    for one in demands:
        before = grouped.get(one.weights, Decimal(0))
        grouped[one.weights] = SIXTY_DIGITS.add(before, one.sessions_at_once)
        sum_of_peaks = SIXTY_DIGITS.add(sum_of_peaks, one.peak)
    by_hour = np.zeros(HOURS_A_WEEK)
    for weights, at_once in grouped.items():
        by_hour += weights.shares * float(at_once)
    highest = float(by_hour.max())
    candidates = np.flatnonzero(by_hour >= highest * (1 - CLOSE))
    exact = [
        (_at(grouped, int(hour)), -int(hour)) for hour in _unlike(grouped, candidates)
    ]
    platform, hour = max(exact)
    return Peaks(platform, sum_of_peaks, -hour, by_hour)


def _unlike(grouped: dict[Weights, Decimal], hours: NDArray[np.intp]) -> list[int]:
    """The first of those hours in which every profile weighs the same."""
    first: dict[tuple[Decimal, ...], int] = {}
    for hour in hours:
        first.setdefault(tuple(one.numbers[hour] for one in grouped), int(hour))
    return list(first.values())


def _at(grouped: dict[Weights, Decimal], hour: int) -> Decimal:
    demand_of_hour = Decimal(0)
    for weights, at_once in grouped.items():
        part = SIXTY_DIGITS.multiply(weights.numbers[hour], at_once)
        demand_of_hour = SIXTY_DIGITS.add(demand_of_hour, quotient(part, weights.sum))
    return demand_of_hour


def capacity_sessions(peak: Decimal, headroom: Decimal) -> int:
    """peak × (1 + headroom), rounded up to a whole session; headroom 0.35 is 35 %."""
    return round_up(product(peak, 1 + headroom))


def variable_cost(sessions: int, per_session_month: Decimal) -> Decimal:
    """What the platform's bought sessions cost in a month, in cents."""
    return to_cents(product(sessions, per_session_month))


def workload_cost(
    peak: Decimal, headroom: Decimal, per_session_month: Decimal
) -> Decimal:
    """A workload's own peak with headroom, not rounded to sessions, in cents a month.

    Fixed lines belong to the platform and sharing saves, so workloads do not add up to it.
    """
    return to_cents(product(peak, 1 + headroom, per_session_month))
