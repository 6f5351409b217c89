"""A month's three budgets and the reserve, as the API writes them."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from rest_framework import serializers

from capacity.formulas import reserve as formulas
from capacity.formulas.forecast import ComputeMonth, MonthForecast, OpsQuarter, Sized
from capacity.formulas.tokens import Tokens
from capacity.selectors.reserve import Reserve
from portal.kernel.api.renderers import number
from portal.kernel.periods import Month


class TokensAnswer(serializers.Serializer[Any]):
    input_tokens = serializers.IntegerField()
    cached_input_tokens = serializers.IntegerField(help_text="Part of the input.")
    output_tokens = serializers.IntegerField()
    tokens = serializers.IntegerField()
    cost = serializers.CharField()
    currency = serializers.CharField()


class ComputeAnswer(serializers.Serializer[Any]):
    peak_concurrent_sessions = serializers.FloatField()
    sum_of_peaks = serializers.FloatField(help_text="Of each workload's own peak.")
    capacity_sessions = serializers.IntegerField(help_text="The peak with headroom.")
    variable_cost = serializers.CharField()
    fixed_cost = serializers.CharField()
    cost = serializers.CharField()
    currency = serializers.CharField()


class OpsAnswer(serializers.Serializer[Any]):
    """The month's quarter: hours a week. Without staffing there is no ceiling."""

    hours_week = serializers.FloatField()
    stable = serializers.FloatField()
    first_quarter = serializers.FloatField()
    platform = serializers.FloatField()
    ceiling_hours_week = serializers.FloatField(allow_null=True)
    full_time_equivalents = serializers.FloatField()
    load = serializers.FloatField(allow_null=True)
    currency = serializers.CharField()


class ReserveAnswer(serializers.Serializer[Any]):
    """A third of the quarter's. Provisional until the committee has fixed it."""

    ratio = serializers.FloatField()
    amount = serializers.CharField()
    drawn = serializers.CharField()
    left = serializers.CharField()
    provisional = serializers.BooleanField()
    currency = serializers.CharField()


class WorkloadMonthAnswer(serializers.Serializer[Any]):
    """One workload's part. Fixed lines are the platform's and sharing saves, so that
    compute does not add up to the month's."""

    workload = serializers.CharField()
    status = serializers.CharField()
    model = serializers.CharField()
    tokens = TokensAnswer()
    compute = serializers.DictField()
    ops = serializers.DictField()


class MonthAnswer(serializers.Serializer[Any]):
    month = serializers.CharField()
    quarter = serializers.CharField()
    tokens = TokensAnswer()
    compute = ComputeAnswer()
    ops = OpsAnswer()
    reserve = ReserveAnswer()
    workloads = WorkloadMonthAnswer(many=True, required=False)


def shown_month(month: MonthForecast, reserve: Reserve, starts: int) -> dict[str, Any]:
    """One month: three budgets side by side and the reserve, never one sum."""
    currency = reserve.currency
    return {
        "month": str(month.month),
        "quarter": str(reserve.quarter),
        "tokens": shown_tokens(month.tokens, month.tokens_cost, currency),
        "compute": shown_compute(month.compute, currency),
        "ops": shown_ops(month.ops, currency),
        "reserve": shown_reserve(reserve, month.month.index, starts),
    }


def shown_tokens(tokens: Tokens, cost: Any, currency: str) -> dict[str, Any]:
    return {
        "input_tokens": tokens.input_tokens,
        "cached_input_tokens": tokens.cached_input_tokens,
        "output_tokens": tokens.output_tokens,
        "tokens": tokens.total,
        "cost": f"{cost:.2f}",
        "currency": currency,
    }


def shown_compute(month: ComputeMonth, currency: str) -> dict[str, Any]:
    return {
        "peak_concurrent_sessions": number(month.peaks.platform),
        "sum_of_peaks": number(month.peaks.sum_of_peaks),
        "capacity_sessions": month.capacity_sessions,
        "variable_cost": f"{month.variable_cost:.2f}",
        "fixed_cost": f"{month.fixed_cost:.2f}",
        "cost": f"{month.cost:.2f}",
        "currency": currency,
    }


def shown_ops(ops: OpsQuarter, currency: str) -> dict[str, Any]:
    return {
        "hours_week": number(ops.load.hours_week),
        "stable": number(ops.load.stable),
        "first_quarter": number(ops.load.first_quarter),
        "platform": number(ops.load.platform),
        "ceiling_hours_week": number(ops.ceiling_hours_week),
        "full_time_equivalents": ratio(ops.full_time_equivalents),
        "load": ratio(ops.share_of_ceiling),
        "currency": currency,
    }


def shown_reserve(reserve: Reserve, index: int, starts: int) -> dict[str, Any]:
    """A third of what it holds, and of what was drawn from it."""
    months: list[Month] = list(reserve.quarter.months(starts))
    place = next(n for n, month in enumerate(months) if month.index == index)
    amount = formulas.by_month(reserve.amount)[place]
    drawn = formulas.by_month(reserve.drawn)[place]
    return {
        "ratio": number(reserve.ratio),
        "amount": f"{amount:.2f}",
        "drawn": f"{drawn:.2f}",
        "left": f"{amount - drawn:.2f}",
        "provisional": reserve.provisional,
        "currency": reserve.currency,
    }


def shown_workloads(
    month: MonthForecast, sized: Mapping[str, Sized], reserve: Reserve
) -> list[dict[str, Any]]:
    """Each workload that is there in the month, by reference."""
    currency = reserve.currency
    return [
        {
            "workload": ref,
            "status": sized[ref].status,
            "model": sized[ref].model,
            "tokens": shown_tokens(part.tokens, part.tokens_cost, currency),
            "compute": {
                "peak_concurrent_sessions": number(part.peak_concurrent_sessions),
                "cost": f"{part.compute_cost:.2f}",
                "currency": currency,
            },
            "ops": {"hours_week": number(sized[ref].ops_hours_week)},
        }
        for ref, part in month.by_workload.items()
    ]


def ratio(value: Fraction | None) -> float | None:
    return None if value is None else float(value)
