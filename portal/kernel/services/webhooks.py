"""Webhooks: telling an event, and keeping the addresses that are told."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from secrets import token_hex
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from portal.kernel.access import require
from portal.kernel.enums import Channel, EventKind
from portal.kernel.errors import Conflict, FieldError, Invalid, NotFound, Stale
from portal.kernel.models import (
    OutboxMessage,
    User,
    WebhookDelivery,
    WebhookSubscription,
)
from portal.kernel.models.webhooks import LONGEST_DESCRIPTION, LONGEST_URL
from portal.kernel.outgoing import UnsafeAddress, read_address
from portal.kernel.selectors.outbox import waiting
from portal.kernel.selectors.webhooks import get_subscription, masked
from portal.kernel.services import audit
from portal.kernel.signing import fingerprint_of, secret_of

MOST_WEBHOOKS = 50
LETTERS_OF_AN_EVENT = 32


class TooManyWebhooks(Conflict):
    code = "too_many_webhooks"
    title = "No room for another webhook"


@dataclass(frozen=True, slots=True)
class Issued:
    """`secret` is shown this once; it is kept nowhere."""

    subscription: WebhookSubscription
    secret: str


def emit(
    kind: str, payload: Mapping[str, Any], *, now: datetime, key: str | None = None
) -> int:
    """Tell an event to every webhook of its kind; returns how many are told.

    Written into the transaction at hand. One query while nobody listens. The same `key`
    is told once. Call it before the audit trail's entry.
    """
    listeners = list(
        WebhookSubscription.objects.filter(
            kinds__contains=[str(EventKind(kind))],
            is_active=True,
            ended_at__isnull=True,
        ).order_by("pk")
    )
    if not listeners:
        return 0
    named = sha256(key.encode()).hexdigest() if key else token_hex(LETTERS_OF_AN_EVENT)
    event_id = f"msg_{named[:LETTERS_OF_AN_EVENT]}"
    told = WebhookDelivery.objects.filter(subscription__in=listeners, event_id=event_id)
    if key and told.exists():
        return 0
    body = json.dumps(
        {"type": kind, "timestamp": now, "data": payload},
        cls=DjangoJSONEncoder,
        ensure_ascii=False,
    )
    messages = OutboxMessage.objects.bulk_create(
        _message(one, kind, event_id, now) for one in listeners
    )
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            subscription=one,
            event_id=event_id,
            kind=kind,
            body=body,
            created_at=now,
            message=message,
        )
        for one, message in zip(listeners, messages, strict=True)
    )
    return len(listeners)


def secret_for(subscription: WebhookSubscription) -> str:
    return secret_of(settings.SECRET_KEY, subscription.salt)


@transaction.atomic
def subscribe(
    *,
    actor: User,
    url: str,
    kinds: Iterable[str],
    description: str = "",
    now: datetime,
) -> Issued:
    """Tell an address of some kinds of events from now on. Raises NotAllowed, Invalid
    or TooManyWebhooks."""
    require(actor, "webhook.manage")
    told = _judged(url, kinds, description)
    if WebhookSubscription.objects.filter(ended_at=None).count() >= MOST_WEBHOOKS:
        raise TooManyWebhooks(
            f"There are {MOST_WEBHOOKS} webhooks, and each event is told to each. An "
            "administrator can remove one."
        )
    subscription = WebhookSubscription(**told, created_by=actor, created_at=now)
    secret = _give_secret(subscription)
    subscription.save()
    _record("webhook.created", subscription, actor, now, after=_plain(subscription))
    return Issued(subscription, secret)


@transaction.atomic
def edit_webhook(
    *,
    number: int,
    actor: User,
    changes: Mapping[str, Any],
    now: datetime,
    if_version: int | None = None,
) -> WebhookSubscription:
    """Change address, kinds, description, or whether it is told. The secret stays."""
    require(actor, "webhook.manage")
    subscription = _locked(number, if_version)
    before = _plain(subscription)
    told = _judged(
        changes.get("url", subscription.url),
        changes.get("kinds", subscription.kinds),
        changes.get("description", subscription.description),
    )
    told["is_active"] = changes.get("is_active", subscription.is_active)
    changed = [name for name in told if getattr(subscription, name) != told[name]]
    if not changed:
        return subscription
    for name in changed:
        setattr(subscription, name, told[name])
    subscription.version += 1
    # Mended, or about to be tried: nothing waits for an old failure.
    subscription.paused_until = None
    subscription.save(update_fields=[*changed, "version", "paused_until"])
    audit.record_change(
        "webhook.edited",
        f"webhook/{subscription.pk}",
        actor=actor,
        now=now,
        before=before,
        after=_plain(subscription),
    )
    return subscription


@transaction.atomic
def renew_secret(
    *, number: int, actor: User, now: datetime, if_version: int | None = None
) -> Issued:
    """Another secret from the next try on; the old one signs nothing any more."""
    require(actor, "webhook.manage")
    subscription = _locked(number, if_version)
    secret = _give_secret(subscription)
    subscription.version += 1
    subscription.save(update_fields=["salt", "fingerprint", "version"])
    _record("webhook.secret_renewed", subscription, actor, now)
    return Issued(subscription, secret)


@transaction.atomic
def end_webhook(
    *, number: int, actor: User, now: datetime, if_version: int | None = None
) -> None:
    """Tell this address nothing more; its log stays until it is too old."""
    require(actor, "webhook.manage")
    subscription = _locked(number, if_version)
    subscription.ended_at = now
    subscription.version += 1
    subscription.save(update_fields=["ended_at", "version"])
    _record("webhook.removed", subscription, actor, now, before=_plain(subscription))


@transaction.atomic
def resend(
    *, number: int, event_id: str, actor: User, now: datetime
) -> WebhookDelivery:
    """Tell one event again, under its id: a receiver that has it can leave it out."""
    require(actor, "webhook.manage")
    subscription = _locked(number, None)
    delivery = (
        subscription.deliveries.select_for_update().filter(event_id=event_id).first()
    )
    if delivery is None:
        raise NotFound(f"Webhook {number} has no delivery {event_id[:40]}.")
    old = delivery.message_id
    message = _message(subscription, delivery.kind, event_id, now)
    message.save(force_insert=True)
    delivery.message, delivery.delivered_at = message, None
    delivery.save(update_fields=["message", "delivered_at"])
    # What still waited is told by the new message; what was given up stays on record.
    if old is not None:
        waiting().filter(pk=old).delete()
    WebhookSubscription.objects.filter(pk=subscription.pk).update(paused_until=None)
    _record("webhook.resent", subscription, actor, now, after={"event": event_id})
    return delivery


def _message(
    subscription: WebhookSubscription, kind: str, event_id: str, now: datetime
) -> OutboxMessage:
    return OutboxMessage(
        kind=kind,
        channel=Channel.WEBHOOK,
        payload={"webhook": subscription.pk, "event": event_id},
        created_at=now,
        available_at=now,
    )


def _locked(number: int, if_version: int | None) -> WebhookSubscription:
    WebhookSubscription.objects.select_for_update().filter(pk=number).first()
    subscription = get_subscription(number)
    if if_version is not None and subscription.version != if_version:
        raise Stale("The webhook changed since you read it; nothing was saved.")
    return subscription


def _judged(url: str, kinds: Iterable[str], description: str) -> dict[str, Any]:
    wanted = set(kinds)
    wrong = []
    try:
        read_address(url)
    except UnsafeAddress as unsafe:
        wrong.append(FieldError("/url", "unsafe_address", str(unsafe)))
    if len(url) > LONGEST_URL:
        wrong.append(FieldError("/url", "max_length", "It is longer than 500."))
    if len(description) > LONGEST_DESCRIPTION:
        wrong.append(FieldError("/description", "max_length", "It is longer than 200."))
    if not wanted or wanted - set(EventKind):
        detail = f"It takes one or more of {', '.join(EventKind)}."
        wrong.append(FieldError("/kinds", "invalid_choice", detail))
    if wrong:
        raise Invalid(" ".join(one.detail for one in wrong), errors=wrong)
    return {
        "url": url,
        "kinds": [str(kind) for kind in EventKind if kind in wanted],
        "description": description.strip(),
    }


def _give_secret(subscription: WebhookSubscription) -> str:
    subscription.salt = token_hex(32)
    secret = secret_for(subscription)
    subscription.fingerprint = fingerprint_of(secret)
    return secret


def _plain(subscription: WebhookSubscription) -> dict[str, Any]:
    return {
        # Everyone reads the trail, and the path may be a secret of the receiver's.
        "url": masked(subscription.url),
        "kinds": subscription.kinds,
        "description": subscription.description,
        "is_active": subscription.is_active,
    }


def _record(
    action: str,
    subscription: WebhookSubscription,
    actor: User,
    now: datetime,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    audit.record(
        action,
        f"webhook/{subscription.pk}",
        actor=actor,
        now=now,
        before=before,
        after=after,
    )
