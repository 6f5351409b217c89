"""One try to tell one event: signed, sent, and written down whatever came of it."""

import http.client
import time
from datetime import datetime, timedelta

from django.db import transaction

from portal.kernel.models import WebhookDelivery, WebhookSubscription
from portal.kernel.outgoing import UnsafeAddress, send
from portal.kernel.services import audit
from portal.kernel.services.webhooks import secret_for
from portal.kernel.signing import fingerprint_of, signature_of

# A receiver that hangs must not hold up the mails behind it: for so long only one of
# its messages is tried, and the others come back later.
REST_AFTER_A_FAILURE = timedelta(seconds=25)
MOST_TRIES_KEPT = 30
ERROR_CHARACTERS = 300
GONE = 410


class NotDelivered(Exception):
    """The receiver did not take it; the outbox tries again."""


def tell(*, subscription_id: int, event_id: str, now: datetime) -> None:
    """Send one delivery. Raises NotDelivered, so that the outbox tries again later."""
    delivery = (
        WebhookDelivery.objects.select_related("subscription")
        .filter(subscription_id=subscription_id, event_id=event_id)
        .first()
    )
    if delivery is None or delivery.delivered_at is not None:
        return
    subscription = delivery.subscription
    if subscription.ended_at is not None or not subscription.is_active:
        _note(delivery, now, error="The webhook was switched off before it was told.")
        return
    if subscription.paused_until is not None and subscription.paused_until > now:
        raise NotDelivered("The receiver failed a moment ago; this one waits.")
    began = time.monotonic()
    status, error = _try(delivery, now)
    took = round((time.monotonic() - began) * 1000)
    _note(delivery, now, status=status, error=error, took=took)
    if error:
        raise NotDelivered(error)


def _try(delivery: WebhookDelivery, now: datetime) -> tuple[int | None, str]:
    """(status of the answer, what went wrong)."""
    subscription = delivery.subscription
    secret = secret_for(subscription)
    if fingerprint_of(secret) != subscription.fingerprint:
        return None, (
            "The portal's secret key has changed, and this webhook's secret with it. "
            "An administrator can give it a new one."
        )
    body = delivery.body.encode()
    timestamp = int(now.timestamp())
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Weighbridge",
        "webhook-id": delivery.event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature_of(secret, delivery.event_id, timestamp, body),
    }
    try:
        status = send(subscription.url, body, headers)
    except (OSError, http.client.HTTPException, UnsafeAddress) as error:
        return None, f"{type(error).__name__}: {error}"
    if 200 <= status < 300:
        return status, ""
    if 300 <= status < 400:
        return status, f"It answered {status}; redirects are not followed."
    return status, f"It answered {status}."


@transaction.atomic
def _note(
    delivery: WebhookDelivery,
    now: datetime,
    *,
    status: int | None = None,
    error: str = "",
    took: int = 0,
) -> None:
    kept = WebhookDelivery.objects.select_for_update().get(pk=delivery.pk)
    told = error[:ERROR_CHARACTERS].replace("\x00", "")
    tried = {
        "at": now.isoformat(),
        "status": status,
        "error": told,
        "milliseconds": took,
    }
    kept.tries = [*kept.tries, tried][-MOST_TRIES_KEPT:]
    if not error:
        kept.delivered_at = now
    kept.save(update_fields=["tries", "delivered_at"])
    rows = WebhookSubscription.objects.filter(pk=kept.subscription_id)
    if error and took:
        rows.update(paused_until=now + REST_AFTER_A_FAILURE)
    elif not error:
        rows.filter(paused_until__isnull=False).update(paused_until=None)
    if status == GONE and rows.filter(is_active=True).update(is_active=False):
        audit.record(
            "webhook.edited",
            f"webhook/{kept.subscription_id}",
            actor=None,
            now=now,
            before={"is_active": True},
            after={"is_active": False},
            reason="The receiver answered 410: it wants no more.",
        )
