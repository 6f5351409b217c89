"""The plan as a roadmap: one column a quarter, its head the quarter's sums."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from portal.kernel import clock, formats, marks
from portal.kernel.models import ModelNumbers
from portal.kernel.pages.paging import address_with, page_number, paging_for
from portal.kernel.periods import Quarter
from portal.kernel.selectors import numbers
from portal.kernel.templatetags import look
from workloads.enums import Status
from workloads.forms.plan import read_filter, read_window
from workloads.rules.moves import Move, QuarterLoad, moves_that_fit
from workloads.selectors.plan_choices import plan_choices
from workloads.selectors.quarters import heads_of
from workloads.selectors.roadmap import (
    Bounds,
    RoadRow,
    bounds,
    quarter_loads,
    road_rows,
    shipping_in,
)
from workloads.views.budgets import peak_words
from workloads.views.plan import TABS, road_selects
from workloads.views.plan_heads import (
    COUNTED,
    beam_words,
    load_beam,
    longest_of,
    overload,
    unknown_words,
    with_planned,
)

PAGE_SIZE = 100
# A move may go past the last quarter shown.
LOOKED_AHEAD = 2
# The quarter of today stays in view, whatever the plan has left behind.
MOST_BACK = 3


@dataclass(frozen=True)
class Column:
    """One quarter as its head shows it."""

    quarter: Quarter
    parts: Mapping[str, Any]

    @property
    def over(self) -> Decimal:
        return max(overload(self.parts["ops"]), Decimal(0))


@require_safe
def roadmap(request: HttpRequest) -> HttpResponse:
    """Rows against quarters from `?from=`, as many as `?quarters=`."""
    now = clock.now()
    today, current = clock.today(now), numbers.current()
    ends = bounds()
    here = Quarter.of(today, current.fiscal_year_starts)
    first, count = read_window(request.GET, default=_first(here, ends), here=here)
    shown = [first.plus(n) for n in range(count)]
    columns = [Column(head.quarter, head.parts) for head in heads_of(shown)]
    longest = longest_of([column.parts for column in columns])
    asked = read_filter(request.GET)
    start = (page_number(request) - 1) * PAGE_SIZE
    rows, total = road_rows(asked, today, shown[-1], start, PAGE_SIZE)
    choices = plan_choices()
    context = {
        "title": "Roadmap",
        "lede": _lede(columns),
        "tabs": TABS,
        "columns": [_head(column, longest) for column in columns],
        "rows": [_row(row, columns, current) for row in rows],
        "platform": [formats.in_full(Decimal(_ops(c)["platform"])) for c in columns],
        "paging": paging_for(request, size=PAGE_SIZE, shown=len(rows), total=total),
        "over": _overfull(columns, current),
        "no_ceiling": [
            c.quarter.label for c in columns if _ops(c)["ceiling_hours_week"] is None
        ],
        "unplaced": _unplaced(ends),
        "window": _window(request, first, count),
        "search": asked.search,
        "selects": road_selects(asked, choices),
        "kept": [(n, request.GET[n]) for n in ("from", "quarters") if n in request.GET],
        "is_empty": not total and not asked.is_narrowed,
    }
    return render(request, "workloads/roadmap/page.html", context)


def _first(here: Quarter, ends: Bounds) -> Quarter:
    """The earliest quarter that something is still to ship in, or that of today."""
    if ends.first is None:
        return here
    return min(here, max(ends.first, here.plus(-MOST_BACK)))


def _ops(column: Column) -> Mapping[str, Any]:
    ops: Mapping[str, Any] = column.parts["ops"]
    return ops


# --- Heads ---------------------------------------------------------------------------


def _head(column: Column, longest: float) -> dict[str, Any]:
    ops, tokens = _ops(column), column.parts["tokens"]
    compute = column.parts["compute"]
    return {
        "name": column.quarter.label,
        "over": column.over > 0,
        "beam": load_beam(ops, longest),
        "words": beam_words(ops),
        "ops": _figure(ops["hours_week"], ops["planned"], ops["unknown"]),
        "of": _of(ops["ceiling_hours_week"]),
        "tokens": _figure(tokens["tokens"], tokens["planned"], tokens["unknown"]),
        "cost": _cost(tokens),
        "compute": _compute(compute),
        "compute_cost": _cost(compute),
        "unknown": unknown_words(ops["unknown"]),
    }


def _figure(counted: Any, planned: Any, unknown: Sequence[str]) -> SafeString:
    """26 + 17 planned + ?"""
    second = Decimal(planned)
    return format_html(
        "{}{}{}",
        look.short(Decimal(counted)),
        format_html(' <span class="second">+ {} planned</span>', look.short(second))
        if second
        else "",
        f" +{formats.NBSP}?" if unknown else "",
    )


def _of(ceiling: str | None) -> str:
    return "" if ceiling is None else f"of {formats.in_full(Decimal(ceiling))}"


def _compute(compute: Mapping[str, Any]) -> SafeString:
    """53 peak + 10 planned · 72 to buy"""
    second = Decimal(compute["planned"]).to_integral_value(ROUND_HALF_UP)
    return format_html(
        '{} <span class="unit">peak</span>{} · {} <span class="unit">to buy</span>',
        formats.in_full(Decimal(compute["peak_concurrent_sessions"]), 0),
        format_html(
            ' <span class="second">+ {} planned</span>', formats.in_full(second)
        )
        if second
        else "",
        formats.in_full(compute["capacity_sessions"]),
    )


def _cost(part: Mapping[str, Any]) -> str:
    """Money of the quarter; nothing where the rate card lacks a price."""
    if part["cost"] is None:
        return ""
    return formats.money(Decimal(part["cost"]), part["currency"])


# --- Rows ----------------------------------------------------------------------------


def _row(
    row: RoadRow, columns: Sequence[Column], current: ModelNumbers
) -> dict[str, Any]:
    return {
        "ref": row.ref,
        "name": row.name,
        "link": reverse("workloads:workload", args=[row.ref]),
        "cells": [_cell(row, column, current) for column in columns],
    }


def _cell(row: RoadRow, column: Column, current: ModelNumbers) -> dict[str, Any]:
    if column.quarter < row.first_quarter:
        return {}
    counted = row.status in COUNTED
    if column.quarter > row.first_quarter:
        known = row.hours_week is not None
        return {
            "runs": f"{formats.in_full(row.hours_week)} h/week"
            if row.hours_week is not None
            else "not estimated",
            "soft": not counted or not known,
        }
    return {
        "mark": marks.status_mark(row.status),
        "below": _first_quarter(row, current),
        "figures": _figures(row.budgets or {}),
        "over": column.over > 0 and row.status in (Status.PLANNED, Status.COMMITTED),
    }


def _first_quarter(row: RoadRow, current: ModelNumbers) -> str:
    if row.hours_week is None:
        return "no estimate" if row.cost_gate else "no estimate, no gate"
    uplift = formats.in_full(current.first_quarter_uplift_hours_week)
    return f"{formats.in_full(row.hours_week)} stable + {uplift} first quarter"


def _figures(budgets: Mapping[str, Any]) -> str:
    """$13,104 tokens · 72.69 peak: two budgets side by side, never added."""
    tokens, compute = budgets.get("tokens", {}), budgets.get("compute", {})
    parts = []
    if tokens.get("cost_per_month") is not None:
        cost = Decimal(tokens["cost_per_month"])
        parts.append(f"{formats.money(cost, tokens['currency'])} tokens/month")
    if compute.get("peak_concurrent_sessions") is not None:
        parts.append(f"{peak_words(compute['peak_concurrent_sessions'])} peak sessions")
    return " · ".join(parts)


# --- What would mend it --------------------------------------------------------------


def _overfull(columns: Sequence[Column], current: ModelNumbers) -> list[dict[str, Any]]:
    """Each quarter that is over its ceiling, with every single move that would fit."""
    if not any(column.over for column in columns):
        return []
    last = columns[-1].quarter
    ahead = heads_of([last.plus(n + 1) for n in range(LOOKED_AHEAD)], codes=("ops",))
    quarters = [*(c.quarter for c in columns), *(head.quarter for head in ahead)]
    parts = [*(_ops(c) for c in columns), *(head.parts["ops"] for head in ahead)]
    loads = quarter_loads(quarters, parts)
    return [
        _mend(column.quarter, loads, place, current)
        for place, column in enumerate(columns)
        if column.over
    ]


def _mend(
    quarter: Quarter, loads: Sequence[QuarterLoad], place: int, current: ModelNumbers
) -> dict[str, Any]:
    shipping, load = shipping_in(quarter), loads[place]
    refs = sorted(one.ref for one in shipping)
    fte = load.hours / current.hours_per_full_time_equivalent
    return {
        "fact": (
            f"{load.name} needs {formats.in_full(load.hours)} h/week and has "
            f"{formats.in_full(load.ceiling or 0)}."
        ),
        "sentence": f"{formats.listed(refs)} ship in it."
        if refs
        else "Nothing ships in it.",
        "moves": [_move(move) for move in moves_that_fit(loads, place, shipping)],
        "staffing": f"{fte.quantize(Decimal('0.01'))} FTE",
    }


def _move(move: Move) -> dict[str, str]:
    """A planned workload is moved in its cell; a committed one is de-committed first."""
    cell = reverse("workloads:plan-cell", args=[move.ref, "ship_quarter"])
    step = reverse("workloads:step", args=[move.ref, Status.PLANNED])
    return {
        "words": f"Move {move.ref} to {move.to}",
        "href": step if move.status == Status.COMMITTED else cell,
        "after": (
            f"{formats.in_full(move.here)} h here, {formats.in_full(move.there)} h there"
            + (", once it is de-committed" if move.status == Status.COMMITTED else "")
        ),
    }


# --- Around the table ----------------------------------------------------------------


def _lede(columns: Sequence[Column]) -> str:
    words = "Quarters do not stack: each has its own ops ceiling."
    over = [column for column in columns if column.over > 0]
    if over:
        first = over[0]
        return (
            f"{words} {first.quarter.label} is {formats.in_full(first.over)} h/week over "
            "with what is planned for it, so not all of it can commit."
        )
    if all(_ops(column)["ceiling_hours_week"] is None for column in columns):
        return f"{words} None of those shown has one yet."
    fullest = max(
        (c for c in columns if _ops(c)["ceiling_hours_week"] is not None),
        key=lambda column: with_planned(_ops(column)),
    )
    return (
        f"{words} {fullest.quarter.label} is the fullest: {beam_words(_ops(fullest))}."
    )


def _unplaced(ends: Bounds) -> str:
    if not ends.unplaced:
        return ""
    named = list(ends.unplaced_refs)
    if ends.unplaced > len(named):
        named.append(f"{ends.unplaced - len(named)} more")
    verb = "has" if ends.unplaced == 1 else "have"
    return f"{formats.listed(named)} {verb} no ship quarter."


def _window(request: HttpRequest, first: Quarter, count: int) -> dict[str, str]:
    earlier, later = first.plus(-count), first.plus(count)
    return {
        "words": f"{first.label} to {first.plus(count - 1).label}",
        "earlier": first.plus(-1).label,
        "earlier_href": address_with(request, **{"from": earlier, "page": None}),
        "later": later.label,
        "later_href": address_with(request, **{"from": later, "page": None}),
    }
