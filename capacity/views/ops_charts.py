"""The charts of people's hours: against staffing, and what too few of them cost."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from capacity.formulas.staffing import CurvePoint, lowest, staffing_curve
from capacity.selectors.budgets import QuarterForecast
from capacity.selectors.outlook import AHEAD, Outlook
from capacity.views.budget_words import axis_money, rounded
from capacity.views.drawn import Drawn, figure, ops_of
from portal.kernel import formats
from portal.kernel.charts_bars import Bar, bar_chart
from portal.kernel.charts_curve import curve
from portal.kernel.charts_twin import Twin

STEPS_OF_ONE = 4  # points of the curve a full-time equivalent


# --- Ops -----------------------------------------------------------------------------


def ops(outlook: Outlook, unknown: Mapping[str, Sequence[str]]) -> Drawn:
    """Hours a week by quarter, stacked, against the hours staffed.

    `unknown` names, by quarter, workloads whose hours nobody has estimated.
    """
    quarters = outlook.from_quarter(0, AHEAD + 1)
    bars = [
        _ops_bar(outlook, one, unknown.get(str(one.quarter), ())) for one in quarters
    ]
    return Drawn(
        slug="ops",
        name="Ops hours a week against staffing",
        chart=bar_chart(
            bars,
            words=figure,
            limit_words=_staffed_words(outlook, quarters),
            width=600,
            height=290,
            right=116,
            above=22,
            below=44,
            wide=True,
        ),
        finding=_ops_finding(quarters),
        twin=Twin(
            (
                "Quarter",
                "Stable",
                "First quarter",
                "Platform",
                "Required",
                "Staffed",
                "Logged",
            ),
            [
                (
                    one.quarter.label,
                    *(
                        rounded(part)
                        for part in (load.stable, load.first_quarter, load.platform)
                    ),
                    rounded(load.hours_week),
                    ops_of(one).ceiling_hours_week,
                    _logged(outlook, one),
                )
                for one in quarters
                for load in (ops_of(one).load,)
            ],
        ),
    )


def _ops_bar(outlook: Outlook, one: QuarterForecast, unknown: Sequence[str]) -> Bar:
    load, ceiling = ops_of(one).load, ops_of(one).ceiling_hours_week
    hours = formats.in_full(load.hours_week)
    over = ceiling is not None and load.hours_week > ceiling
    above = f"{hours} + ? h" if unknown else f"{hours} h"
    if over and ceiling is not None:
        above = f"{hours} h, {formats.in_full(load.hours_week - ceiling)} over"
    return Bar(
        one.quarter.label,
        (
            ("b1", float(load.stable)),
            ("b2", float(load.first_quarter)),
            ("b3", float(load.platform)),
        ),
        above=above,
        below=_of(outlook, one),
        tone="bad" if over else "em",
        limit=None if ceiling is None else float(ceiling),
        open=f"{unknown[0]} ?" if len(unknown) == 1 else "?" if unknown else "",
    )


def _of(outlook: Outlook, one: QuarterForecast) -> str:
    """Of 40 · 95 %; an ended quarter whose hours are logged says so."""
    ceiling = ops_of(one).ceiling_hours_week
    if ceiling is None:
        return "no staffing row"
    logged = _logged(outlook, one)
    hours = ops_of(one).load.hours_week if logged is None else logged
    share = f" · {formats.share(rounded(hours / ceiling, 4))}" if ceiling else ""
    said = ", logged" if logged is not None else ""
    return f"of {formats.in_full(ceiling)}{share}{said}"


def _logged(outlook: Outlook, one: QuarterForecast) -> Decimal | None:
    logged = outlook.logged.get(one.quarter)
    return logged.hours_week if logged is not None and logged.is_whole else None


def _staffed_words(
    outlook: Outlook, quarters: Sequence[QuarterForecast]
) -> tuple[str, ...]:
    known = [
        ceiling
        for one in quarters
        if (ceiling := ops_of(one).ceiling_hours_week) is not None
    ]
    if not known:
        return ()
    of_one = outlook.on.numbers.hours_per_full_time_equivalent
    people = formats.in_full(rounded(known[-1] / of_one))
    return (
        f"{formats.in_full(known[-1])} h staffed",
        f"{people} FTE × {formats.in_full(of_one)} h",
    )


def _ops_finding(quarters: Sequence[QuarterForecast]) -> str:
    parts = []
    for one in quarters:
        hours, ceiling = ops_of(one).load.hours_week, ops_of(one).ceiling_hours_week
        words = f"{formats.in_full(hours)} in {one.quarter.label}"
        if ceiling is None:
            words += ", which has no staffing row"
        elif hours > ceiling:
            words += f", {formats.in_full(hours - ceiling)} over"
        parts.append(words)
    return f"Hours a week: {'; '.join(parts)}."


# --- The cost of too few people ------------------------------------------------------


def staffing(outlook: Outlook) -> Drawn:
    """Ops, incidents and lost velocity by staffing level; the sum has a lowest point."""
    ops_quarter = ops_of(outlook.shown)
    required = ops_quarter.load.hours_week
    of_one = outlook.on.numbers.hours_per_full_time_equivalent
    price, factors = outlook.on.current.ops_hour_price, outlook.factors
    step = of_one / STEPS_OF_ONE
    furthest = max(required, ops_quarter.ceiling_hours_week or Decimal(0)) * 3 / 2
    count = int(furthest / step) + 2
    levels = sorted({*(step * n for n in range(count)), required})
    points = staffing_curve(
        levels, required_hours_week=required, factors=factors, ops_hour_price=price
    )
    least = lowest(points)
    money = formats.money(least.cost_week, outlook.currency)
    at = formats.in_full(least.staffed_hours_week)
    lines: list[tuple[str, list[float]]] = [
        ("signed", [float(point.cost_week) for point in points]),
        ("hidden", [float(p.hidden_hours_week * price) for p in points]),
        ("staffed", [float(p.staffed_hours_week * price) for p in points]),
    ]
    uprights = (
        []
        if ops_quarter.ceiling_hours_week is None
        else [(float(ops_quarter.ceiling_hours_week), "staffed")]
    )
    return Drawn(
        slug="staffing",
        name=f"What staffing really costs, {outlook.quarter.label}",
        chart=curve(
            [float(level) for level in levels],
            lines,
            lowest=(
                float(least.staffed_hours_week),
                float(least.cost_week),
                f"{money} at {at} h",
            ),
            uprights=uprights,
            words=axis_money(outlook.currency),
            labelled=_every(levels, of_one / 2),
            across_words=lambda value: f"{formats.in_full(Decimal(str(value)))} h",
        ),
        finding=(
            f"The lowest point is {money} a week at {at} h/week staffed. Each hour short "
            f"costs {formats.in_full(factors.incident + factors.velocity)} hours of "
            "incidents and lost velocity."
        ),
        twin=_staffing_twin(points, of_one, outlook.currency),
    )


def _staffing_twin(
    points: Sequence[CurvePoint], of_one: Decimal, currency: str
) -> Twin:
    return Twin(
        (
            "Hours staffed",
            "FTE",
            "Incident hours",
            "Velocity hours",
            f"Cost a week, {currency}",
        ),
        [
            (
                formats.in_full(point.staffed_hours_week),
                rounded(point.staffed_hours_week / of_one),
                rounded(point.incident_hours_week),
                rounded(point.velocity_hours_week),
                point.cost_week,
            )
            for point in points
        ],
    )


def _every(levels: Sequence[Decimal], step: Decimal) -> list[float]:
    """Round hours for the axis, six or so of them."""
    last = max(levels)
    while last / step > 8:
        step *= 2
    return [float(step * n) for n in range(int(last / step) + 1)]
