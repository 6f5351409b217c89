"""Home: what waits for me, what changed since I was here, four numbers."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.kernel import clock, formats
from portal.kernel.models import User
from portal.kernel.pages import joints
from portal.kernel.pages.trail import Line, line_of
from portal.kernel.pages.words import things_wait
from portal.kernel.periods import Quarter
from portal.kernel.selectors import audit, numbers
from portal.kernel.services.visits import record_visit

NEWS_SHOWN = 6


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    user: User = request.user  # type: ignore[assignment]
    record_visit(user, now=now)
    with numbers.read_once():
        return render(request, "portal/home.html", _context(user, now))


def _context(user: User, now: datetime) -> dict[str, Any]:
    waiting = joints.waiting_for(user, now)
    since = user.previous_visit_at
    counted = [item for item in waiting if not item.more]
    return {
        "title": things_wait(len(counted), more=len(counted) < len(waiting)),
        "lede": _lede(now, since),
        "today": clock.today(now),
        "waiting": waiting,
        "figures": joints.figures_for(user, now),
        "actions": joints.actions_for(user, now),
        "panels": joints.panels_for(user, now),
        "since": _since_words(since, now) if since else "",
        "news": _news_for(user, since) if since else [],
    }


def _news_for(user: User, since: datetime) -> list[Line]:
    """What others changed, newest first; whoever changed something knows it."""
    entries = audit.entries(since=since).exclude(actor=user).select_related("actor")
    return [line_of(entry) for entry in entries[:NEWS_SHOWN]]


def _lede(now: datetime, since: datetime | None) -> str:
    """Thursday 9 April 2026 · 2026-Q2, week 2 of 13. Your last visit was …"""
    today = clock.today(now)
    starts = numbers.current().fiscal_year_starts
    quarter = Quarter.of(today, starts)
    first, last = quarter.first_day(starts), quarter.last_day(starts)
    # Thirteen weeks, whatever the days: the odd ones belong to the last.
    weeks = ((last - first).days + 1) // 7
    week = min((today - first).days // 7 + 1, weeks)
    words = f"{formats.long_day(today)} · {quarter.label}, week {week} of {weeks}."
    if since is None:
        return f"{words} This is your first visit."
    return (
        f"{words} Your last visit was {_since_words(since, now).replace(', ', ' at ')}."
    )


def _since_words(since: datetime, now: datetime) -> str:
    """yesterday, 17:12; or 7 Apr 2026, 17:12."""
    zone = ZoneInfo(str(settings.ORGANISATION_TIME_ZONE))
    moment = formats.moment(since, clock.today(now), zone)
    for near in ("Today", "Yesterday"):
        moment = moment.replace(f"{near} ", f"{near.lower()}, ")
    return moment
