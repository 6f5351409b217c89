"""Usage of the past: sums by month, and of late the gateway's calls one by one."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from django.db import connection

from capacity.models import UsageDay, UsageHour
from capacity.selectors.usage_source import DERIVED
from capacity.services.partitions import ensure_usage_months
from governance.services.demo.days import Days, moment
from governance.services.demo.events import Act, Story
from governance.services.demo.gateway import Gateway, Told, caller_of
from governance.services.demo.heavy_users import heavy_users
from governance.services.demo.loops import with_loop
from governance.services.demo.shipped import (
    FIRST_QUARTER,
    RETIRED_ON,
    SHIPPED,
    Shipped,
)
from governance.services.demo.usage import Used, events_since, used_in
from portal.kernel.models import User
from portal.kernel.periods import Month
from portal.kernel.services import audit
from workloads.models import Workload

SOURCE = (
    "Usage of the demo is derived from 2,940 real calls of a code assistant (Azure Public "
    'Dataset, CC-BY 4.0; Patel et al., "Splitwise", ISCA 2024). The trace has no users and '
    "no sessions: a seeded rule assigns them."
)
BY_DAY = (
    "workload_id, day, tier, user_ref, model, calls, sessions, turns, retries, "
    "tool_calls, input_tokens, cached_input_tokens, output_tokens"
)
BY_HOUR = "workload_id, day, hour, sessions, calls"


# What a month held before its first event, so that its counters are those of the month.
COUNTED_BEFORE = """
    INSERT INTO capacity_usercounter
        (workload_id, user_ref, month, test, settled, reserved, spoken)
    SELECT workload_id, user_ref, date_trunc('month', day)::date, false,
        sum(input_tokens + output_tokens), 0, '{}'
    FROM capacity_usageday WHERE day >= %s AND day <= %s
    GROUP BY 1, 2, 3
"""


def usage_of_the_past(
    people: Mapping[str, User], days: Days, now: datetime
) -> list[Story]:
    """Each month's usage arrives in the night after it; today's month by now."""
    past, present, months = Story(), Story(), months_of_the_past(days)
    past.then(moment(months[1].first_day, 0), _told)
    for month in months[:-1]:
        arrives = moment(month.last_day + timedelta(days=1), 0, 1)
        past.then(arrives, _written(month, people, days))
    told = now - timedelta(minutes=3)
    present.then(told, _written(months[-1], people, days))
    return [past, present]


def _told(now: datetime) -> None:
    audit.record(DERIVED, "usage/demo", actor=None, now=now, reason=SOURCE)


def months_of_the_past(days: Days) -> list[Month]:
    first = days.quarter(FIRST_QUARTER).months()[0]
    count = Month.of(days.today).index - first.index + 1
    return [first.plus(later) for later in range(count)]


def _written(month: Month, people: Mapping[str, User], days: Days) -> Act:
    def act(now: datetime) -> None:
        ensure_usage_months([month])
        pks = dict(Workload.objects.values_list("number", "pk"))
        told = []
        for shipped in SHIPPED:
            span = days_of_use(shipped, month, days)
            if span:
                drawn = used_in(shipped, month, span, days)
                used = with_loop(drawn, shipped, month, days)
                _copy(pks[shipped.number], used)
                told.append(Told(shipped.number, used.sessions))
        if month == Month.of(days.today):
            told += heavy_users(days, now)
        if events_since(days) <= month.last_day:
            _count_before(month)
            Gateway(caller_of(people["gateway"]), now).run(told)

    return act


def _count_before(month: Month) -> None:
    with connection.cursor() as cursor:
        cursor.execute(COUNTED_BEFORE, [month.first_day, month.last_day])


def days_of_use(shipped: Shipped, month: Month, days: Days) -> tuple[date, date] | None:
    """From the day after it went live to its last, or to yesterday."""
    first = days.in_quarter(shipped.quarter, shipped.day).date() + timedelta(days=1)
    last = days.today - timedelta(days=1)
    if shipped.retired_in is not None:
        last = min(last, days.in_quarter(shipped.retired_in, RETIRED_ON).date())
    first, last = max(first, month.first_day), min(last, month.last_day)
    return (first, last) if first <= last else None


def _copy(workload_id: int, used: Used) -> None:
    _into(UsageDay._meta.db_table, BY_DAY, workload_id, used.by_day)
    _into(UsageHour._meta.db_table, BY_HOUR, workload_id, used.by_hour)


def _into(
    table: str, columns: str, workload_id: int, rows: Iterable[tuple[object, ...]]
) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row((workload_id, *row))
