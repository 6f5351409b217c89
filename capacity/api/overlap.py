"""How many people use the workloads, and how many use two of them."""

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from capacity.selectors.forecast import Ground, ground
from capacity.selectors.overlap import bounds, heavy_in_several, overlap
from portal.kernel import clock
from portal.kernel.api.operations import operation
from portal.kernel.api.parameters import MonthName
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from portal.kernel.periods import Month


class UsersAnswer(serializers.Serializer[Any]):
    workload = serializers.CharField()
    users = serializers.IntegerField()


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
                "heavy_in_several": _heavy(month, on) if found.is_measured else None,
            }
        )


def _heavy(month: Month, on: Ground) -> dict[str, Any]:
    heavy = heavy_in_several(month, on.rates.card)
    return {
        "users": heavy.users,
        "tokens": heavy.tokens,
        "cost": None if heavy.cost is None else f"{heavy.cost:.2f}",
        "currency": on.current.currency,
    }
