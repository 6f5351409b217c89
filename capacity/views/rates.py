"""Rates and staffing: what is in force, its history, and the forms that enter it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from capacity.forms.rates import (
    DrawForm,
    LineForm,
    PriceForm,
    ReserveForm,
    StaffingForm,
)
from capacity.selectors.budgets import by_quarter
from capacity.selectors.forecast import ground
from capacity.selectors.ops_load import ops_hours
from capacity.selectors.problems import NotForecast
from capacity.selectors.rate_gaps import gaps
from capacity.selectors.rates import line_rows, price_rows, rate_card
from capacity.selectors.reserve import (
    Reserve,
    draw_rows,
    fixed_reserves,
    provisional_reserve,
    size_rows,
)
from capacity.selectors.staffing import rows as staffing_rows
from capacity.views.rates_entering import DOORS, enter
from capacity.views.rates_rows import (
    compute_line,
    gap_words,
    lede,
    price_line,
    staffing_line,
    standing,
)
from portal.kernel import access, clock
from portal.kernel.errors import Problem
from portal.kernel.formats import in_full, money
from portal.kernel.models import User
from portal.kernel.pages.refusals import show_refusal
from portal.kernel.pages.toast import toast
from portal.kernel.periods import Quarter
from portal.kernel.selectors import numbers
from workloads.views.reasons import why_not

FORMS: Mapping[str, type[forms.Form]] = {
    "price": PriceForm,
    "line": LineForm,
    "staffing": StaffingForm,
    "reserve": ReserveForm,
    "draw": DrawForm,
}
QUARTERS_AHEAD = 4
HISTORY_SHOWN = 200
"""Rows of a table's history on the page; its CSV holds them all."""


@require_safe
def rates(request: HttpRequest) -> HttpResponse:
    """All four tables, each with its form for whoever may enter it."""
    return _page(request, {})


@require_POST
def enter_row(request: HttpRequest, kind: str) -> HttpResponse:
    """One form; refused, it stands open on the page with what was typed."""
    if kind not in FORMS:
        raise Http404
    access.require(request.user, DOORS[kind].action)
    form = FORMS[kind](request.POST, auto_id=f"{kind}_%s")
    refused: Problem | None = None
    if form.is_valid():
        user: User = request.user  # type: ignore[assignment]
        try:
            said = enter(kind, form, actor=user, now=clock.now())
        except Problem as problem:
            refused = problem
            show_refusal(form, problem)
        else:
            toast(request, said)
            return redirect(f"{reverse('capacity:rates')}#{DOORS[kind].anchor}")
    return _page(request, {kind: form}, refused.status if refused else 400)


def _page(
    request: HttpRequest, bound: Mapping[str, forms.Form], status: int = 200
) -> HttpResponse:
    now = clock.now()
    with numbers.read_once():
        context = _context(request, bound, now)
    return render(request, "capacity/rates/rates.html", context, status=status)


def _context(
    request: HttpRequest, bound: Mapping[str, forms.Form], now: datetime
) -> dict[str, Any]:
    today = clock.today(now)
    current = numbers.current()
    here = Quarter.of(today, current.fiscal_year_starts)
    prices = standing(price_rows(), today)
    lines = standing(line_rows(), today)
    people = _staffing(here)
    of_here = next(row for row in people["rows"] if row["quarter"] == here.label)
    return {
        "title": "Rates and staffing",
        "lede": lede(prices, lines, of_here),
        "currency": current.currency,
        "hours_of_one": current.hours_per_full_time_equivalent,
        "prices": [price_line(one) for one in prices if one.counts],
        "price_history": [price_line(one) for one in prices[:HISTORY_SHOWN]],
        "lines": [compute_line(one) for one in lines if one.counts],
        "line_history": [compute_line(one) for one in lines[:HISTORY_SHOWN]],
        "gaps": [
            gap_words(gap)
            for gap in gaps(rate_card(), today, current.fiscal_year_starts)
        ],
        "staffing": people,
        "reserve": _reserve(here),
        "doors": {
            kind: _door(request, kind, bound.get(kind), {"quarter": here.label})
            for kind in FORMS
        },
    }


def _door(
    request: HttpRequest, kind: str, bound: forms.Form | None, initial: dict[str, Any]
) -> dict[str, Any]:
    door = DOORS[kind]
    form = bound or FORMS[kind](initial=initial, auto_id=f"{kind}_%s")
    return {
        "kind": kind,
        "label": door.label,
        "button": door.button,
        "form": form,
        "fields": [
            {
                "field": field,
                "unit": door.units.get(field.name, ""),
                "wide": field.name == "reason",
            }
            for field in form
        ],
        "open": bound is not None,
        "why": why_not(request.user, door.action),
    }


def _staffing(here: Quarter) -> dict[str, Any]:
    """Every quarter that has people, and the next ones whether they do or not."""
    entered = list(staffing_rows())
    newest: dict[Quarter, Any] = {}
    for row in entered:
        newest.setdefault(Quarter.parse(row.quarter), row)
    ahead = {here.plus(later) for later in range(QUARTERS_AHEAD)}
    hours = ops_hours()
    return {
        "rows": [
            staffing_line(quarter, newest.get(quarter), hours)
            for quarter in sorted({*newest, *ahead}, reverse=True)
        ],
        "history": entered[:HISTORY_SHOWN],
    }


def _reserve(here: Quarter) -> dict[str, Any]:
    sizes, draws = list(size_rows()), list(draw_rows())
    decided = {Quarter.parse(size.quarter): size for size in reversed(sizes)}
    quarters = sorted({here, here.plus(1), *decided}, reverse=True)
    fixed = fixed_reserves(quarters)
    on = ground()
    forecasts = by_quarter(on, [one for one in quarters if one not in fixed])
    rows = []
    for quarter in quarters:
        try:
            found = fixed.get(quarter) or provisional_reserve(
                forecasts[quarter], on.current
            )
        except NotForecast as lacks:
            rows.append({"quarter": quarter.label, "lacks": lacks.detail})
        else:
            rows.append(_reserve_line(found, decided.get(quarter)))
    return {
        "rows": rows,
        "sizes": sizes[:HISTORY_SHOWN],
        "draws": draws[:HISTORY_SHOWN],
    }


def _reserve_line(found: Reserve, size: Any) -> dict[str, Any]:
    state = f"fixed, {size.decision}" if size else "provisional"
    left = money(found.left, found.currency)
    words = f"{left} of {money(found.amount, found.currency)} left"
    return {
        "quarter": found.quarter.label,
        "reserve": found,
        "state": state,
        "percent": f"{in_full(found.ratio * 100)} %",
        "words": words,
    }
