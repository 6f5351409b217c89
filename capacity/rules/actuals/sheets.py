"""A sheet of actuals: its headings say of which kind, its rows are entries."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from capacity.enums import OpsCategory
from capacity.rules.actuals.entries import (
    COUNTS,
    LONGEST_REASON,
    MOST_HOURS,
    MOST_MONEY,
    MOST_SESSIONS_AT_ONCE,
    AnyEntry,
    ComputeEntry,
    Kind,
    OpsEntry,
    TokenEntry,
)
from workloads.rules.sheets.cells import (
    BadCell,
    CellError,
    RawCell,
    error,
    read_text,
    shown,
)
from workloads.rules.sheets.columns import Headings
from workloads.rules.sheets.errors import SheetError
from workloads.rules.sheets.figures import read_quantity, read_whole
from workloads.rules.sheets.rows import RawRow, cell_of, strays, under_headings
from workloads.rules.sheets.words import read_line, read_ref

MOST_ROWS: Final = 5_000
HIGHEST_ENTRY: Final = 2**63 - 1  # PostgreSQL's bigint
PLATFORM: Final = "platform"


class Column(StrEnum):
    """A column of any of the sheets; the value is its heading."""

    MONTH = "Month"
    LINE = "Line"
    AMOUNT = "Amount"
    PEAK = "Peak concurrent sessions"
    WORKLOAD = "Workload"
    WEEK = "Week"
    CATEGORY = "Category"
    HOURS = "Hours"
    USERS = "Users"
    SESSIONS = "Sessions"
    TURNS = "Turns"
    RETRIES = "Retries"
    TOOL_CALLS = "Tool calls"
    INPUT_TOKENS = "Input tokens"
    CACHED_INPUT_TOKENS = "Cached input tokens"
    OUTPUT_TOKENS = "Output tokens"
    CORRECTS = "Corrects"
    REASON = "Reason"
    CURRENCY = "Currency"
    ENTRY = "Entry"
    CORRECTED_BY = "Corrected by"
    ENTERED_BY = "Entered by"
    ENTERED_AT = "Entered at"


_ABOUT = (Column.CORRECTS, Column.REASON)
# What an export tells of an entry that was made: who enters a sheet makes others.
_TOLD = (Column.ENTRY, Column.CORRECTED_BY, Column.ENTERED_BY, Column.ENTERED_AT)
COUNT_COLUMNS: Final = {name: Column[name.upper()] for name in COUNTS}
SHEETS: Final[Mapping[Kind, Headings[Column]]] = {
    Kind.COMPUTE: Headings(
        (
            Column.MONTH,
            Column.LINE,
            Column.AMOUNT,
            Column.PEAK,
            *_ABOUT,
            Column.CURRENCY,
        ),
        frozenset({Column.PEAK, *_ABOUT, Column.CURRENCY}),
        "a sheet of compute costs",
        _TOLD,
    ),
    Kind.OPS: Headings(
        (Column.WORKLOAD, Column.WEEK, Column.CATEGORY, Column.HOURS, *_ABOUT),
        frozenset(_ABOUT),
        "a sheet of ops hours",
        _TOLD,
    ),
    Kind.TOKENS: Headings(
        (Column.MONTH, Column.WORKLOAD, *COUNT_COLUMNS.values(), *_ABOUT),
        frozenset(
            {
                Column.RETRIES,
                Column.TOOL_CALLS,
                Column.CACHED_INPUT_TOKENS,
                *_ABOUT,
            }
        ),
        "a sheet of token usage",
        _TOLD,
    ),
}
# What tells one kind from the others.
_TELLING = {
    Kind.COMPUTE: Column.LINE,
    Kind.OPS: Column.HOURS,
    Kind.TOKENS: Column.TURNS,
}


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row: an entry, or what is wrong in its cells. `said` is what it names."""

    number: int
    said: str
    entry: AnyEntry | None
    errors: tuple[CellError, ...] = ()


def count_known(headings: Sequence[str]) -> int:
    """How many headings the sheet knows that knows most of them."""
    return max(sheet.count_known(headings) for sheet in SHEETS.values())


def read_actuals(raw_rows: Iterable[RawRow]) -> tuple[Kind, tuple[SheetRow, ...]]:
    """The kind of the sheet and its rows, blank ones left out; SheetError else."""
    rows = iter(raw_rows)
    first = next(rows, None)
    kind = _kind_of([shown(cell) for cell in first.cells] if first else [])
    everything = (one for some in ((first,), rows) for one in some if one is not None)
    positions, body = under_headings(everything, SHEETS[kind], most_rows=MOST_ROWS)
    return kind, tuple(_read(kind, row, positions) for row in body)


def _kind_of(headings: Sequence[str]) -> Kind:
    for kind, column in _TELLING.items():
        telling = Headings((column,), frozenset(), "")
        if telling.count_known(headings):
            return kind
    told = "; ".join(
        f"{kind}: {', '.join(sheet.columns)}" for kind, sheet in SHEETS.items()
    )
    raise SheetError(f"The first row is of no sheet of actuals. The sheets are {told}.")


