"""The budgets of a quarter: three panels that never touch, the reserve, and why."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from capacity.forms.budgets import BY_WORKLOAD, Asked, read_asked
from capacity.selectors.outlook import Outlook, read_outlook
from capacity.views import budget_charts, budget_people, ops_charts
from capacity.views.budget_panels import (
    compute_panel,
    ops_panel,
    reserve_panel,
    tokens_panel,
)
from capacity.views.drawn import Drawn
from portal.kernel import clock, formats
from portal.kernel.pages.paging import address_with
from portal.kernel.selectors import numbers
from workloads.enums import COUNTED, Status
from workloads.selectors.names import workload_names
from workloads.services.sheets.writer import CONTENT_TYPES, write_csv

LEDE = (
    "Three budgets, each with its own formula and owner. They stand side by side and are "
    "never added up. The reserve belongs to no workload."
)


@require_safe
def budgets(request: HttpRequest) -> HttpResponse:
    """`?quarter=` is shown, with those around it; `?by=workload` opens its parts, and
    `?status=planned` counts what is planned too."""
    now = clock.now()
    asked, outlook = _read(request, now)
    context: dict[str, Any] = {
        "title": f"Capacity, {asked.quarter.label}",
        "lede": LEDE,
        "actions": list(_actions()),
        "quarter": asked.quarter,
        "chips": _chips(request, asked),
        "stamp": _stamp(outlook, now),
        "unknown": _unknown(outlook),
        "tokens": tokens_panel(outlook),
        "compute": compute_panel(outlook),
        "ops": ops_panel(outlook),
        "reserve": reserve_panel(outlook),
        "charts": {drawn.slug: drawn for drawn in _charts(outlook)},
        "run": outlook.recalibrated,
        "has_band": bool(outlook.band),
        "has_actuals": bool(outlook.spent),
        "headroom": formats.share(outlook.on.numbers.headroom),
        "zone": str(settings.ORGANISATION_TIME_ZONE),
        "averaging": budget_people.averaging_panel(outlook),
        "floor": budget_people.floor_panel(outlook),
        "users": budget_people.users_panel(outlook),
        "spread": budget_people.spread_rows(outlook),
        "by_workload": budget_people.workload_rows(outlook)
        if asked.by_workload
        else None,
        "scenarios": _scenarios(),
        "query": request.GET.urlencode(),
        "factors": outlook.factors,
        "hour_price": outlook.on.current.ops_hour_price,
    }
    _name(context["averaging"]["rows"], context["spread"], context["by_workload"])
    return render(request, "capacity/budgets/page.html", context)


def _name(
    averaged: list[dict[str, Any]],
    spread: list[dict[str, str]],
    parts: dict[str, Any] | None,
) -> None:
    """A reference alone says nothing to who does not know the plan by heart."""
    rows = [*averaged, *spread, *(parts["rows"] if parts else [])]
    names = workload_names(row["ref"] for row in rows)
    for row in rows:
        row["name"] = names.get(row["ref"], "")


@require_safe
def export(request: HttpRequest, slug: str) -> HttpResponse:
    """One chart's twin as CSV, exact."""
    _, outlook = _read(request, clock.now())
    drawn = next((one for one in _charts(outlook) if one.slug == slug), None)
    if drawn is None:
        raise Http404(f"No chart is called {slug}.")
    content = write_csv(drawn.twin.headings, drawn.twin.rows)
    response = HttpResponse(content, content_type=CONTENT_TYPES["csv"])
    name = f"{slug}-{outlook.quarter}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _read(request: HttpRequest, now: datetime) -> tuple[Asked, Outlook]:
    today = clock.today(now)
    starts = numbers.current().fiscal_year_starts
    asked = read_asked(request.GET, today, starts)
    return asked, read_outlook(asked.quarter, today, asked.statuses)


def _charts(outlook: Outlook) -> list[Drawn]:
    return [
        budget_charts.tokens(outlook),
        budget_charts.compute(outlook),
        ops_charts.ops(outlook, _unknown_by_quarter(outlook)),
        budget_charts.heat(outlook),
        ops_charts.staffing(outlook),
    ]


def _actions() -> Iterable[dict[str, str]]:
    if scenarios := _scenarios():
        yield {"label": "Try a scenario", "href": scenarios}
    yield {"label": "Rates and staffing", "href": reverse("capacity:rates")}


def _scenarios() -> str:
    """The page's address, where it is installed."""
    try:
        return reverse("capacity:scenarios")
    except NoReverseMatch:
        return ""


def _chips(request: HttpRequest, asked: Asked) -> dict[str, Any]:
    before, after = asked.quarter.plus(-1), asked.quarter.plus(1)
    planned = None if asked.with_planned else str(Status.PLANNED)
    return {
        "before": before.label,
        "before_href": address_with(request, quarter=before),
        "after": after.label,
        "after_href": address_with(request, quarter=after),
        "by_workload": asked.by_workload,
        "by_href": address_with(request, by=None if asked.by_workload else BY_WORKLOAD),
        "with_planned": asked.with_planned,
        "planned_href": address_with(request, status=planned),
    }


def _stamp(outlook: Outlook, now: datetime) -> str:
    """Rate card of 1 Mar 2026 · settings version 4 · computed 09:30."""
    card, current = outlook.on.rates.card, outlook.on.current
    last = outlook.last_month.month.first_day
    dated = [
        price.valid_from
        for prices in card.prices.values()
        for price in prices
        if price.valid_from <= last
    ]
    rates = f"rate card of {formats.day(max(dated))}" if dated else "no rate card"
    local = now.astimezone(ZoneInfo(str(settings.ORGANISATION_TIME_ZONE)))
    return f"{rates} · settings version {current.version} · computed {local:%H:%M}"


def _unknown(outlook: Outlook) -> str:
    """Those that no figure holds, since nobody has estimated them."""
    refs = [
        one.ref
        for one in outlook.everything.plan.unknown
        if one.status in COUNTED or one.status != Status.RETIRED
    ]
    if not refs:
        return ""
    named = refs[:5] + ([f"{len(refs) - 5} more"] if len(refs) > 5 else [])
    verb = "is" if len(refs) == 1 else "are"
    return f"{formats.listed(named)} {verb} not estimated, so in none of these figures."


def _unknown_by_quarter(outlook: Outlook) -> dict[str, list[str]]:
    """From its ship quarter on, what is not estimated makes a quarter uncertain."""
    return {
        str(quarter): [
            one.ref
            for one in outlook.everything.plan.unknown
            if one.status != Status.RETIRED
            and one.first_quarter is not None
            and one.first_quarter <= quarter
        ]
        for quarter in outlook.forecasts
    }
