"""Reads of spend limits, and of what was spent against them."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Q, QuerySet, Sum

from capacity.enums import LimitPeriod, LimitScope
from capacity.models import Reservation, SpendCounter, SpendLimit, UsageDay, UsageEvent
from capacity.selectors.rates import rate_card
from capacity.selectors.token_prices import priced_usage
from portal.kernel import clock
from portal.kernel.api.etags import etag_of
from portal.kernel.errors import NotFound
from workloads.models import Workload
from workloads.selectors.plan import number_of

HIGHEST_ID = 2**63 - 1  # PostgreSQL's bigint


@dataclass(frozen=True)
class Spent:
    """Money of one limit's running period; `share` is of its amount."""

    limit: SpendLimit
    starts_on: date
    settled: Decimal
    reserved: Decimal

    @property
    def total(self) -> Decimal:
        return self.settled + self.reserved

    @property
    def share(self) -> Decimal:
        return self.total / self.limit.amount

    @property
    def is_reached(self) -> bool:
        return self.total >= self.limit.amount

    @property
    def is_alerted(self) -> bool:
        return self.total >= self.limit.amount * self.limit.alert_at


def get_limit(number: int) -> SpendLimit:
    found = (
        SpendLimit.objects.select_related("set_by", "ended_by")
        .filter(pk=min(number, HIGHEST_ID))
        .first()
    )
    if found is None:
        raise NotFound(f"There is no spend limit {number}.")
    return found


def tag_of(limit: SpendLimit) -> str:
    return etag_of("spend-limit", limit.pk, "on" if limit.ended_at is None else "off")


def standing_limits() -> QuerySet[SpendLimit]:
    return SpendLimit.objects.select_related("set_by").filter(ended_at__isnull=True)


def begin_of(period: str, now: datetime) -> date:
    """The first day of the running day or month, on the organisation's clock."""
    today = clock.today(now)
    return today.replace(day=1) if period == LimitPeriod.MONTH else today


def spent_against(limits: list[SpendLimit], now: datetime) -> list[Spent]:
    """What each limit's running period has cost so far. One query."""
    starts = {period: begin_of(period, now) for period in LimitPeriod}
    counters = {
        (one.scope, one.target, one.period): one
        for one in SpendCounter.objects.filter(
            Q(period=LimitPeriod.DAY, starts_on=starts[LimitPeriod.DAY])
            | Q(period=LimitPeriod.MONTH, starts_on=starts[LimitPeriod.MONTH]),
            target__in={limit.target for limit in limits},
        )
    }
    told = []
    for limit in limits:
        found = counters.get((limit.scope, limit.target, limit.period))
        told.append(
            Spent(
                limit,
                starts[LimitPeriod(limit.period)],
                found.settled if found else Decimal(0),
                found.reserved if found else Decimal(0),
            )
        )
    return told


def settled_since(scope: str, target: str, begin: date, end: date) -> Decimal:
    """Usage of these days at the prices of its time, for a counter that is yet to be.

    A workload's and a department's from the sums by day, an agent's from its events.
    """
    if scope == LimitScope.AGENT:
        events = UsageEvent.objects.filter(
            day__range=(begin, end), agent=target, test=False
        )
        return events.aggregate(cost=Sum("cost"))["cost"] or Decimal(0)
    days = Q(day__range=(begin, end))
    if scope == LimitScope.WORKLOAD:
        days &= Q(workload__number=number_of(target))
    else:
        days &= Q(workload__department__code=target)
    if not UsageDay.objects.filter(days).exists():
        return Decimal(0)
    used = priced_usage(days, rate_card())
    return sum((one.tokens * one.per_token for one in used), Decimal(0))


def reserved_now(scope: str, target: str, begin: date, now: datetime) -> Decimal:
    """What calls in flight may cost, of those held on this period's counter."""
    held = Reservation.objects.filter(
        day__gte=begin, day__lte=clock.today(now), expires_at__gt=now, test=False
    )
    if scope == LimitScope.AGENT:
        held = held.filter(agent=target)
    elif scope == LimitScope.DEPARTMENT:
        held = held.filter(department=target)
    else:
        held = held.filter(workload__number=number_of(target) or 0)
    return held.aggregate(cost=Sum("cost"))["cost"] or Decimal(0)


def limits_over(workload: Workload) -> list[SpendLimit]:
    """Standing limits of the workload and of its department."""
    named = Q(scope=LimitScope.WORKLOAD, target=workload.ref)
    if workload.department is not None:
        named |= Q(scope=LimitScope.DEPARTMENT, target=workload.department.code)
    return list(standing_limits().filter(named))
