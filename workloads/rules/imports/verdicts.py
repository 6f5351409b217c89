"""The verdict of each row of a sheet: create, update, unchanged or error."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from workloads.rules.imports.changes import (
    CellChange,
    changes_of,
    owner_fields,
    said_by,
)
from workloads.rules.imports.plan import FIGURE_COLUMNS, Figures, KnownRow, Plan
from workloads.rules.imports.refusals import (
    HIGHEST_NEW_REFERENCE,
    already_named,
    forbidden,
    mismatch,
    said_by_the_gate,
    sized,
    too_far,
    too_high,
    too_many_tokens,
)
from workloads.rules.sheets.cells import CellError
from workloads.rules.sheets.rows import ParsedRow
from workloads.rules.sheets.words import number_of


class ImportVerdict(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    ERROR = "error"


@dataclass(frozen=True)
class JudgedRow:
    """A row of the sheet and what comes of it.

    `fields` are values of the workload by field name, `figures` values of its estimate by
    the names of Figures; only what changes. `number` is that of the workload, None where
    an error leaves it open.
    """

    row: ParsedRow
    verdict: ImportVerdict
    number: int | None
    fields: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)
    changes: tuple[CellChange, ...] = ()
    errors: tuple[CellError, ...] = ()


def matched_number(row: ParsedRow, plan: Plan) -> int | None:
    """The workload that a row means: by reference, else by name; None for a new one."""
    if row.ref and number_of(row.ref) in plan.names:
        return number_of(row.ref)
    return plan.named(row.name)


def judge_rows(rows: Sequence[ParsedRow], plan: Plan) -> Iterator[JudgedRow]:
    """The verdict of each row, in the order of the sheet."""
    seen: dict[int, int] = {}
    numbers = _next_numbers(rows, plan)
    for row in rows:
        number = matched_number(row, plan)
        errors = [*row.errors]
        if number is not None:
            errors += mismatch(row, number, plan)
            errors += already_named(row, number, seen)
        elif row.ref and number_of(row.ref) > HIGHEST_NEW_REFERENCE:
            errors.append(too_high(row))
        if errors:
            yield JudgedRow(row, ImportVerdict.ERROR, number, errors=tuple(errors))
        elif number is None:
            given = number_of(row.ref) if row.ref else next(numbers)
            yield _new(row, given, plan)
        else:
            yield _known(row, plan.rows[number], plan)


def _next_numbers(rows: Iterable[ParsedRow], plan: Plan) -> Iterator[int]:
    """The next free references: above all of the plan and all that the sheet carries."""
    carried = (number_of(row.ref) for row in rows if row.ref)
    highest = max((*plan.names, *carried), default=0)
    while True:
        highest += 1
        yield highest


def _new(row: ParsedRow, number: int, plan: Plan) -> JudgedRow:
    fields = {
        "name": row.name,
        **(owner_fields(row.owner, plan.people) if row.owner else {}),
        "requested_status": str(row.requested_status or ""),
        "ship_quarter": row.ship_quarter,
        "primary_model": row.primary_model,
        "degrade_model": row.degrade_model,
        "cost_gate": str(row.cost_gate or ""),
    }
    figures = {
        name: getattr(row, name)
        for name in FIGURE_COLUMNS
        if getattr(row, name) is not None
    }
    errors = (
        *too_far(row.ship_quarter, plan),
        *too_many_tokens(Figures(**figures)),
    )
    verdict = ImportVerdict.ERROR if errors else ImportVerdict.CREATE
    return JudgedRow(row, verdict, number, fields, figures, said_by(row), errors)


def _known(row: ParsedRow, known: KnownRow, plan: Plan) -> JudgedRow:
    changes = changes_of(row, known, plan.people)
    errors = (
        *forbidden(row, known, changes),
        *said_by_the_gate(known, changes),
        *too_far(str(changes.fields.get("ship_quarter", "")), plan),
        *sized(known, changes.figures),
    )
    if errors:
        verdict = ImportVerdict.ERROR
    else:
        verdict = ImportVerdict.UPDATE if changes.cells else ImportVerdict.UNCHANGED
    return JudgedRow(
        row=row,
        verdict=verdict,
        number=known.number,
        fields=changes.fields,
        figures=changes.figures,
        changes=changes.cells,
        errors=errors,
    )
