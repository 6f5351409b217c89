"""Statements that never change, compiled once in a process.

Building and planning a wide query costs more than answering it. A query whose text depends
on nothing but its arguments is written with the ORM all the same, and kept: by this process
as text, and by PostgreSQL as a prepared statement once a connection has asked it often.
"""

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any, cast

from django.db import connection
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.backends.utils import CursorWrapper
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

Build = Callable[..., QuerySet[Any, Any]]

# Stands in a kept statement for the list of keys that each call brings along.
KEYS = object()


def among_keys() -> RawSQL:
    """The keys that `fetch_compiled` was given, for `pk__in`: one parameter, any number."""
    return RawSQL("SELECT unnest(%s::bigint[])", (KEYS,))


@lru_cache(maxsize=64)
def _statement(build: Build, *arguments: Hashable) -> tuple[str, tuple[Any, ...]]:
    sql, parameters = build(*arguments).query.sql_with_params()
    return sql, tuple(parameters)


@lru_cache(maxsize=256)
def _personal(build: Build, *arguments: Hashable) -> tuple[str, tuple[Any, ...]]:
    return _statement.__wrapped__(build, *arguments)


def fetch_personal(build: Build, *arguments: Hashable) -> list[tuple[Any, ...]]:
    """The same for a statement that is one person's: kept as text alone, and apart, so
    that many people push nothing out that everybody asks."""
    sql, parameters = _personal(build, *arguments)
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def fetch_compiled(
    build: Build, *arguments: Hashable, keys: list[int] | None = None
) -> list[tuple[Any, ...]]:
    """Rows of the query that `build` makes, as the driver gives them.

    `build` is a function of a module, and its arguments are few: both are kept. `keys`
    fill the place of `among_keys()`.
    """
    sql, parameters = _statement(build, *arguments)
    if keys is not None:
        parameters = tuple(keys if one is KEYS else one for one in parameters)
    with connection.cursor() as ordinary, _prepared(ordinary) as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def _prepared(ordinary: CursorWrapper) -> CursorWrapper:
    """A cursor of the same connection whose statements PostgreSQL plans once.

    Django's own cursors put the parameters into the text, so each is planned anew.
    """
    # The stubs know Django's wrappers alone, not the driver's cursor below them.
    cursor: Any = cast("Any", ServerBindingCursor)(ordinary.connection)
    if connection.queries_logged:
        return connection.make_debug_cursor(cursor)
    return connection.make_cursor(cursor)
