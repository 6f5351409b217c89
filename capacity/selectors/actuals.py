"""What was really used, by month: the same figures for pages, charts and recalibration."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from typing import Any

from django.db import connection
from django.db.models import Count, Q, Sum

from capacity.enums import OpsCategory
from capacity.models import UsageDay
from capacity.selectors.standing import (
    compute_standing,
    ops_standing,
    tokens_standing,
)
from portal.kernel.periods import Month
from workloads.rules.shown import ref_of

NONE = Decimal(0)
COUNTS = (
    "sessions",
    "turns",
    "retries",
    "tool_calls",
    "input_tokens",
    "cached_input_tokens",
    "output_tokens",
)


@dataclass(frozen=True, slots=True)
class UsageMonth:
    """A workload's usage in a month. `users` are distinct people of the month.

    `is_measured` says that usage events tell it; else somebody entered it.
    """

    ref: str
    month: Month
    users: int
    sessions: int
    turns: int
    retries: int
    tool_calls: int
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    is_measured: bool = True

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True)
class OpsMonth:
    """Hours logged in a month on a workload, or on the platform where `ref` is None.

    A week's hours belong to the month of its Thursday. 0 hours are an entry too.
    """

    ref: str | None
    month: Month
    by_category: Mapping[str, Decimal]
    entries: int

    @property
    def hours(self) -> Decimal:
        """Hours of the ops team; engineers' lost time is not theirs."""
        return sum(
            (
                hours
                for category, hours in self.by_category.items()
                if category != OpsCategory.ENGINEERING_TIME_LOST
            ),
            NONE,
        )


@dataclass(frozen=True, slots=True)
class ComputeMonth:
    """A month's cost of each line, and its peak of concurrent sessions if entered."""

    month: Month
    amounts: Mapping[str, Decimal] = field(default_factory=dict)
    peak_concurrent_sessions: Decimal | None = None

    @property
    def cost(self) -> Decimal:
        return sum(self.amounts.values(), NONE)


def usage_by_month(
    months: Iterable[Month], *, as_of: datetime | None = None
) -> dict[tuple[str, Month], UsageMonth]:
    """By (reference, month): from usage events, else as entered. Two queries.

    `as_of` leaves out what was entered after it; usage events always count.

    A workload with any event in a month is told by events alone in that month.
    """
    wanted = sorted(set(months))
    return {**_entered(wanted, as_of), **_measured(wanted)}


def ops_hours_by_month(
    months: Iterable[Month], *, as_of: datetime | None = None
) -> dict[tuple[str | None, Month], OpsMonth]:
    """By (reference or None for the platform, month). One query."""
    rows = (
        ops_standing(as_of)
        .filter(month__in=_names(months))
        .order_by()
        .values_list("workload__number", "month", "category")
        .annotate(Sum("hours"), Count("id"))
    )
    hours: dict[tuple[str | None, Month], dict[str, Decimal]] = {}
    entries: dict[tuple[str | None, Month], int] = {}
    for number, month, category, total, count in rows:
        key = (ref_of(number) if number else None, Month.parse(month))
        hours.setdefault(key, {})[category] = total
        entries[key] = entries.get(key, 0) + count
    return {
        (ref, month): OpsMonth(ref, month, some, entries[ref, month])
        for (ref, month), some in hours.items()
    }


def compute_by_month(
    months: Iterable[Month], *, as_of: datetime | None = None
) -> dict[Month, ComputeMonth]:
    """By month, of those in which something was entered. One query."""
    amounts: dict[Month, dict[str, Decimal]] = {}
    peaks: dict[Month, Decimal] = {}
    rows = (
        compute_standing(as_of)
        .filter(month__in=_names(months))
        .order_by("month", "line")
        .values_list("month", "line", "amount", "peak_concurrent_sessions")
    )
    for name, line, amount, peak in rows:
        month = Month.parse(name)
        lines = amounts.setdefault(month, {})
        if amount is not None:
            lines[line] = amount
        elif peak is not None:
            peaks[month] = peak
    return {
        month: ComputeMonth(month, lines, peaks.get(month))
        for month, lines in amounts.items()
    }


def has_usage_events(workload_id: int, month: Month) -> bool:
    """Whether usage events tell this workload's month, so that nobody enters it."""
    return UsageDay.objects.filter(
        workload_id=workload_id, day__range=(month.first_day, month.last_day)
    ).exists()


def days_of(months: Sequence[Month]) -> Q:
    """The days of these months: of runs of months as spans, so that partitions are
    left out that hold none of them."""
    days = Q()
    for span in _spans(months):
        days |= Q(day__range=span)
    return days


def _spans(months: Sequence[Month]) -> list[tuple[date, date]]:
    spans = []
    start: Month | None = None
    for month in months:
        start = start or month
        if month.plus(1) not in months:
            spans.append((start.first_day, month.last_day))
            start = None
    return spans


# First one row a user, then one a month: some forty per cent quicker than distinct users
# counted by sorting every row. The bucket is the month's place among those asked for.
_MEASURED = """
    SELECT w.number, u.bucket, count(*), {outer}
    FROM (
        SELECT workload_id, width_bucket(day, %s::date[]) AS bucket, {inner}
        FROM capacity_usageday WHERE {days} GROUP BY workload_id, bucket, user_ref
    ) AS u
    JOIN workloads_workload w ON w.id = u.workload_id
    GROUP BY w.number, u.bucket
""".replace("{outer}", ", ".join(f"sum(u.{name})" for name in COUNTS)).replace(
    "{inner}", ", ".join(f"sum({name}) AS {name}" for name in COUNTS)
)


def _measured(months: Sequence[Month]) -> dict[tuple[str, Month], UsageMonth]:
    if not months:
        return {}
    spans = _spans(months)
    days = " OR ".join(["day BETWEEN %s AND %s"] * len(spans))
    with connection.cursor() as cursor:
        cursor.execute(
            _MEASURED.replace("{days}", days),
            [[month.first_day for month in months], *chain.from_iterable(spans)],
        )
        rows = cursor.fetchall()
    found = {}
    for number, bucket, *figures in rows:
        ref, month = ref_of(number), months[bucket - 1]
        found[ref, month] = _usage(ref, month, figures, is_measured=True)
    return found


def _entered(
    months: Sequence[Month], as_of: datetime | None
) -> dict[tuple[str, Month], UsageMonth]:
    rows = (
        tokens_standing(as_of)
        .filter(month__in=_names(months))
        .values_list("workload__number", "month", "users", *COUNTS)
    )
    found = {}
    for number, name, *figures in rows:
        ref, month = ref_of(number), Month.parse(name)
        found[ref, month] = _usage(ref, month, figures, is_measured=False)
    return found


def _usage(
    ref: str, month: Month, figures: Sequence[Any], *, is_measured: bool
) -> UsageMonth:
    """`figures` are the users and then `COUNTS`; the database sums to Decimals."""
    users, *counts = map(int, figures)
    named = dict(zip(COUNTS, counts, strict=True))
    return UsageMonth(ref, month, users, **named, is_measured=is_measured)


def _names(months: Iterable[Month]) -> list[str]:
    return sorted({str(month) for month in months})
