"""Importing a plan: a sheet in, a verdict a row out."""

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from portal.kernel.api.bodies import FORM
from portal.kernel.api.operations import operation
from portal.kernel.api.parameters import Flag
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from workloads.enums import Status
from workloads.rules.imports.verdicts import ImportVerdict
from workloads.services.errors import PlanMoved, RowsRefused
from workloads.services.imports import apply_import, preview_import
from workloads.services.sheets.errors import FileTooLarge, UnreadableFile
from workloads.services.sheets.writer import CONTENT_TYPES

# What a file is shows in its first bytes; a caller that cannot tell says octet-stream.
TAKEN = ("text/csv", CONTENT_TYPES["xlsx"], "application/octet-stream", FORM)


class CellErrorAnswer(serializers.Serializer[Any]):
    column = serializers.CharField()
    value = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class ImportedRow(serializers.Serializer[Any]):
    row = serializers.IntegerField(help_text="The heading is row 1.")
    ref = serializers.CharField(allow_null=True)
    verdict = serializers.ChoiceField(list(ImportVerdict))
    requested_status = serializers.ChoiceField(list(Status), allow_null=True)
    missing = serializers.ListField(
        child=serializers.CharField(),
        help_text="Codes of what it lacks for the status that it asks for.",
    )
    errors = CellErrorAnswer(many=True)  # type: ignore[assignment]


class ImportAnswer(serializers.Serializer[Any]):
    rows = ImportedRow(many=True)
    applied = serializers.BooleanField()


class ImportView(WeighbridgeView):
    @operation(
        scope=Scope.PLAN_WRITE,
        action="plan.import",
        uploads=TAKEN,
        answer=ImportAnswer,
        parameters={
            "dry_run": Flag(
                default=False, description="Only the verdicts; nothing is written."
            )
        },
        problems=(UnreadableFile, FileTooLarge, RowsRefused, PlanMoved),
    )
    def post(self) -> Response:
        """Import a plan, CSV or XLSX: the body itself, or the member `file` of a form.

        It is taken whole or not at all: one wrong row is 422 with the verdict of each, and
        `applied` false. The same file twice changes nothing.
        """
        take = preview_import if self.query["dry_run"] else apply_import
        answer = take(content=self.upload.content, actor=self.actor, now=self.now)
        return self.answer(answer.as_json())
