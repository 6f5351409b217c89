"""Entries of what was used, each with what is wrong with it by itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TypeAlias

MOST_MONEY: Final = 10**12
MOST_SESSIONS_AT_ONCE: Final = 10**9
MOST_HOURS: Final = 10_000
MOST_PEOPLE: Final = 10**9
MOST_CALLS: Final = 10**12
MOST_TOKENS: Final = 10**15
LONGEST_REASON: Final = 2_000

COUNTS: Final = {
    "users": MOST_PEOPLE,
    "sessions": MOST_CALLS,
    "turns": MOST_CALLS,
    "retries": MOST_CALLS,
    "tool_calls": MOST_CALLS,
    "input_tokens": MOST_TOKENS,
    "cached_input_tokens": MOST_TOKENS,
    "output_tokens": MOST_TOKENS,
}


class Kind(StrEnum):
    """What is entered: money and peaks, hours, or usage."""

    COMPUTE = "compute"
    OPS = "ops"
    TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an entry is not taken: at which field, by which code, in which words.

    `is_state` tells what the entry itself cannot mend (409) from what it can (400).
    """

    field: str
    code: str
    detail: str
    is_state: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeEntry:
    """A line's cost in a month, or the month's peak of concurrent sessions.

    `currency` is what the amount is said to be in; empty is the organisation's.
    """

    month: str
    line: str = ""
    amount: Decimal | None = None
    peak_concurrent_sessions: Decimal | None = None
    currency: str = ""
    corrects: int | None = None
    reason: str = ""

    @property
    def identity(self) -> tuple[Any, ...]:
        return (self.month, self.line)

    @property
    def values(self) -> tuple[Any, ...]:
        return (self.amount, self.peak_concurrent_sessions)

    @property
    def ref(self) -> None:
        return None

    @property
    def period_field(self) -> str:
        return "month"

    def refusals(self) -> Iterator[Refusal]:
        peak = self.peak_concurrent_sessions
        if (self.amount is None) == (peak is None):
            yield Refusal(
                "amount",
                "amount_or_peak",
                "An entry is the amount of a line, or the month's peak of concurrent "
                "sessions: one of the two.",
            )
        elif (self.amount is None) != (not self.line):
            detail = (
                "An amount belongs to a line: name it."
                if self.line == ""
                else "A peak is the platform's and belongs to no line: leave it out."
            )
            yield Refusal("line", "amount_or_peak", detail)
        yield from _within("amount", self.amount, MOST_MONEY)
        yield from _within("peak_concurrent_sessions", peak, MOST_SESSIONS_AT_ONCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpsEntry:
    """Hours of an ISO week on a workload, or on the platform where `ref` is None."""

    ref: str | None
    week: str
    category: str
    hours: Decimal
    corrects: int | None = None
    reason: str = ""

    @property
    def identity(self) -> tuple[Any, ...]:
        return (self.ref, self.week)

    @property
    def values(self) -> tuple[Any, ...]:
        return (self.category, self.hours)

    @property
    def month(self) -> str:
        """The month of the week's Thursday. ValueError where there is no such week."""
        return f"{thursday_of(self.week):%Y-%m}"

    @property
    def period_field(self) -> str:
        return "week"

    def refusals(self) -> Iterator[Refusal]:
        yield from _within("hours", self.hours, MOST_HOURS)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenEntry:
    """A workload's usage in a month; `users` are distinct people."""

    month: str
    ref: str
    users: int
    sessions: int
    turns: int
    input_tokens: int
    output_tokens: int
    retries: int = 0
    tool_calls: int = 0
    cached_input_tokens: int = 0
    corrects: int | None = None
    reason: str = ""

    @property
    def identity(self) -> tuple[Any, ...]:
        return (self.month, self.ref)

    @property
    def values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in COUNTS)

    @property
    def period_field(self) -> str:
        return "month"

    def refusals(self) -> Iterator[Refusal]:
        for name, most in COUNTS.items():
            yield from _within(name, getattr(self, name), most)
        if self.cached_input_tokens > self.input_tokens:
            yield Refusal(
                "cached_input_tokens",
                "contradiction",
                "Cached tokens are part of the input tokens, so they cannot be more.",
            )
        yield from self._without_cause()

    def _without_cause(self) -> Iterator[Refusal]:
        """Nothing is used without turns, no turn without a session, none by nobody."""
        used = ("retries", "tool_calls", "input_tokens", "output_tokens")
        for cause, names in (
            ("users", ("sessions",)),
            ("sessions", ("turns",)),
            ("turns", used),
        ):
            without = [name for name in names if getattr(self, name) > 0]
            if getattr(self, cause) == 0 and without:
                yield Refusal(
                    cause,
                    "contradiction",
                    f"It is 0, and there are {_spaced(without[0])}. One of the two is "
                    "a slip.",
                )


AnyEntry: TypeAlias = ComputeEntry | OpsEntry | TokenEntry


def thursday_of(week: str) -> date:
    """The Thursday of `2026-W17`: it decides the month and quarter of the week.

    ValueError for anything that is no ISO week, also for week 53 of a year of 52.
    """
    year, _, number = week.partition("-W")
    if not (len(year) == 4 and len(number) == 2 and week.isascii()):
        raise ValueError(f"{week!r} is not a week.")
    if not (year.startswith("20") and number.isdigit()):
        raise ValueError(f"{week!r} is not a week.")
    return date.fromisocalendar(int(year), int(number), 4)


def starts_after(entry: AnyEntry, today: date) -> bool:
    """Whether its period has not begun: nothing can have been used in it."""
    if isinstance(entry, OpsEntry):
        year, week, _ = today.isocalendar()
        return entry.week > f"{year:04}-W{week:02}"
    return entry.month > f"{today:%Y-%m}"


def _within(field: str, value: Decimal | int | None, most: int) -> Iterator[Refusal]:
    if value is None:
        return
    if value < 0:
        yield Refusal(field, "min_value", "It is below 0.")
    elif value > most:
        yield Refusal(
            field, "max_value", f"It is above {most:,}, the most that an entry takes."
        )
    elif isinstance(value, Decimal) and value != value.quantize(Decimal("0.01")):
        yield Refusal(field, "places", "It takes at most 2 decimal places.")


def _spaced(name: str) -> str:
    return name.replace("_", " ")
