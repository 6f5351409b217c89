"""Usage as it comes in: how fast, from whom, for what, and by whom unknown."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import F, Max, Min, Sum
from django.db.models.functions import TruncMinute
from django.utils.module_loading import import_string

from capacity.enums import LimitScope
from capacity.models import (
    QuarantinedEvent,
    SpendCounter,
    UsageArrival,
    UsageSource,
)
from portal.kernel import clock

MINUTES = 60
MOST_SOURCES = 100
MOST_AGENTS = 200


@dataclass(frozen=True, slots=True)
class Minute:
    """What arrived in one minute. Test events are in `tests` alone."""

    minute: datetime
    events: int
    tests: int


@dataclass(frozen=True, slots=True)
class HeardSource:
    source: str
    events: int
    last_event_at: datetime
    last_received_at: datetime


@dataclass(frozen=True, slots=True)
class UnregisteredAgent:
    """An agent that usage names and no inventory knows. Days are of the last month."""

    agent: str
    first_day: date
    last_day: date
    spent: Decimal


def arrivals(now: datetime, minutes: int = MINUTES) -> list[Minute]:
    """Each of the last minutes, the oldest first, those without an event too."""
    last = now.replace(second=0, microsecond=0)
    first = last - timedelta(minutes=minutes - 1)
    rows = (
        UsageArrival.objects.filter(minute__gte=first, minute__lte=last)
        .annotate(at=TruncMinute("minute"))
        .values("at", "test")
        .annotate(sum_of_events=Sum("events"))
    )
    found = {(row["at"], row["test"]): int(row["sum_of_events"]) for row in rows}
    every = (first + timedelta(minutes=number) for number in range(minutes))
    return [
        Minute(at, found.get((at, False), 0), found.get((at, True), 0)) for at in every
    ]


def sources(most: int = MOST_SOURCES) -> list[HeardSource]:
    """Senders, the one heard last first."""
    rows = UsageSource.objects.order_by("-last_received_at", "source")[:most]
    return [
        HeardSource(one.source, one.events, one.last_event_at, one.last_received_at)
        for one in rows
    ]


def unregistered_agents(
    now: datetime, most: int = MOST_AGENTS
) -> list[UnregisteredAgent]:
    """Agents of the last thirty days that no inventory lists, the newest first."""
    since = clock.today(now) - timedelta(days=30)
    seen = (
        SpendCounter.objects.filter(
            scope=LimitScope.AGENT, period="day", starts_on__gte=since
        )
        .values(agent=F("target"))
        .annotate(
            first=Min("starts_on"), last=Max("starts_on"), sum_of_cost=Sum("settled")
        )
        .order_by("-last", "agent")
    )
    registered = _registered()
    found = [
        UnregisteredAgent(row["agent"], row["first"], row["last"], row["sum_of_cost"])
        for row in seen
        if row["agent"] not in registered
    ]
    return found[:most]


def waiting_in_quarantine(now: datetime) -> int:
    """Refused events that can still be replayed."""
    return QuarantinedEvent.objects.filter(
        expires_at__gt=now, replayed_at__isnull=True
    ).count()


def _registered() -> Collection[str]:
    """What the inventories say; an app above this one adds its own by a dotted path."""
    known: set[str] = set()
    for path in settings.KNOWN_AGENTS:
        listing: Callable[[], Collection[str]] = import_string(path)
        known.update(listing())
    return known
