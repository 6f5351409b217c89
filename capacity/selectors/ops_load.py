"""Ops hours of the plan, added up in the database: a group a status and quarter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.aggregates import ArrayAgg
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    CharField,
    Count,
    DateTimeField,
    FilteredRelation,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Cast, Concat, TruncMonth

from capacity.formulas.ops import OpsLoad, ops_load
from capacity.formulas.staffing import ceiling_hours_week
from capacity.selectors.staffing import newest, staffed
from portal.kernel.models import ModelNumbers
from portal.kernel.periods import Quarter
from portal.kernel.selectors import numbers
from workloads.enums import Status
from workloads.models import StatusStep, Workload
from workloads.rules.shown import ref_of
from workloads.selectors.compiled import fetch_compiled
from workloads.selectors.quarters import first_quarter_of

_HOURS = "shown_estimate__ops_hours_week"


@dataclass(frozen=True)
class OpsGroup:
    """Workloads of one status that begin in one quarter: their stable hours a week.

    `unknown` are the numbers of those that nobody has estimated; `last_quarter` is that in
    which they were retired.
    """

    status: str
    first_quarter: Quarter
    workloads: int
    stable: Decimal
    unknown: tuple[int, ...]
    last_quarter: Quarter | None = None

    def is_in(self, quarter: Quarter) -> bool:
        ended = self.last_quarter is not None and self.last_quarter < quarter
        return self.first_quarter <= quarter and not ended


@dataclass(frozen=True)
class OpsHours:
    """The plan's groups, with the numbers of the model that turn them into a load.

    `ceilings` are the hours a week of every quarter that has a staffing row.
    """

    groups: tuple[OpsGroup, ...]
    uplift_hours_week: Decimal
    platform_hours_week: Decimal
    ceilings: Mapping[Quarter, Decimal] = field(default_factory=dict)

    def load(self, quarter: Quarter, statuses: Sequence[str]) -> OpsLoad:
        there = [
            group
            for group in self.groups
            if group.status in statuses and group.is_in(quarter)
        ]
        return ops_load(
            stable_hours_week=sum((group.stable for group in there), Decimal(0)),
            workloads=sum(group.workloads for group in there),
            shipping=sum(g.workloads for g in there if g.first_quarter == quarter),
            uplift_hours_week=self.uplift_hours_week,
            platform_hours_week=self.platform_hours_week,
        )

    def unknown(self, quarter: Quarter) -> list[str]:
        """References of those in the quarter whose hours nobody has estimated."""
        numbers = [
            number
            for group in self.groups
            if group.is_in(quarter)
            for number in group.unknown
        ]
        return [ref_of(number) for number in sorted(numbers)]


def ops_hours() -> OpsHours:
    """One query for the whole plan: numbers of the model and staffing included.

    Candidates count for nothing, so only those stand in it that make a quarter uncertain:
    without an estimate, they are what the "?" in "19 + ?" means. What was retired counts
    as live up to the quarter of its end.
    """
    zone = str(settings.ORGANISATION_TIME_ZONE)
    rows = [_Row._make(row) for row in fetch_compiled(_grouped, zone)]
    if not rows:
        return _without_workloads()
    groups = tuple(
        OpsGroup(
            str(Status.LIVE) if row.retired_month else row.status,
            _first_quarter(row),
            row.workloads,
            row.stable or Decimal(0),
            tuple(row.unknown or ()),
            _quarter_of(row.retired_month, row.starts),
        )
        for row in rows
    )
    first = rows[0]
    return OpsHours(
        groups,
        first.uplift,
        first.platform,
        _ceilings(first.people, first.hours_of_one),
    )


def _without_workloads() -> OpsHours:
    """No row of the plan, so none that brings the people along."""
    of_one = numbers.current().hours_per_full_time_equivalent
    ceilings = {
        quarter: ceiling_hours_week(people, of_one)
        for quarter, people in staffed().items()
    }
    return OpsHours((), Decimal(0), Decimal(0), ceilings)


def _ceilings(people: Sequence[str], of_one: Decimal) -> dict[Quarter, Decimal]:
    """From "2026Q2 1.00 0.25": quarter, full-time equivalents, vacancies."""
    ceilings = {}
    for one in people:
        quarter, full_time_equivalents, vacancies = one.split()
        there = Decimal(full_time_equivalents) - Decimal(vacancies)
        ceilings[Quarter.parse(quarter)] = ceiling_hours_week(there, of_one)
    return ceilings


class _Row(NamedTuple):
    """One group as the database gives it; months are on the organisation's clock.

    The numbers of the model and the people are the same in each.
    """

    status: str
    ship_quarter: str
    live_month: datetime | None
    retired_month: datetime | None
    workloads: int
    stable: Decimal | None
    unknown: list[int] | None
    uplift: Decimal
    platform: Decimal
    hours_of_one: Decimal
    starts: int
    people: list[str]


def _grouped(zone: str) -> QuerySet[Any, Any]:
    """Apart, because an end that is looked up for each row would sort the whole plan."""
    there = Workload.objects.exclude(status=Status.RETIRED)
    never = Cast(Value(None), DateTimeField())
    ended = Workload.objects.filter(status=Status.RETIRED, steps__target=Status.LIVE)
    return _groups(there, zone, never).union(
        _groups(ended, zone, _retired_month(zone)), all=True
    )


def _groups(
    rows: QuerySet[Workload], zone: str, retired_month: Cast | Subquery
) -> QuerySet[Any, Any]:
    return (
        rows.order_by()
        .exclude(ship_quarter="")
        .annotate(
            # A workload goes live once, so this joins one step at most.
            went_live=FilteredRelation("steps", condition=Q(steps__target=Status.LIVE)),
            live_month=TruncMonth("went_live__at", tzinfo=ZoneInfo(zone)),
            retired_month=retired_month,
        )
        .values("status", "ship_quarter", "live_month", "retired_month")
        .annotate(
            workloads=Count("pk"),
            stable=Sum(_HOURS),
            unknown=ArrayAgg("number", filter=Q(**{f"{_HOURS}__isnull": True})),
            uplift=_number("first_quarter_uplift_hours_week"),
            platform=_number("platform_hours_week"),
            hours_of_one=_number("hours_per_full_time_equivalent"),
            starts=_number("fiscal_year_starts"),
            people=_people(),
        )
        .values_list(*_Row._fields)
    )


def _retired_month(zone: str) -> Subquery:
    ends = StatusStep.objects.filter(workload=OuterRef("pk"), target=Status.RETIRED)
    return Subquery(ends.values(month=TruncMonth("at", tzinfo=ZoneInfo(zone)))[:1])


def _people() -> ArraySubquery:
    """Every quarter's newest row in one text each, read once for all groups."""
    written = Concat(
        "quarter",
        Value(" "),
        Cast("full_time_equivalents", CharField()),
        Value(" "),
        Cast("vacancies", CharField()),
        output_field=CharField(),
    )
    return ArraySubquery(newest().annotate(written=written).values("written"))


def _number(name: str) -> Subquery:
    return Subquery(ModelNumbers.objects.order_by("-version").values(name)[:1])


def _first_quarter(row: _Row) -> Quarter:
    live_on = row.live_month.date() if row.live_month else None
    return first_quarter_of(row.ship_quarter, live_on, row.starts)


def _quarter_of(month: datetime | None, starts: int) -> Quarter | None:
    return Quarter.of(month.date(), starts) if month else None
