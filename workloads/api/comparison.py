"""Two versions of an estimate side by side: each input, and what it does to each budget."""

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from portal.kernel import clock
from portal.kernel.api.operations import operation
from portal.kernel.api.parameters import Whole
from portal.kernel.api.renderers import number
from portal.kernel.enums import Scope
from workloads.api.estimates import (
    HIGHEST_VERSION,
    OneEstimateView,
    OpsBudget,
    plain,
)
from workloads.rules.comparison import (
    Comparison,
    Difference,
    Effect,
    Effects,
    compare,
    effects_of,
)
from workloads.selectors.estimates import (
    budgets_json,
    get_estimate,
    inputs_if_submitted,
)
from workloads.selectors.sizing import sizing_on


class DifferenceAnswer(serializers.Serializer[Any]):
    name = serializers.CharField()
    before = serializers.JSONField()
    after = serializers.JSONField()
    changed = serializers.BooleanField()
    change = serializers.FloatField(allow_null=True, help_text="After less before.")
    ratio = serializers.FloatField(
        allow_null=True, help_text="The change as a share of before: 0.1 is +10 %."
    )


class TokensEffect(serializers.Serializer[Any]):
    tokens_per_month = serializers.IntegerField(allow_null=True)
    cost_per_month = serializers.CharField(allow_null=True)


class ComputeEffect(serializers.Serializer[Any]):
    peak_concurrent_sessions = serializers.FloatField(allow_null=True)
    cost_per_month = serializers.CharField(allow_null=True)


class EffectAnswer(serializers.Serializer[Any]):
    """What one change adds to each budget; all of them add up to the whole."""

    tokens = TokensEffect()
    compute = ComputeEffect()
    ops = OpsBudget()


class InputDifference(DifferenceAnswer):
    effects = EffectAnswer(
        allow_null=True,
        help_text="Null where it is the same. Factors that replace a declared figure, or "
        "the reverse, change as one, under `declared_tokens_per_user_month`.",
    )


class BudgetDifferences(serializers.Serializer[Any]):
    tokens = DifferenceAnswer(many=True)
    compute = DifferenceAnswer(many=True)
    ops = DifferenceAnswer(many=True)


class ComparisonAnswer(serializers.Serializer[Any]):
    before = serializers.IntegerField(help_text="The version of `with`.")
    after = serializers.IntegerField(help_text="The version of the address.")
    inputs = InputDifference(many=True)
    prices = EffectAnswer(help_text="What other prices and numbers of the model make.")
    budgets = BudgetDifferences()


class CompareView(OneEstimateView):
    @operation(
        scope=Scope.PLAN_READ,
        answer=ComparisonAnswer,
        parameters={
            "with": Whole(
                1,
                HIGHEST_VERSION,
                required=True,
                description="The version that stands as before.",
            )
        },
    )
    def get(self) -> Response:
        """Set two versions side by side: each input, and what it does to each budget."""
        after = self.subject
        before = get_estimate(after.workload, self.query["with"])
        sizing = sizing_on(clock.today(self.now))
        inputs = inputs_if_submitted(before), inputs_if_submitted(after)
        old, new = budgets_json(before, sizing), budgets_json(after, sizing)
        compared = compare(*inputs, budgets_before=old, budgets_after=new)
        effects = effects_of(
            *inputs,
            budgets_before=old,
            budgets_after=new,
            size=lambda some: sizing.budgets(some).as_json(),
        )
        return self.answer(
            {
                "before": before.version,
                "after": after.version,
                **_shown_comparison(compared, effects),
            }
        )


def _shown_comparison(compared: Comparison, effects: Effects) -> dict[str, Any]:
    return {
        "inputs": [
            {
                **_shown_difference(one),
                "effects": (
                    _shown_effect(effects.by_input[one.name])
                    if one.name in effects.by_input
                    else None
                ),
            }
            for one in compared.inputs
        ],
        "prices": _shown_effect(effects.prices),
        "budgets": {
            budget: [_shown_difference(one) for one in lines]
            for budget, lines in compared.budgets.items()
        },
    }


def _shown_effect(effect: Effect) -> dict[str, dict[str, Any]]:
    """Money as a text with its sign; tokens, sessions and hours as numbers."""
    shown: dict[str, dict[str, Any]] = {"tokens": {}, "compute": {}, "ops": {}}
    for (budget, line), amount in effect.items():
        is_money = line == "cost_per_month" and amount is not None
        shown[budget][line] = f"{amount:.2f}" if is_money else number(amount)
    return shown


def _shown_difference(one: Difference) -> dict[str, Any]:
    return {
        "name": one.name,
        "before": plain(one.before),
        "after": plain(one.after),
        "changed": one.changed,
        "change": number(one.change),
        "ratio": number(one.ratio),
    }
