"""What a scenario answers: two forecasts, a verdict a quarter, stress tests, samples."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from capacity.api.months import MonthAnswer, shown_month
from capacity.formulas.forecast import MonthForecast
from capacity.formulas.monte_carlo import Band, MonteCarlo
from capacity.formulas.scenarios import Outcome, QuarterVerdict, StressTest
from capacity.selectors.scenarios import Stage
from portal.kernel.api.renderers import number


class BandAnswer(serializers.Serializer[Any]):
    """One of ten samples lies below p10, half below p50, nine of ten below p90."""

    p10 = serializers.CharField()
    p50 = serializers.CharField()
    p90 = serializers.CharField()


class SessionsAnswer(serializers.Serializer[Any]):
    p10 = serializers.FloatField()
    p50 = serializers.FloatField()
    p90 = serializers.FloatField()


class SampledTokens(serializers.Serializer[Any]):
    cost = BandAnswer()
    currency = serializers.CharField()


class SampledCompute(serializers.Serializer[Any]):
    cost = BandAnswer()
    capacity_sessions = SessionsAnswer()
    currency = serializers.CharField()


class SampledOps(serializers.Serializer[Any]):
    hours_week = SessionsAnswer()


class SampledMonthAnswer(serializers.Serializer[Any]):
    month = serializers.CharField()
    tokens = SampledTokens()
    compute = SampledCompute()
    ops = SampledOps()


class MonteCarloAnswer(serializers.Serializer[Any]):
    samples = serializers.IntegerField()
    seed = serializers.IntegerField()
    probability_reserve_absorbs = serializers.FloatField(
        help_text="Share of samples, 0–1, in which `reserve_absorbs` holds."
    )
    months = SampledMonthAnswer(many=True)


class QuarterVerdictAnswer(serializers.Serializer[Any]):
    quarter = serializers.CharField()
    months = serializers.IntegerField(help_text="Those of the quarter that count here.")
    tokens = serializers.CharField(help_text="Money above the baseline, never below 0.")
    compute = serializers.CharField(help_text="The same of compute.")
    ops = serializers.CharField(help_text="The same of ops hours, at their price.")
    bought_hours_week = serializers.FloatField(
        help_text="Required hours that a vacancy leaves to nobody."
    )
    excess = serializers.CharField()
    reserve_left = serializers.CharField()
    provisional = serializers.BooleanField()
    reserve_absorbs = serializers.BooleanField()
    missing = serializers.CharField()
    currency = serializers.CharField()


class StressAnswer(serializers.Serializer[Any]):
    test = serializers.ChoiceField(["twice_the_forecast", "price_rise", "vacancy"])
    subject = serializers.CharField(help_text="A reference, a model, or a quarter.")
    reserve_absorbs = serializers.BooleanField()
    quarters = QuarterVerdictAnswer(many=True)


class MonthsAnswer(serializers.Serializer[Any]):
    """As `GET /forecast/` answers them."""

    months = MonthAnswer(many=True)


class ScenarioAnswer(serializers.Serializer[Any]):
    baseline = MonthsAnswer()
    scenario = MonthsAnswer()
    reserve_absorbs = serializers.BooleanField(
        help_text="Whether in every quarter the excess is within the reserve left."
    )
    quarters = QuarterVerdictAnswer(many=True)
    stress_tests = StressAnswer(many=True)
    monte_carlo = MonteCarloAnswer(allow_null=True)
    currency = serializers.CharField()
    rate_card_version = serializers.IntegerField()
    settings_version = serializers.IntegerField()


def shown_scenario(
    stage: Stage,
    outcome: Outcome,
    stress: Sequence[tuple[StressTest, Outcome]],
    sampled: MonteCarlo | None,
) -> dict[str, Any]:
    current = stage.ground.current
    return {
        "baseline": {"months": _months(stage, outcome.baseline)},
        "scenario": {"months": _months(stage, outcome.scenario)},
        "reserve_absorbs": outcome.reserve_absorbs,
        "quarters": [_verdict(stage, one) for one in outcome.quarters],
        "stress_tests": [
            {
                "test": test.code,
                "subject": test.subject,
                "reserve_absorbs": played.reserve_absorbs,
                "quarters": [_verdict(stage, one) for one in played.quarters],
            }
            for test, played in stress
        ],
        "monte_carlo": None if sampled is None else _sampled(sampled, current.currency),
        "currency": current.currency,
        "rate_card_version": stage.ground.rates.card.version,
        "settings_version": current.version,
    }


def _months(stage: Stage, months: Sequence[MonthForecast]) -> list[dict[str, Any]]:
    starts = stage.ground.current.fiscal_year_starts
    return [
        shown_month(month, stage.reserves[quarter], starts)
        for month, quarter in zip(months, stage.quarters, strict=True)
    ]


def _verdict(stage: Stage, one: QuarterVerdict) -> dict[str, Any]:
    reserve = stage.reserve_of(one.quarter)
    return {
        "quarter": str(one.quarter),
        "months": one.months,
        "tokens": _money(one.excess_of.tokens),
        "compute": _money(one.excess_of.compute),
        "ops": _money(one.excess_of.ops),
        "bought_hours_week": number(one.bought_hours_week),
        "excess": _money(one.excess),
        "reserve_left": _money(one.left),
        "provisional": reserve.provisional,
        "reserve_absorbs": one.absorbed,
        "missing": _money(one.missing),
        "currency": reserve.currency,
    }


def _sampled(sampled: MonteCarlo, currency: str) -> dict[str, Any]:
    return {
        "samples": sampled.samples,
        "seed": sampled.seed,
        "probability_reserve_absorbs": float(sampled.probability),
        "months": [
            {
                "month": month.month,
                "tokens": {"cost": _costs(month.tokens_cost), "currency": currency},
                "compute": {
                    "cost": _costs(month.compute_cost),
                    "capacity_sessions": _measures(month.capacity_sessions),
                    "currency": currency,
                },
                "ops": {"hours_week": _measures(month.ops_hours_week)},
            }
            for month in sampled.months
        ],
    }


def _costs(band: Band) -> dict[str, str]:
    return {name: _money(value) for name, value in band._asdict().items()}


def _measures(band: Band) -> dict[str, Any]:
    return {name: number(value) for name, value in band._asdict().items()}


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"
