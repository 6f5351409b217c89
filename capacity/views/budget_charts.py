"""The charts of tokens and compute: what is drawn, the finding, and the twin."""

from collections.abc import Sequence
from decimal import Decimal

from capacity.formulas.forecast import MonthForecast
from capacity.selectors.outlook import AHEAD, BACK, Outlook
from capacity.views.budget_words import (
    axis_money,
    dated,
    hour_of_week,
    letter,
    name_of,
    rounded,
    sessions_of,
)
from capacity.views.drawn import (
    Drawn,
    as_month,
    figure,
    floats,
    months_of,
    place_of,
    priced_months,
)
from portal.kernel import formats
from portal.kernel.charts_bars import Bar, bar_chart
from portal.kernel.charts_heat import DAYS, heat_map
from portal.kernel.charts_months import Band, Line, month_chart
from portal.kernel.charts_twin import Twin
from portal.kernel.periods import Month

FOUR_HOURS = 4


# --- Tokens --------------------------------------------------------------------------


def tokens(outlook: Outlook) -> Drawn:
    """Cost a month: signed, recalibrated, actual, and the band of what may be."""
    months = months_of(outlook, -BACK, AHEAD + BACK)
    priced = priced_months(outlook)
    signed = [_cost(month, priced) for month in months]
    observed = _recalibrated(outlook, months, priced)
    actual = [outlook.spent.get(as_month(month)) for month in months]
    low = [_edge(outlook, month, 0) for month in months]
    high = [_edge(outlook, month, 2) for month in months]
    currency = outlook.currency
    return Drawn(
        slug="tokens",
        name="Token cost a month",
        chart=month_chart(
            [letter(month) for month in months],
            lines=[
                Line("signed", floats(signed)),
                Line("recal", floats(observed)),
            ],
            actual=floats(actual),
            open_month=place_of(months, Month.of(outlook.today)),
            band=Band(floats(low), floats(high)) if outlook.band else None,
            labelled=[3 * BACK + 2],
            words=axis_money(currency),
            label_words=lambda value: formats.money(Decimal(str(value)), currency),
        ),
        finding=_tokens_finding(outlook, months, signed, actual),
        twin=Twin(
            (
                "Month",
                f"Signed, {currency}",
                f"Recalibrated, {currency}",
                f"Actual, {currency}",
                "P10",
                "P90",
            ),
            [
                (str(month.month), *cells)
                for month, *cells in zip(
                    months, signed, observed, actual, low, high, strict=True
                )
            ],
        ),
    )


def _tokens_finding(
    outlook: Outlook,
    months: Sequence[MonthForecast],
    signed: Sequence[Decimal | None],
    actual: Sequence[Decimal | None],
) -> str:
    known = [
        (month, cost)
        for month, cost in zip(months, signed, strict=True)
        if cost is not None
    ]
    if not known:
        return "The rate card has no price for these months."
    (first, least), (last, most) = known[0], known[-1]
    words = (
        f"The signed line goes from {formats.money(least, outlook.currency)} in "
        f"{dated(first)} to {formats.money(most, outlook.currency)} in {dated(last)}"
    )
    spent = [
        (month, cost)
        for month, cost in zip(months, actual, strict=True)
        if cost is not None
    ]
    if not spent:
        return f"{words}; there are no actuals yet."
    month, cost = spent[-1]
    return (
        f"{words}; {dated(month)} really cost {formats.money(cost, outlook.currency)}."
    )


def _cost(month: MonthForecast, priced: set[Month]) -> Decimal | None:
    """Nothing is drawn before the first workload ships, nor without a price."""
    there = month.by_workload and as_month(month) in priced
    return month.tokens_cost if there else None


def _recalibrated(
    outlook: Outlook, months: Sequence[MonthForecast], priced: set[Month]
) -> list[Decimal | None]:
    run = outlook.recalibrated
    return [
        run.tokens_cost(month) if run and _cost(month, priced) is not None else None
        for month in months
    ]


def _edge(outlook: Outlook, month: MonthForecast, place: int) -> Decimal | None:
    band = outlook.band.get(as_month(month))
    return band[place] if band and month.by_workload else None


# --- Compute -------------------------------------------------------------------------


def compute(outlook: Outlook) -> Drawn:
    """Sessions at once, and the headroom that is bought above them."""
    months = months_of(outlook, 0, AHEAD)
    bars = [
        Bar(
            letter(month),
            (
                ("b1", float(month.compute.peaks.platform)),
                ("b2", _headroom(month)),
            ),
            above=(
                formats.in_full(month.compute.capacity_sessions)
                if n in (2, len(months) - 1)
                else ""
            ),
        )
        for n, month in enumerate(months)
    ]
    busiest = max(months, key=lambda month: month.compute.capacity_sessions)
    return Drawn(
        slug="compute",
        name="Concurrent sessions a month",
        chart=bar_chart(bars, words=figure),
        finding=(
            f"The highest peak is {sessions_of(busiest.compute.peaks.platform)} sessions in "
            f"{dated(busiest)}; {formats.in_full(busiest.compute.capacity_sessions)} "
            "are bought for it."
        ),
        twin=Twin(
            (
                "Month",
                "Peak",
                "Peaks added up",
                "To buy",
                f"Fixed, {outlook.currency}",
                f"Sessions, {outlook.currency}",
                f"Cost, {outlook.currency}",
            ),
            [
                (
                    str(month.month),
                    rounded(month.compute.peaks.platform),
                    rounded(month.compute.peaks.sum_of_peaks),
                    month.compute.capacity_sessions,
                    month.compute.fixed_cost,
                    month.compute.variable_cost,
                    month.compute.cost,
                )
                for month in months
            ],
        ),
    )


def _headroom(month: MonthForecast) -> float:
    return month.compute.capacity_sessions - float(month.compute.peaks.platform)


def heat(outlook: Outlook) -> Drawn:
    """The busiest month's sessions by hour of the week."""
    month = outlook.shown.busiest
    peaks = month.compute.peaks
    values = [float(value) for value in peaks.by_hour]
    peak = f"peak {sessions_of(peaks.platform)}, {hour_of_week(peaks.hour)}"
    starts = range(0, 24, FOUR_HOURS)
    return Drawn(
        slug="week",
        name=f"Concurrent sessions by hour of the week, {name_of(month)}",
        chart=heat_map(values, peak),
        finding=(
            f"The peak is {sessions_of(peaks.platform)} sessions, "
            f"{hour_of_week(peaks.hour)}:00."
            if peaks.platform
            else "Nothing runs in this quarter."
        ),
        twin=Twin(
            ("Day", *(f"{start:02}–{start + FOUR_HOURS - 1:02}" for start in starts)),
            [
                (
                    day,
                    *(
                        Decimal(str(round(max(hours[start : start + FOUR_HOURS]), 1)))
                        for start in starts
                    ),
                )
                for day, hours in zip(
                    DAYS,
                    (values[24 * n : 24 * n + 24] for n in range(7)),
                    strict=True,
                )
            ],
        ),
    )
