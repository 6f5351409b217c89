"""Reading webhooks and the log of what they were told."""

from enum import StrEnum
from urllib.parse import urlsplit

from django.db.models import QuerySet

from portal.kernel.access import allows
from portal.kernel.api.etags import etag_of
from portal.kernel.errors import NotFound
from portal.kernel.models import User, WebhookDelivery, WebhookSubscription

HIGHEST_ID = 2**63 - 1  # PostgreSQL's bigint


class DeliveryState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


def subscriptions() -> QuerySet[WebhookSubscription]:
    return WebhookSubscription.objects.select_related("created_by").filter(
        ended_at__isnull=True
    )


def get_subscription(number: int) -> WebhookSubscription:
    found = subscriptions().filter(pk=min(number, HIGHEST_ID)).first()
    if found is None:
        raise NotFound(f"There is no webhook {number}.")
    return found


def tag_of(subscription: WebhookSubscription) -> str:
    return etag_of("webhook", subscription.pk, subscription.version)


def url_for(reader: User, url: str) -> str:
    """The whole address for whoever manages webhooks; its host for others, since many
    services put a secret into the path."""
    if allows(reader, "webhook.manage"):
        return url
    return masked(url)


def masked(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/…"


def deliveries_of(subscription: WebhookSubscription) -> QuerySet[WebhookDelivery]:
    """The log of one webhook, newest first; without the bodies, which name users."""
    return (
        subscription.deliveries.select_related("message").defer("body").order_by("-id")
    )


def get_delivery(subscription: WebhookSubscription, event_id: str) -> WebhookDelivery:
    found = deliveries_of(subscription).filter(event_id=event_id).first()
    if found is None:
        raise NotFound(f"Webhook {subscription.pk} has no delivery {event_id[:40]}.")
    return found


def state_of(delivery: WebhookDelivery) -> DeliveryState:
    if delivery.delivered_at is not None:
        return DeliveryState.DELIVERED
    message = delivery.message
    if message is None or message.given_up_at is not None or message.delivered_at:
        return DeliveryState.GIVEN_UP
    return DeliveryState.WAITING
