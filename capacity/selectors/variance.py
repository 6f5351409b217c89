"""Actual against forecast in money over a fiscal year, by budget, and where it ends."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from capacity.enums import Budget
from capacity.formulas.forecast import MonthForecast
from capacity.formulas.prices import NoPrice, RateCard
from capacity.formulas.reserve import WEEKS_A_QUARTER
from capacity.formulas.rounding import quotient, round_up, to_cents
from capacity.formulas.tokens import Tokens
from capacity.formulas.variance import Line, Variance, outlook, variance
from capacity.selectors.actuals import (
    ComputeMonth,
    OpsMonth,
    UsageMonth,
    compute_by_month,
    days_of,
    ops_hours_by_month,
    usage_by_month,
)
from capacity.selectors.forecast import Ground, ground
from capacity.selectors.token_prices import priced_usage, split
from portal.kernel.periods import Month, Quarter

MONTHS_A_YEAR = 12
NONE = Decimal(0)


@dataclass(frozen=True, slots=True)
class VarianceRow:
    """A workload, a compute line or the ops team over the months with actuals."""

    name: str
    split: Variance


@dataclass(frozen=True)
class BudgetVariance:
    """One budget over the year: what differs so far, and where the year ends at this
    pace. `months` are those with actuals; the rows sum to the total."""

    budget: Budget
    rows: tuple[VarianceRow, ...]
    months: tuple[Month, ...]
    forecast_year: Decimal
    outlook_year: Decimal

    @property
    def total(self) -> Variance:
        return _sum([row.split for row in self.rows])


@dataclass(frozen=True)
class YearVariance:
    """A fiscal year, named by the year in which it ends."""

    year: int
    months: tuple[Month, ...]
    budgets: tuple[BudgetVariance, ...]
    currency: str


def year_variance(today: date) -> YearVariance:
    """The fiscal year of `today`, its ended months; `PriceMissing` without a price.

    A fixed number of queries, whatever the plan.
    """
    on = ground()
    starts = on.current.fiscal_year_starts
    year = Quarter.of(today, starts).year
    first = Quarter(year, 1).months(starts)[0]
    forecasts = on.months(first, MONTHS_A_YEAR)
    months = tuple(first.plus(later) for later in range(MONTHS_A_YEAR))
    ended = [month for month in months if month.last_day < today]
    budgets = (
        _tokens(on, forecasts, ended),
        _compute(on, forecasts, ended),
        _ops(on, forecasts, ended),
    )
    return YearVariance(year, months, budgets, on.current.currency)


# --- Tokens --------------------------------------------------------------------------


def _tokens(
    on: Ground, forecasts: Sequence[MonthForecast], ended: Sequence[Month]
) -> BudgetVariance:
    used = usage_by_month(ended)
    known = sorted({month for _, month in used})
    pairs = _Pairs(on, forecasts, known)
    pairs.add_measured()
    pairs.add_entered(used)
    by_month = pairs.by_month()
    totals = {
        month: _sum([part for (_, one), part in by_month.items() if one == month])
        for month in known
    }
    refs = sorted({ref for ref, _ in by_month})
    rows = [
        VarianceRow(ref, _sum([p for (one, _), p in by_month.items() if one == ref]))
        for ref in refs
    ]
    expected = [month.tokens_cost for month in forecasts]
    budget = _budget(Budget.TOKENS, rows, forecasts, expected, totals)
    every = {ref for one in forecasts for ref in one.by_workload} | set(refs)
    year = sum((_year_of(ref, by_month, forecasts, known) for ref in every), NONE)
    return replace(budget, outlook_year=year)


def _year_of(
    ref: str,
    by_month: Mapping[tuple[str, Month], Variance],
    forecasts: Sequence[MonthForecast],
    known: Collection[Month],
) -> Decimal:
    """A workload's year at its own pace. What has used nothing yet has no pace: its
    months to come are as forecast."""
    expected, actual = [], []
    for one in forecasts:
        month, part = Month.of(one.month.first_day), one.by_workload.get(ref)
        told = by_month.get((ref, month))
        expected.append(part.tokens_cost if part else NONE)
        actual.append((told.actual if told else NONE) if month in known else None)
    if any(actual):
        return outlook(actual, expected)
    ahead = zip(expected, actual, strict=True)
    return sum((cost for cost, spent in ahead if spent is None), NONE)


class _Pairs:
    """(forecast, actual) lines of tokens, by workload and month, then model and kind."""

    def __init__(
        self, on: Ground, forecasts: Sequence[MonthForecast], known: Sequence[Month]
    ) -> None:
        self.card: RateCard = on.rates.card
        self.models = {one.ref: one.model for one in on.plan.sized}
        self.known = known
        self.planned: dict[tuple[str, Month], dict[tuple[str, str], Line]] = {}
        self.actual: dict[tuple[str, Month], dict[tuple[str, str, Decimal], int]] = {}
        for month in forecasts:
            when = Month.of(month.month.first_day)
            if when in known:
                for ref, part in month.by_workload.items():
                    self._plan(ref, when, part.tokens)

    def _plan(self, ref: str, month: Month, tokens: Tokens) -> None:
        model = self.models[ref]
        price = self.card.price(model, month.first_day)
        self.planned[ref, month] = {
            (model.casefold(), kind): Line(count, per_token)
            for kind, count, per_token in split(tokens, price)
        }

    def add_measured(self) -> None:
        if not self.known:
            return
        for part in priced_usage(days_of(self.known), self.card):
            key = (part.ref, Month.of(part.day))
            some = self.actual.setdefault(key, {})
            line = (part.model, part.kind, part.per_token)
            some[line] = some.get(line, 0) + part.tokens

    def add_entered(self, used: Mapping[tuple[str, Month], UsageMonth]) -> None:
        """What nobody measured is priced as the workload's model on the first day."""
        for key, month in used.items():
            if month.is_measured or month.ref not in self.models:
                continue
            model = self.models[month.ref]
            try:
                price = self.card.price(model, month.month.first_day)
            except NoPrice:
                continue
            tokens = Tokens(
                month.input_tokens, month.cached_input_tokens, month.output_tokens
            )
            self.actual[key] = {
                (model.casefold(), kind, per_token): count
                for kind, count, per_token in split(tokens, price)
            }

    def by_month(self) -> dict[tuple[str, Month], Variance]:
        keys = {*self.planned, *self.actual}
        return {key: variance(self._lines(key)) for key in keys}

    def _lines(self, key: tuple[str, Month]) -> list[tuple[Line, Line]]:
        planned = dict(self.planned.get(key, {}))
        lines = []
        for (model, kind, per_token), count in self.actual.get(key, {}).items():
            expected = planned.pop((model, kind), None)
            if expected is None:
                # Not planned, or told already at another price of the month.
                at = self._price_at(model, kind, key[1], per_token)
                expected = Line(0, at)
            lines.append((expected, Line(count, per_token)))
        unused = [(line, Line(0, line.unit_price)) for line in planned.values()]
        return [*lines, *unused]

    def _price_at(
        self, model: str, kind: str, month: Month, otherwise: Decimal
    ) -> Decimal:
        try:
            price = self.card.price(model, month.first_day)
        except NoPrice:
            return otherwise
        return {one: each for one, _, each in split(Tokens(), price)}[kind]


