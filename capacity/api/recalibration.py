"""Recalibrations: asked for, followed, and read with every workload's result."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from capacity.enums import Budget, RunStatus
from capacity.formulas.recalibration_budgets import COMPUTE_COST
from capacity.models import RecalibrationRun
from capacity.selectors.problems import PeriodNotBegun
from capacity.selectors.recalibration import get_run, result_rows
from capacity.selectors.recalibration_ground import read_period
from capacity.services.recalibration import request_recalibration
from portal.kernel.api.fields import Text
from portal.kernel.api.operations import operation
from portal.kernel.api.paging import Filter, Listing
from portal.kernel.api.parameters import Flag, Matching, OneOf
from portal.kernel.api.renderers import number
from portal.kernel.api.serializers import StrictSerializer
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from workloads.rules.shown import ref_of

# Named in the schema: another `status` is a workload's.
RUN_STATUSES = [(str(status), str(status)) for status in RunStatus]
PERIOD = {
    "type": "string",
    "pattern": r"^20[0-9]{2}(Q[1-4]|-(0[1-9]|1[0-2]))$",
}
LISTED = (
    *("id", "period", "status", "is_current", "done", "total", "is_calibrated"),
    *("requested_by__username", "requested_at", "finished_at"),
)


class RecalibrationBody(StrictSerializer):
    period = Text(max_length=10, help_text="A quarter, 2026Q2, or a month, 2026-05.")


class FigureAnswer(serializers.Serializer[Any]):
    forecast = serializers.FloatField(allow_null=True)
    actual = serializers.FloatField(allow_null=True)
    error = serializers.FloatField(
        allow_null=True, help_text="(Actual − forecast) ÷ forecast."
    )


class ResultAnswer(serializers.Serializer[Any]):
    workload = serializers.CharField()
    missing = serializers.ListField(child=serializers.ChoiceField(list(Budget)))
    off = serializers.ListField(
        child=serializers.CharField(), help_text="Inputs above the threshold."
    )
    inputs = serializers.DictField(child=FigureAnswer())
    budgets = serializers.DictField(
        help_text="`{name: {forecast, actual, error}}`; costs as decimal strings."
    )
    draft = serializers.IntegerField(
        allow_null=True, help_text="The version that the system drafted."
    )


class LogLineAnswer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    text = serializers.CharField()


class RunRowAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    period = serializers.CharField()
    status = serializers.ChoiceField(RUN_STATUSES)
    current = serializers.BooleanField(help_text="The newest complete of its period.")
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    calibrated = serializers.BooleanField(
        allow_null=True, help_text="Of a quarter: whether every actual is there."
    )
    requested_by = serializers.CharField(allow_null=True, help_text="A username.")
    requested_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class RunAnswer(RunRowAnswer):
    error = serializers.CharField(help_text="Why it failed.")
    budgets = serializers.DictField(
        help_text="Of the platform: `{name: {forecast, actual, error}}`."
    )
    log = LogLineAnswer(many=True)
    results = ResultAnswer(many=True)


class RecalibrationsView(WeighbridgeView):
    @operation(
        scope=Scope.PLAN_READ,
        answer=RunRowAnswer,
        listing=Listing(
            ordering={"id": "id", "period": "period"},
            default="-id",
            filters={
                "period": Filter(
                    Matching(
                        lambda text: str(read_period(text)),
                        "a quarter like 2026Q2 or a month like 2026-05",
                        json_schema=PERIOD,
                    ),
                    "period",
                ),
                "status": Filter(OneOf(RunStatus, many=True), "status"),
                "current": Filter(Flag(), "is_current"),
            },
        ),
    )
    def get(self) -> Response:
        """List recalibrations, newest first."""
        return self.page(RecalibrationRun.objects.values(*LISTED), row=_row)

    @operation(
        scope=Scope.PLAN_WRITE,
        action="recalibration.start",
        body=RecalibrationBody,
        answer=RunAnswer,
        status=202,
        problems=(PeriodNotBegun,),
    )
    def post(self) -> Response:
        """Start a recalibration; an open one of the same period is the answer."""
        run = request_recalibration(
            period=self.body["period"], actor=self.actor, now=self.now
        )
        return self.answer(shown(run), location=f"/api/v1/recalibrations/{run.pk}/")


class RecalibrationView(WeighbridgeView):
    def get_subject(self, number: int) -> RecalibrationRun:
        return get_run(number)

    @operation(scope=Scope.PLAN_READ, answer=RunAnswer)
    def get(self) -> Response:
        """Read a recalibration: its progress, log and results."""
        return self.answer(shown(self.subject))


def shown(run: RecalibrationRun) -> dict[str, Any]:
    return {
        "id": run.pk,
        "period": run.period,
        "status": run.status,
        "current": run.is_current,
        "done": run.done,
        "total": run.total,
        "calibrated": run.is_calibrated,
        "requested_by": run.requested_by.username if run.requested_by else None,
        "requested_at": run.requested_at,
        "finished_at": run.finished_at,
        "error": run.error,
        "budgets": _budgets(run.budgets),
        "log": list(run.log.values("at", "text")),
        "results": [
            {
                "workload": ref_of(row["number"]),
                "missing": row["missing"],
                "off": row["off"],
                "inputs": {
                    name: _figures(kept) for name, kept in row["inputs"].items()
                },
                "budgets": _budgets(row["budgets"]),
                "draft": row["draft_version"],
            }
            for row in result_rows(run)
        ],
    }


def _row(row: dict[str, Any]) -> dict[str, Any]:
    row["current"] = row.pop("is_current")
    row["calibrated"] = row.pop("is_calibrated")
    row["requested_by"] = row.pop("requested_by__username")
    return row


def _budgets(kept: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {
        name: _costs(figures) if name == COMPUTE_COST else _figures(figures)
        for name, figures in kept.items()
    }


def _figures(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Kept as texts, told as numbers."""
    return {name: _number(text) for name, text in kept.items()}


def _costs(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Money as texts of cents; the error is a ratio all the same."""
    return {
        name: _number(text)
        if name == "error" or text is None
        else f"{Decimal(text):.2f}"
        for name, text in kept.items()
    }


def _number(text: str | None) -> Any:
    return None if text is None else number(Decimal(text))
