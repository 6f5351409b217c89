"""The relay: claims what is due, hands it to its channel, notes how it went.

Claiming commits before anything is delivered, so no lock is held during a network
call. A claim is a lease: should the process end in between, the message is due again
when the lease runs out. Delivery is therefore at least once.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from portal.kernel.access import require
from portal.kernel.enums import Channel
from portal.kernel.errors import NotFound
from portal.kernel.models import OutboxMessage, User
from portal.kernel.selectors.outbox import waiting
from portal.kernel.services import audit

logger = logging.getLogger(__name__)

# Takes the payload; any exception means: not delivered.
Deliverer = Callable[[Mapping[str, Any]], None]

# Longer than any single delivery may take (a mail server has 20 s).
LEASE = timedelta(minutes=2)
MOST_ATTEMPTS = 12
FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(hours=6)
ERROR_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class Relayed:
    """What became of one message."""

    message_id: int
    delivered: bool
    given_up: bool = False


def delay_after(attempts: int) -> timedelta:
    """The wait after the nth failure: 30 s, then double, at most six hours."""
    return min(FIRST_DELAY * 2 ** (attempts - 1), LONGEST_DELAY)


def relay_next(
    deliverers: Mapping[Channel, Deliverer], *, now: datetime
) -> Relayed | None:
    """Deliver the message that has been due longest; None when nothing is due."""
    message = _claim(now)
    if message is None:
        return None
    if message.attempts > MOST_ATTEMPTS:
        # Each attempt ended with its process, so no failure was ever written down.
        return _note_failure(message, "No attempt came to an end.", now)
    try:
        deliverers[Channel(message.channel)](message.payload)
    except Exception as error:  # noqa: BLE001 - whatever failed, the message must wait
        return _note_failure(message, f"{type(error).__name__}: {error}", now)
    _finish(message, delivered_at=now, last_error="")
    return Relayed(message.pk, delivered=True)


def retry_message(*, actor: User, message_id: int, now: datetime) -> None:
    """Begin again with a message that was given up."""
    require(actor, "account.manage")
    with transaction.atomic():
        begun = OutboxMessage.objects.filter(
            pk=message_id, given_up_at__isnull=False
        ).update(given_up_at=None, attempts=0, available_at=now)
        if not begun:
            raise NotFound("No message with that number was given up.")
        audit.record("outbox.retried", f"outbox/{message_id}", actor=actor, now=now)


def _claim(now: datetime) -> OutboxMessage | None:
    with transaction.atomic():
        message = (
            waiting()
            .filter(available_at__lte=now)
            .select_for_update(skip_locked=True)
            .order_by("available_at", "id")
            .first()
        )
        if message is not None:
            message.attempts += 1
            message.available_at = now + LEASE
            message.save(update_fields=["attempts", "available_at"])
    return message


def _note_failure(message: OutboxMessage, error: str, now: datetime) -> Relayed:
    given_up = message.attempts >= MOST_ATTEMPTS
    _finish(
        message,
        last_error=error[:ERROR_CHARACTERS].replace("\x00", ""),
        available_at=now + delay_after(message.attempts),
        given_up_at=now if given_up else None,
    )
    logger.warning(
        "outbox message %s (%s) not delivered, attempt %s%s: %s",
        message.pk,
        message.kind,
        message.attempts,
        ", given up" if given_up else "",
        error,
    )
    return Relayed(message.pk, delivered=False, given_up=given_up)


def _finish(message: OutboxMessage, **values: Any) -> None:
    # Whoever was slower than the lease finds another attempt there and keeps away;
    # a delivery that did happen is noted all the same.
    mine = waiting().filter(pk=message.pk)
    if "delivered_at" not in values:
        mine = mine.filter(attempts=message.attempts)
    mine.update(**values)
