"""Uploaded sheets in the admin."""

from django.contrib import admin

from portal.kernel.admin.base import RecordAdmin
from workloads.models.imports import PlanImport


@admin.register(PlanImport)
class PlanImportAdmin(RecordAdmin):
    list_display = (
        "__str__",
        "state",
        "total",
        "uploaded_by",
        "uploaded_at",
        "applied_by",
        "applied_at",
        "removed_at",
    )
    list_filter = ("state", "uploaded_at")
    list_select_related = ("uploaded_by", "applied_by")
    search_fields = ("file_name", "=sha256", "uploaded_by__username")
    # Not the sheet itself: its verdicts are read on the page of the import.
    fields = (
        "file_name",
        "sha256",
        "state",
        "done",
        "total",
        "problem",
        "uploaded_by",
        "uploaded_at",
        "checked_at",
        "applied_by",
        "applied_at",
        "removed_at",
    )
