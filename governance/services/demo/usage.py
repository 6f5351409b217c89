"""What the shipped workloads used, drawn by a seeded rule from real calls.

A workload's estimate and its habit give the level: users, sessions, turns, tokens a turn.
The real calls give the spread from call to call, and a fixed weight makes some users
heavier than others. The same workload and month always give the same usage.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from capacity.runtime.references import hashed
from governance.services.demo.days import WEEKDAYS, Days, moment
from governance.services.demo.gate_terms import tier_of
from governance.services.demo.habits import (
    CLOSENESS,
    CUSTOMERS,
    HABITS,
    LONGER_TEXTS,
    MORE_SESSIONS,
    Crowd,
    Habit,
)
from governance.services.demo.shipped import Shipped
from governance.services.demo.trace import real_calls
from portal.kernel.periods import Month

DAYS_OF_EVENTS = 30
RAMP = (0.40, 0.70, 1.00)
DECLARED_INPUT_SHARE = 0.75
HEAVIER = 0.45
"""Spread of the users' weights: a user at P99 has some three times the mean."""
AT_WORK = (0, 0, 0, 0, 0, 0, 0, 0, 3, 5, 6, 6, 4, 6, 6, 6, 5, 2, 1, 0, 0, 0, 0, 0)
IN_THE_EVENING = (
    1,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    1,
    1,
    1,
    1,
    2,
    1,
    1,
    2,
    2,
    3,
    6,
    8,
    9,
    8,
    6,
    3,
)


@dataclass(frozen=True)
class Level:
    """What one month of a workload comes to on average."""

    users: int
    sessions: float
    input_per_turn: float
    output_per_turn: float


class Session(NamedTuple):
    """One that is told call by call to the runtime, with its decision.

    `is_degraded`: the runtime asked for the budget model itself.
    """

    at: datetime
    user: str
    tier: str
    is_degraded: bool
    turns: int
    retries: int
    tool_calls: int
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int

    @property
    def calls(self) -> int:
        return self.turns + self.retries + self.tool_calls

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True)
class Used:
    """Rows of the usage tables, without their workload, and the sessions of late."""

    by_day: list[tuple[Any, ...]]
    by_hour: list[tuple[Any, ...]]
    sessions: list[Session]


def used_in(
    shipped: Shipped, month: Month, span: tuple[date, date], days: Days
) -> Used:
    """Usage of the days of `span`, both of them in `month`.

    What lies in the past month of days is told session by session, all else in sums.
    """
    first, last = span
    habit = HABITS[shipped.number]
    went_live = Month.of(days.in_quarter(shipped.quarter, shipped.day).date())
    since_live = month.index - went_live.index
    chance = np.random.default_rng([shipped.number, since_live])
    offset = days.offset_of(month)
    level = _level(shipped, habit, offset, since_live, chance)
    there = [day for day in _days(first, last) if _is_used(habit.crowd, day)]
    if not there:
        return Used([], [], [])
    whole = monthrange(month.year, month.month)[1]
    # Who begins within a month's first days uses it as in a whole one.
    share = 1.0 if since_live == 0 else ((last - first).days + 1) / whole
    sessions = _sessions(habit, shipped.number, level, share, len(there), chance)
    return _rows(shipped, level, sessions, there, events_since(days))


def events_since(days: Days) -> date:
    """The runtime tells what it sends for a month: on the days from this one on."""
    return days.today - timedelta(days=DAYS_OF_EVENTS)


def _level(
    shipped: Shipped,
    habit: Habit,
    offset: int,
    since_live: int,
    chance: np.random.Generator,
) -> Level:
    inputs = {
        name: float(value)
        for name, value in shipped.inputs.items()
        if name not in {"profile", "sources", "ops_reason"}
    }
    closeness = CLOSENESS.get(offset, 0.0)
    more = 1 + habit.sessions_off * closeness
    longer = 1 + habit.tokens_off * closeness
    if habit.runs_over is not None and offset >= habit.runs_over:
        more, longer = MORE_SESSIONS, LONGER_TEXTS
    given, made = _tokens_per_turn(inputs, habit)
    ramp = RAMP[min(since_live, len(RAMP) - 1)]
    return Level(
        users=max(1, round(inputs["users"] * ramp * chance.uniform(0.95, 1.01))),
        sessions=inputs["sessions_per_user_month"] * more * chance.uniform(0.98, 1.02),
        input_per_turn=given * longer,
        output_per_turn=made * longer,
    )


