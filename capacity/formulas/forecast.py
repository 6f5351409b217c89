"""What a plan costs month by month, in three budgets that are never added up. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from capacity.formulas import compute, growth, ops, prices, staffing
from capacity.formulas.lines import ComputeLines
from capacity.formulas.periods import Month, Period, Quarter
from capacity.formulas.prices import RateCard
from capacity.formulas.rounding import product, total
from capacity.formulas.tokens import Tokens, TokensPerUserMonth, grown_month

NOTHING = Decimal(0)
NEVER = 10**9  # no month has that index


@dataclass(frozen=True, slots=True)
class Sized:
    """One workload as the forecast reads it: its signed inputs, and when it is there.

    `ships` is the first month of the ship quarter, and once live the month of going live;
    `retired` the last month in which it counts. `grows_from` is the later of the ship month
    and the month in which the estimate was submitted. `ranges` are the ends (low, high)
    between which inputs may lie, by input; `inputs` are the values of those with one.
    """

    ref: str
    status: str
    ships: Month
    first_quarter: Quarter
    users: int
    sessions_per_user_month: Decimal
    per_user: TokensPerUserMonth
    cached_input_share: Decimal
    growth_per_month: Decimal
    grows_from: Month
    session_minutes: Decimal
    weights: compute.Weights
    ops_hours_week: Decimal
    model: str
    retired: Month | None = None
    ranges: Mapping[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    inputs: Mapping[str, Decimal] = field(default_factory=dict)

    def is_there(self, month: Month) -> bool:
        begun = self.ships.index <= month.index
        return begun and (self.retired is None or month.index <= self.retired.index)


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of the model that a forecast takes. Shares 0–1, hours a week."""

    ramp: tuple[Decimal, ...]
    headroom: Decimal
    first_quarter_uplift_hours_week: Decimal
    platform_hours_week: Decimal
    hours_per_full_time_equivalent: Decimal
    fiscal_year_starts: int = 1


@dataclass(frozen=True, slots=True)
class WorkloadMonth:
    """One workload in one month. `compute_cost` is its own peak with headroom."""

    tokens: Tokens
    tokens_cost: Decimal
    peak_concurrent_sessions: Decimal
    compute_cost: Decimal


@dataclass(frozen=True, slots=True)
class ComputeMonth:
    """The platform's sessions at once, what is bought, and what that costs."""

    peaks: compute.Peaks
    capacity_sessions: int
    variable_cost: Decimal
    fixed_cost: Decimal

    @property
    def cost(self) -> Decimal:
        return total(self.variable_cost, self.fixed_cost)


@dataclass(frozen=True, slots=True)
class OpsQuarter:
    """Hours a week in a quarter; no ceiling where nobody has entered staffing."""

    load: ops.OpsLoad
    ceiling_hours_week: Decimal | None
    full_time_equivalents: Fraction

    @property
    def share_of_ceiling(self) -> Fraction | None:
        if self.ceiling_hours_week is None:
            return None
        return staffing.load(self.load.hours_week, self.ceiling_hours_week)


@dataclass(frozen=True, slots=True)
class MonthForecast:
    """One month: tokens, compute and ops side by side, and each workload's part."""

    month: Month
    tokens: Tokens
    tokens_cost: Decimal
    compute: ComputeMonth
    ops: OpsQuarter
    by_workload: Mapping[str, WorkloadMonth] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rates:
    """Prices, compute lines and staffed full-time equivalents by quarter."""

    card: RateCard
    lines: ComputeLines
    staffed: Mapping[Any, Decimal] = field(default_factory=dict)


def forecast(
    workloads: Sequence[Sized],
    periods: Sequence[Period],
    *,
    numbers: Numbers,
    rates: Rates,
) -> list[MonthForecast]:
    """Each month's three budgets. `prices.NoPrice` names a model and day without a price,
    `growth.OutOfReach` a workload that grows beyond what a forecast can tell.

    Parts are rounded per workload and month, sums are sums of rounded parts. Source: the
    capacity model's formulas for tokens, compute and ops.
    """
    steady = [_steady(workload) for workload in workloads]
    by_quarter: dict[Quarter, OpsQuarter] = {}
    result = []
    for period in periods:
        quarter = period.quarter
        if quarter not in by_quarter:
            by_quarter[quarter] = ops_of(workloads, quarter, numbers, rates.staffed)
        result.append(_month(steady, period.month, numbers, rates, by_quarter[quarter]))
    return result


