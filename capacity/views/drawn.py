"""A chart of the budgets as the page shows it, and what several of them read."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from capacity.formulas.forecast import MonthForecast, OpsQuarter
from capacity.selectors.budgets import QuarterForecast
from capacity.selectors.outlook import Outlook
from portal.kernel import formats
from portal.kernel.charts_twin import Twin
from portal.kernel.periods import Month


@dataclass(frozen=True)
class Drawn:
    """One chart: geometry, its finding, and its twin table under `slug` as CSV."""

    slug: str
    name: str
    chart: Any
    finding: str
    twin: Twin


def months_of(outlook: Outlook, first: int, count: int) -> list[MonthForecast]:
    return [m for one in outlook.from_quarter(first, count) for m in one.months]


def priced_months(outlook: Outlook) -> set[Month]:
    return {
        as_month(month)
        for one in outlook.forecasts.values()
        if one.no_price is None
        for month in one.months
    }


def as_month(month: MonthForecast) -> Month:
    return Month.of(month.month.first_day)


def place_of(months: Sequence[MonthForecast], wanted: Month) -> int | None:
    return next((n for n, one in enumerate(months) if as_month(one) == wanted), None)


def ops_of(one: QuarterForecast) -> OpsQuarter:
    return one.months[0].ops


def floats(values: Sequence[Decimal | None]) -> list[float | None]:
    return [None if value is None else float(value) for value in values]


def figure(value: float) -> str:
    return formats.in_full(Decimal(str(round(value, 2))))
