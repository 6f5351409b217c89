"""Estimates in the admin: read-only, as signed numbers are."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from portal.kernel import clock, marks
from workloads.admin.columns import OfAWorkload, figure
from workloads.models import Estimate
from workloads.selectors.signoffs import marks_of, prefetch_signoffs, shown_state


@admin.register(Estimate)
class EstimateAdmin(OfAWorkload):
    list_display = (
        "of_workload",
        "called",
        "stands",
        "signed",
        "users",
        "tokens",
        "ops_hours_week",
        "submitted_at",
        "submitted_by",
    )
    list_display_links = ("of_workload", "called")
    list_filter = ("state", "submitted_at")
    list_select_related = ("workload", "submitted_by")
    search_fields = ("workload__name", "note", "=sha256")
    search_help_text = "W-02, a workload's name, a hash"
    ordering = ("workload__number", "-version")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Estimate]:
        found: QuerySet[Estimate] = super().get_queryset(request)
        return found.prefetch_related(prefetch_signoffs("signoffs"))

    @admin.display(description="Version", ordering="version")
    def called(self, obj: Estimate) -> str:
        return f"v{obj.version}"

    @admin.display(description="State", ordering="state")
    def stands(self, obj: Estimate) -> str:
        return shown_state(obj, clock.today(clock.now()))

    @admin.display(description="Signed")
    def signed(self, obj: Estimate) -> Any:
        states = marks_of(obj, clock.today(clock.now())).values()
        return marks.signoff_marks(tuple(states))

    @admin.display(description="Tokens /user/month", ordering="tokens_per_user_month")
    def tokens(self, obj: Estimate) -> str:
        return figure(obj.tokens_per_user_month)
