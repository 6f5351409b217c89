"""Usage as it comes in: how fast, from whom, for which workloads, and what is wrong."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import F, Sum

from capacity.models import UsageArrival, UsageDay
from capacity.selectors.usage_totals import totals
from portal.kernel.periods import Month
from workloads.rules.shown import ref_of

WINDOW = timedelta(hours=24)


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
class Unpriced:
    ref: str
    model: str
    tokens: int


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
