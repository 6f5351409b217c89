"""Weeks whose tokens cost far more than the weeks before, and likely loops."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import TruncWeek

from capacity.formulas.rounding import quotient, to_cents
from capacity.formulas.weekly import (
    WEEKS_BEFORE,
    Priced,
    UsageWeek,
    WeeklyAlert,
    weekly_alert,
)
from capacity.models import UsageDay
from capacity.selectors.rates import rate_card
from capacity.selectors.token_prices import priced_usage
from portal.kernel.selectors import numbers
from workloads.rules.shown import ref_of

WEEKS_SHOWN = 13
LOOPS_SINCE_DAYS = 28
MOST_LOOPS = 20
A_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Alert:
    """A workload's week (its Monday) that cost over 1.5 × the mean of the four before."""

    ref: str
    monday: date
    told: WeeklyAlert

    @property
    def week(self) -> str:
        year, number, _ = self.monday.isocalendar()
        return f"{year:04}-W{number:02}"

    @property
    def ratio(self) -> Decimal:
        return to_cents(quotient(self.told.cost, self.told.before))


@dataclass(frozen=True, slots=True)
class LikelyLoop:
    """A user's day in a workload with more tool calls a session than is plausible.

    Usage is kept by day, not by session: `calls_per_session` is the day's mean, so a
    single loop among many sessions does not show.
    """

    ref: str
    workload_id: int
    day: date
    user_ref: str
    sessions: int
    tool_calls: int

    @property
    def calls_per_session(self) -> Decimal:
        return quotient(self.tool_calls, max(self.sessions, 1)).quantize(Decimal("0.1"))


def weekly_alerts(today: date, *, weeks: int = WEEKS_SHOWN) -> list[Alert]:
    """Of the last whole weeks, newest first. Three queries.

    A workload is compared with its own weeks; its first four have none to compare with.
    """
    this = today - timedelta(days=today.weekday())
    first = this - (weeks + WEEKS_BEFORE) * A_WEEK
    days = Q(day__gte=first, day__lt=this)
    found = _weeks(days)
    began = {ref: min(m for r, m in found if r == ref) for ref, _ in found}
    alerts = []
    for ref, start in began.items():
        for back in range(1, weeks + 1):
            monday = this - back * A_WEEK
            before = [monday - n * A_WEEK for n in range(1, WEEKS_BEFORE + 1)]
            if before[-1] < start or (ref, monday) not in found:
                continue
            nothing = UsageWeek(0, 0, 0, 0)
            told = weekly_alert(
                found[ref, monday], [found.get((ref, one), nothing) for one in before]
            )
            if told is not None:
                alerts.append(Alert(ref, monday, told))
    return sorted(alerts, key=lambda one: (one.monday, one.told.cost), reverse=True)


def likely_loops(today: date) -> list[LikelyLoop]:
    """Of the last four weeks, the worst first. Two queries."""
    most = numbers.current().loop_tool_calls
    rows = (
        UsageDay.objects.filter(
            day__gt=today - timedelta(days=LOOPS_SINCE_DAYS), day__lte=today
        )
        .order_by()
        .values_list("workload__number", "workload_id", "day", "user_ref")
        .annotate(ran=Sum("sessions"), calls=Sum("tool_calls"))
        .filter(calls__gt=most, calls__gte=F("ran") * most + 1)
        .order_by("-calls", "-day", "workload_id", "user_ref")[:MOST_LOOPS]
    )
    found = [
        LikelyLoop(ref_of(number), *others[:3], *map(int, others[3:]))
        for number, *others in rows
    ]
    return sorted(found, key=lambda one: one.calls_per_session, reverse=True)


def _weeks(days: Q) -> Mapping[tuple[str, date], UsageWeek]:
    tokens: dict[tuple[str, date], dict[Priced, int]] = {}
    money: dict[tuple[str, date], dict[Priced, Fraction]] = {}
    for part in priced_usage(days, rate_card()):
        monday = part.day - timedelta(days=part.day.weekday())
        key, kind = (part.ref, monday), (part.model, part.kind)
        some = tokens.setdefault(key, {})
        some[kind] = some.get(kind, 0) + part.tokens
        spent = money.setdefault(key, {})
        spent[kind] = spent.get(kind, Fraction(0)) + part.tokens * Fraction(
            part.per_token
        )
    found = {}
    rows = (
        UsageDay.objects.filter(days)
        .order_by()
        .annotate(monday=TruncWeek("day"))
        .values_list("workload__number", "monday")
        .annotate(
            Count("user_ref", distinct=True),
            Sum("sessions"),
            Sum("turns"),
            Sum("retries"),
        )
    )
    for number, monday, users, sessions, turns, retries in rows:
        key = (ref_of(number), monday)
        exact = money.get(key, {})
        found[key] = UsageWeek(
            users,
            int(sessions),
            int(turns),
            int(retries),
            tokens=tokens.get(key, {}),
            money={
                kind: quotient(value.numerator, value.denominator)
                for kind, value in exact.items()
            },
        )
    return found
