"""Usage as it comes in: how fast, from whom, for which workloads, and what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import F, Sum
from django.utils.module_loading import import_string

from capacity.enums import LimitPeriod, LimitScope
from capacity.models import SpendCounter, UsageArrival, UsageDay, UsageSource
from capacity.selectors.usage_totals import totals
from portal.kernel.periods import Month
from workloads.rules.shown import ref_of

MINUTES = 60
WINDOW = timedelta(hours=24)
MOST_SOURCES = 50
MOST_AGENTS = 50


@dataclass(frozen=True)
class Minute:
    at: datetime
    events: int


@dataclass(frozen=True)
class DayOf:
    """One workload's day."""

    day: date
    ref: str
    name: str
    calls: int
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True)
class Drift:
    """Usage of one workload, of the last day, that no decision was asked for."""

    ref: str
    name: str
    calls: int
    undecided: int
    unreachable: int

    @property
    def share(self) -> float:
        return self.undecided / self.calls if self.calls else 0.0


@dataclass(frozen=True)
class AgentSeen:
    agent: str
    cost: Decimal


@dataclass(frozen=True)
class Unpriced:
    ref: str
    model: str
    tokens: int


def by_minute(now: datetime) -> list[Minute]:
    """Events of each of the last sixty whole minutes, the oldest first. Test calls are
    no usage. One query."""
    last = now.replace(second=0, microsecond=0)
    first = last - timedelta(minutes=MINUTES - 1)
    counted = dict(
        UsageArrival.objects.filter(minute__gte=first, test=False)
        .order_by()
        .values_list("minute")
        .annotate(n=Sum("events"))
    )
    minutes = [first + timedelta(minutes=n) for n in range(MINUTES)]
    return [Minute(at, int(counted.get(at, 0))) for at in minutes]


def sources() -> list[UsageSource]:
    """Who sends usage, the last heard first."""
    return list(UsageSource.objects.order_by("-last_received_at")[:MOST_SOURCES])


def by_day(month: Month, number: int | None = None) -> list[DayOf]:
    """Tokens by workload and day of a month, days in order. One query."""
    rows = UsageDay.objects.filter(day__range=(month.first_day, month.last_day))
    if number is not None:
        rows = rows.filter(workload__number=number)
    summed = (
        rows.order_by()
        .values("day", "workload__number", "workload__name")
        .annotate(
            of_calls=Sum("calls"),
            given=Sum("input_tokens"),
            cached=Sum("cached_input_tokens"),
            made=Sum("output_tokens"),
        )
        .order_by("day", "workload__number")
    )
    return [
        DayOf(
            row["day"],
            ref_of(row["workload__number"]),
            row["workload__name"],
            int(row["of_calls"]),
            int(row["given"]),
            int(row["cached"]),
            int(row["made"]),
        )
        for row in summed
    ]


def drift(now: datetime) -> list[Drift]:
    """Workloads with usage of the last day that nobody asked a gate about. One query."""
    rows = (
        UsageArrival.objects.filter(minute__gte=now - WINDOW, test=False)
        .order_by()
        .values("workload__number", "workload__name")
        .annotate(
            all=Sum("calls"),
            decided=Sum("decided_calls"),
            unreachable=Sum("unreachable_calls"),
        )
        .filter(all__gt=F("decided"))
        .order_by("workload__number")
    )
    return [
        Drift(
            ref_of(row["workload__number"]),
            row["workload__name"],
            int(row["all"]),
            int(row["all"] - row["decided"]),
            int(row["unreachable"]),
        )
        for row in rows
    ]


def unregistered_agents(month: Month) -> list[AgentSeen]:
    """Agents that sent usage this month and stand in no inventory, the dearest first."""
    seen = SpendCounter.objects.filter(
        scope=LimitScope.AGENT, period=LimitPeriod.MONTH, starts_on=month.first_day
    ).order_by("-settled", "target")
    rows = [AgentSeen(one.target, one.settled) for one in seen[: MOST_AGENTS * 2]]
    known = _registered([one.agent for one in rows])
    return [one for one in rows if one.agent not in known][:MOST_AGENTS]


def unpriced(month: Month) -> list[Unpriced]:
    """Usage of the month whose model has no price. Three queries."""
    rows = totals(month, ("workload", "model"), workload=None, user=None)
    return [
        Unpriced(
            ref_of(row["workload__number"]),
            row["model"],
            int(row["sum_of_input_tokens"] + row["sum_of_output_tokens"]),
        )
        for row in rows
        if row["unpriced"]
    ]


def _registered(agents: Sequence[str]) -> frozenset[str]:
    """What the inventories know; each is named in the settings."""
    found: set[str] = set()
    for path in settings.AGENT_REGISTRIES:
        found |= set(import_string(path)(agents))
    return frozenset(found)
