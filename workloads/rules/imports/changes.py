"""Which cells of a row differ from what the plan shows, and what they change."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from workloads.rules.imports.plan import FIGURE_COLUMNS, KnownRow, People
from workloads.rules.sheets.columns import Column
from workloads.rules.sheets.rows import ParsedRow
from workloads.rules.sheets.written import (
    written_cost_gate,
    written_quarter,
)
from workloads.rules.shown import model_tier_of


@dataclass(frozen=True, slots=True)
class CellChange:
    """What one cell changes, as people read it."""

    column: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Changes:
    """Values of the workload by field name, values of its estimate by name of Figures."""

    fields: Mapping[str, Any]
    figures: Mapping[str, Any]
    cells: tuple[CellChange, ...]


def changes_of(row: ParsedRow, known: KnownRow, people: People) -> Changes:
    """An empty cell says nothing, and so changes nothing."""
    fields: dict[str, Any] = {}
    cells: list[CellChange] = []
    for column, before, after, values in _cells(row, known, people):
        if column not in row.empty and values:
            fields |= values
            cells.append(CellChange(str(column), before, after))
    figures = dict(_changed_figures(row, known))
    cells += _figure_changes(figures, known)
    return Changes(fields, figures, tuple(cells))


def _cells(
    row: ParsedRow, known: KnownRow, people: People
) -> Iterator[tuple[Column, str, str, dict[str, Any]]]:
    """Column, what the row shows, what the sheet says, and the fields that differ."""
    yield Column.WORKLOAD, known.name, row.name, _unless_equal(known, name=row.name)
    yield Column.OWNER, known.owner, row.owner, _changed_owner(row, known, people)
    asked = str(row.requested_status or "")
    # The status itself is never written, so asking for the present one asks nothing.
    status = {} if asked == known.status else {"requested_status": asked}
    before = known.requested_status or str(known.status)
    yield Column.STATUS, before, asked, _unless_equal(known, **status)
    tier = {"primary_model": row.primary_model, "degrade_model": row.degrade_model}
    yield (
        Column.MODEL_TIER,
        model_tier_of(known.primary_model, known.degrade_model),
        model_tier_of(row.primary_model, row.degrade_model),
        _unless_equal(known, **tier),
    )
    gate = str(row.cost_gate or "")
    yield (
        Column.COST_GATE,
        written_cost_gate(known.cost_gate),
        written_cost_gate(gate),
        _unless_equal(known, cost_gate=gate),
    )
    yield (
        Column.SHIP_QUARTER,
        written_quarter(known.ship_quarter),
        written_quarter(row.ship_quarter),
        _unless_equal(known, ship_quarter=row.ship_quarter),
    )


def _unless_equal(known: KnownRow, **values: str) -> dict[str, Any]:
    return {name: new for name, new in values.items() if new != getattr(known, name)}


def _changed_owner(row: ParsedRow, known: KnownRow, people: People) -> dict[str, Any]:
    if row.owner == known.owner:
        return {}
    fields = owner_fields(row.owner, people)
    is_same = fields["owner_id"] is not None and fields["owner_id"] == known.owner_id
    return {} if is_same else fields


def owner_fields(text: str, people: People) -> dict[str, Any]:
    """An account where exactly one matches, else the text as typed."""
    owner_id = people.named(text)
    return {"owner_id": owner_id, "owner_text": "" if owner_id is not None else text}


def _changed_figures(row: ParsedRow, known: KnownRow) -> Iterator[tuple[str, Any]]:
    for name, column in FIGURE_COLUMNS.items():
        new = getattr(row, name)
        is_in_draft = known.draft is not None and new == getattr(known.draft, name)
        if column in row.empty or new == getattr(known.shown, name) or is_in_draft:
            continue
        yield name, new


def said_by(row: ParsedRow) -> tuple[CellChange, ...]:
    """Every cell of a new row as it was read: a person sees what became of 520k."""
    said: tuple[tuple[Column, str], ...] = (
        (Column.OWNER, row.owner),
        (Column.STATUS, str(row.requested_status or "")),
        *(
            (column, _figure(getattr(row, name)))
            for name, column in FIGURE_COLUMNS.items()
        ),
        (Column.MODEL_TIER, model_tier_of(row.primary_model, row.degrade_model)),
        (Column.COST_GATE, written_cost_gate(str(row.cost_gate or ""))),
        (Column.SHIP_QUARTER, written_quarter(row.ship_quarter)),
    )
    return tuple(CellChange(str(column), "", text) for column, text in said if text)


def _figure_changes(
    figures: Mapping[str, Any], known: KnownRow
) -> Iterator[CellChange]:
    for name, new in figures.items():
        before = getattr(known.shown, name)
        yield CellChange(str(FIGURE_COLUMNS[name]), _figure(before), _figure(new))


def _figure(value: int | Decimal | None) -> str:
    if value is None:
        return ""
    return f"{value.normalize():,f}" if isinstance(value, Decimal) else f"{value:,}"
