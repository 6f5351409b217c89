"""Posting what must leave the house; the relay delivers it after the commit."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from portal.kernel.enums import Channel
from portal.kernel.models import OutboxMessage, User


def post(
    kind: str,
    payload: Mapping[str, Any],
    *,
    channel: Channel,
    now: datetime,
    available_at: datetime | None = None,
    dedup_key: str | None = None,
) -> bool:
    """Write one message into the transaction at hand; False when the key was used.

    Delivery is at least once: whoever receives it must bear a repetition.
    """
    message = OutboxMessage(
        kind=kind,
        channel=channel,
        payload=dict(payload),
        dedup_key=dedup_key,
        created_at=now,
        available_at=available_at or now,
    )
    if dedup_key is None:
        message.save(force_insert=True)
        return True
    try:
        # A savepoint: the conflict must not undo the change this belongs to.
        with transaction.atomic():
            message.save(force_insert=True)
    except IntegrityError:
        if not OutboxMessage.objects.filter(dedup_key=dedup_key).exists():
            raise
        return False
    return True


def post_mail(
    to: User | str,
    subject: str,
    body: str,
    *,
    now: datetime,
    kind: str = "mail",
    dedup_key: str | None = None,
) -> bool:
    """A mail to one person; False, and no message, for whoever cannot get mail."""
    address = _address_of(to)
    if not address:
        return False
    return post(
        kind,
        # A line break in a subject would start another header.
        {"to": address, "subject": " ".join(subject.split()), "body": body},
        channel=Channel.MAIL,
        now=now,
        dedup_key=dedup_key,
    )


def post_task(
    task: str,
    arguments: Sequence[int | str | bool | None] = (),
    *,
    now: datetime,
    dedup_key: str | None = None,
) -> bool:
    """A Celery job by its dotted name, with primitive arguments."""
    return post(
        task,
        {"task": task, "arguments": list(arguments)},
        channel=Channel.TASK,
        now=now,
        dedup_key=dedup_key,
    )


def _address_of(to: User | str) -> str:
    if isinstance(to, str):
        return to.strip()
    return to.email if to.is_active else ""
