"""The plan as a table: which rows, in which order, with which marks and sums.

A fixed number of queries whatever the number of rows: one for a page of rows, one for
their newest submitted versions, one for the sums, one for the choices of the filters.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.expressions import Expression
from django.db.models.functions import Coalesce, Lower, NullIf

from workloads.enums import EstimateState, Status, Verdict
from workloads.models import Department, Signoff, Workload
from workloads.rules.plan_filter import ABSENT, Group, Only, PlanFilter, Sort
from workloads.selectors.compiled import fetch_compiled
from workloads.selectors.plan import number_of

Part = Expression | F

_EMPTY = Value("")
_SHOWN = "shown_estimate__"
OWNER_SHOWN = Coalesce(NullIf("owner__name", _EMPTY), "owner__username", "owner_text")
LIFECYCLE = Case(
    *(When(status=status, then=place) for place, status in enumerate(Status)),
    output_field=IntegerField(),
)

# What a column is ordered by; a row without a value comes last either way.
_ORDERS: Mapping[Sort, tuple[Part, ...]] = {
    Sort.REF: (),
    Sort.NAME: (Lower("name"),),
    Sort.OWNER: (NullIf(Lower(OWNER_SHOWN), _EMPTY),),
    Sort.STATUS: (LIFECYCLE,),
    Sort.USERS: (F(f"{_SHOWN}users"),),
    Sort.SESSIONS: (F(f"{_SHOWN}sessions_per_user_month"),),
    Sort.TOKENS: (F(f"{_SHOWN}tokens_per_user_month"),),
    Sort.OPS_HOURS: (F(f"{_SHOWN}ops_hours_week"),),
    Sort.MODEL_TIER: (
        NullIf(Lower("primary_model"), _EMPTY),
        Lower("degrade_model"),
    ),
    Sort.COST_GATE: (NullIf("cost_gate", _EMPTY),),
    Sort.SHIP_QUARTER: (NullIf("ship_quarter", _EMPTY),),
}
_GROUPED_BY: Mapping[Group, tuple[Part, ...]] = {
    Group.QUARTER: _ORDERS[Sort.SHIP_QUARTER],
    Group.STATUS: _ORDERS[Sort.STATUS],
    Group.OWNER: _ORDERS[Sort.OWNER],
    Group.DEPARTMENT: (NullIf(Lower("department__name"), _EMPTY),),
    Group.NONE: (),
}


class PlanRow(NamedTuple):
    """One row as the database gives it: the workload, and the version whose numbers it
    shows. A tuple, because a page makes a hundred of them."""

    id: int
    number: int
    name: str
    version: int
    owner_id: int | None
    owner_username: str | None
    owner_name: str | None
    owner_text: str
    status: str
    requested_status: str
    ship_quarter: str
    primary_model: str
    degrade_model: str
    cost_gate: str
    gate_decides: bool
    department_name: str | None
    shown_id: int | None
    submitted_id: int | None
    draft_id: int | None
    shown_version: int | None
    users: int | None
    sessions: Decimal | None
    tokens: int | None
    ops_hours: Decimal | None
    ops_reason: str | None

    @property
    def owner(self) -> str:
        return self.owner_name or self.owner_username or self.owner_text


_ROW = (
    "id",
    "number",
    "name",
    "version",
    "owner_id",
    "owner__username",
    "owner__name",
    "owner_text",
    "status",
    "requested_status",
    "ship_quarter",
    "primary_model",
    "degrade_model",
    "cost_gate",
    "gate_decides",
    "department__name",
    "shown_estimate_id",
    "submitted_estimate_id",
    "draft_estimate_id",
    f"{_SHOWN}version",
    f"{_SHOWN}users",
    f"{_SHOWN}sessions_per_user_month",
    f"{_SHOWN}tokens_per_user_month",
    f"{_SHOWN}ops_hours_week",
    f"{_SHOWN}ops_reason",
)


def filtered(asked: PlanFilter, today: date) -> QuerySet[Workload]:
    """The rows that a filter leaves, in no order."""
    rows = Workload.objects.order_by()
    for condition in _conditions(asked, today):
        rows = rows.filter(condition)
    return rows


def found_by(asked: PlanFilter) -> QuerySet[Workload]:
    """What a search finds, rows that are named so before rows that are owned so."""
    named = Case(
        When(name__icontains=asked.search, then=0),
        default=1,
        output_field=IntegerField(),
    )
    conditions = [_matches(word) for word in asked.search.split()]
    return Workload.objects.filter(*conditions).order_by(named, "number")


def ordered(rows: QuerySet[Workload], asked: PlanFilter) -> QuerySet[Workload]:
    """Groups first, then the column asked for; the reference breaks every tie."""
    orders = [part.asc(nulls_last=True) for part in _GROUPED_BY[asked.group]]
    orders += [
        part.desc(nulls_last=True) if asked.descending else part.asc(nulls_last=True)
        for part in _ORDERS[asked.sort]
    ]
    last = "-number" if asked.sort == Sort.REF and asked.descending else "number"
    return rows.order_by(*orders, last)


def page_of(asked: PlanFilter, today: date, start: int, size: int) -> list[PlanRow]:
    """One page of rows."""
    found = fetch_compiled(_page, asked, today, start, size)
    return [PlanRow._make(row) for row in found]


def _page(asked: PlanFilter, today: date, start: int, size: int) -> QuerySet[Any, Any]:
    """The rows are chosen first, so that only a page of them is joined."""
    chosen = ordered(filtered(asked, today), asked).values("pk")
    page = Workload.objects.filter(pk__in=chosen[start : start + size])
    return ordered(page, asked).values_list(*_ROW)


def row_of(number: int) -> PlanRow | None:
    found = Workload.objects.filter(number=number).values_list(*_ROW).first()
    return PlanRow._make(found) if found else None


def _conditions(asked: PlanFilter, today: date) -> Iterable[Q]:
    yield from (_matches(word) for word in asked.search.split())
    if asked.status:
        yield Q(status=asked.status)
    if asked.owner == ABSENT:
        yield Q(owner__isnull=True, owner_text="")
    elif asked.owner:
        named = Q(owner__isnull=True, owner_text__iexact=asked.owner)
        yield Q(owner__username=asked.owner) | named
    if asked.department:
        absent = Q(department__isnull=True)
        yield (
            absent
            if asked.department == ABSENT
            else Q(department=_department(asked.department))
        )
    if asked.quarter:
        yield Q(ship_quarter="" if asked.quarter == ABSENT else asked.quarter)
    if asked.only:
        yield chip(asked.only, today)


def _department(code: str) -> QuerySet[Any, Any]:
    """Looked up first: PostgreSQL then knows how few rows a department has."""
    return Department.objects.filter(code=code).values("pk")[:1]


def _matches(word: str) -> Q:
    """A word stands in the name or the owner's name, or it is the reference."""
    number = number_of(word)
    exact = Q(number=number) if number is not None else Q(pk__in=[])
    return (
        exact
        | Q(name__icontains=word)
        | Q(owner__name__icontains=word)
        | Q(owner__username__icontains=word)
        | Q(owner_text__icontains=word)
    )


