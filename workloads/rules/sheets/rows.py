"""The rows of a sheet as plain values, each with what is wrong in it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from workloads.enums import CostGate, Status
from workloads.rules.estimates import (
    MOST_OPS_HOURS,
    MOST_SESSIONS,
    MOST_TOKENS,
    MOST_USERS,
)
from workloads.rules.sheets import figures, words
from workloads.rules.sheets.cells import (
    BadCell,
    CellError,
    OddCell,
    RawCell,
    error,
    is_empty,
    shown,
)
from workloads.rules.sheets.columns import PLAN, C, Column, Headings
from workloads.rules.sheets.errors import SheetError, TooManyRows

MOST_ROWS: Final = 10_000


@dataclass(frozen=True, slots=True)
class RawRow:
    """The cells of one row; `number` counts the row of the headings as 1."""

    number: int
    cells: Sequence[RawCell]


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """One row of the sheet. A cell that is empty or wrong has "" or None here.

    `empty` names the columns in which nothing stands: an empty cell says nothing, and so
    changes nothing.
    """

    number: int
    ref: str = ""
    name: str = ""
    owner: str = ""
    requested_status: Status | None = None
    users: int | None = None
    sessions: Decimal | None = None
    tokens: int | None = None
    ops_hours: Decimal | None = None
    primary_model: str = ""
    degrade_model: str = ""
    cost_gate: CostGate | None = None
    ship_quarter: str = ""
    empty: frozenset[Column] = frozenset()
    errors: tuple[CellError, ...] = ()


def _figure(read: Callable[..., Any], most: int) -> Callable[[RawCell], Any]:
    return lambda raw: read(raw, most=most)


# The reader of each column, and the field of ParsedRow that takes what it gives.
_READERS: Mapping[Column, tuple[str, Callable[[RawCell], Any]]] = {
    Column.REF: ("ref", words.read_ref),
    Column.WORKLOAD: ("name", words.read_name),
    Column.OWNER: ("owner", words.read_owner),
    Column.STATUS: ("requested_status", words.read_status),
    Column.USERS: ("users", _figure(figures.read_whole, MOST_USERS)),
    Column.SESSIONS: ("sessions", _figure(figures.read_quantity, MOST_SESSIONS)),
    Column.TOKENS: ("tokens", _figure(figures.read_whole, MOST_TOKENS)),
    Column.OPS_HOURS: ("ops_hours", _figure(figures.read_quantity, MOST_OPS_HOURS)),
    Column.MODEL_TIER: ("model_tier", words.read_model_tier),
    Column.COST_GATE: ("cost_gate", words.read_cost_gate),
    Column.SHIP_QUARTER: ("ship_quarter", words.read_quarter),
}


def read_rows(
    raw_rows: Iterable[RawRow], *, most_rows: int = MOST_ROWS
) -> tuple[ParsedRow, ...]:
    """The rows under the headings, blank ones left out; SheetError when there are none.

    Headings without any row are a plan without workloads: no rows, and no error.
    """
    positions, rows = under_headings(raw_rows, PLAN, most_rows=most_rows)
    return tuple(_without_twins([_read_row(row, positions) for row in rows]))


def under_headings(
    raw_rows: Iterable[RawRow], headings: Headings[C], *, most_rows: int
) -> tuple[Mapping[C, int], Iterator[RawRow]]:
    """Where each column stands, and the rows below that are not blank.

    SheetError for a first row that is no such sheet's, and for too many rows.
    """
    rows = iter(raw_rows)
    positions = headings.match(_headings(next(rows, None), headings.sheet))
    return positions, _not_blank(rows, most_rows)


def _not_blank(rows: Iterable[RawRow], most: int) -> Iterator[RawRow]:
    found = (row for row in rows if not all(is_empty(cell) for cell in row.cells))
    for count, row in enumerate(found):
        if count == most:
            raise TooManyRows(most)
        yield row


def _headings(first: RawRow | None, sheet: str) -> list[str]:
    if first is None or all(is_empty(cell) for cell in first.cells):
        raise SheetError(
            f"The first row is empty. It must hold {sheet}'s headings, and the rows "
            "follow below it."
        )
    return [shown(cell) for cell in first.cells]


def _read_row(row: RawRow, positions: Mapping[Column, int]) -> ParsedRow:
    values: dict[str, Any] = {}
    empty: set[Column] = set()
    errors: list[CellError] = []
    for column in Column:
        raw = cell_of(row, positions.get(column))
        if is_empty(raw):
            empty.add(column)
        field, read = _READERS[column]
        try:
            values[field] = read(raw)
        except BadCell as bad:
            errors.append(error(column, raw, bad.code, bad.detail))
    tier = values.pop("model_tier", words.ModelTier("", ""))
    return ParsedRow(
        number=row.number,
        **values,
        primary_model=tier.primary,
        degrade_model=tier.degrade,
        empty=frozenset(empty),
        errors=(*errors, *strays(row, positions)),
    )


def cell_of(row: RawRow, position: int | None) -> RawCell:
    if position is None or position >= len(row.cells):
        return None
    return row.cells[position]


def strays(row: RawRow, positions: Mapping[Any, int]) -> Iterator[CellError]:
    """A cell outside the columns: most often a comma too many in this row."""
    taken = set(positions.values())
    for position, raw in enumerate(row.cells):
        if position not in taken and (isinstance(raw, OddCell) or not is_empty(raw)):
            yield CellError(
                column="",
                value=shown(raw),
                code="no_heading",
                detail=(
                    f"Cell {position + 1} of the row stands under no heading. A comma "
                    "inside a cell needs quotes around the cell."
                ),
            )
            return


def _without_twins(rows: Sequence[ParsedRow]) -> Iterator[ParsedRow]:
    """The rows, those that repeat an earlier row's reference or name marked as wrong."""
    seen: dict[tuple[Column, str], int] = {}
    for row in rows:
        twins: list[CellError] = []
        for column, value in ((Column.REF, row.ref), (Column.WORKLOAD, row.name)):
            if not value:
                continue
            key = (column, words.name_key(value))
            first = seen.setdefault(key, row.number)
            if first != row.number:
                detail = f"Row {first} names it already. One workload has one row."
                twins.append(error(column, value, "repeated", detail))
        yield replace(row, errors=(*row.errors, *twins)) if twins else row
