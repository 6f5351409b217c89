"""The audit trail in the admin: read, searched, never touched."""

from django.contrib import admin

from portal.kernel.admin.base import RecordAdmin
from portal.kernel.models import AuditEntry


@admin.register(AuditEntry)
class AuditEntryAdmin(RecordAdmin):
    list_display = ("id", "at", "who", "action", "object", "reason", "source")
    # No filter that lists the values of a column: the trail is long.
    list_filter = ("source", "at")
    search_fields = ("=object", "=actor_username", "action", "reason", "=request_id")
    search_help_text = "workload/W-01, a username, signoff.given, a reason"
    ordering = ("-id",)
    fields = (
        "id",
        "at",
        "actor_username",
        "action",
        "object",
        "before",
        "after",
        "reason",
        "source",
        "request_id",
        "address",
        "previous_hash",
        "hash",
    )

    def trail_of(self, obj: AuditEntry) -> str:
        return obj.object

    @admin.display(description="Who", ordering="actor_username")
    def who(self, obj: AuditEntry) -> str:
        return obj.actor_username or "the system"
