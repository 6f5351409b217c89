"""The three charts of a scenario: the plan, the scenario, and the samples' band."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from capacity.formulas.changes import Changes
from capacity.formulas.forecast import MonthForecast
from capacity.formulas.monte_carlo import Band, MonteCarlo, SampledMonth
from capacity.formulas.scenarios import Outcome
from capacity.selectors.scenarios import Stage
from capacity.views.budget_words import axis_money, letter
from capacity.views.drawn import Drawn, figure, floats
from portal.kernel import formats
from portal.kernel.charts_months import Band as DrawnBand
from portal.kernel.charts_months import Line, month_chart
from portal.kernel.charts_twin import Twin
from portal.kernel.periods import Month

# Letters of months stand side by side up to here; beyond, every third has one.
LETTERED = 18


@dataclass(frozen=True)
class Played:
    """A scenario that was played, with all that the page says of it."""

    stage: Stage
    changes: Changes
    outcome: Outcome
    sampled: MonteCarlo | None
    today: Month

    @property
    def currency(self) -> str:
        return self.stage.ground.current.currency

    @property
    def is_changed(self) -> bool:
        return self.changes != Changes()


def charts_of(played: Played) -> list[Drawn]:
    money = axis_money(played.currency)

    def in_money(value: float) -> str:
        return formats.money(round(value), played.currency)

    return [
        _drawn(
            played,
            "tokens",
            "Token cost a month",
            lambda month: month.tokens_cost,
            lambda month: month.tokens_cost,
            (money, in_money),
        ),
        _drawn(
            played,
            "compute",
            "Compute cost a month",
            lambda month: month.compute.cost,
            lambda month: month.compute_cost,
            (money, in_money),
        ),
        _drawn(
            played,
            "ops",
            "Ops hours a week",
            lambda month: month.ops.load.hours_week,
            lambda month: month.ops_hours_week,
            (figure, lambda value: f"{figure(value)} h"),
        ),
    ]


def _drawn(
    played: Played,
    slug: str,
    name: str,
    value: Callable[[MonthForecast], Decimal],
    sampled: Callable[[SampledMonth], Band],
    words: tuple[Callable[[float], str], Callable[[float], str]],
) -> Drawn:
    plan = [value(month) for month in played.outcome.baseline]
    scenario = [value(month) for month in played.outcome.scenario]
    bands = (
        [sampled(month) for month in played.sampled.months] if played.sampled else []
    )
    on_axis, in_full = words
    return Drawn(
        slug=slug,
        name=name,
        chart=month_chart(
            _letters(played.outcome.baseline),
            lines=[
                Line("played", floats(scenario)),
                Line("signed", floats(plan)),
            ],
            band=DrawnBand(
                floats([band.p10 for band in bands]),
                floats([band.p90 for band in bands]),
            )
            if bands
            else None,
            words=on_axis,
            label_words=in_full,
        ),
        finding=_finding(plan, scenario, bands, in_full),
        twin=Twin(
            ("Month", "Plan", "Scenario", "P10", "P50", "P90"),
            [
                (
                    str(month.month),
                    before,
                    after,
                    *(bands[at] if bands else (None, None, None)),
                )
                for at, (month, before, after) in enumerate(
                    zip(played.outcome.baseline, plan, scenario, strict=True)
                )
            ],
        ),
    )


def _letters(months: Sequence[MonthForecast]) -> list[str]:
    if len(months) <= LETTERED:
        return [letter(month) for month in months]
    return [
        str(month.month)[:4] if month.month.first_day.month == 1 else ""
        for month in months
    ]


def _finding(
    plan: Sequence[Decimal],
    scenario: Sequence[Decimal],
    bands: Sequence[Band],
    words: Callable[[float], str],
) -> str:
    """The widest difference in a sentence, and how sure the last month is."""
    last_plan, last = plan[-1], scenario[-1]
    if list(plan) == list(scenario):
        fact = f"As in the plan: {words(float(last))} in the last month."
    else:
        fact = f"{words(float(last))} in the last month, {words(float(last_plan))} in the plan."
    if not bands or bands[-1].p10 == bands[-1].p90:
        return fact
    low, high = words(float(bands[-1].p10)), words(float(bands[-1].p90))
    return f"{fact} Eight samples of ten lie from {low} to {high}."