def _read(kind: Kind, row: RawRow, positions: Mapping[Column, int]) -> SheetRow:
    values: dict[str, Any] = {}
    errors: list[CellError] = []
    for column in SHEETS[kind].columns:
        raw = cell_of(row, positions.get(column))
        field, read = READERS[column]
        try:
            values[field] = read(raw)
        except BadCell as bad:
            errors.append(error(column, raw, bad.code, bad.detail))
    errors += strays(row, positions)
    if not errors:
        errors += _missing(kind, values)
    said = " ".join(
        str(values.get(name))
        for name in ("ref", "month", "week", "line")
        if values.get(name)
    )
    entry = None if errors else _BUILD[kind](values)
    return SheetRow(row.number, said, entry, tuple(errors))


def _missing(kind: Kind, values: Mapping[str, Any]) -> Iterator[CellError]:
    """Cells without which there is no entry; what contradicts, the entry says itself."""
    needed = {
        Kind.COMPUTE: (Column.MONTH,),
        Kind.OPS: (Column.WORKLOAD, Column.WEEK, Column.CATEGORY, Column.HOURS),
        Kind.TOKENS: (
            Column.MONTH,
            Column.WORKLOAD,
            *(COUNT_COLUMNS[name] for name in ("users", "sessions", "turns")),
            *(COUNT_COLUMNS[name] for name in ("input_tokens", "output_tokens")),
        ),
    }
    for column in needed[kind]:
        if values[READERS[column][0]] in (None, ""):
            detail = "It is empty, and the row says nothing without it."
            if column is Column.WORKLOAD and kind is Kind.OPS:
                detail = f"It is empty. For the platform's own hours, type {PLATFORM}."
            yield CellError(str(column), "", "required", detail)


def _read_month(raw: RawCell) -> str:
    text = read_line(raw, longest=20)
    year, _, month = text.partition("-")
    if not text:
        return ""
    ok = len(year) == 4 and year.startswith("20") and len(month) == 2
    if not (ok and text.isascii() and (year + month).isdigit()) or not (
        1 <= int(month) <= 12
    ):
        raise BadCell("not_a_month", "A month is typed as 2026-05.")
    return text


def _read_week(raw: RawCell) -> str:
    return read_line(raw, longest=20).upper()


def _read_category(raw: RawCell) -> str:
    text = read_line(raw, longest=60).casefold()
    name = text.replace(" ", "_").replace("-", "_")
    if name and name not in set(OpsCategory):
        known = ", ".join(OpsCategory)
        raise BadCell("unknown_category", f"A category is one of: {known}.")
    return name


def _read_workload(raw: RawCell) -> str:
    text = read_line(raw, longest=60)
    return PLATFORM if text.casefold() == PLATFORM else read_ref(raw)


def _read_reason(raw: RawCell) -> str:
    """A reason that was typed on several lines, as its export holds it, is one line."""
    text = "".join(
        " " if unicodedata.category(one)[0] in "CZ" else one for one in read_text(raw)
    )
    return read_line(" ".join(text.split()), longest=LONGEST_REASON)


def _quantity(most: int) -> Callable[[RawCell], Decimal | None]:
    return lambda raw: read_quantity(raw, most=most)


def _whole(most: int) -> Callable[[RawCell], int | None]:
    return lambda raw: read_whole(raw, most=most)


# The reader of each column, and the field of the entry that takes what it gives.
READERS: Final[Mapping[Column, tuple[str, Callable[[RawCell], Any]]]] = {
    Column.MONTH: ("month", _read_month),
    Column.LINE: ("line", lambda raw: read_line(raw, longest=60)),
    Column.AMOUNT: ("amount", _quantity(MOST_MONEY)),
    Column.PEAK: ("peak_concurrent_sessions", _quantity(MOST_SESSIONS_AT_ONCE)),
    Column.WORKLOAD: ("ref", _read_workload),
    Column.WEEK: ("week", _read_week),
    Column.CATEGORY: ("category", _read_category),
    Column.HOURS: ("hours", _quantity(MOST_HOURS)),
    **{column: (name, _whole(COUNTS[name])) for name, column in COUNT_COLUMNS.items()},
    Column.CORRECTS: ("corrects", _whole(HIGHEST_ENTRY)),
    Column.REASON: ("reason", _read_reason),
    Column.CURRENCY: ("currency", lambda raw: read_line(raw, longest=10).upper()),
}


def _ops(values: Mapping[str, Any]) -> OpsEntry:
    ref = values["ref"]
    return OpsEntry(**{**values, "ref": None if ref == PLATFORM else ref})


def _tokens(values: Mapping[str, Any]) -> TokenEntry:
    counts = {name: values[name] or 0 for name in COUNTS}
    return TokenEntry(**{**values, **counts})


_BUILD: Final[Mapping[Kind, Callable[[Mapping[str, Any]], AnyEntry]]] = {
    Kind.COMPUTE: lambda values: ComputeEntry(**values),
    Kind.OPS: _ops,
    Kind.TOKENS: _tokens,
}
# The columns of an entry's fields, so that a refusal names a column.
COLUMN_OF: Final = {field: column for column, (field, _) in READERS.items()} | {
    "workload": Column.WORKLOAD
}