def chip(only: Only, today: date) -> Q:
    """The rows that a counted chip narrows to. What is retired needs nothing more."""
    if only == Only.NO_GATE:
        return Q(cost_gate="") & ~Q(status=Status.RETIRED)
    return _unsigned(today) & ~Q(status=Status.RETIRED)


def _unsigned(today: date) -> Q:
    """Rows whose newest submitted version lacks one of three valid signatures.

    `signed_at` says that three were given and none was withdrawn; only a lapse is left
    to be looked for, and it is looked for among the few that are past their day.
    """
    replaced = Signoff.objects.filter(
        estimate=OuterRef("estimate"),
        role=OuterRef("role"),
        verdict=Verdict.APPROVE,
        lapses_on__gte=today,
        end__isnull=True,
    )
    lapsed = Signoff.objects.filter(lapses_on__lt=today).exclude(Exists(replaced))
    return Q(submitted_estimate__state=EstimateState.SUBMITTED) & (
        Q(submitted_estimate__signed_at__isnull=True)
        | Q(submitted_estimate__in=lapsed.values("estimate"))
    )


# --- Sums ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sums:
    """A budget's figures over some rows: never one figure for several budgets."""

    rows: int = 0
    estimated: int = 0
    tokens_per_month: int = 0
    ops_hours_week: Decimal = Decimal(0)

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.rows + other.rows,
            self.estimated + other.estimated,
            self.tokens_per_month + other.tokens_per_month,
            self.ops_hours_week + other.ops_hours_week,
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """What a filter leaves: sums by status, and what each chip would leave."""

    by_status: Mapping[str, Sums] = field(default_factory=dict)
    chips: Mapping[Only, int] = field(default_factory=dict)

    def of(self, *statuses: Status) -> Sums:
        return sum((self.by_status.get(one, Sums()) for one in statuses), Sums())

    @property
    def rows(self) -> int:
        return sum(sums.rows for sums in self.by_status.values())


