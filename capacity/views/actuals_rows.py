"""How entries of actuals read: the cells of a row on the page and in a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from capacity.rules.actuals.entries import COUNTS, Kind
from capacity.rules.actuals.sheets import COUNT_COLUMNS, SHEETS
from capacity.rules.actuals.words import in_words
from capacity.selectors.actuals_table import PLATFORM, ref_in
from portal.kernel import formats
from workloads.services.sheets.writer import PlainRow


@dataclass(frozen=True)
class Cell:
    text: str
    is_number: bool = False
    label: str = ""
    href: str = ""


@dataclass(frozen=True)
class Row:
    """One entry; `corrected_by` is set where it does not stand any more."""

    id: int
    head: Cell
    cells: tuple[Cell, ...]
    corrects: int | None
    corrected_by: int | None
    who: str
    at: Any
    reason: str


HEADS: Mapping[Kind, tuple[tuple[str, bool], ...]] = {
    Kind.COMPUTE: (
        ("What", False),
        ("Month", False),
        ("Amount", True),
        ("Peak sessions", True),
    ),
    Kind.OPS: (
        ("Workload", False),
        ("Week", False),
        ("Month", False),
        ("Category", False),
        ("Hours", True),
    ),
    Kind.TOKENS: (
        ("Workload", False),
        ("Month", False),
        *((str(column), True) for column in COUNT_COLUMNS.values()),
    ),
}
# What an entry says comes first, as a sheet has it; then what stands around it.
FILE_HEADINGS: Mapping[Kind, tuple[str, ...]] = {
    kind: tuple(map(str, (*sheet.columns, *sheet.unread)))
    for kind, sheet in SHEETS.items()
}


def row_of(kind: Kind, row: Mapping[str, Any]) -> Row:
    head, *cells = _CELLS[kind](row)
    labels = [name for name, _ in HEADS[kind]][1:]
    return Row(
        id=row["id"],
        head=head,
        cells=tuple(
            Cell(cell.text, is_number, label)
            for cell, (_, is_number), label in zip(
                cells, HEADS[kind][1:], labels, strict=True
            )
        ),
        corrects=row["corrects_id"],
        corrected_by=row["corrected_by__id"],
        who=row["entered_by__name"] or row["entered_by__username"] or "the system",
        at=row["entered_at"],
        reason=row["reason"],
    )


def file_row(kind: Kind, row: Mapping[str, Any]) -> PlainRow:
    """As a sheet takes it: imported again, it changes nothing."""
    return (
        *_FILE[kind](row),
        row["corrects_id"],
        row["reason"],
        *([row["currency"]] if kind is Kind.COMPUTE else []),
        row["id"],
        row["corrected_by__id"],
        row["entered_by__username"],
        f"{row['entered_at']:%Y-%m-%dT%H:%M:%SZ}",
    )


def _compute(row: Mapping[str, Any]) -> list[Cell]:
    amount, peak = row["amount"], row["peak_concurrent_sessions"]
    return [
        Cell(in_words(row["line"]) or "peak of the platform"),
        Cell(row["month"]),
        Cell(
            formats.money(amount, row["currency"], cents=True)
            if amount is not None
            else ""
        ),
        Cell(formats.in_full(peak) if peak is not None else ""),
    ]


def _ops(row: Mapping[str, Any]) -> list[Cell]:
    return [
        _workload(row),
        Cell(row["week"]),
        Cell(row["month"]),
        Cell(in_words(row["category"])),
        Cell(formats.in_full(row["hours"])),
    ]


def _tokens(row: Mapping[str, Any]) -> list[Cell]:
    counts = [Cell(formats.in_full(row[name])) for name in COUNTS]
    return [_workload(row), Cell(row["month"]), *counts]


def _workload(row: Mapping[str, Any]) -> Cell:
    ref = ref_in(dict(row))
    if ref is None:
        return Cell("the platform")
    return Cell(f"{ref} {row['workload__name']}", href=f"/workloads/{ref}/")


_CELLS = {Kind.COMPUTE: _compute, Kind.OPS: _ops, Kind.TOKENS: _tokens}
_FILE: Mapping[Kind, Any] = {
    Kind.COMPUTE: lambda row: (
        row["month"],
        row["line"],
        row["amount"],
        row["peak_concurrent_sessions"],
    ),
    Kind.OPS: lambda row: (
        ref_in(row) or PLATFORM,
        row["week"],
        row["category"],
        row["hours"],
    ),
    Kind.TOKENS: lambda row: (
        row["month"],
        ref_in(row),
        *(row[name] for name in COUNTS),
    ),
}
