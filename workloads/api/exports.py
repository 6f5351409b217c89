"""The plan as a file: what the plan page shows."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from rest_framework import serializers

from portal.kernel import clock
from portal.kernel.api.operations import operation
from portal.kernel.api.parameters import Matching, OneOf
from portal.kernel.api.parameters import Text as AnyText
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from portal.kernel.periods import Quarter
from workloads.enums import Status
from workloads.rules.plan_filter import ABSENT, Group, Only, PlanFilter, Sort
from workloads.services.exports import ExportKind, export_plan
from workloads.services.sheets.writer import CONTENT_TYPES

WITHOUT = f"`{ABSENT}` for rows without."


class ExportAnswer(serializers.Serializer[Any]):
    rows = serializers.ListField(
        child=serializers.DictField(), help_text="`{heading: value}`, one for each row."
    )


def _quarter(text: str) -> str:
    return ABSENT if text == ABSENT else str(Quarter.parse(text))


def _ordering(text: str) -> tuple[Sort, bool]:
    return Sort(text.removeprefix("-")), text.startswith("-")


PARAMETERS = {
    "format": OneOf(ExportKind, required=True),
    "status": OneOf(Status),
    "owner": AnyText(description=f"A username. {WITHOUT}"),
    "department": AnyText(description=f"A code. {WITHOUT}"),
    "quarter": Matching(
        _quarter,
        f"a quarter like 2026Q2, or {ABSENT}",
        description=f"The ship quarter. {WITHOUT}",
    ),
    "only": OneOf([one for one in Only if one], description="A question of the page."),
    "search": AnyText(description="Words that must all occur."),
    "group": OneOf(
        Group, description="Without it and `ordering`, as the page: quarter."
    ),
    "ordering": Matching(
        _ordering,
        f"one of {', '.join(Sort)}, with - for falling",
        description=f"One of {', '.join(Sort)}; a minus sign before it turns it.",
    ),
}


class ExportView(WeighbridgeView):
    @operation(
        scope=Scope.PLAN_READ,
        answer=ExportAnswer,
        media_types=tuple(
            CONTENT_TYPES[kind].partition(";")[0]
            for kind in ExportKind
            if kind is not ExportKind.JSON
        ),
        parameters=PARAMETERS,
    )
    def get(self) -> HttpResponse:
        """Export the plan: the page's rows, columns and order, with exact figures.

        Importing an export changes nothing.
        """
        export = export_plan(
            asked=asked_of(self.query),
            kind=self.query["format"],
            today=clock.today(self.now),
        )
        return HttpResponse(
            export.content,
            content_type=export.content_type,
            headers={
                "Content-Disposition": f'attachment; filename="{export.file_name}"'
            },
        )


def asked_of(query: Mapping[str, Any]) -> PlanFilter:
    sort, descending = query["ordering"] or (Sort.REF, False)
    ungrouped = Group.NONE if query["ordering"] else Group.QUARTER
    return PlanFilter(
        search=query["search"] or "",
        status=str(query["status"] or ""),
        owner=query["owner"] or "",
        department=query["department"] or "",
        quarter=query["quarter"] or "",
        only=query["only"] or Only.ALL,
        group=query["group"] or ungrouped,
        sort=sort,
        descending=descending,
    )
