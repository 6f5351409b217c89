"""Removing what has had its time."""

from datetime import datetime, timedelta

from portal.kernel.models import IdempotentAnswer, OutboxMessage, WebhookDelivery

ANSWERS_ARE_KEPT = timedelta(hours=24)
DELIVERED_MESSAGES_ARE_KEPT = timedelta(days=30)
DELIVERIES_ARE_KEPT = timedelta(days=90)


def remove_expired(*, now: datetime) -> int:
    """Drop old idempotent answers and delivered messages; returns how many rows."""
    answers, _ = IdempotentAnswer.objects.filter(
        created_at__lt=now - ANSWERS_ARE_KEPT
    ).delete()
    messages, _ = OutboxMessage.objects.filter(
        delivered_at__lt=now - DELIVERED_MESSAGES_ARE_KEPT
    ).delete()
    deliveries, _ = WebhookDelivery.objects.filter(
        created_at__lt=now - DELIVERIES_ARE_KEPT
    ).delete()
    return answers + messages + deliveries
