"""Baselines: the plan as it was frozen, and what changed between two of them."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from portal.kernel.api.fields import QuarterField, Word
from portal.kernel.api.operations import operation
from portal.kernel.api.paging import Filter, Listing
from portal.kernel.api.parameters import OneOf, QuarterName, Whole
from portal.kernel.api.renderers import number
from portal.kernel.api.serializers import StrictSerializer
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from workloads.api.roadmap import shown_head
from workloads.enums import Moment
from workloads.models import PlanBaseline
from workloads.selectors.baselines import compare_baselines, get_baseline
from workloads.services.baselines import take_baseline

MEASURES = ("sessions_per_user_month", "ops_hours_week")
HIGHEST_NUMBER = 2**31 - 1  # PostgreSQL's integer


class BaselineBody(StrictSerializer):
    quarter = QuarterField()
    moment = Word(Moment, help_text="As the quarterly review opened, or as it closed.")


class BaselineRowAnswer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    quarter = serializers.CharField()
    moment = serializers.ChoiceField(list(Moment))
    taken_at = serializers.DateTimeField()
    taken_by = serializers.CharField(help_text="A username.")


class BaselineAnswer(BaselineRowAnswer):
    rows = serializers.ListField(child=serializers.DictField())
    quarters = serializers.ListField(
        child=serializers.DictField(), help_text="The quarters' sums as they stood."
    )


class ChangedRow(serializers.Serializer[Any]):
    ref = serializers.CharField()
    name = serializers.CharField()
    change = serializers.ChoiceField(["added", "removed", "changed"])
    changes = serializers.DictField(
        child=serializers.ListField(), help_text="`{field: [before, after]}`."
    )


class BaselineComparisonAnswer(serializers.Serializer[Any]):
    before = BaselineRowAnswer(help_text="The baseline of `with`.")
    after = BaselineRowAnswer(help_text="The baseline of the address.")
    rows = ChangedRow(many=True, help_text="Only those that differ.")
    quarters = serializers.DictField(
        child=serializers.ListField(),
        help_text="The sums of each: `before` and `after`.",
    )


class BaselinesView(WeighbridgeView):
    @operation(
        scope=Scope.PLAN_READ,
        answer=BaselineRowAnswer,
        listing=Listing(
            ordering={"number": "number"},
            default="-number",
            key="number",
            filters={
                "quarter": Filter(QuarterName(), "quarter"),
                "moment": Filter(OneOf(Moment), "moment"),
            },
        ),
    )
    def get(self) -> Response:
        """List the baselines, newest first."""
        rows = PlanBaseline.objects.values(
            "number", "quarter", "moment", "taken_at", "taken_by__username"
        )
        return self.page(rows, row=_listed)

    @operation(
        scope=Scope.PLAN_WRITE,
        action="baseline.take",
        body=BaselineBody,
        answer=BaselineAnswer,
        status=201,
    )
    def post(self) -> Response:
        """Freeze the plan as it stands."""
        baseline = take_baseline(
            actor=self.actor,
            quarter=self.body["quarter"],
            moment=self.body["moment"],
            now=self.now,
        )
        return self.answer(
            _shown(baseline), location=f"/api/v1/plan/baselines/{baseline.number}/"
        )


class OneBaselineView(WeighbridgeView):
    def get_subject(self, number: int) -> PlanBaseline:
        return get_baseline(min(number, HIGHEST_NUMBER))


class BaselineView(OneBaselineView):
    @operation(scope=Scope.PLAN_READ, answer=BaselineAnswer)
    def get(self) -> Response:
        """Read a baseline with its rows."""
        return self.answer(_shown(self.subject))


class BaselineCompareView(OneBaselineView):
    @operation(
        scope=Scope.PLAN_READ,
        answer=BaselineComparisonAnswer,
        parameters={
            "with": Whole(
                1,
                HIGHEST_NUMBER,
                required=True,
                description="The baseline that stands as before.",
            )
        },
    )
    def get(self) -> Response:
        """Compare two baselines: rows, status, quarter, and each budget."""
        after = self.subject
        before = get_baseline(self.query["with"])
        return self.answer(
            {
                "before": _head(before),
                "after": _head(after),
                "rows": [_changed(row) for row in compare_baselines(before, after)],
                "quarters": {"before": _heads(before), "after": _heads(after)},
            }
        )


def _head(baseline: PlanBaseline) -> dict[str, Any]:
    return {
        "number": baseline.number,
        "quarter": baseline.quarter,
        "moment": baseline.moment,
        "taken_at": baseline.taken_at,
        "taken_by": baseline.taken_by.username,
    }


def _shown(baseline: PlanBaseline) -> dict[str, Any]:
    rows = [
        {name: _figure(name, value) for name, value in row.items()}
        for row in baseline.rows
    ]
    return {**_head(baseline), "rows": rows, "quarters": _heads(baseline)}


def _heads(baseline: PlanBaseline) -> list[dict[str, Any]]:
    return [shown_head(head) for head in baseline.heads]


def _changed(row: dict[str, Any]) -> dict[str, Any]:
    changes = {
        name: [_figure(name, value) for value in both]
        for name, both in row["changes"].items()
    }
    return {**row, "changes": changes}


def _figure(name: str, value: Any) -> Any:
    """A baseline keeps measures as texts; here they are numbers."""
    is_kept = name in MEASURES and value is not None
    return number(Decimal(value)) if is_kept else value


def _listed(row: dict[str, Any]) -> dict[str, Any]:
    row["taken_by"] = row.pop("taken_by__username")
    return row
