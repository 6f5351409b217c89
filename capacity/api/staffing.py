"""Staffing: full-time equivalents and vacancies by quarter."""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from rest_framework import serializers
from rest_framework.response import Response

from capacity.models import Staffing
from capacity.selectors.problems import DecisionRequired
from capacity.services.staffing import MOST_PEOPLE, enter_staffing
from portal.kernel.api.fields import Number, QuarterField, Text
from portal.kernel.api.operations import operation
from portal.kernel.api.paging import Filter, Listing
from portal.kernel.api.parameters import Flag, QuarterName
from portal.kernel.api.renderers import number
from portal.kernel.api.serializers import StrictSerializer
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from portal.kernel.periods import Quarter

READ = (Scope.PLAN_READ, Scope.ACTUALS_WRITE)


class StaffingBody(StrictSerializer):
    quarter = QuarterField()
    full_time_equivalents = Number(min_value=0, max_value=MOST_PEOPLE, places=2)
    vacancies = Number(
        min_value=0,
        max_value=MOST_PEOPLE,
        places=2,
        required=False,
        help_text="Of these, unfilled; without it as many as before.",
    )
    reason = Text(
        max_length=2_000,
        required=False,
        allow_blank=True,
        help_text="For a quarter's first row and for a lowering.",
    )


class StaffingAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    quarter = serializers.CharField()
    full_time_equivalents = serializers.FloatField()
    vacancies = serializers.FloatField()
    reason = serializers.CharField()
    decision = serializers.CharField(
        help_text="The staffing decision behind a raise; empty where none is."
    )
    entered_by = serializers.CharField(allow_null=True, help_text="A username.")
    entered_at = serializers.DateTimeField()


def _one_of(quarters: list[Quarter]) -> Q:
    return Q(quarter__in=[str(quarter) for quarter in quarters])


class StaffingView(WeighbridgeView):
    @operation(
        scope=READ,
        answer=StaffingAnswer,
        parameters={
            "history": Flag(
                default=False, description="Rows that a later one replaced, too."
            )
        },
        listing=Listing(
            ordering={"quarter": "quarter", "entered_at": "entered_at"},
            default="quarter",
            search=("quarter", "reason", "decision"),
            filters={
                "quarter": Filter(QuarterName(many=True), _one_of),
            },
        ),
    )
    def get(self) -> Response:
        """List the people of each quarter. A quarter without a row has no ceiling."""
        rows = entered() if self.query["history"] else standing()
        return self.page(rows, row=_shown)

    @operation(
        scope=Scope.ACTUALS_WRITE,
        action="staffing.change",
        body=StaffingBody,
        answer=StaffingAnswer,
        status=201,
        or_present=True,
        problems=(DecisionRequired,),
    )
    def post(self) -> Response:
        """Enter a quarter's people, or lower them; a raise is a staffing decision."""
        asked = self.body
        entry = enter_staffing(
            actor=self.actor,
            quarter=asked["quarter"],
            full_time_equivalents=asked["full_time_equivalents"],
            vacancies=asked.get("vacancies"),
            reason=asked.get("reason", ""),
            now=self.now,
        )
        shown = entered().get(pk=entry.row.pk)
        return self.answer(_shown(shown), status=201 if entry.is_new else 200)


def entered() -> QuerySet[Any, Any]:
    return Staffing.objects.values(
        "id",
        "quarter",
        "full_time_equivalents",
        "vacancies",
        "reason",
        "decision",
        "entered_by__username",
        "entered_at",
    )


def standing() -> QuerySet[Any, Any]:
    later = Staffing.objects.filter(quarter=OuterRef("quarter"), id__gt=OuterRef("id"))
    return entered().filter(~Exists(later))


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    shown = {**row, "entered_by": row["entered_by__username"]}
    del shown["entered_by__username"]
    for name in ("full_time_equivalents", "vacancies"):
        shown[name] = number(shown[name])
    return shown