def _tokens_per_turn(inputs: dict[str, float], habit: Habit) -> tuple[float, float]:
    declared = inputs.get("declared_tokens_per_user_month")
    if declared is None:
        made = inputs["output_tokens_per_turn"] * inputs.get("output_multiplier", 1.0)
        return inputs["input_tokens_per_turn"], made
    turns = inputs["sessions_per_user_month"] * habit.turns
    per_turn = declared / turns / ((1 + habit.retried) * (1 + habit.with_tools))
    return per_turn * DECLARED_INPUT_SHARE, per_turn * (1 - DECLARED_INPUT_SHARE)


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=later) for later in range((last - first).days + 1)]


def _is_used(crowd: Crowd, day: date) -> bool:
    return crowd.kind == CUSTOMERS or day.weekday() < WEEKDAYS


@dataclass(frozen=True)
class _Sessions:
    """One entry a session; `users` are members of the crowd."""

    users: NDArray[np.int64]
    days: NDArray[np.int64]
    hours: NDArray[np.int64]
    turns: NDArray[np.int64]
    retries: NDArray[np.int64]
    tool_calls: NDArray[np.int64]
    chance: np.random.Generator

    @property
    def calls(self) -> NDArray[np.int64]:
        return self.turns + self.retries + self.tool_calls


def _sessions(
    habit: Habit,
    number: int,
    level: Level,
    share: float,
    days: int,
    chance: np.random.Generator,
) -> _Sessions:
    crowd = habit.crowd
    fixed = np.random.default_rng([number])
    weights = fixed.lognormal(0, HEAVIER, crowd.size)
    order = fixed.random(crowd.size) + crowd.churn * chance.random(crowd.size)
    active = np.argsort(order)[: level.users]
    heavy = weights[active] / weights[active].mean()
    begun = 1 + chance.poisson(np.maximum(0, level.sessions - 1) * heavy)
    count = chance.binomial(begun, share) if share < 1 else begun
    users = np.repeat(active, count)
    evening = crowd.kind == CUSTOMERS
    clock = np.array(IN_THE_EVENING if evening else AT_WORK, dtype=np.float64)
    turns = 1 + chance.poisson(habit.turns - 1, len(users))
    return _Sessions(
        users=users,
        days=chance.integers(0, days, len(users)),
        hours=chance.choice(24, len(users), p=clock / clock.sum()),
        turns=turns,
        retries=chance.binomial(turns, habit.retried),
        tool_calls=chance.binomial(turns, habit.with_tools),
        chance=chance,
    )


def _rows(
    shipped: Shipped,
    level: Level,
    sessions: _Sessions,
    days: list[date],
    since: date,
) -> Used:
    """Sessions added up by user and day, and by hour; those of late one by one."""
    if not len(sessions.users):
        return Used([], [], [])
    drawn = _Drawn.of(shipped, level, sessions, days)
    late = next((n for n, day in enumerate(days) if day >= since), len(days))
    return Used(
        _by_day(shipped, drawn, late),
        _by_hour(sessions, days[:late]),
        _late(drawn, late),
    )


