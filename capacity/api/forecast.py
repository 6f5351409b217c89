"""What the plan costs month by month, in three budgets and the reserve."""

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from capacity.api.months import MonthAnswer, ratio, shown_month, shown_workloads
from capacity.formulas.forecast import MonthForecast
from capacity.selectors.forecast import Ground, ground
from capacity.selectors.problems import GrowthOutOfReach, PriceMissing
from capacity.selectors.reserve import reserves_of
from capacity.selectors.traps import averaging, floor_of
from portal.kernel import clock
from portal.kernel.api.operations import operation
from portal.kernel.api.parameters import MonthName, OneOf, Whole
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from portal.kernel.periods import Month, Quarter
from portal.kernel.reach import require_in_reach
from workloads.enums import COUNTED, Status

MOST_MONTHS = 60
WORKLOAD = "workload"


class UnknownAnswer(serializers.Serializer[Any]):
    """A workload that stands in no figure, since its estimate does not say enough."""

    workload = serializers.CharField()
    status = serializers.CharField()
    quarter = serializers.CharField(allow_null=True)


class AveragedAnswer(serializers.Serializer[Any]):
    workload = serializers.CharField()
    averaged_tokens_per_user_month = serializers.IntegerField()
    own_tokens_per_user_month = serializers.IntegerField()
    undersized_by = serializers.FloatField(help_text="1 − averaged ÷ own.")


class FloorAnswer(serializers.Serializer[Any]):
    month = serializers.CharField()
    model = serializers.CharField(help_text="The dearest primary model of the plan.")
    cost = serializers.CharField()
    cost_on_dearest = serializers.CharField()
    saved = serializers.CharField()
    currency = serializers.CharField()


class ForecastAnswer(serializers.Serializer[Any]):
    """`unknown` are those that the figures lack. Traps come with `by=workload`."""

    months = MonthAnswer(many=True)
    currency = serializers.CharField()
    rate_card_version = serializers.IntegerField()
    settings_version = serializers.IntegerField()
    unknown = UnknownAnswer(many=True)
    averaging_trap = AveragedAnswer(many=True, required=False)
    floor_trap = FloorAnswer(required=False, allow_null=True)


class ForecastView(WeighbridgeView):
    @operation(
        scope=Scope.PLAN_READ,
        answer=ForecastAnswer,
        parameters={
            "from": MonthName(description="The first month; without it this one."),
            "months": Whole(1, MOST_MONTHS, default=12),
            "by": OneOf((WORKLOAD,), description="Each month's workloads too."),
            "status": OneOf(
                (Status.PLANNED, Status.CANDIDATE),
                many=True,
                description="Counts these too, candidates where they are estimated.",
            ),
        },
        problems=(PriceMissing, GrowthOutOfReach),
    )
    def get(self) -> Response:
        """Read the forecast: tokens, compute, ops and the reserve, by month.

        Live and committed workloads count from their ship month to the month in which
        they are retired. A month's ops is its quarter's, its reserve a third of it.
        """
        today = Month.of(clock.today(self.now))
        first, count = self.query["from"] or today, self.query["months"]
        require_in_reach("/from", first, today)
        on = ground((*COUNTED, *(self.query["status"] or ())))
        months = on.months(first, count)
        starts = on.current.fiscal_year_starts
        quarters = [
            Quarter.of(first.plus(later).first_day, starts) for later in range(count)
        ]
        reserves = reserves_of(quarters, on)
        shown = [
            shown_month(month, reserves[quarter], starts)
            for month, quarter in zip(months, quarters, strict=True)
        ]
        answer = {
            "months": shown,
            "currency": on.current.currency,
            "rate_card_version": on.rates.card.version,
            "settings_version": on.current.version,
            "unknown": _unknown(on),
        }
        if self.query["by"] == WORKLOAD:
            sized = {one.ref: one for one in on.plan.sized}
            for row, month, quarter in zip(shown, months, quarters, strict=True):
                row["workloads"] = shown_workloads(month, sized, reserves[quarter])
            answer |= {
                "averaging_trap": _averaging(on),
                "floor_trap": _floor(on, months[-1]),
            }
        return self.answer(answer)


def _unknown(on: Ground) -> list[dict[str, Any]]:
    return [
        {
            "workload": one.ref,
            "status": one.status,
            "quarter": str(one.first_quarter) if one.first_quarter else None,
        }
        for one in on.plan.unknown
    ]


def _averaging(on: Ground) -> list[dict[str, Any]]:
    return [
        {
            "workload": one.workload.ref,
            "averaged_tokens_per_user_month": one.trap.tokens_per_user_month,
            "own_tokens_per_user_month": one.trap.own_tokens_per_user_month,
            "undersized_by": ratio(one.trap.undersized_by),
        }
        for one in averaging(on)
    ]


def _floor(on: Ground, month: MonthForecast) -> dict[str, Any] | None:
    floor = floor_of(on, month)
    if floor is None:
        return None
    return {
        "month": str(month.month),
        "model": floor.model,
        "cost": f"{floor.cost:.2f}",
        "cost_on_dearest": f"{floor.cost_on_dearest:.2f}",
        "saved": f"{floor.saved:.2f}",
        "currency": on.current.currency,
    }
