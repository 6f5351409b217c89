"""What leaves the house, in the admin."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from portal.kernel import clock
from portal.kernel.admin.base import RecordAdmin, actor_of
from portal.kernel.admin.filters import MessageState
from portal.kernel.models import OutboxMessage
from portal.kernel.services.relay import retry_message


@admin.register(OutboxMessage)
class OutboxMessageAdmin(RecordAdmin):
    list_display = (
        "id",
        "kind",
        "channel",
        "goes_to",
        "state",
        "created_at",
        "attempts",
        "last_error",
    )
    list_filter = (MessageState, "channel", "created_at")
    search_fields = ("kind", "=dedup_key", "payload__to", "payload__subject")
    ordering = ("-id",)
    fields = (
        "kind",
        "channel",
        "payload",
        "created_at",
        "available_at",
        "attempts",
        "delivered_at",
        "given_up_at",
        "last_error",
        "dedup_key",
    )
    actions = ("retry",)

    def trail_of(self, obj: OutboxMessage) -> str:
        return f"outbox/{obj.pk}"

    @admin.display(description="To")
    def goes_to(self, obj: OutboxMessage) -> str:
        return str(obj.payload.get("to") or obj.payload.get("task") or "")

    @admin.display(description="State", ordering="delivered_at")
    def state(self, obj: OutboxMessage) -> str:
        if obj.delivered_at is not None:
            return "delivered"
        return "waiting" if obj.given_up_at is None else "given up"

    @admin.action(description="Begin again with what was given up")
    def retry(self, request: HttpRequest, queryset: QuerySet[OutboxMessage]) -> None:
        self.run_each(
            request,
            queryset,
            lambda message: retry_message(
                actor=actor_of(request), message_id=message.pk, now=clock.now()
            ),
            "waiting again",
        )
