"""How many people use the workloads, and how many use two of them."""

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from capacity.formulas.people import Spread
from capacity.selectors.exposure import Exposure, exposures
from capacity.selectors.forecast import Ground, ground
from capacity.selectors.overlap import bounds, heavy_in_several, overlap, spreads
from portal.kernel import clock
from portal.kernel.api.operations import operation
from portal.kernel.api.parameters import MonthName
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from portal.kernel.periods import Month


class UsersAnswer(serializers.Serializer[Any]):
    workload = serializers.CharField()
    users = serializers.IntegerField()


class ExposureAnswer(serializers.Serializer[Any]):
    """The month's cost, were every user the one at P99; null where a price is missing.
    It would pay for the token budgets of the month of `equals`, `budgets` together."""

    cost = serializers.CharField(allow_null=True)
    equals = serializers.ListField(child=serializers.CharField())
    budgets = serializers.CharField()
    currency = serializers.CharField()


class SpreadAnswer(serializers.Serializer[Any]):
    """Tokens per user of a workload in the month, beside the mean of an estimate."""

    workload = serializers.CharField()
    mean = serializers.FloatField()
    p50 = serializers.IntegerField()
    p90 = serializers.IntegerField()
    p99 = serializers.IntegerField()
    share_of_top_1_percent = serializers.FloatField(help_text="0–1 of the tokens.")
    share_of_top_10_percent = serializers.FloatField(help_text="0–1 of the tokens.")
    exposure = ExposureAnswer(
        allow_null=True, help_text="Null where a gate is active: it holds the cost."
    )


class PairAnswer(serializers.Serializer[Any]):
    workloads = serializers.ListField(child=serializers.CharField())
    shared_users = serializers.IntegerField()


class BoundsAnswer(serializers.Serializer[Any]):
    """From the plan's user counts: bounds, no forecast."""

    at_least = serializers.IntegerField()
    at_most = serializers.IntegerField()


class HeavyAnswer(serializers.Serializer[Any]):
    """Users among the heaviest tenth of two workloads or more. Null: no price."""

    users = serializers.IntegerField()
    tokens = serializers.IntegerField()
    cost = serializers.CharField(allow_null=True)
    currency = serializers.CharField()


class OverlapAnswer(serializers.Serializer[Any]):
    """`source` is usage once there is some in the month, else plan: then the bounds are
    all that is known."""

    month = serializers.CharField()
    source = serializers.ChoiceField(["usage", "plan"])  # type: ignore[assignment]
    unique_users = serializers.IntegerField(allow_null=True)
    bounds = BoundsAnswer()
    workloads = UsersAnswer(many=True)
    pairs = PairAnswer(many=True)
    spread = SpreadAnswer(many=True)
    heavy_in_several = HeavyAnswer(allow_null=True)


class OverlapView(WeighbridgeView):
    @operation(
        scope=Scope.PLAN_READ,
        answer=OverlapAnswer,
        parameters={
            "month": MonthName(description="Without it, the month that runs now.")
        },
    )
    def get(self) -> Response:
        """Read unique users of a month, and those that two workloads share.

        Before there is usage nobody knows who they are: bounds from the plan are all.
        """
        month = self.query["month"] or Month.of(clock.today(self.now))
        found, on = overlap(month), ground()
        behind = spreads(month) if found.is_measured else {}
        exposed = exposures(month, behind, on)
        held = bounds(on)
        return self.answer(
            {
                "month": str(month),
                "source": "usage" if found.is_measured else "plan",
                "unique_users": found.unique_users if found.is_measured else None,
                "bounds": {"at_least": held.at_least, "at_most": held.at_most},
                "workloads": [
                    {"workload": ref, "users": users}
                    for ref, users in found.users.items()
                ],
                "pairs": [
                    {"workloads": list(pair), "shared_users": shared}
                    for pair, shared in found.shared.items()
                ],
                "spread": [
                    _spread(ref, one, exposed.get(ref), on)
                    for ref, one in behind.items()
                ],
                "heavy_in_several": _heavy(month, on) if found.is_measured else None,
            }
        )


def _spread(
    ref: str, one: Spread, exposed: Exposure | None, on: Ground
) -> dict[str, Any]:
    return {
        "workload": ref,
        "mean": float(one.mean),
        "p50": one.p50,
        "p90": one.p90,
        "p99": one.p99,
        "share_of_top_1_percent": float(one.share_of_top_1_percent),
        "share_of_top_10_percent": float(one.share_of_top_10_percent),
        "exposure": _exposure(exposed, on),
    }


def _exposure(one: Exposure | None, on: Ground) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "cost": None if one.cost is None else f"{one.cost:.2f}",
        "equals": list(one.equals),
        "budgets": f"{one.budgets:.2f}",
        "currency": on.current.currency,
    }


def _heavy(month: Month, on: Ground) -> dict[str, Any]:
    heavy = heavy_in_several(month, on.rates.card)
    return {
        "users": heavy.users,
        "tokens": heavy.tokens,
        "cost": None if heavy.cost is None else f"{heavy.cost:.2f}",
        "currency": on.current.currency,
    }
