"""Statements that never change, compiled once in a process.

Building a wide query costs the ORM more than PostgreSQL needs to answer it. A query whose
text depends on nothing but its arguments is written with the ORM all the same, and kept.
"""

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import QuerySet

Build = Callable[..., QuerySet[Any, Any]]


@lru_cache(maxsize=64)
def _statement(build: Build, *arguments: Hashable) -> tuple[str, tuple[Any, ...]]:
    sql, parameters = build(*arguments).query.sql_with_params()
    return sql, tuple(parameters)


def fetch_compiled(build: Build, *arguments: Hashable) -> list[tuple[Any, ...]]:
    """Rows of the query that `build` makes, as the driver gives them.

    `build` is a function of a module, and its arguments are few: both are kept.
    """
    with connection.cursor() as cursor:
        cursor.execute(*_statement(build, *arguments))
        return list(cursor.fetchall())
