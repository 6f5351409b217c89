"""What the shipped workloads used, drawn by a seeded rule from real calls.

A workload's estimate and its habit give the level: users, sessions, turns, tokens a turn.
The real calls give the spread from call to call, and a fixed weight makes some users
heavier than others. The same workload and month always give the same usage.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from governance.services.demo.days import WEEKDAYS, Days
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

RAMP = (0.40, 0.70, 1.00)
DECLARED_INPUT_SHARE = 0.75
TIER = "standard"
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


@dataclass(frozen=True)
class Used:
    """Rows of the usage tables, without their workload."""

    by_day: list[tuple[Any, ...]]
    by_hour: list[tuple[Any, ...]]


def used_in(
    shipped: Shipped, month: Month, first: date, last: date, days: Days
) -> Used:
    """Usage of the days from `first` to `last`, both of them in `month`."""
    habit = HABITS[shipped.number]
    went_live = Month.of(days.in_quarter(shipped.quarter, shipped.day).date())
    since_live = month.index - went_live.index
    chance = np.random.default_rng([shipped.number, since_live])
    offset = days.offset_of(month)
    level = _level(shipped, habit, offset, since_live, chance)
    there = [day for day in _days(first, last) if _is_used(habit.crowd, day)]
    if not there:
        return Used([], [])
    whole = monthrange(month.year, month.month)[1]
    # Who begins within a month's first days uses it as in a whole one.
    share = 1.0 if since_live == 0 else ((last - first).days + 1) / whole
    sessions = _sessions(habit, shipped.number, level, share, len(there), chance)
    return _rows(shipped, level, sessions, there)


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
    shipped: Shipped, level: Level, sessions: _Sessions, days: list[date]
) -> Used:
    """Sessions added up by user and day, and by hour."""
    if not len(sessions.users):
        return Used([], [])
    habit = HABITS[shipped.number]
    chance, calls = sessions.chance, sessions.calls
    given, made = real_calls().drawn(chance, int(calls.sum()))
    begins = np.concatenate(([0], np.cumsum(calls)[:-1]))
    keys, of_key = np.unique(
        sessions.users * len(days) + sessions.days, return_inverse=True
    )

    def summed(values: NDArray[Any]) -> list[int]:
        return np.rint(np.bincount(of_key, weights=values)).astype(int).tolist()

    inputs = summed(np.add.reduceat(given, begins) * level.input_per_turn)
    columns = (
        summed(calls),
        summed(np.ones(len(calls))),
        summed(sessions.turns),
        summed(sessions.retries),
        summed(sessions.tool_calls),
        inputs,
        [int(tokens * habit.cached) for tokens in inputs],
        summed(np.add.reduceat(made, begins) * level.output_per_turn),
    )
    degraded = chance.random(len(keys)) < habit.degraded
    primary, other = shipped.row["primary_model"], shipped.row.get("degrade_model", "")
    refs = {int(user): user_ref(habit.crowd, int(user)) for user in set(sessions.users)}
    by_day = [
        (
            days[key % len(days)],
            TIER,
            refs[key // len(days)],
            other if is_degraded and other else primary,
            *amounts,
        )
        for key, is_degraded, *amounts in zip(
            keys.tolist(), degraded.tolist(), *columns, strict=True
        )
    ]
    return Used(by_day, _by_hour(sessions, days))


def _by_hour(sessions: _Sessions, days: list[date]) -> list[tuple[Any, ...]]:
    at = sessions.days * 24 + sessions.hours
    begun = np.bincount(at)
    calls = np.bincount(at, weights=sessions.calls)
    return [
        (days[hour // 24], hour % 24, int(begun[hour]), int(calls[hour]))
        for hour in np.flatnonzero(begun).tolist()
    ]


def user_ref(crowd: Crowd, member: int) -> str:
    """Opaque, as a runtime would send it; the same person in every workload."""
    name = f"{crowd.kind} {crowd.first + member}"
    return sha256(name.encode()).hexdigest()[:16]
