"""Webhooks and their log in the admin: without secrets, paths and bodies."""

from django.contrib import admin

from portal.kernel.admin.base import RecordAdmin
from portal.kernel.models import WebhookDelivery, WebhookSubscription
from portal.kernel.selectors.webhooks import masked, state_of


@admin.register(WebhookSubscription)
class WebhookSubscriptionAdmin(RecordAdmin):
    list_display = (
        "id",
        "address",
        "kinds",
        "description",
        "is_active",
        "created_by",
        "created_at",
        "ended_at",
    )
    list_filter = ("is_active", "created_at", "ended_at")
    list_select_related = ("created_by",)
    search_fields = ("description", "created_by__username", "created_by__name")
    fields = (
        "address",
        "kinds",
        "description",
        "is_active",
        "created_by",
        "created_at",
        "paused_until",
        "ended_at",
    )

    def trail_of(self, obj: WebhookSubscription) -> str:
        return f"webhook/{obj.pk}"

    @admin.display(description="Address")
    def address(self, obj: WebhookSubscription) -> str:
        return masked(obj.url)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(RecordAdmin):
    list_display = (
        "event_id",
        "subscription",
        "kind",
        "state",
        "created_at",
        "delivered_at",
    )
    list_filter = ("kind", "created_at", "delivered_at")
    list_select_related = ("subscription", "message")
    search_fields = ("=event_id", "kind")
    # Not the body: it may name users.
    fields = (
        "subscription",
        "event_id",
        "kind",
        "created_at",
        "delivered_at",
        "tries",
    )

    @admin.display(description="State", ordering="delivered_at")
    def state(self, obj: WebhookDelivery) -> str:
        return str(state_of(obj)).replace("_", " ")
