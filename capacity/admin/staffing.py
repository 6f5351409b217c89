"""Staffing in the admin: read-only, entered on its page."""

from django.contrib import admin

from capacity.admin.columns import EntryAdmin
from capacity.models import Staffing


@admin.register(Staffing)
class StaffingAdmin(EntryAdmin):
    list_display = (
        "quarter",
        "full_time_equivalents",
        "vacancies",
        "decision",
        "reason",
        "entered_at",
        "entered_by",
    )
    list_filter = ("quarter", "entered_at")
    search_fields = ("=quarter", "=decision", "reason", *EntryAdmin.by)
    search_help_text = "2026Q3, D-12, words of a reason, who entered it"

    def trail_of(self, obj: Staffing) -> str:
        return f"staffing/{obj.quarter}"
