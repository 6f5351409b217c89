"""The plan as a roadmap: its quarters with their sums, and its rows."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Q
from rest_framework import serializers
from rest_framework.response import Response

from portal.kernel import clock
from portal.kernel.api.operations import operation
from portal.kernel.api.parameters import QuarterName, Whole
from portal.kernel.api.renderers import number
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from portal.kernel.periods import Quarter
from portal.kernel.reach import require_in_reach
from portal.kernel.selectors import numbers
from workloads.api.rows import WorkloadRowAnswer, raw_rows, shown_rows
from workloads.enums import Status
from workloads.selectors.quarters import heads_of

MOST_QUARTERS = 16
SESSIONS = ("peak_concurrent_sessions", "planned")


class QuarterHead(serializers.Serializer[Any]):
    """A part for each budget, never one figure. Null lacks a price."""

    quarter = serializers.CharField()
    tokens = serializers.DictField()
    compute = serializers.DictField()
    ops = serializers.DictField()


class RoadmapAnswer(serializers.Serializer[Any]):
    quarters = QuarterHead(many=True)
    rows = WorkloadRowAnswer(many=True)


class RoadmapView(WeighbridgeView):
    @operation(
        scope=Scope.PLAN_READ,
        answer=RoadmapAnswer,
        parameters={
            "from": QuarterName(description="The first quarter; without it this one."),
            "quarters": Whole(1, MOST_QUARTERS, default=4),
        },
    )
    def get(self) -> Response:
        """Read the roadmap: the sums of each quarter, and the rows of the plan.

        A quarter's sums count live and committed; planned stands beside them. The rows
        are those not retired that ship by the last of the quarters, or have none yet.
        """
        today = clock.today(self.now)
        starts = numbers.current().fiscal_year_starts
        here = Quarter.of(today, starts)
        first = self.query["from"] or here
        require_in_reach("?from", first, here)
        quarters = [first.plus(offset) for offset in range(self.query["quarters"])]
        rows = (
            raw_rows()
            .filter(Q(ship_quarter="") | Q(ship_quarter__lte=str(quarters[-1])))
            .exclude(status=Status.RETIRED)
            .order_by("number")
        )
        return self.answer(
            {
                "quarters": [shown_head(head.as_json()) for head in heads_of(quarters)],
                "rows": shown_rows(rows, today),
            }
        )


def shown_head(told: Mapping[str, Any]) -> dict[str, Any]:
    """Hours and sessions are numbers here; a head keeps them as texts, as a baseline
    does. Money stays a text."""
    hours = {
        name: number(Decimal(value)) if isinstance(value, str) else value
        for name, value in told["ops"].items()
    }
    compute = {
        name: number(Decimal(value)) if name in SESSIONS and value else value
        for name, value in told["compute"].items()
    }
    return {**told, "compute": compute, "ops": hours}
