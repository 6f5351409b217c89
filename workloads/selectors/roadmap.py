"""The plan as a roadmap: rows against quarters, and what would make a full one fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, F, FilteredRelation, Max, Min, Q, QuerySet, Value
from django.db.models.functions import NullIf, TruncMonth

from portal.kernel.periods import Quarter
from portal.kernel.selectors import numbers
from workloads.enums import COUNTED, Status
from workloads.models import Workload
from workloads.rules.moves import QuarterLoad, Shipping
from workloads.rules.plan_filter import PlanFilter
from workloads.rules.shown import ref_of
from workloads.selectors.plan_table import filtered
from workloads.selectors.quarters import first_quarter_of

_MOVABLE = (Status.PLANNED, Status.COMMITTED)
_LOADED = (Status.PLANNED, *COUNTED)
_NAMED = 3


@dataclass(frozen=True)
class RoadRow:
    """A workload, the quarter in which it ships (or went live), its stable hours.

    `budgets` are those frozen with the version that the plan shows; a draft has none.
    """

    number: int
    name: str
    status: str
    first_quarter: Quarter
    hours_week: Decimal | None
    cost_gate: str
    budgets: Mapping[str, Any] | None = None

    @property
    def ref(self) -> str:
        return ref_of(self.number)


def road_rows(
    asked: PlanFilter, today: date, until: Quarter, start: int, size: int
) -> tuple[list[RoadRow], int]:
    """A page of what runs or ships by `until`, by quarter; and how many there are."""
    starts = numbers.current().fiscal_year_starts
    rows = _with_live_month(_on_the_road(asked, today)).filter(
        Q(went_live__isnull=True, ship_quarter__lte=str(until))
        | Q(live_month__date__lte=until.last_day(starts))
    )
    total = rows.aggregate(total=Count("pk"))["total"]
    page = rows.order_by("ship_quarter", "number").values_list(
        "number",
        "name",
        "status",
        "ship_quarter",
        "shown_estimate__ops_hours_week",
        "cost_gate",
        "shown_estimate__budgets",
        "live_month",
    )[start : start + size]
    return [_row(values, starts) for values in page], total


def _with_live_month(rows: QuerySet[Workload]) -> QuerySet[Any, Any]:
    """The month of going live, on the organisation's clock: a quarter is three of them."""
    return rows.annotate(
        # A workload goes live once, so this joins one step at most.
        went_live=FilteredRelation("steps", condition=Q(steps__target=Status.LIVE)),
        live_month=TruncMonth(
            "went_live__at", tzinfo=ZoneInfo(str(settings.ORGANISATION_TIME_ZONE))
        ),
    )


def _on_the_road(asked: PlanFilter, today: date) -> QuerySet[Workload]:
    return (
        filtered(asked, today).exclude(ship_quarter="").exclude(status=Status.RETIRED)
    )


def _row(values: tuple[Any, ...], starts: int) -> RoadRow:
    number, name, status, ships, hours, gate, budgets, live_month = values
    first = first_quarter_of(ships, live_month and live_month.date(), starts)
    return RoadRow(number, name, status, first, hours, gate, budgets)


@dataclass(frozen=True)
class Bounds:
    """First and last ship quarter of what has not shipped yet; who has none."""

    first: Quarter | None
    last: Quarter | None
    unplaced: int
    unplaced_refs: tuple[str, ...]


def bounds() -> Bounds:
    """In two queries: the ends of the plan, and the first few without a quarter."""
    open_rows = Workload.objects.exclude(status__in=[Status.RETIRED, Status.LIVE])
    found = open_rows.aggregate(
        first=Min(NullIf(F("ship_quarter"), Value(""))),
        last=Max(NullIf(F("ship_quarter"), Value(""))),
        unplaced=Count("pk", filter=Q(ship_quarter="")),
    )
    refs = (open_rows.filter(ship_quarter="").order_by("number").values_list("number"))[
        :_NAMED
    ]
    return Bounds(
        Quarter.parse(found["first"]) if found["first"] else None,
        Quarter.parse(found["last"]) if found["last"] else None,
        found["unplaced"],
        tuple(ref_of(number) for (number,) in refs),
    )


def quarter_loads(
    quarters: Sequence[Quarter], parts: Sequence[Any]
) -> list[QuarterLoad]:
    """What each quarter asks for with all that is planned, beside its ceiling.

    A workload counts from the same quarter on as in the ops hours that come with it.
    """
    counts = _begun_by(quarters)
    return [
        QuarterLoad(
            quarter.label,
            Decimal(ops["hours_week"]) + Decimal(ops["planned"]),
            None
            if ops["ceiling_hours_week"] is None
            else Decimal(ops["ceiling_hours_week"]),
            counts[quarter],
            Decimal(ops["platform"]),
        )
        for quarter, ops in zip(quarters, parts, strict=True)
    ]


def _begun_by(quarters: Sequence[Quarter]) -> dict[Quarter, int]:
    """How many planned, committed and live workloads run or ship by each quarter."""
    starts = numbers.current().fiscal_year_starts
    groups = (
        _with_live_month(Workload.objects.filter(status__in=_LOADED))
        .exclude(ship_quarter="")
        .order_by()
        .values_list("ship_quarter", "live_month")
        .annotate(workloads=Count("pk"))
    )
    begun = [
        (first_quarter_of(ships, live_month and live_month.date(), starts), workloads)
        for ships, live_month, workloads in groups
    ]
    return {
        quarter: sum(workloads for first, workloads in begun if first <= quarter)
        for quarter in quarters
    }


def shipping_in(quarter: Quarter) -> list[Shipping]:
    """What is planned or committed for a quarter: what could be moved out of it."""
    uplift = numbers.current().first_quarter_uplift_hours_week
    rows = (
        Workload.objects.filter(status__in=_MOVABLE, ship_quarter=str(quarter))
        .order_by("-number")
        .values_list("number", "status", "shown_estimate__ops_hours_week")
    )
    return [
        Shipping(ref_of(number), status, hours or Decimal(0), uplift)
        for number, status, hours in rows
    ]


def committed_in(quarter: Quarter) -> tuple[list[tuple[int, str]], int]:
    """Number and status of what is committed for a quarter or live from it; and how
    many workloads the plan has that are not retired. One query."""
    counted = Q(status__in=COUNTED, ship_quarter=str(quarter))
    found = Workload.objects.exclude(status=Status.RETIRED).aggregate(
        total=Count("pk"),
        numbers=ArrayAgg("number", filter=counted, order_by="number", default=[]),
        statuses=ArrayAgg("status", filter=counted, order_by="number", default=[]),
    )
    return list(zip(found["numbers"], found["statuses"], strict=True)), found["total"]
