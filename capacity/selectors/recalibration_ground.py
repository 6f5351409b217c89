"""What a recalibration stands on, read once, as it stood when the run was asked for.

Plan, versions, numbers of the model, compute lines and entered actuals are those of that
moment; usage is what has arrived. A run that was interrupted reads all of it again, so that
its results are of one reading and never of two.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, ExtractIsoWeekDay, Greatest

from capacity.formulas.compute import HOURS_A_WEEK
from capacity.formulas.forecast import Sized
from capacity.formulas.growth import OutOfReach, require_in_reach
from capacity.formulas.recalibration import Figure
from capacity.formulas.recalibration_budgets import Actuals, Subject, Terms
from capacity.models import UsageHour
from capacity.selectors.actuals import (
    compute_by_month,
    days_of,
    ops_hours_by_month,
    usage_by_month,
)
from capacity.selectors.plan import Row, numbers_of, sized_of
from capacity.selectors.rates import compute_lines
from portal.kernel import clock
from portal.kernel.models import ModelNumbers
from portal.kernel.periods import Month, Quarter
from workloads.enums import Status
from workloads.models import Estimate, StatusStep, Workload
from workloads.rules.shown import ref_of

Period = Month | Quarter

COMPARED_INPUTS = (
    "users",
    "sessions_per_user_month",
    "turns_per_session",
    "input_tokens_per_turn",
    "output_tokens_per_turn",
    "output_multiplier",
    "tool_call_factor",
    "retry_factor",
    "cached_input_share",
)
DECLARED = "declared_tokens_per_user_month"
# Without a statement of their own in a declared estimate.
DECLARED_ALREADY = COMPARED_INPUTS[2:]
# How `Row` calls what it reads, where that differs from the column of the estimate.
_ROW_NAMES = {"declared": DECLARED, "estimate_model": "primary_model"}
_NOT_OF_ESTIMATE = (
    "number",
    "status",
    "ship_quarter",
    "plan_model",
    "live_at",
    "retired_at",
)


@dataclass(frozen=True)
class Ground:
    """Subjects in the order of their numbers, with number and key of each workload."""

    subjects: Sequence[Subject]
    numbers: Mapping[str, int]
    keys: Mapping[str, int]
    actuals: Actuals
    terms: Terms
    has_ended: bool
    is_newest_ended: bool


def read_period(text: str) -> Period:
    """2026Q2 or 2026-05; ValueError for anything else."""
    try:
        return Quarter.parse(text)
    except ValueError:
        return Month.parse(text)


def first_day_of(period: Period, starts: int) -> date:
    """`starts` is the month in which the fiscal year starts."""
    return period.first_day(starts) if isinstance(period, Quarter) else period.first_day


def newest_ended_quarter(as_of: datetime, starts: int) -> Quarter:
    return Quarter.of(clock.today(as_of), starts).plus(-1)


def ground(period: Period, as_of: datetime) -> Ground:
    """Nine queries, however many workloads; usage is one aggregate."""
    current = _numbers(as_of)
    starts = current.fiscal_year_starts
    this_month = Month.of(clock.today(as_of))
    whole = period.months(starts) if isinstance(period, Quarter) else (period,)
    months = [month for month in whole if month <= this_month]
    quarter = period if isinstance(period, Quarter) else None
    numbers, keys, subjects = _subjects(months, as_of, starts)
    return Ground(
        subjects=subjects,
        numbers=numbers,
        keys=keys,
        actuals=Actuals(
            usage=usage_by_month(months, as_of=as_of),
            ops=ops_hours_by_month(months, as_of=as_of) if quarter else {},
            compute=compute_by_month(months, as_of=as_of) if quarter else {},
            profiles=_profiles(months),
        ),
        terms=Terms(
            months=months,
            quarter=quarter,
            numbers=numbers_of(current),
            lines=compute_lines(as_of),
            threshold=current.recalibration_threshold,
        ),
        has_ended=whole[-1] < this_month,
        is_newest_ended=period == newest_ended_quarter(as_of, starts),
    )


def _numbers(as_of: datetime) -> ModelNumbers:
    known = ModelNumbers.objects.order_by("-version")
    found = known.filter(changed_at__lte=as_of).first()
    return found or ModelNumbers.objects.order_by("version")[:1].get()


def _subjects(
    months: Sequence[Month], as_of: datetime, starts: int
) -> tuple[dict[str, int], dict[str, int], list[Subject]]:
    """Whoever was live on a day of these months, by what was in force as they began."""
    rows = list(_were_live(months, as_of))
    versions = Estimate.objects.in_bulk([row["in_force"] for row in rows])
    numbers, keys, subjects = {}, {}, []
    for row in rows:
        ref = ref_of(row["number"])
        numbers[ref], keys[ref] = row["number"], row["pk"]
        version = versions.get(row["in_force"])
        subjects.append(
            Subject(
                ref=ref,
                live_on=clock.today(row["live_at"]),
                retired_on=clock.today(row["retired_at"])
                if row["retired_at"]
                else None,
                sized=_sized(row, version, months[-1], starts) if version else None,
                stated=_stated(version) if version else {},
            )
        )
    return numbers, keys, subjects


def _sized(
    row: Mapping[str, Any], version: Estimate, last: Month, starts: int
) -> Sized | None:
    """None also where it grows too long to be forecast: that stops no other."""
    sized = sized_of(_row(row, version), starts)
    if sized is not None:
        try:
            require_in_reach(
                sized.growth_per_month, last.index - sized.grows_from.index
            )
        except OutOfReach:
            return None
    return sized


def _were_live(months: Sequence[Month], as_of: datetime) -> QuerySet[Workload, Any]:
    begin = clock.midnight(months[0].first_day)
    end = clock.midnight(months[-1].plus(1).first_day)
    signed = Estimate.objects.filter(workload=OuterRef("pk"), signed_at__lte=as_of)
    by_then = signed.filter(signed_at__lte=Greatest(Value(begin), OuterRef("live_at")))
    return (
        Workload.objects.annotate(
            live_at=_step(Status.LIVE, as_of), retired_at=_step(Status.RETIRED, as_of)
        )
        .filter(live_at__lt=end)
        .filter(Q(retired_at__isnull=True) | Q(retired_at__gte=begin))
        .annotate(
            in_force=Coalesce(
                # The newest that was signed as the workload's months began; where a
                # signature was withdrawn since, the first signed after; else as shown.
                Subquery(by_then.order_by("-version").values("pk")[:1]),
                Subquery(signed.order_by("version").values("pk")[:1]),
                F("shown_estimate_id"),
            )
        )
        .order_by("number")
        .values(
            *("pk", "number", "ship_quarter", "primary_model"),
            *("live_at", "retired_at", "in_force"),
        )
    )


def _step(target: Status, as_of: datetime) -> Subquery:
    steps = StatusStep.objects.filter(
        workload=OuterRef("pk"), target=target, at__lte=as_of
    )
    return Subquery(steps.order_by("-at").values("at")[:1])


def _row(workload: Mapping[str, Any], version: Estimate) -> Row:
    of_estimate = {
        name: getattr(version, _ROW_NAMES.get(name, name))
        for name in Row._fields
        if name not in _NOT_OF_ESTIMATE
    }
    return Row(
        number=workload["number"],
        status=Status.LIVE,
        ship_quarter=workload["ship_quarter"],
        plan_model=workload["primary_model"],
        live_at=workload["live_at"],
        retired_at=workload["retired_at"],
        **of_estimate,
    )


def _stated(version: Estimate) -> dict[str, Figure | None]:
    """A declared estimate states its tokens, and none of the factors."""
    if version.declared_tokens_per_user_month is None:
        return {name: getattr(version, name) for name in COMPARED_INPUTS}
    stated = dict.fromkeys(COMPARED_INPUTS)
    return {
        **stated,
        "users": version.users,
        "sessions_per_user_month": version.sessions_per_user_month,
        DECLARED: version.declared_tokens_per_user_month,
    }


def _profiles(months: Sequence[Month]) -> dict[str, tuple[int, ...]]:
    """Sessions begun by hour of the week, index 0 = Monday 00:00, of who has any."""
    rows = (
        UsageHour.objects.filter(days_of(months))
        .order_by()
        .values_list("workload__number", ExtractIsoWeekDay("day"), "hour")
        .annotate(Sum("sessions"))
    )
    found: dict[str, list[int]] = {}
    for number, weekday, hour, sessions in rows:
        hours = found.setdefault(ref_of(number), [0] * HOURS_A_WEEK)
        hours[(weekday - 1) * 24 + hour] = int(sessions)
    return {ref: tuple(hours) for ref, hours in found.items() if any(hours)}
