"""The three budgets of a period, forecast against actual: by workload, and as a whole. Pure.

Forecasts are those of the version in force, with adoption ramp and growth. No budget is
added to another, and what is missing on one side is left out of the sums on both.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Protocol

from capacity.enums import Budget
from capacity.formulas import compute, growth, ops
from capacity.formulas.forecast import Numbers, Sized
from capacity.formulas.lines import ComputeLines
from capacity.formulas.periods import Month, Quarter
from capacity.formulas.recalibration import (
    Compared,
    Comparison,
    Figure,
    Usage,
    compare_inputs,
    observed,
    off_inputs,
)
from capacity.formulas.rounding import product, total
from capacity.formulas.tokens import grown_month

NOTHING = Decimal(0)
COMPUTE_COST = "compute_cost"
OPS_INPUT = "ops_hours_week"
THURSDAY = 3


class Hours(Protocol):
    """Hours that were logged in a month; an entry of 0 is an entry."""

    @property
    def hours(self) -> Decimal: ...


class Bill(Protocol):
    """A month's cost of each compute line, and its peak where somebody entered it."""

    @property
    def amounts(self) -> Mapping[str, Decimal]: ...
    @property
    def cost(self) -> Decimal: ...
    @property
    def peak_concurrent_sessions(self) -> Decimal | None: ...


