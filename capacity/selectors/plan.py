"""The plan as the forecast reads it: each workload with the inputs that it shows."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import OuterRef, Q, QuerySet, Subquery

from capacity.formulas import compute
from capacity.formulas.forecast import Numbers, Sized
from capacity.formulas.tokens import (
    TokensPerUserMonth,
    declared_tokens,
    tokens_per_user_month,
)
from portal.kernel import clock
from portal.kernel.models import ModelNumbers
from portal.kernel.periods import Month, Quarter
from workloads.enums import COUNTED, Status
from workloads.models import StatusStep, Workload
from workloads.rules.estimates import RANGED_INPUTS, EstimateInputs
from workloads.rules.shown import ref_of
from workloads.selectors.quarters import first_quarter_of

_SHOWN = "shown_estimate__"
_AS_READ = {"declared_tokens_per_user_month": "declared"}


@dataclass(frozen=True)
class PlanToSize:
    """Workloads with their numbers, and the references of those that lack some."""

    sized: tuple[Sized, ...] = ()
    unknown: tuple["Unsized", ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Unsized:
    """A workload of the plan whose estimate does not say enough to be forecast."""

    ref: str
    status: str
    first_quarter: Quarter | None


def numbers_of(current: ModelNumbers) -> Numbers:
    """The numbers of the model as the formulas take them."""
    return Numbers(
        ramp=tuple(current.adoption_ramp),
        headroom=current.compute_headroom,
        first_quarter_uplift_hours_week=current.first_quarter_uplift_hours_week,
        platform_hours_week=current.platform_hours_week,
        hours_per_full_time_equivalent=current.hours_per_full_time_equivalent,
        fiscal_year_starts=current.fiscal_year_starts,
    )


def plan_to_size(
    current: ModelNumbers, statuses: Collection[str] = COUNTED
) -> PlanToSize:
    """Workloads of these statuses, one query; retired ones up to their last month.

    A workload without a ship quarter is in no month, so it counts as unknown.
    """
    sized, unknown = [], []
    for row in _rows(statuses):
        one = sized_of(row, current.fiscal_year_starts)
        if one is None:
            quarter = Quarter.parse(row.ship_quarter) if row.ship_quarter else None
            unknown.append(Unsized(ref_of(row.number), row.status, quarter))
        else:
            sized.append(one)
    return PlanToSize(tuple(sized), tuple(unknown))


def size_workload(number: int, current: ModelNumbers) -> Sized | None:
    """One workload whatever its status, one query; None as `sized_of` says."""
    found = _query(tuple(Status)).filter(number=number).values_list(*_COLUMNS).first()
    return sized_of(Row._make(found), current.fiscal_year_starts) if found else None


class Row(NamedTuple):
    """What sizing a workload reads of it and of one of its estimates."""

    number: int
    status: str
    ship_quarter: str
    plan_model: str
    live_at: datetime | None
    retired_at: datetime | None
    users: int | None
    sessions_per_user_month: Decimal | None
    turns_per_session: Decimal | None
    input_tokens_per_turn: Decimal | None
    output_tokens_per_turn: Decimal | None
    output_multiplier: Decimal | None
    tool_call_factor: Decimal | None
    retry_factor: Decimal | None
    session_minutes: Decimal | None
    profile: Any
    ops_hours_week: Decimal | None
    growth_per_month: Decimal | None
    cached_input_share: Decimal | None
    declared: int | None
    declared_input_share: Decimal | None
    ranges: dict[str, list[float]] | None
    estimate_model: str | None
    submitted_at: datetime | None


_INPUTS = (
    "users",
    "sessions_per_user_month",
    "turns_per_session",
    "input_tokens_per_turn",
    "output_tokens_per_turn",
    "output_multiplier",
    "tool_call_factor",
    "retry_factor",
    "session_minutes",
    "profile",
    "ops_hours_week",
    "growth_per_month",
    "cached_input_share",
    "declared_tokens_per_user_month",
    "declared_input_share",
    "ranges",
)
_COLUMNS = (
    "number",
    "status",
    "ship_quarter",
    "primary_model",
    "live_at",
    "retired_at",
    *(f"{_SHOWN}{name}" for name in (*_INPUTS, "primary_model", "submitted_at")),
)


def rows_by_number(numbers: Collection[int]) -> dict[int, Row]:
    """What sizing reads of these workloads, whatever their status. One query."""
    found = _query(tuple(Status)).filter(number__in=numbers).values_list(*_COLUMNS)
    return {values[0]: Row._make(values) for values in found}


def _rows(statuses: Collection[str]) -> list[Row]:
    return [Row._make(row) for row in _query(statuses).values_list(*_COLUMNS)]


def _query(statuses: Collection[str]) -> QuerySet[Workload]:
    went_live = _step(Status.LIVE)
    return (
        Workload.objects.annotate(live_at=went_live, retired_at=_step(Status.RETIRED))
        .filter(
            Q(status__in=[str(status) for status in statuses])
            | Q(status=Status.RETIRED, live_at__isnull=False)
        )
        .order_by("number")
    )


def _step(target: Status) -> Subquery:
    steps = StatusStep.objects.filter(workload=OuterRef("pk"), target=target)
    return Subquery(steps.order_by("-at").values("at")[:1])


def sized_of(row: Row, starts: int) -> Sized | None:
    """None where the estimate does not say enough, or no ship quarter is set.

    `starts` is the month in which the fiscal year starts.
    """
    per_user = _per_user(row)
    if (
        per_user is None
        or row.users is None
        or row.sessions_per_user_month is None
        or row.session_minutes is None
        or row.ops_hours_week is None
        or not row.ship_quarter
    ):
        return None
    live_on = clock.today(row.live_at) if row.live_at else None
    quarter = first_quarter_of(row.ship_quarter, live_on, starts)
    ships = Month.of(live_on) if live_on else quarter.months(starts)[0]
    submitted = Month.of(clock.today(row.submitted_at)) if row.submitted_at else ships
    profile = row.profile
    return Sized(
        ref=ref_of(row.number),
        status=row.status,
        ships=ships,
        first_quarter=quarter,
        users=row.users,
        sessions_per_user_month=row.sessions_per_user_month,
        per_user=per_user,
        cached_input_share=(
            Decimal(0)
            if row.declared is not None
            else row.cached_input_share or Decimal(0)
        ),
        growth_per_month=row.growth_per_month or Decimal(0),
        grows_from=max(ships, submitted),
        session_minutes=row.session_minutes,
        weights=compute.weights_of(
            profile if isinstance(profile, str) else tuple(profile)
        ),
        ops_hours_week=row.ops_hours_week,
        model=row.estimate_model or row.plan_model,
        retired=Month.of(clock.today(row.retired_at)) if row.retired_at else None,
        **ranged(row.ranges, row),
    )


def sized_if_shipped(
    ref: str, inputs: EstimateInputs, quarter: Quarter, now: datetime, starts: int
) -> Sized | None:
    """A workload that no plan has, as if its estimate were submitted `now`.

    None where inputs are missing.
    """
    declared = "declared_tokens_per_user_month"
    row = Row(
        number=0,
        status="",
        ship_quarter=str(quarter),
        plan_model=inputs.primary_model,
        live_at=None,
        retired_at=None,
        declared=inputs.declared_tokens_per_user_month,
        estimate_model=inputs.primary_model,
        submitted_at=now,
        **{name: getattr(inputs, name) for name in _INPUTS if name != declared},
    )
    one = sized_of(row, starts)
    return None if one is None else replace(one, ref=ref)


def ranged(ranges: dict[str, list[float]] | None, source: object) -> dict[str, Any]:
    """The ends of an estimate's ranges, and every value that a sample may start from.

    Without ranges both stay empty: most estimates have none, and nothing is copied.
    """
    if not ranges:
        return {}
    return {
        "ranges": {
            name: (Decimal(str(low)), Decimal(str(high)))
            for name, (low, high) in ranges.items()
        },
        "inputs": {
            name: Decimal(value)
            for name in (*RANGED_INPUTS, "declared_input_share")
            if (value := getattr(source, _AS_READ.get(name, name))) is not None
        },
    }


def _per_user(row: Row) -> TokensPerUserMonth | None:
    if row.declared is not None:
        return declared_tokens(row.declared, row.declared_input_share or Decimal(0))
    if (
        row.sessions_per_user_month is None
        or row.turns_per_session is None
        or row.input_tokens_per_turn is None
        or row.output_tokens_per_turn is None
    ):
        return None
    one = Decimal(1)
    return tokens_per_user_month(
        sessions_per_user_month=row.sessions_per_user_month,
        turns_per_session=row.turns_per_session,
        input_tokens_per_turn=row.input_tokens_per_turn,
        output_tokens_per_turn=row.output_tokens_per_turn,
        output_multiplier=_or(row.output_multiplier, one),
        tool_call_factor=_or(row.tool_call_factor, one),
        retry_factor=_or(row.retry_factor, one),
    )


def _or(value: Decimal | None, other: Decimal) -> Decimal:
    return other if value is None else value
