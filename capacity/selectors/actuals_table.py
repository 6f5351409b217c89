"""Entries of actuals as the page lists them: filtered, searched, sorted."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import Q, QuerySet

from capacity.models import ComputeActual, OpsActual, TokenActual
from capacity.rules.actuals.entries import COUNTS, Kind
from portal.kernel.periods import Quarter
from portal.kernel.selectors import numbers
from workloads.rules.shown import ref_of
from workloads.selectors.plan import number_of

PLATFORM = "platform"
ABOUT = (
    "id",
    "corrects_id",
    "corrected_by__id",
    "reason",
    "entered_by__name",
    "entered_by__username",
    "entered_at",
)
COLUMNS = {
    Kind.COMPUTE: ("month", "line", "amount", "currency", "peak_concurrent_sessions"),
    Kind.OPS: (
        "week",
        "month",
        "workload__number",
        "workload__name",
        "category",
        "hours",
    ),
    Kind.TOKENS: ("month", "workload__number", "workload__name", *COUNTS),
}


class Order(StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"
    LARGEST = "largest"
    ENTERED = "entered"


class Show(StrEnum):
    ALL = "all"
    STANDING = "standing"
    CORRECTED = "corrected"


@dataclass(frozen=True)
class ActualsFilter:
    """What of one kind is listed. `what` is a line or a category."""

    of: Kind = Kind.OPS
    search: str = ""
    quarter: Quarter | None = None
    workload: str = ""
    what: str = ""
    show: Show = Show.ALL
    order: Order = Order.NEWEST

    @property
    def is_narrowed(self) -> bool:
        return bool(self.search or self.quarter or self.workload or self.what)


_MODELS: dict[Kind, Any] = {
    Kind.COMPUTE: ComputeActual,
    Kind.OPS: OpsActual,
    Kind.TOKENS: TokenActual,
}
_SEARCHED = {
    Kind.COMPUTE: ("line", "reason"),
    Kind.OPS: ("workload__name", "category", "reason"),
    Kind.TOKENS: ("workload__name", "reason"),
}
_PERIOD = {Kind.COMPUTE: "month", Kind.OPS: "week", Kind.TOKENS: "month"}
_SIZE = {
    Kind.COMPUTE: "amount",
    Kind.OPS: "hours",
    Kind.TOKENS: "input_tokens",
}
_WHAT = {Kind.COMPUTE: "line", Kind.OPS: "category"}


def narrowed(asked: ActualsFilter) -> QuerySet[Any]:
    """Entries that the filter leaves, whether they stand or not."""
    rows: QuerySet[Any] = _MODELS[asked.of].objects.all()
    for word in asked.search.split():
        found = Q(month__icontains=word)
        for path in _SEARCHED[asked.of]:
            found |= Q(**{f"{path}__icontains": word})
        if number_of(word) is not None and asked.of is not Kind.COMPUTE:
            found |= Q(workload__number=number_of(word))
        rows = rows.filter(found)
    if asked.quarter is not None:
        starts = numbers.current().fiscal_year_starts
        months = [str(month) for month in asked.quarter.months(starts)]
        rows = rows.filter(month__in=months)
    if asked.workload and asked.of is not Kind.COMPUTE:
        number = None if asked.workload == PLATFORM else number_of(asked.workload) or 0
        rows = rows.filter(workload__number=number)
    if asked.what and asked.of in _WHAT:
        rows = rows.filter(**{_WHAT[asked.of]: asked.what})
    return rows


def counted(asked: ActualsFilter) -> dict[Show, int]:
    """How many of them there are, stand and are corrected. Two queries."""
    rows = narrowed(asked)
    everything = rows.count()
    standing = rows.filter(corrected_by__isnull=True).count()
    return {
        Show.ALL: everything,
        Show.STANDING: standing,
        Show.CORRECTED: everything - standing,
    }


def rows_of(asked: ActualsFilter) -> QuerySet[Any]:
    """The rows in the order that was asked for, as `.values()`."""
    rows = narrowed(asked)
    if asked.show is not Show.ALL:
        rows = rows.filter(corrected_by__isnull=asked.show is Show.STANDING)
    period = _PERIOD[asked.of]
    order = {
        Order.NEWEST: (f"-{period}", "-id"),
        Order.OLDEST: (period, "id"),
        Order.LARGEST: (f"-{_SIZE[asked.of]}", "-id"),
        Order.ENTERED: ("-id",),
    }
    return rows.order_by(*order[asked.order]).values(*ABOUT, *COLUMNS[asked.of])


def ref_in(row: dict[str, Any]) -> str | None:
    """The reference of a row's workload; None for the platform's own."""
    number = row.get("workload__number")
    return ref_of(number) if number is not None else None


def entry_values(kind: Kind, entry_id: int) -> dict[str, Any] | None:
    """One entry, for the form that corrects it; None where there is none."""
    rows = _MODELS[kind].objects.filter(pk=entry_id)
    found: dict[str, Any] | None = rows.values(*ABOUT, *COLUMNS[kind]).first()
    return found
