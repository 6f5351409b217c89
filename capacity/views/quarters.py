"""Quarters beside their actuals: open, closed, and the forms that change it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from capacity.forms.actuals import ReasonForm
from capacity.selectors.quarters_state import (
    QuarterState,
    has_complete_run,
    states_of,
)
from capacity.services.entries import Entry
from capacity.services.quarters import close_quarter, reopen_quarter
from portal.kernel import clock
from portal.kernel.access import require
from portal.kernel.errors import Invalid, NotFound
from portal.kernel.formats import day
from portal.kernel.models import User
from portal.kernel.pages.toast import toast
from portal.kernel.periods import Quarter
from portal.kernel.selectors import numbers
from workloads.views.reasons import why_not

SHOWN_BACK = 3


@require_POST
def close(request: HttpRequest, quarter: str) -> HttpResponse:
    """Finance closes a recalibrated quarter."""
    return _change(request, quarter, close_quarter, "is closed")


@require_POST
def reopen(request: HttpRequest, quarter: str) -> HttpResponse:
    """Finance lets a closed quarter take entries again, and says why."""
    return _change(request, quarter, reopen_quarter, "takes entries again")


def _change(
    request: HttpRequest,
    name: str,
    change: Callable[..., Entry[QuarterState]],
    words: str,
) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    quarter = _parsed(name)
    require(user, "quarter.close")
    form = ReasonForm(request.POST)
    if not form.is_valid():
        raise Invalid("The reason cannot be read. Write at most 2,000 characters.")
    change(
        actor=user,
        quarter=quarter,
        reason=form.cleaned_data["reason"],
        now=clock.now(),
    )
    toast(request, f"{quarter.label} {words}.")
    return redirect(f"{reverse('capacity:actuals')}?quarter={quarter}")


def quarters_context(
    user: Any, chosen: Quarter | None, now: datetime
) -> dict[str, Any]:
    """The quarters of the panel, and the banner of the one that is filtered for."""
    this = Quarter.of(clock.today(now), numbers.current().fiscal_year_starts)
    shown = [this.plus(-back) for back in range(SHOWN_BACK + 1)]
    asked = [*shown, *([chosen] if chosen is not None and chosen not in shown else [])]
    states = states_of(asked, now)
    why = why_not(user, "quarter.close")
    return {
        "quarters": [_told(states[one], why) for one in shown],
        "banner": (
            _told(states[chosen], why)
            if chosen is not None and states[chosen].is_closed
            else None
        ),
    }


def _told(state: QuarterState, why: str) -> dict[str, Any]:
    quarter = state.quarter
    lacks = ""
    if not state.is_closed and state.has_ended:
        since = state.event.entered_at if state.is_reopened and state.event else None
        if not has_complete_run(quarter, since=since):
            lacks = "Not until a recalibration of it is complete."
    return {
        "quarter": quarter,
        "is_closed": state.is_closed,
        "has_ended": state.has_ended,
        "words": _words(state),
        "reason": state.event.reason if state.event else "",
        "why": why or lacks,
        "href": f"{reverse('capacity:actuals')}?quarter={quarter}",
    }


def _words(state: QuarterState) -> str:
    event = state.event
    if event is not None:
        verb = "Closed" if state.is_closed else "Opened again"
        # By itself: after its days, or by a recalibration; the reason below says which.
        by = f" by {event.entered_by.display_name}" if event.entered_by else ""
        return f"{verb}{by} on {day(clock.today(event.entered_at))}"
    if state.is_closed:
        return f"Closed by its days on {day(state.closes_on)}"
    if state.has_ended:
        return f"Takes entries, closes on {day(state.closes_on)}"
    return "Running"


def _parsed(name: str) -> Quarter:
    try:
        return Quarter.parse(name)
    except ValueError as unknown:
        raise NotFound(f"{unknown}") from unknown
