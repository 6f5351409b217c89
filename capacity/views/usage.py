"""Usage as it comes in: how fast, from whom, by workload and day, and what is wrong."""

from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from capacity.models import QuarantinedEvent
from capacity.selectors.usage import Minute, arrivals, sources, unregistered_agents
from capacity.selectors.usage_page import DayOf, by_day, drift, unpriced
from capacity.views.listing import as_file, text_of
from portal.kernel import clock, formats
from portal.kernel.access import capitalised
from portal.kernel.charts_bars import Bar, BarChart, bar_chart
from portal.kernel.charts_twin import Twin
from portal.kernel.pages.joints import Figure
from portal.kernel.pages.paging import address_with
from portal.kernel.periods import Month
from portal.kernel.selectors import numbers
from workloads.selectors.plan import number_of

NAMED = 2
"""Workloads with bars of their own; the third kind of bar is all others."""
KINDS = ("b1", "b2", "b3")
HEADINGS = (
    "Day",
    "Workload",
    "Name",
    "Calls",
    "Input tokens",
    "Cached input tokens",
    "Output tokens",
)
QUIET = 15
"""Minutes after which a sender that is heard no more is told of."""


@require_safe
def usage(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    month, workload = _asked(request, now)
    minutes, days = arrivals(now), by_day(month, number_of(workload))
    waiting = QuarantinedEvent.objects.filter(
        replayed_at__isnull=True, expires_at__gt=now
    )
    refused = waiting.count()
    drifts = drift(now)
    currency = numbers.current().currency
    context = {
        "title": "Usage",
        "lede": _lede(minutes, refused, drifts),
        "figures": _figures(minutes, days, refused, drifts, month),
        "month": month,
        "month_text": str(month),
        "workload": workload,
        "earlier": address_with(request, month=month.plus(-1)),
        "later": address_with(request, month=month.plus(1))
        if month < Month.of(clock.today(now))
        else "",
        "minutes": _minutes_chart(minutes),
        "minutes_finding": _minutes_finding(minutes),
        "minutes_twin": Twin(
            ("Minute, UTC", "Events"),
            [(f"{one.minute:%H:%M}", one.events) for one in minutes],
        ),
        **_days(days, month),
        "sources": [_source(one, now) for one in sources()],
        "refused": list(waiting.order_by("-id")[:5]),
        "refused_count": refused,
        "drift": drifts,
        "tolerance": settings.UNDECIDED_TOLERANCE_PERCENT / 100,
        "agents": [
            (one.agent, formats.money(one.spent, currency))
            for one in unregistered_agents(now)
        ],
        "unpriced": unpriced(month),
    }
    return render(request, "capacity/usage/page.html", context)


@require_safe
def export(request: HttpRequest, kind: str) -> HttpResponse:
    """Tokens by workload and day of the month that is shown, exact."""
    month, workload = _asked(request, clock.now())
    rows = (
        (
            f"{one.day}",
            one.ref,
            one.name,
            one.calls,
            one.input_tokens,
            one.cached_input_tokens,
            one.output_tokens,
        )
        for one in by_day(month, number_of(workload))
    )
    return as_file(f"usage-{month}", kind, HEADINGS, rows)


def _asked(request: HttpRequest, now: datetime) -> tuple[Month, str]:
    present = Month.of(clock.today(now))
    try:
        month = Month.parse(text_of(request, "month"))
    except ValueError:
        month = present
    if abs(month.year - present.year) > 20:
        month = present
    workload = text_of(request, "workload").upper()
    return month, workload if number_of(workload) is not None else ""


def _lede(minutes: list[Minute], refused: int, drifts: list[Any]) -> str:
    """Whether it comes in, and what is wrong with it."""
    last = next((one for one in reversed(minutes) if one.events), None)
    if last is None:
        came = "Nothing came in during the last hour."
    else:
        events = sum(one.events for one in minutes)
        came = f"{formats.in_full(events)} events came in during the last hour."
    wrong = []
    if refused:
        wait = "refused event waits" if refused == 1 else "refused events wait"
        wrong.append(f"{formats.in_full(refused)} {wait} for a look")
    bad = [
        one for one in drifts if one.share * 100 > settings.UNDECIDED_TOLERANCE_PERCENT
    ]
    if bad:
        refs = formats.listed([one.ref for one in bad[:3]])
        more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
        wrong.append(f"{refs}{more} used tokens that no gate was asked about")
    return f"{came} {capitalised('; '.join(wrong))}." if wrong else came


def _figures(
    minutes: list[Minute],
    days: list[DayOf],
    refused: int,
    drifts: list[Any],
    month: Month,
) -> list[Figure]:
    hour = sum(one.events for one in minutes)
    calls = sum(one.calls for one in drifts)
    undecided = sum(one.undecided for one in drifts)
    tokens = sum(one.tokens for one in days)
    now = minutes[-2].events if len(minutes) > 1 else 0
    return [
        Figure(
            "Events, last whole minute",
            formats.in_full(now),
            line=f"{formats.in_full(hour)} in the last hour",
        ),
        Figure(
            f"Tokens in {month}",
            formats.short(tokens),
            line=f"{formats.in_full(sum(one.calls for one in days))} calls",
        ),
        Figure(
            "Refused, not replayed",
            formats.in_full(refused),
            link="/capacity/usage/refused/",
            line="kept until they expire",
        ),
        Figure(
            "Calls without a decision, 24 h",
            formats.in_full(undecided),
            line=f"of {formats.in_full(calls)} calls of workloads with any"
            if calls
            else "every call was decided",
        ),
    ]


def _minutes_chart(minutes: list[Minute]) -> BarChart:
    return bar_chart(
        [
            Bar(
                f"{one.minute:%H:%M}" if n % 15 == 0 else "",
                [("b1", float(one.events))],
            )
            for n, one in enumerate(minutes)
        ],
        words=lambda value: formats.short(Decimal(str(value))),
        width=560,
        height=170,
        left=44,
    )


def _minutes_finding(minutes: list[Minute]) -> str:
    most = max(minutes, key=lambda one: one.events)
    if not most.events:
        return "No event in the last hour."
    mean = sum(one.events for one in minutes) / len(minutes)
    return (
        f"{formats.in_full(Decimal(str(round(mean, 1))))} events a minute on average; "
        f"{formats.in_full(most.events)} at {most.minute:%H:%M} UTC."
    )


def _days(days: list[DayOf], month: Month) -> dict[str, Any]:
    """Bars a day: the two workloads that used most, and all others together."""
    totals: dict[str, int] = defaultdict(int)
    names: dict[str, str] = {}
    for one in days:
        totals[one.ref] += one.tokens
        names[one.ref] = one.name
    ranked = sorted(totals, key=lambda ref: (-totals[ref], ref))
    named = ranked[:NAMED] if len(ranked) > NAMED + 1 else ranked[: len(KINDS)]
    held: dict[int, list[float]] = {
        n: [0.0] * len(KINDS) for n in range(1, month.last_day.day + 1)
    }
    for one in days:
        place = named.index(one.ref) if one.ref in named else len(KINDS) - 1
        held[one.day.day][place] += one.tokens
    legend = [(KINDS[n], f"{ref} {names[ref]}") for n, ref in enumerate(named)]
    if len(ranked) > len(named):
        legend.append((KINDS[-1], f"{len(ranked) - len(named)} others"))
    return {
        "days_chart": bar_chart(
            [
                Bar(
                    str(day) if day == 1 or day % 5 == 0 else "",
                    list(zip(KINDS, parts, strict=True)),
                )
                for day, parts in held.items()
            ],
            words=lambda value: formats.short(Decimal(str(value))),
            width=1090,
            height=260,
            left=56,
            wide=True,
        )
        if days
        else None,
        "days_legend": legend,
        "days_finding": _days_finding(days, totals, names, month),
        "days_twin": Twin(
            ("Day", *ranked[:12]),
            _matrix(days, ranked[:12], month),
        ),
        "days_cut": len(ranked) - 12 if len(ranked) > 12 else 0,
    }


def _matrix(days: list[DayOf], refs: list[str], month: Month) -> list[tuple[Any, ...]]:
    cells = {(one.day.day, one.ref): one.tokens for one in days}
    return [
        (f"{day}", *(cells.get((day, ref), 0) for ref in refs))
        for day in range(1, month.last_day.day + 1)
    ]


def _days_finding(
    days: list[DayOf], totals: dict[str, int], names: dict[str, str], month: Month
) -> str:
    if not days:
        return f"No usage in {month}."
    first = max(totals, key=lambda ref: totals[ref])
    whole = sum(totals.values())
    share = formats.share(round(totals[first] / whole, 3)) if whole else formats.BLANK
    return (
        f"{formats.short(whole)} tokens in {month}; {first} {names[first]} used "
        f"{share} of them."
    )


def _source(one: Any, now: datetime) -> dict[str, Any]:
    minutes = (now - one.last_received_at).total_seconds() / 60
    return {
        "source": one.source,
        "events": one.events,
        "event_at": one.last_event_at,
        "received_at": one.last_received_at,
        "is_quiet": minutes > QUIET,
    }