def summary_of(asked: PlanFilter, today: date) -> Summary:
    """One query over the rows without the chip, so that every chip has its count."""
    rows = [_Status._make(row) for row in fetch_compiled(_by_status, asked, today)]
    return Summary(
        by_status={row.status: row.sums for row in rows},
        chips={
            Only.ALL: sum(row.everything for row in rows),
            Only.UNSIGNED: sum(row.unsigned for row in rows),
            Only.NO_GATE: sum(row.no_gate for row in rows),
        },
    )


class _Status(NamedTuple):
    status: str
    everything: int
    unsigned: int
    no_gate: int
    kept: int
    estimated: int
    tokens: Decimal | None
    hours: Decimal | None

    @property
    def sums(self) -> Sums:
        return _read_sums(self.kept, self.estimated, self.tokens, self.hours)


def _by_status(asked: PlanFilter, today: date) -> QuerySet[Any, Any]:
    kept = chip(asked.only, today) if asked.only else Q()
    return (
        filtered(asked.without_chip(), today)
        .values("status")
        .annotate(
            everything=Count("pk"),
            unsigned=Count("pk", filter=chip(Only.UNSIGNED, today)),
            no_gate=Count("pk", filter=chip(Only.NO_GATE, today)),
            **_sums(kept),
        )
        .values_list("status", "everything", "unsigned", "no_gate", *_SUMS)
    )


def sums_by_group(asked: PlanFilter, today: date) -> dict[str, Sums]:
    """Sums under each head of an owner or a department; "" for rows without one."""
    return {
        key: _read_sums(*sums) for key, *sums in fetch_compiled(_by_group, asked, today)
    }


def _by_group(asked: PlanFilter, today: date) -> QuerySet[Any, Any]:
    key = OWNER_SHOWN if asked.group == Group.OWNER else F("department__name")
    return (
        filtered(asked, today)
        .values(key=Coalesce(key, _EMPTY))
        .annotate(**_sums(Q()))
        .values_list("key", *_SUMS)
    )


_SUMS = ("kept", "estimated", "tokens_sum", "hours_sum")


def _sums(kept: Q) -> dict[str, Any]:
    return {
        "kept": Count("pk", filter=kept),
        "estimated": Count(f"{_SHOWN}tokens_per_month", filter=kept),
        "tokens_sum": Sum(f"{_SHOWN}tokens_per_month", filter=kept),
        "hours_sum": Sum(f"{_SHOWN}ops_hours_week", filter=kept),
    }


def _read_sums(
    rows: int, estimated: int, tokens: Decimal | None, hours: Decimal | None
) -> Sums:
    return Sums(rows, estimated, int(tokens or 0), hours or Decimal(0))
