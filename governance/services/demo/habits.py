"""How the shipped workloads are really used, beside what their estimates say."""

from collections.abc import Mapping
from dataclasses import dataclass

CLOSENESS: Mapping[int, float] = {
    -6: 1.0,
    -5: 0.9,
    -4: 0.75,
    -3: 0.5,
    -2: 0.3,
    -1: 0.2,
    0: 0.2,
}
"""By quarter from today: estimates come closer to what is used, as people learn."""


@dataclass(frozen=True)
class Crowd:
    """Who uses it: a stretch of the company's staff, or its customers."""

    kind: str
    first: int
    size: int
    churn: float = 0.15


STAFF, CUSTOMERS = "staff", "customer"


@dataclass(frozen=True)
class Habit:
    """Shares are 0–1. `*_off` are the errors of the first quarter, which shrink.

    `runs_over` is the quarter from which it takes more sessions and longer texts than its
    estimate says: by 1.25 and 1.28, which is 1.6 together.
    """

    crowd: Crowd
    turns: float
    retried: float = 0.03
    with_tools: float = 0.0
    cached: float = 0.0
    degraded: float = 0.0
    sessions_off: float = 0.0
    tokens_off: float = 0.0
    runs_over: int | None = None


MORE_SESSIONS, LONGER_TEXTS = 1.25, 1.28

HABITS: Mapping[int, Habit] = {
    6: Habit(
        Crowd(STAFF, 0, 70),
        turns=1,
        retried=0.05,
        cached=0.30,
        sessions_off=-0.12,
        tokens_off=-0.13,
    ),
    7: Habit(
        Crowd(STAFF, 0, 420),
        turns=3,
        cached=0.10,
        sessions_off=-0.09,
        tokens_off=-0.10,
    ),
    8: Habit(
        Crowd(STAFF, 80, 52),
        turns=4,
        with_tools=0.04,
        degraded=0.12,
        sessions_off=0.09,
        tokens_off=0.10,
    ),
    9: Habit(
        Crowd(STAFF, 140, 38),
        turns=2,
        retried=0.02,
        sessions_off=0.08,
        tokens_off=0.10,
        runs_over=-1,
    ),
    10: Habit(
        Crowd(CUSTOMERS, 0, 6_000, churn=4.0),
        turns=3,
        cached=0.20,
        degraded=0.06,
        sessions_off=-0.08,
        tokens_off=-0.10,
    ),
    11: Habit(
        Crowd(STAFF, 180, 26),
        turns=5,
        degraded=0.05,
        sessions_off=-0.06,
        tokens_off=-0.10,
    ),
    12: Habit(
        Crowd(STAFF, 180, 13),
        turns=1,
        sessions_off=-0.09,
        tokens_off=-0.08,
    ),
}
