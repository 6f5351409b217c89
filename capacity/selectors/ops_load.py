"""Ops hours of the plan, added up in the database: a group a status and quarter."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import (
    Count,
    FilteredRelation,
    Q,
    QuerySet,
    Subquery,
    Sum,
)
from django.db.models.functions import TruncMonth

from capacity.formulas.ops import OpsLoad, ops_load
from portal.kernel.models import ModelNumbers
from portal.kernel.periods import Quarter
from workloads.enums import Status
from workloads.models import Workload
from workloads.rules.shown import ref_of
from workloads.selectors.compiled import fetch_compiled
from workloads.selectors.quarters import first_quarter_of

_HOURS = "shown_estimate__ops_hours_week"


@dataclass(frozen=True)
class OpsGroup:
    """Workloads of one status that begin in one quarter: their stable hours a week.

    `unknown` are the numbers of those that nobody has estimated.
    """

    status: str
    first_quarter: Quarter
    workloads: int
    stable: Decimal
    unknown: tuple[int, ...]


@dataclass(frozen=True)
class OpsHours:
    """The plan's groups, with the numbers of the model that turn them into a load."""

    groups: tuple[OpsGroup, ...]
    uplift_hours_week: Decimal
    platform_hours_week: Decimal

    def load(self, quarter: Quarter, statuses: Sequence[str]) -> OpsLoad:
        there = [
            group
            for group in self.groups
            if group.status in statuses and group.first_quarter <= quarter
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
            if group.first_quarter <= quarter
            for number in group.unknown
        ]
        return [ref_of(number) for number in sorted(numbers)]


def ops_hours() -> OpsHours:
    """One query for the whole plan, the numbers of the model included.

    Candidates count for nothing, so only those stand in it that make a quarter uncertain:
    without an estimate, they are what the "?" in "19 + ?" means.
    """
    zone = str(settings.ORGANISATION_TIME_ZONE)
    rows = [_Row._make(row) for row in fetch_compiled(_grouped, zone)]
    groups = tuple(
        OpsGroup(
            row.status,
            _first_quarter(row),
            row.workloads,
            row.stable or Decimal(0),
            tuple(row.unknown or ()),
        )
        for row in rows
    )
    if not rows:
        return OpsHours((), Decimal(0), Decimal(0))
    return OpsHours(groups, rows[0].uplift, rows[0].platform)


class _Row(NamedTuple):
    """One group as the database gives it; `live_month` is on the organisation's clock."""

    status: str
    ship_quarter: str
    live_month: datetime | None
    workloads: int
    stable: Decimal | None
    unknown: list[int] | None
    uplift: Decimal
    platform: Decimal
    starts: int


def _grouped(zone: str) -> QuerySet[Any, Any]:
    return (
        Workload.objects.order_by()
        .exclude(status=Status.RETIRED)
        .exclude(ship_quarter="")
        .annotate(
            # A workload goes live once, so this joins one step at most.
            went_live=FilteredRelation("steps", condition=Q(steps__target=Status.LIVE)),
            live_month=TruncMonth("went_live__at", tzinfo=ZoneInfo(zone)),
        )
        .values("status", "ship_quarter", "live_month")
        .annotate(
            workloads=Count("pk"),
            stable=Sum(_HOURS),
            unknown=ArrayAgg("number", filter=Q(**{f"{_HOURS}__isnull": True})),
            uplift=_number("first_quarter_uplift_hours_week"),
            platform=_number("platform_hours_week"),
            starts=_number("fiscal_year_starts"),
        )
        .values_list(*_Row._fields)
    )


def _number(name: str) -> Subquery:
    return Subquery(ModelNumbers.objects.order_by("-version").values(name)[:1])


def _first_quarter(row: _Row) -> Quarter:
    live_on = row.live_month.date() if row.live_month else None
    return first_quarter_of(row.ship_quarter, live_on, row.starts)
