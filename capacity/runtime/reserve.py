"""The statement that grants: a batch of calls to its parameters, its rows to outcomes.

Parameters are texts as PostgreSQL reads them, so that Django's connection and the gate
server's own are given the same.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

import orjson

from capacity.runtime.calls import Call, Rule, Today
from capacity.runtime.snapshot import HeldCounter

LAPSES_AFTER = timedelta(minutes=10)
"""A reservation that nobody settles, extends or releases is let go."""
FRESH, REPEATED, REUSED = 0, 1, 2

_TYPES = (
    *("bigint", "timestamptz", "timestamptz", "date", "date"),
    *("bigint[]", "text[]", "boolean[]"),
    *("uuid[]", "int[]", "int[]", "bigint[]"),
    *("bigint[]", "text[]", "text[]", "text[]", "text[]", "text[]", "text[]", "text[]"),
    *("text[]", "text[]", "text[]", "bigint[]", "bigint[]", "numeric[]", "jsonb[]"),
    *("bigint[]", "text[]", "text[]", "bigint[]", "bigint[]"),
    *("bigint[]", "text[]", "bytea[]"),
    *(
        "text[]",
        "text[]",
        "text[]",
        "date[]",
        "numeric[]",
        "bigint[]",
        "int[]",
        "int[]",
    ),
)
_COLUMNS = "state, decision, settled, reserved, was_over, passed, reached"
_AS_TEXTS = ", ".join(f"{name}::text" for name in _COLUMNS.split(", "))
FOR_DJANGO = (
    f"SELECT {_AS_TEXTS} FROM capacity_reserve("  # noqa: S608 - our own names
    + ", ".join(f"%s::{kind}" for kind in _TYPES)
    + ")"
)
PREPARED = (
    f"SELECT {_COLUMNS} FROM capacity_reserve("  # noqa: S608 - our own names
    + ", ".join(f"${number}::{kind}" for number, kind in enumerate(_TYPES, 1))
    + ")"
)
Parameters = list[str | None]
_NOTHING: Parameters = [None]


class Outcome(NamedTuple):
    """What the statement found for one call. `reserved` is what was open before it."""

    state: int
    decision: str
    settled: int
    reserved: int
    was_over: bool
    passed: frozenset[int]
    reached: int | None


def parameters_of(
    epoch: int | None,
    calls: Sequence[Call],
    today: Today,
    now: datetime,
) -> Parameters:
    """Of one batch. Counters stand in key order, so that two batches never deadlock."""
    keys = sorted({(one.workload, one.user, one.question.test) for one in calls})
    place = {key: number for number, key in enumerate(keys, 1)}
    rules: dict[Rule, int] = {}
    counted = [place[one.workload, one.user, one.question.test] for one in calls]
    ruled = [rules.setdefault(one.rule, len(rules) + 1) for one in calls]
    return [
        None if epoch is None else str(epoch),
        now.isoformat(),
        (now + LAPSES_AFTER).isoformat(),
        today.month.first_day,
        today.day.isoformat(),
        _numbers(key[0] for key in keys),
        _texts(key[1] for key in keys),
        _numbers("t" if key[2] else "f" for key in keys),
        _numbers(one.decision for one in calls),
        _numbers(counted),
        _numbers(ruled),
        _optional([one.question.expected for one in calls]),
        *_rules(tuple(rules)),
        *_requests(calls),
        *_held(tuple(rules)),
    ]


def outcome_of(row: Sequence[str | bytes | None]) -> Outcome:
    """Of a row in texts, as the gate server reads it."""
    state, decision, settled, reserved, was_over, passed, reached = row
    return Outcome(
        int(state or 0),
        _text(decision),
        int(settled or 0),
        int(reserved or 0),
        _text(was_over)[:1] == "t",
        frozenset(orjson.loads(passed)) if passed else frozenset(),
        int(reached) if reached else None,
    )


def _text(value: str | bytes | None) -> str:
    return value.decode() if isinstance(value, bytes) else value or ""


@lru_cache(maxsize=512)
def _rules(rules: tuple[Rule, ...]) -> Parameters:
    columns = list(zip(*(rule[:-1] for rule in rules), strict=True))
    return [
        _texts(column) if isinstance(column[0], str) else _optional(column)
        for column in columns
    ]


def _requests(calls: Sequence[Call]) -> Parameters:
    if not any(one.request_id for one in calls):
        return _NOTHING * 3
    return [
        _numbers(one.token_id for one in calls),
        "{"
        + ",".join(
            _quoted(one.request_id) if one.request_id else "NULL" for one in calls
        )
        + "}",
        _texts(f"\\x{one.body_sha256.hex()}" for one in calls),
    ]


@lru_cache(maxsize=512)
def _held(rules: tuple[Rule, ...]) -> Parameters:
    places: set[HeldCounter] = {one for rule in rules for one in rule.held}
    if not places:
        return _NOTHING * 8
    keys = sorted({one[:4] for one in places})
    place = {key: number for number, key in enumerate(keys, 1)}
    limits = {one[:4]: one[4] for one in places}
    starts, flat = [1], []
    for rule in rules:
        flat += [place[one[:4]] for one in rule.held]
        starts.append(len(flat) + 1)
    found = [limits[key] for key in keys]
    return [
        *(_texts(column) for column in zip(*keys, strict=True)),
        _optional([one.amount if one else None for one in found]),
        _optional([one.row if one else None for one in found]),
        _numbers(starts),
        _numbers(flat),
    ]


def _numbers(values: Iterable[object]) -> str:
    return "{" + ",".join(map(str, values)) + "}"


def _optional(values: Iterable[object]) -> str:
    return "{" + ",".join("NULL" if one is None else str(one) for one in values) + "}"


def _texts(values: Iterable[str]) -> str:
    return "{" + ",".join(map(_quoted, values)) + "}"


def _quoted(text: str) -> str:
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