@dataclass(slots=True)
class _Steady:
    """A workload with its sessions at once at full adoption, and its last month's answer.

    After the ramp and without growth a month is like the one before: only a new price or a
    new factor is computed anew. Months are their indices.
    """

    sized: Sized
    demand: compute.Demand
    ships: int
    grows_from: int
    ends: int
    known_for: tuple[Decimal, prices.Price, Decimal] | None = None
    known: WorkloadMonth | None = None


def _steady(workload: Sized) -> _Steady:
    sessions = product(workload.sessions_per_user_month, workload.users)
    return _Steady(
        workload,
        compute.demand(
            sessions_per_month=sessions,
            session_minutes=workload.session_minutes,
            weights=workload.weights,
        ),
        workload.ships.index,
        workload.grows_from.index,
        NEVER if workload.retired is None else workload.retired.index,
    )


def _month(
    steady: Iterable[_Steady],
    month: Month,
    numbers: Numbers,
    rates: Rates,
    ops_quarter: OpsQuarter,
) -> MonthForecast:
    index, first_day = month.index, month.first_day
    per_session = rates.lines.per_session(first_day)
    in_force: dict[str, prices.Price] = {}
    demands, parts = [], {}
    for one in steady:
        if not one.ships <= index <= one.ends:
            continue
        of_steady = _of_steady(one, index, numbers)
        model = one.sized.model
        if model not in in_force:
            in_force[model] = rates.card.price(model, first_day)
        demands.append(one.demand.times(of_steady))
        parts[one.sized.ref] = _part(
            one, of_steady, demands[-1], in_force[model], per_session, numbers.headroom
        )
    peaks = compute.peaks(demands)
    sessions = compute.capacity_sessions(peaks.platform, numbers.headroom)
    return MonthForecast(
        month=month,
        tokens=_sum_tokens(parts.values()),
        tokens_cost=total(*(part.tokens_cost for part in parts.values())),
        compute=ComputeMonth(
            peaks,
            sessions,
            compute.variable_cost(sessions, per_session),
            rates.lines.fixed(first_day),
        ),
        ops=ops_quarter,
        by_workload=parts,
    )


def _of_steady(one: _Steady, index: int, numbers: Numbers) -> Decimal:
    try:
        return growth.factor(
            months_since_ship=index - one.ships,
            months_of_growth=index - one.grows_from,
            growth_per_month=one.sized.growth_per_month,
            ramp=numbers.ramp,
        )
    except growth.OutOfReach as error:
        raise growth.OutOfReach(
            error.growth_per_month, error.months, one.sized.ref
        ) from error


def _part(
    one: _Steady,
    of_steady: Decimal,
    demand: compute.Demand,
    price: prices.Price,
    per_session: Decimal,
    headroom: Decimal,
) -> WorkloadMonth:
    key = (of_steady, price, per_session)
    if one.known is None or one.known_for != key:
        tokens = grown_month(
            one.sized.per_user,
            users=one.sized.users,
            cached_input_share=one.sized.cached_input_share,
            of_steady=of_steady,
        )
        one.known_for = key
        one.known = WorkloadMonth(
            tokens,
            prices.cost(tokens, price),
            demand.peak,
            compute.workload_cost(demand.peak, headroom, per_session),
        )
    return one.known


def ops_of(
    workloads: Iterable[Sized],
    quarter: Quarter,
    numbers: Numbers,
    staffed: Mapping[Any, Decimal],
) -> OpsQuarter:
    """Ops hours of the workloads that are live in a quarter or ship in it."""
    there = [one for one in workloads if counts_in(one, quarter, numbers)]
    load = ops.ops_load(
        stable_hours_week=sum((one.ops_hours_week for one in there), NOTHING),
        workloads=len(there),
        shipping=sum(one.first_quarter == quarter for one in there),
        uplift_hours_week=numbers.first_quarter_uplift_hours_week,
        platform_hours_week=numbers.platform_hours_week,
    )
    of_one = numbers.hours_per_full_time_equivalent
    people = staffed.get(quarter)
    return OpsQuarter(
        load,
        None if people is None else staffing.ceiling_hours_week(people, of_one),
        staffing.full_time_equivalents(load.hours_week, of_one),
    )


def counts_in(workload: Sized, quarter: Quarter, numbers: Numbers) -> bool:
    """Whether people work on it: from its first quarter to the one it is retired in."""
    if not workload.first_quarter <= quarter:
        return False
    if workload.retired is None:
        return True
    first = quarter.months(numbers.fiscal_year_starts)[0]
    return workload.retired.index >= first.index


def _sum_tokens(parts: Iterable[WorkloadMonth]) -> Tokens:
    given, cached, made = 0, 0, 0
    for part in parts:
        given += part.tokens.input_tokens
        cached += part.tokens.cached_input_tokens
        made += part.tokens.output_tokens
    return Tokens(given, cached, made)
