"""Alerts in the admin: users by a short hash, since committee and auditors open it."""

from django.contrib import admin

from capacity.models import Alert
from capacity.selectors.user_references import short_hash
from portal.kernel.admin.base import RecordAdmin


@admin.register(Alert)
class AlertAdmin(RecordAdmin):
    list_display = (
        "id",
        "workload",
        "user",
        "tier",
        "month",
        "level",
        "spoken",
        "account",
        "at",
        "acknowledged_at",
    )
    list_filter = ("level", "spoken", "overage", "month", "acknowledged_at")
    list_select_related = ("workload",)
    search_fields = ("tier", "account", "workload__name", "=decision", "=trace_id")
    fields = (
        "workload",
        "user",
        "tier",
        "month",
        "level",
        "spoken",
        "kind",
        "overage",
        "consumed",
        "projected",
        "account",
        "decision",
        "trace_id",
        "at",
        "acknowledged_at",
        "acknowledged_by",
    )

    def trail_of(self, obj: Alert) -> str:
        return f"workload/{obj.workload.ref}"

    @admin.display(description="User")
    def user(self, obj: Alert) -> str:
        return short_hash(obj.user_ref)
