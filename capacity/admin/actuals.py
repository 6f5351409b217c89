"""Actuals in the admin: entries and corrections, and which quarters are closed."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from capacity.admin.columns import EntryAdmin, amount
from capacity.models import ComputeActual, OpsActual, QuarterEvent, TokenActual
from capacity.models.imports import ActualsImport
from portal.kernel.admin.base import RecordAdmin
from workloads.admin.columns import by_reference


@admin.register(ComputeActual)
class ComputeActualAdmin(EntryAdmin):
    list_display = (
        "month",
        "called",
        "cost",
        "peak_concurrent_sessions",
        "corrects",
        "entered_at",
        "entered_by",
    )
    list_filter = ("month", "line", ("corrects", admin.EmptyFieldListFilter))
    list_select_related = ("entered_by", "corrects")
    search_fields = ("month", "line", "reason", *EntryAdmin.by)

    @admin.display(description="Line", ordering="line")
    def called(self, obj: ComputeActual) -> str:
        return obj.line or "peak of sessions"

    @admin.display(description="Cost", ordering="amount")
    def cost(self, obj: ComputeActual) -> str:
        return amount(obj.amount, obj.currency)


class _OfAWorkload(EntryAdmin):
    """W-07 finds the entries of one workload."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        found = by_reference(queryset, search_term, "workload__number")
        if found is not None:
            return found, False
        return super().get_search_results(request, queryset, search_term)


@admin.register(OpsActual)
class OpsActualAdmin(_OfAWorkload):
    list_display = (
        "week",
        "of",
        "category",
        "hours",
        "quarter",
        "corrects",
        "entered_at",
        "entered_by",
    )
    list_filter = (
        "quarter",
        "category",
        ("workload", admin.EmptyFieldListFilter),
        ("corrects", admin.EmptyFieldListFilter),
    )
    list_select_related = ("entered_by", "corrects", "workload")
    search_fields = ("=week", "workload__name", "reason", *EntryAdmin.by)
    search_help_text = "W-02, 2026-W17, a workload's name, words of a reason"

    @admin.display(description="Workload", ordering="workload__number")
    def of(self, obj: OpsActual) -> str:
        return str(obj.workload) if obj.workload else "the platform"


@admin.register(TokenActual)
class TokenActualAdmin(_OfAWorkload):
    list_display = (
        "month",
        "workload",
        "users",
        "sessions",
        "input_tokens",
        "output_tokens",
        "corrects",
        "entered_at",
        "entered_by",
    )
    list_filter = ("month", ("corrects", admin.EmptyFieldListFilter))
    list_select_related = ("entered_by", "workload", "corrects__workload")
    search_fields = ("month", "workload__name", "reason", *EntryAdmin.by)
    search_help_text = "W-02, 2026-05, a workload's name, words of a reason"


@admin.register(QuarterEvent)
class QuarterEventAdmin(EntryAdmin):
    list_display = ("quarter", "mark", "reason", "entered_at", "entered_by")
    list_filter = ("mark", "quarter")
    search_fields = ("=quarter", "reason", *EntryAdmin.by)

    def trail_of(self, obj: QuarterEvent) -> str:
        return f"quarter/{obj.quarter}"


@admin.register(ActualsImport)
class ActualsImportAdmin(RecordAdmin):
    list_display = (
        "__str__",
        "kind",
        "total",
        "uploaded_by",
        "uploaded_at",
        "applied_by",
        "applied_at",
        "removed_at",
    )
    list_filter = ("kind", "uploaded_at", ("applied_at", admin.EmptyFieldListFilter))
    list_select_related = ("uploaded_by", "applied_by")
    search_fields = ("file_name", "=sha256", "uploaded_by__username")
    # Not the sheet itself: its verdicts are read on the page of the import.
    fields = (
        "kind",
        "file_name",
        "sha256",
        "total",
        "problem",
        "uploaded_by",
        "uploaded_at",
        "applied_by",
        "applied_at",
        "removed_at",
    )
