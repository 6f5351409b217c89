"""A list's SQL, written by the ORM once and kept."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet


@dataclass(frozen=True)
class Statement:
    """What the driver needs; `sql` None is a list that is known to be empty."""

    sql: str | None
    parameters: tuple[Any, ...]
    columns: tuple[str, ...]

    def rows(self) -> list[dict[str, Any]]:
        if self.sql is None:
            return []
        with connection.cursor() as cursor:
            cursor.execute(self.sql, self.parameters)
            return [
                dict(zip(self.columns, row, strict=True)) for row in cursor.fetchall()
            ]


def statement_of(source: QuerySet[Any, dict[str, Any]]) -> Statement | None:
    """None for a list with columns that Django itself has to convert, such as JSON."""
    compiler = source.query.get_compiler(connection=connection)
    try:
        sql, parameters = compiler.as_sql()
    except EmptyResultSet:
        return Statement(None, (), ())
    if compiler.get_converters(expression for expression, _, _ in compiler.select):
        return None
    return Statement(sql, tuple(parameters), tuple(source.query.selected or ()))
