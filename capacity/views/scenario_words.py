"""What the page of scenarios says: verdicts and sums."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from capacity.formulas.forecast import MonthForecast
from capacity.formulas.scenarios import QuarterVerdict
from capacity.views.scenario_charts import Played
from capacity.views.stress_words import missing_words
from portal.kernel import formats
from portal.kernel.pages.joints import Figure
from portal.kernel.periods import Quarter


def verdict_of(played: Played) -> dict[str, str]:
    """The page's answer in one note."""
    if not played.is_changed:
        return {
            "tone": "ok",
            "fact": "Nothing is changed yet.",
            "sentence": "The scenario is the plan; move a slider, or play a stress test.",
        }
    if played.outcome.reserve_absorbs:
        return {
            "tone": "ok",
            "fact": "The reserve absorbs it: yes.",
            "sentence": (
                "In every quarter, what each budget costs more than the plan stays "
                "within the reserve that is left."
            ),
        }
    return {
        "tone": "stop",
        "fact": f"The reserve absorbs it: no, {missing_words(played.outcome, played.currency)}.",
        "sentence": "A saving in one budget does not pay for another.",
    }


def quarter_rows(played: Played) -> list[dict[str, Any]]:
    return [
        {
            "quarter": _label(one),
            "parts": [
                ("Tokens", _plus(played, one.excess_of.tokens)),
                ("Compute", _plus(played, one.excess_of.compute)),
                ("Ops", _plus(played, one.excess_of.ops)),
            ],
            "together": f"{_money(played, one.excess)} of {_money(played, one.left)}",
            "absorbed": one.absorbed,
            "words": "absorbed"
            if one.absorbed
            else f"missing {_money(played, one.missing)}",
            "excess": one.excess,
            "left": one.left,
            "beam": f"{_label(one)}: {_money(played, one.excess)} more, "
            f"{_money(played, one.left)} left in the reserve",
            "provisional": played.stage.reserve_of(one.quarter).provisional,
        }
        for one in played.outcome.quarters
    ]


def budget_figures(played: Played) -> list[Figure]:
    """Three budgets over the window, never one sum, and the probability."""
    months = len(played.outcome.baseline)
    over = f"{months} month{'s' if months > 1 else ''}"
    before, after = played.outcome.baseline, played.outcome.scenario
    hours = [max(_hours(some)) for some in (before, after)]
    figures = [
        _figure(played, "Tokens", over, _sum(before, _tokens), _sum(after, _tokens)),
        _figure(played, "Compute", over, _sum(before, _compute), _sum(after, _compute)),
        Figure(
            label="Ops, busiest quarter",
            number=formats.in_full(hours[1].normalize()),
            unit="h/week",
            line=_against(hours[0], hours[1], lambda x: f"{formats.in_full(x)} h/week"),
        ),
    ]
    if played.sampled is not None:
        figures.append(
            Figure(
                label="The reserve is enough",
                number=formats.share(Decimal(str(float(played.sampled.probability)))),
                unit="of samples",
                line=f"{formats.in_full(played.sampled.samples)} samples, "
                f"seed {played.sampled.seed}",
            )
        )
    return figures


def _figure(
    played: Played, label: str, over: str, before: Decimal, after: Decimal
) -> Figure:
    return Figure(
        label=f"{label}, {over}",
        number=_money(played, after),
        line=_against(before, after, lambda x: _money(played, x)),
    )


def _against(before: Decimal, after: Decimal, words: Callable[[Decimal], str]) -> str:
    if before == after:
        return "as in the plan"
    more = after - before
    sign = "+" if more > 0 else formats.MINUS
    return f"{sign}{words(abs(more))} on {words(before)}"


def _tokens(month: MonthForecast) -> Decimal:
    return month.tokens_cost


def _compute(month: MonthForecast) -> Decimal:
    return month.compute.cost


def _hours(months: Sequence[MonthForecast]) -> list[Decimal]:
    return [month.ops.load.hours_week for month in months]


def _sum(
    months: Sequence[MonthForecast], value: Callable[[MonthForecast], Decimal]
) -> Decimal:
    return sum((value(month) for month in months), Decimal(0))


def _label(one: QuarterVerdict) -> str:
    return Quarter.parse(str(one.quarter)).label


def _plus(played: Played, amount: Decimal) -> str:
    return f"+{_money(played, amount)}" if amount else formats.money(0, played.currency)


def _money(played: Played, amount: Decimal) -> str:
    return formats.money(amount, played.currency)