# --- Compute -------------------------------------------------------------------------


def _compute(
    on: Ground, forecasts: Sequence[MonthForecast], ended: Sequence[Month]
) -> BudgetVariance:
    entered = compute_by_month(ended)
    parts: dict[str, list[Variance]] = {}
    totals: dict[Month, Variance] = {}
    for month in forecasts:
        when = Month.of(month.month.first_day)
        told = entered.get(when)
        if told is None or not told.amounts:
            continue
        of_lines = _lines_of(on, month, told)
        totals[when] = _sum(list(of_lines.values()))
        for line, part in of_lines.items():
            parts.setdefault(line, []).append(part)
    rows = [
        VarianceRow(line.replace("_", " "), _sum(some))
        for line, some in sorted(parts.items())
    ]
    expected = [month.compute.cost for month in forecasts]
    return _budget(Budget.COMPUTE, rows, forecasts, expected, totals)


def _lines_of(
    on: Ground, month: MonthForecast, told: ComputeMonth
) -> dict[str, Variance]:
    """A fixed line differs by price alone. One per session differs by the sessions that
    the peak asked for, where a peak was entered, and by price for the rest."""
    found = {}
    in_force = {one.line: one for one in on.rates.lines.in_force(month.month.first_day)}
    for line in sorted({*in_force, *told.amounts}):
        actual = told.amounts.get(line, NONE)
        rate = in_force.get(line)
        each = rate.amount_per_session_month if rate else None
        if each is None:
            fixed = rate.amount_per_month if rate else None
            found[line] = variance([(Line(1, fixed or NONE), Line(1, actual))])
            continue
        planned = month.compute.capacity_sessions
        bought = planned
        if told.peak_concurrent_sessions is not None:
            headroom = 1 + on.numbers.headroom
            bought = round_up(told.peak_concurrent_sessions * headroom)
        by_volume = variance([(Line(planned, each), Line(bought, each))])
        rest = actual - by_volume.actual
        found[line] = Variance(
            by_volume.forecast, actual, by_volume.volume, by_volume.mix, rest
        )
    return found


# --- Ops -----------------------------------------------------------------------------


def _ops(
    on: Ground, forecasts: Sequence[MonthForecast], ended: Sequence[Month]
) -> BudgetVariance:
    """Hours at the price of an ops hour: they differ by volume alone. A month is a third
    of its quarter's thirteen weeks."""
    each = on.current.ops_hour_price
    logged = ops_hours_by_month(ended)
    hours = {month: _hours(logged.values(), month) for _, month in logged}
    totals: dict[Month, Variance] = {}
    expected = []
    for month in forecasts:
        when = Month.of(month.month.first_day)
        needed = quotient(month.ops.load.hours_week * WEEKS_A_QUARTER, 3)
        expected.append(to_cents(needed * each))
        if when in hours:
            lines = (Line(needed, each), Line(hours[when], each))
            totals[when] = variance([lines])
    rows = [VarianceRow("ops team", _sum(list(totals.values())))] if totals else []
    return _budget(Budget.OPS, rows, forecasts, expected, totals)


def _hours(logged: Iterable[OpsMonth], month: Month) -> Decimal:
    return sum((one.hours for one in logged if one.month == month), NONE)


# --- Sums ----------------------------------------------------------------------------


def _budget(
    budget: Budget,
    rows: Sequence[VarianceRow],
    forecasts: Sequence[MonthForecast],
    expected: Sequence[Decimal],
    totals: Mapping[Month, Variance],
) -> BudgetVariance:
    actual = [
        totals[when].actual
        if (when := Month.of(one.month.first_day)) in totals
        else None
        for one in forecasts
    ]
    return BudgetVariance(
        budget=budget,
        rows=tuple(rows),
        months=tuple(sorted(totals)),
        forecast_year=sum(expected, NONE),
        outlook_year=outlook(actual, expected),
    )


def _sum(parts: Sequence[Variance]) -> Variance:
    names = ("forecast", "actual", "volume", "mix", "price")
    return Variance(
        **{name: sum((getattr(one, name) for one in parts), NONE) for name in names}
    )
