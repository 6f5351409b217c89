"""Reading the outbox."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q, QuerySet

from portal.kernel.models import OutboxMessage


@dataclass(frozen=True, slots=True)
class OutboxState:
    """`due_since`: since when the oldest message that is due waits (None: none)."""

    waiting: int
    given_up: int
    due_since: datetime | None


def waiting() -> QuerySet[OutboxMessage]:
    """Neither delivered nor given up."""
    return OutboxMessage.objects.filter(
        delivered_at__isnull=True, given_up_at__isnull=True
    )


def outbox_state(*, now: datetime) -> OutboxState:
    """For health and metrics, in one query."""
    counts = OutboxMessage.objects.filter(delivered_at__isnull=True).aggregate(
        waiting=Count("id", filter=Q(given_up_at__isnull=True)),
        given_up=Count("id", filter=Q(given_up_at__isnull=False)),
        due_since=Min(
            "available_at", filter=Q(given_up_at__isnull=True, available_at__lte=now)
        ),
    )
    return OutboxState(**counts)


def recent_mails(kind: str) -> QuerySet[OutboxMessage]:
    """Of one kind, newest first."""
    return OutboxMessage.objects.filter(kind=kind, channel="mail").order_by("-id")