@dataclass(frozen=True)
class _Drawn:
    """Tokens of each session, and the key of its user and day."""

    shipped: Shipped
    sessions: _Sessions
    days: list[date]
    inputs: NDArray[np.float64]
    outputs: NDArray[np.float64]
    keys: NDArray[np.int64]
    of_key: NDArray[np.int64]
    degraded: list[bool]
    refs: dict[int, str]

    @classmethod
    def of(
        cls, shipped: Shipped, level: Level, sessions: _Sessions, days: list[date]
    ) -> "_Drawn":
        habit, chance = HABITS[shipped.number], sessions.chance
        calls = sessions.calls
        given, made = real_calls().drawn(chance, int(calls.sum()))
        begins = np.concatenate(([0], np.cumsum(calls)[:-1]))
        keys, of_key = np.unique(
            sessions.users * len(days) + sessions.days, return_inverse=True
        )
        return cls(
            shipped,
            sessions,
            days,
            np.add.reduceat(given, begins) * level.input_per_turn,
            np.add.reduceat(made, begins) * level.output_per_turn,
            keys,
            of_key,
            (chance.random(len(keys)) < habit.degraded).tolist(),
            {
                user: user_ref(habit.crowd, user)
                for user in set(sessions.users.tolist())
            },
        )


def _by_day(shipped: Shipped, drawn: _Drawn, late: int) -> list[tuple[Any, ...]]:
    sessions, width = drawn.sessions, len(drawn.days)

    def summed(values: NDArray[Any]) -> list[int]:
        return np.rint(np.bincount(drawn.of_key, weights=values)).astype(int).tolist()

    inputs, cached = summed(drawn.inputs), HABITS[shipped.number].cached
    columns = (
        summed(sessions.calls),
        summed(np.ones(len(sessions.users))),
        summed(sessions.turns),
        summed(sessions.retries),
        summed(sessions.tool_calls),
        inputs,
        [int(tokens * cached) for tokens in inputs],
        summed(drawn.outputs),
    )
    primary, other = shipped.row["primary_model"], shipped.row.get("degrade_model", "")
    return [
        (
            drawn.days[key % width],
            tier_of(shipped.number, drawn.refs[key // width]),
            hashed(drawn.refs[key // width]),
            other if is_degraded and other else primary,
            *amounts,
        )
        for key, is_degraded, *amounts in zip(
            drawn.keys.tolist(), drawn.degraded, *columns, strict=True
        )
        if key % width < late
    ]


def _by_hour(sessions: _Sessions, days: list[date]) -> list[tuple[Any, ...]]:
    there = sessions.days < len(days)
    at = sessions.days[there] * 24 + sessions.hours[there]
    begun = np.bincount(at)
    calls = np.bincount(at, weights=sessions.calls[there])
    return [
        (days[hour // 24], hour % 24, int(begun[hour]), int(calls[hour]))
        for hour in np.flatnonzero(begun).tolist()
    ]


def _late(drawn: _Drawn, late: int) -> list[Session]:
    """In the order of time; a fixed rule says in which second of its hour each begins."""
    sessions, shipped = drawn.sessions, drawn.shipped
    chosen = np.flatnonzero(sessions.days >= late)
    seconds = np.random.default_rng([shipped.number, len(sessions.users)]).integers(
        0, 3_600, len(chosen)
    )
    hours = {day: moment(day, 0) for day in drawn.days[late:]}
    inputs = np.rint(drawn.inputs[chosen]).astype(int).tolist()
    outputs = np.rint(drawn.outputs[chosen]).astype(int).tolist()
    cached = HABITS[shipped.number].cached
    columns = (
        sessions.users[chosen].tolist(),
        sessions.days[chosen].tolist(),
        (sessions.hours[chosen] * 3_600 + seconds).tolist(),
        drawn.of_key[chosen].tolist(),
        sessions.turns[chosen].tolist(),
        sessions.retries[chosen].tolist(),
        sessions.tool_calls[chosen].tolist(),
    )
    found = [
        Session(
            hours[drawn.days[day]] + timedelta(seconds=second),
            drawn.refs[user],
            tier_of(shipped.number, drawn.refs[user]),
            drawn.degraded[key],
            turns,
            retries,
            tool_calls,
            given,
            int(given * cached),
            made,
        )
        for user, day, second, key, turns, retries, tool_calls, given, made in zip(
            *columns, inputs, outputs, strict=True
        )
    ]
    return sorted(found)


def user_ref(crowd: Crowd, member: int) -> str:
    """Opaque, as a runtime would send it; the same person in every workload."""
    name = f"{crowd.kind} {crowd.first + member}"
    return sha256(name.encode()).hexdigest()[:16]
