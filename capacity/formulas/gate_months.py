"""A month under a gate: what is said and done as a user's tokens grow day by day.

Pure: each day's end is put to the one decision. Looking at a month changes nothing.
"""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from itertools import accumulate
from zoneinfo import ZoneInfo

from capacity.formulas.gates import (
    Action,
    Counters,
    Month,
    Policy,
    Tier,
    Verdict,
    decide,
    month_of,
    newly_due,
)

WEEKEND = 5
AT_WEEKENDS = 0.2
TURNS_ON = 20
FASTER = 2.4


class Pace(StrEnum):
    """How a made-up user spreads a month's tokens."""

    STEADY = "steady"
    SPEEDS_UP = "speeds_up"
    SLOWS_DOWN = "slows_down"


@dataclass(frozen=True, slots=True)
class DayUnder:
    """The end of one day. `speaks` is the level that is spoken on it first."""

    day: int
    settled: int
    verdict: Verdict
    speaks: int | None

    @property
    def consumed(self) -> float:
        return self.verdict.consumed or 0.0

    @property
    def projected(self) -> float:
        return self.verdict.projected or 0.0


def days_in(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def spread(total: int, pace: Pace, first: date) -> list[int]:
    """Tokens used up to the end of each day of the month that begins on `first`."""
    weights = [_weight(pace, first.replace(day=n + 1)) for n in range(days_in(first))]
    whole = sum(weights)
    return [round(total * part / whole) for part in accumulate(weights)]


def on_day(first: date, day: int, zone: ZoneInfo) -> Month:
    noon = datetime.combine(first.replace(day=day), time(12), tzinfo=zone)
    return month_of(noon, zone)


def month_under(
    policy: Policy,
    tier: Tier,
    used: Sequence[int],
    *,
    first: date,
    zone: ZoneInfo,
    name: str = "this gate",
) -> list[DayUnder]:
    """Each day of `used` (cumulative tokens) as this policy would have treated it."""
    passed: frozenset[int] = frozenset()
    days = []
    for n, settled in enumerate(used, start=1):
        # A ceiling that was passed stays passed, whatever is corrected later.
        counters = Counters(settled, was_over=100 in passed)
        verdict = decide(policy, tier, counters, on_day(first, n, zone), name=name)
        speaks, also = newly_due(verdict.level, passed)
        passed |= frozenset(also)
        days.append(DayUnder(n, settled, verdict, speaks))
    return days


def turned(days: Sequence[DayUnder]) -> DayUnder | None:
    """The first day on which the gate does anything but allow."""
    return next((one for one in days if one.verdict.action != Action.ALLOW), None)


def _weight(pace: Pace, day: date) -> float:
    weight = AT_WEEKENDS if day.weekday() >= WEEKEND else 1.0
    if pace == Pace.STEADY:
        return weight
    late = day.day > TURNS_ON
    return weight * (FASTER if late == (pace == Pace.SPEEDS_UP) else 1.0)
