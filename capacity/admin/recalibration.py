"""Recalibrations in the admin: runs, their results and their log."""

from django.contrib import admin

from capacity.models import RecalibrationLine, RecalibrationResult, RecalibrationRun
from portal.kernel.admin.base import RecordAdmin
from workloads.admin.columns import OfAWorkload


@admin.register(RecalibrationRun)
class RecalibrationRunAdmin(RecordAdmin):
    list_display = (
        "__str__",
        "period",
        "status",
        "is_current",
        "is_calibrated",
        "progress",
        "requested_at",
        "requested_by",
        "finished_at",
    )
    list_filter = ("status", "is_current", "is_calibrated", "period")
    list_select_related = ("requested_by",)
    search_fields = ("period", "error", "requested_by__username")
    ordering = ("-id",)

    @admin.display(description="Done")
    def progress(self, obj: RecalibrationRun) -> str:
        return f"{obj.done} of {obj.total}"


@admin.register(RecalibrationResult)
class RecalibrationResultAdmin(OfAWorkload):
    list_display = ("of_workload", "run", "period", "missing", "draft_version")
    list_filter = ("run__period", ("draft_version", admin.EmptyFieldListFilter))
    list_select_related = ("run", "workload")
    search_fields = ("workload__name", "run__period")
    search_help_text = "W-02, a workload's name, 2026Q2"
    ordering = ("-run", "workload__number")

    @admin.display(description="Period", ordering="run__period")
    def period(self, obj: RecalibrationResult) -> str:
        return obj.run.period


@admin.register(RecalibrationLine)
class RecalibrationLineAdmin(RecordAdmin):
    list_display = ("run", "at", "key", "text")
    list_display_links = ("key",)
    list_filter = ("run__period", "at")
    list_select_related = ("run",)
    search_fields = ("text", "key", "run__period")
    ordering = ("-run", "id")
