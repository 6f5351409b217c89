"""A batch as the statement takes it: one array a column, written as PostgreSQL reads it.

Written by hand, since a driver that adapts thousands of values one by one takes longer
than the database takes to count them.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection
from psycopg import Cursor

from capacity.runtime.events import Event
from capacity.runtime.known import Known, KnownWorkload, Moment

UNREACHABLE = "unreachable"
# Name of the argument, its type, and whether its texts are quoted.
_ARGUMENTS = (
    ("keys", "uuid"),
    ("months", "date"),
    ("days", "date"),
    ("hours", "smallint"),
    ("instants", "timestamptz"),
    ("sources", "text"),
    ("ids", "text"),
    ("workloads", "bigint"),
    ("tiers", "text"),
    ("users", "text"),
    ("models", "text"),
    ("inputs", "bigint"),
    ("cached", "bigint"),
    ("outputs", "bigint"),
    ("costs", "numeric"),
    ("calls", "bigint"),
    ("tests", "boolean"),
    ("claimed", "bigint"),
    ("unreachable", "boolean"),
    ("turns", "bigint"),
    ("retries", "bigint"),
    ("tools", "bigint"),
    ("agents", "text"),
    ("callers", "text"),
    ("accounts", "text"),
    ("named_sessions", "text"),
    ("sessions", "uuid"),
    ("traces", "text"),
    ("outcomes", "jsonb"),
    ("places", "integer"),
    ("asked", "uuid"),
    ("known", "bigint"),
    ("refs", "text"),
    ("departments", "text"),
)
_QUOTED = frozenset({"text", "jsonb"})
_INGEST = "SELECT capacity_ingest(%s, {})".format(
    ", ".join(f"%s::{kind}[]" for _, kind in _ARGUMENTS)
)


class Columns:
    """Events that are taken. `plain`: no text in them has a character to escape."""

    def __init__(self, known: Known, *, plain: bool) -> None:
        self._known = known
        self._plain = plain
        self._seen: set[str] = set()
        self._sessions: dict[str, str] = {}
        self._workloads: dict[int, KnownWorkload] = {}
        self._rows: list[tuple[Any, ...]] = []
        self._places: list[int] = []
        self._asked: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._rows)

    def add(
        self, event: Event, workload: KnownWorkload, user: str, moment: Moment
    ) -> None:
        """One event; a second with the same source and id is left out."""
        key = sha256(f"{event.source}\x00{event.id}".encode()).hexdigest()[:32]
        if key in self._seen:
            return
        self._seen.add(key)
        self._workloads[workload.pk] = workload
        sent, out = event.tokens or (0, 0)
        model = event.model_name
        cached = event.cached_input_tokens or 0
        calls = event.calls or 1
        prices = self._known.prices(model, moment.day)
        cost = (
            None
            if prices is None
            else (sent - cached) * prices[0] + cached * prices[1] + out * prices[2]
        )
        session = event.session
        self._rows.append(
            (
                key,
                moment.month_text,
                moment.day_text,
                moment.hour,
                event.time,
                event.source,
                event.id,
                workload.pk,
                event.tier,
                user,
                model,
                sent,
                cached,
                out,
                cost,
                calls,
                event.test or False,
                min(calls, event.decided_calls or 0),
                event.undecided_reason == UNREACHABLE,
                event.turns,
                event.retries,
                event.tool_calls,
                event.agent,
                event.called_by,
                event.account,
                session,
                self._session(workload.pk, user, session) if session else None,
                event.trace_id,
                event.outcome,
            )
        )
        if event.decision or event.decisions:
            self._name_decisions(event)

    def _session(self, workload: int, user: str, session: str) -> str:
        named = f"{workload}\x00{user}\x00{session}"
        found = self._sessions.get(named)
        if found is None:
            found = sha256(named.encode()).hexdigest()[:32]
            self._sessions[named] = found
        return found

    def _name_decisions(self, event: Event) -> None:
        place = len(self._rows)
        named = [*(event.decisions or ()), event.decision]
        for one in {_uuid(text) for text in named if text} - {None}:
            self._places.append(place)
            self._asked.append(str(one))

    def store(self, now: datetime) -> int:
        """Count them; returns how many were new."""
        if not self._rows:
            return 0
        connection.ensure_connection()
        # Django's own cursor would write half a megabyte of values into the statement's
        # text; this one sends them beside it.
        with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
            cursor.execute(_INGEST, [now, *self._literals()])
            found = cursor.fetchone()
        return int(found[0]) if found else 0

    def _literals(self) -> list[str | None]:
        columns: list[Sequence[Any]] = list(zip(*self._rows, strict=True))
        columns += [self._places, self._asked]
        workloads = self._workloads.values()
        columns += [
            [one.pk for one in workloads],
            [one.ref for one in workloads],
            [one.department for one in workloads],
        ]
        # A workload's own texts are ours, and may hold what the body did not.
        plain = [self._plain] * (len(columns) - 3) + [False] * 3
        return [
            _literal(name, kind, values, plain=is_plain)
            for (name, kind), values, is_plain in zip(
                _ARGUMENTS, columns, plain, strict=True
            )
        ]


_OPTIONAL = frozenset(name for name, _ in _ARGUMENTS[17:31])
# Python writes a list of these as PostgreSQL reads an array, but for its brackets.
_ALIKE = frozenset({"bigint", "smallint", "integer", "boolean"})


def _literal(name: str, kind: str, values: Sequence[Any], *, plain: bool) -> str | None:
    """An array as PostgreSQL reads it; none where no event has a value."""
    if name in _OPTIONAL and not any(values):
        return None
    if kind in _ALIKE:
        return f"{{{str(list(values))[1:-1]}}}".replace("None", "NULL")
    if kind == "text":
        return _quoted(values, plain=plain)
    if name == "outcomes":
        return _quoted(one and msgspec.json.encode(one).decode() for one in values)
    if name == "costs":
        values = [one if one is None else f"{one}e-12" for one in values]
    elif name == "instants":
        values = [one.isoformat() for one in values]
    return "{" + ",".join(["NULL" if one is None else one for one in values]) + "}"


def _quoted(texts: Iterable[str | None], *, plain: bool = False) -> str:
    if not plain:
        texts = (
            None if text is None else text.replace("\\", "\\\\").replace('"', '\\"')
            for text in texts
        )
    return (
        "{"
        + ",".join(["NULL" if text is None else f'"{text}"' for text in texts])
        + "}"
    )


def _uuid(text: str) -> UUID | None:
    """A decision of ours; what is none is a decision that nobody knows."""
    try:
        return UUID(text)
    except ValueError:
        return None