@dataclass(frozen=True)
class Subject:
    """A workload that was live in the period, as the version in force states it.

    `sized` is None where that version says too little to be forecast. `live_on` and
    `retired_on` are days; `stated` are its inputs by name.
    """

    ref: str
    live_on: date
    retired_on: date | None
    sized: Sized | None
    stated: Mapping[str, Figure | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Actuals:
    """What was used, by (reference, month), and by month for the platform as a whole.

    `profiles` are the sessions begun in each of the 168 hours of the week.
    """

    usage: Mapping[tuple[str, Any], Usage]
    ops: Mapping[tuple[str | None, Any], Hours]
    compute: Mapping[Any, Bill]
    profiles: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Terms:
    """A period and what its forecast takes. Without a quarter only tokens are compared."""

    months: Sequence[Month]
    quarter: Quarter | None
    numbers: Numbers
    lines: ComputeLines
    threshold: Decimal


def compare_workload(subject: Subject, actuals: Actuals, terms: Terms) -> Comparison:
    """Inputs, budgets, what is off and what is missing, of one workload."""
    sized = subject.sized
    months = [one for one in terms.months if _is_live(subject, one)]
    usage = _each(actuals.usage, subject.ref, months)
    seen = observed(usage) if usage else None
    factors = [] if sized is None else _factors(sized, months, terms.numbers)
    adopted = Fraction(sum(factors, NOTHING)) / len(months) if months else Fraction(0)
    inputs = compare_inputs(subject.stated, seen, adopted=adopted)
    budgets = {str(Budget.TOKENS): _tokens(sized, factors, usage)}
    missing = [] if usage else [Budget.TOKENS]
    if terms.quarter is not None:
        hours = _hours_a_week(actuals.ops, subject.ref, months)
        budgets |= _compute(subject, factors, usage, actuals, terms, months)
        budgets[str(Budget.OPS)] = Compared(_ops_hours(sized, terms), hours)
        if not _is_first(sized, terms):
            inputs[OPS_INPUT] = budgets[str(Budget.OPS)]
        if not has_compute(actuals, terms):
            missing.append(Budget.COMPUTE)
        if hours is None:
            missing.append(Budget.OPS)
    return Comparison(
        inputs=inputs,
        budgets=budgets,
        off=off_inputs(inputs, terms.threshold),
        missing=tuple(str(one) for one in missing),
    )


def compare_platform(
    subjects: Sequence[Subject],
    found: Mapping[str, Comparison],
    actuals: Actuals,
    terms: Terms,
) -> dict[str, Compared]:
    """The platform's budgets: sums of what has both sides, and its own compute."""
    budgets = {str(Budget.TOKENS): _summed(found.values(), Budget.TOKENS)}
    if terms.quarter is None:
        return budgets
    peaks, costs = [], []
    for month in terms.months:
        peak, cost = _platform_month(subjects, month, terms)
        peaks.append(peak)
        costs.append(cost)
    bills = [actuals.compute[one] for one in terms.months if one in actuals.compute]
    highest = [
        bill.peak_concurrent_sessions
        for bill in bills
        if bill.peak_concurrent_sessions is not None
    ]
    budgets[str(Budget.COMPUTE)] = Compared(
        max(peaks, default=NOTHING),
        max(highest) if highest and len(highest) == len(terms.months) else None,
    )
    paid = total(*(bill.cost for bill in bills))
    budgets[COMPUTE_COST] = Compared(
        total(*costs), paid if _has_amounts(actuals, terms) else None
    )
    platform = Compared(
        ops.ops_load(
            stable_hours_week=NOTHING,
            workloads=len(subjects),
            shipping=0,
            uplift_hours_week=NOTHING,
            platform_hours_week=terms.numbers.platform_hours_week,
        ).hours_week,
        _hours_a_week(actuals.ops, None, terms.months),
    )
    hours = _summed(found.values(), Budget.OPS)
    both = hours if platform.actual is None else hours.plus(platform)
    budgets[str(Budget.OPS)] = both if both.actual is not None else platform
    return budgets


def is_calibrated(
    subjects: Sequence[Subject],
    found: Mapping[str, Comparison],
    actuals: Actuals,
    terms: Terms,
) -> bool:
    """Whether a quarter that has ended has every actual.

    Each workload that was live on all of its days has usage and an ops entry in each month,
    and the platform an amount for every compute line and a peak in each. Without a workload
    that was live throughout there is nothing to calibrate by.
    """
    first, last = terms.months[0].first_day, _last_day(terms.months[-1])
    throughout = [
        one
        for one in subjects
        if one.live_on <= first and (one.retired_on is None or one.retired_on > last)
    ]
    return (
        bool(throughout)
        and not any(found[one.ref].missing for one in throughout)
        and has_compute(actuals, terms)
    )


def has_compute(actuals: Actuals, terms: Terms) -> bool:
    """Whether each month has an amount for every compute line in force, and a peak."""
    return _has_amounts(actuals, terms) and all(
        actuals.compute[month].peak_concurrent_sessions is not None
        if month in actuals.compute
        else False
        for month in terms.months
    )


def weeks_of(months: Iterable[Month]) -> int:
    """ISO weeks of these months: a week lies where its Thursday does."""
    weeks = 0
    for month in months:
        day = month.first_day
        first = day + timedelta(days=(THURSDAY - day.weekday()) % 7)
        weeks += (_last_day(month) - first).days // 7 + 1
    return weeks


def _has_amounts(actuals: Actuals, terms: Terms) -> bool:
    for month in terms.months:
        lines = {one.line for one in terms.lines.in_force(month.first_day)}
        bill = actuals.compute.get(month)
        if not lines <= set(bill.amounts if bill else ()):
            return False
    return True


def _is_live(subject: Subject, month: Month) -> bool:
    begun = subject.live_on <= _last_day(month)
    return begun and (
        subject.retired_on is None or subject.retired_on >= month.first_day
    )


def _factors(sized: Sized, months: Sequence[Month], numbers: Numbers) -> list[Decimal]:
    return [
        growth.factor(
            months_since_ship=month.index - sized.ships.index,
            months_of_growth=month.index - sized.grows_from.index,
            growth_per_month=sized.growth_per_month,
            ramp=numbers.ramp,
        )
        for month in months
    ]


def _tokens(
    sized: Sized | None, factors: Sequence[Decimal], usage: Sequence[Usage]
) -> Compared:
    forecast = None
    if sized is not None:
        forecast = sum(
            grown_month(
                sized.per_user,
                users=sized.users,
                cached_input_share=sized.cached_input_share,
                of_steady=factor,
            ).total
            for factor in factors
        )
    used = sum(one.input_tokens + one.output_tokens for one in usage)
    return Compared(forecast, used if usage else None)


def _compute(
    subject: Subject,
    factors: Sequence[Decimal],
    usage: Sequence[Usage],
    actuals: Actuals,
    terms: Terms,
    months: Sequence[Month],
) -> dict[str, Compared]:
    """The workload's own peak and its cost: by the sessions stated, and those begun."""
    sized = subject.sized
    if sized is None:
        return {str(Budget.COMPUTE): Compared(None, None)}
    demand = _demand(sized)
    forecast = [demand.times(factor).peak for factor in factors]
    profile = actuals.profiles.get(subject.ref)
    weights = compute.weights_of(profile) if profile else sized.weights
    actual = [
        compute.demand(
            sessions_per_month=Decimal(one.sessions),
            session_minutes=sized.session_minutes,
            weights=weights,
        ).peak
        for one in usage
    ]
    return {
        str(Budget.COMPUTE): Compared(max(forecast), max(actual) if actual else None),
        COMPUTE_COST: Compared(
            _cost(forecast, months, terms),
            _cost(actual, months, terms) if actual else None,
        ),
    }


def _cost(peaks: Sequence[Decimal], months: Sequence[Month], terms: Terms) -> Decimal:
    return total(
        *(
            compute.workload_cost(
                peak, terms.numbers.headroom, terms.lines.per_session(month.first_day)
            )
            for peak, month in zip(peaks, months, strict=True)
        )
    )


def _platform_month(
    subjects: Iterable[Subject], month: Month, terms: Terms
) -> tuple[Decimal, Decimal]:
    """The forecast peak of all together, and what its sessions and the fixed lines cost."""
    demands = [
        _demand(one.sized).times(_factors(one.sized, [month], terms.numbers)[0])
        for one in subjects
        if one.sized is not None and _is_live(one, month)
    ]
    peak = compute.peaks(demands).platform
    bought = compute.capacity_sessions(peak, terms.numbers.headroom)
    per_session = terms.lines.per_session(month.first_day)
    cost = compute.variable_cost(bought, per_session)
    return peak, cost + terms.lines.fixed(month.first_day)


def _demand(sized: Sized) -> compute.Demand:
    return compute.demand(
        sessions_per_month=product(sized.sessions_per_user_month, sized.users),
        session_minutes=sized.session_minutes,
        weights=sized.weights,
    )


def _ops_hours(sized: Sized | None, terms: Terms) -> Decimal | None:
    """Stable hours a week, and in its first quarter the uplift on top of them."""
    if sized is None:
        return None
    uplift = terms.numbers.first_quarter_uplift_hours_week
    return sized.ops_hours_week + (uplift if _is_first(sized, terms) else NOTHING)


def _is_first(sized: Sized | None, terms: Terms) -> bool:
    return sized is not None and sized.first_quarter == terms.quarter


def _hours_a_week(
    found: Mapping[tuple[str | None, Any], Hours],
    ref: str | None,
    months: Sequence[Month],
) -> Fraction | None:
    """None where one of the months has no entry at all."""
    logged = _each(found, ref, months)
    if not logged:
        return None
    hours = sum((one.hours for one in logged), NOTHING)
    return Fraction(hours) / weeks_of(months)


def _each(
    found: Mapping[Any, Any], ref: str | None, months: Sequence[Any]
) -> list[Any]:
    """One of each month, or nothing at all: half a quarter is no actual of it."""
    rows = [found.get((ref, month)) for month in months]
    return [] if None in rows else rows


def _summed(found: Iterable[Comparison], budget: Budget) -> Compared:
    """Of what has both sides; nothing where none has."""
    known = [
        one
        for comparison in found
        if (one := comparison.budgets.get(str(budget))) is not None
        and one.forecast is not None
        and one.actual is not None
    ]
    if not known:
        return Compared(None, None)
    whole = Compared(0, 0)
    for one in known:
        whole = whole.plus(one)
    return whole


def _last_day(month: Month) -> date:
    return month.plus(1).first_day - timedelta(days=1)
