"""Reads of alerts: what was said about whom, and what became of its mail."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import QuerySet

from capacity.models import Account, Alert
from capacity.selectors.user_references import may_see_users
from portal.kernel import clock
from portal.kernel.errors import NotFound
from portal.kernel.models import OutboxMessage, User
from workloads.models import Workload

HIGHEST_ID = 2**63 - 1  # PostgreSQL's bigint


class MailState(StrEnum):
    """What became of an alert's mail; none where it has none, or is older than a month."""

    WAITING = "waiting"
    SENT = "sent"
    GIVEN_UP = "given_up"


def spoken_alerts() -> QuerySet[Alert]:
    """What was said. Levels that a higher one passed over are kept, and told nowhere."""
    return Alert.objects.filter(spoken=True)


def alert_rows() -> QuerySet[Any, Any]:
    """As the API lists them: one statement, compiled once."""
    return spoken_alerts().values(
        "id",
        "workload__number",
        "workload__owner_id",
        "user_ref",
        "tier",
        "month",
        "level",
        "kind",
        "account",
        "trace_id",
        "at",
        "acknowledged_at",
        "acknowledged_by",
    )


def get_alert(number: int) -> Alert:
    found = (
        spoken_alerts()
        .select_related("workload__owner")
        .filter(pk=min(number, HIGHEST_ID))
        .first()
    )
    if found is None:
        raise NotFound(f"There is no alert {number}.")
    return found


def open_alerts(workload: Workload, now: datetime) -> QuerySet[Alert]:
    """Of this month, and acknowledged by nobody yet; the highest level first."""
    return (
        spoken_alerts()
        .filter(
            workload=workload,
            month=clock.today(now).replace(day=1),
            acknowledged_at__isnull=True,
        )
        .order_by("-level", "-id")
    )


def sees_user_of(reader: User, row: dict[str, Any]) -> bool:
    """Whether this reader sees whom a row is about: by role, or as the owner."""
    owner = row["workload__owner_id"]
    if owner is not None and owner == reader.pk:
        return may_see_users(reader, Workload(owner_id=owner))
    return may_see_users(reader)


def account_of(alert: Alert) -> Account | None:
    """Who pays for the user, where the runtime named an account that is known."""
    if not alert.account:
        return None
    return Account.objects.filter(code=alert.account).first()


def mail_key(alert_id: int) -> str:
    """What the outbox remembers an alert's mail by, so that it is sent once."""
    return f"alert-mail-{alert_id}"


def mail_states(alert_ids: Iterable[int]) -> dict[int, MailState]:
    """What became of the mails of these alerts. One query."""
    keys = {mail_key(one): one for one in alert_ids}
    found = OutboxMessage.objects.filter(dedup_key__in=keys).values_list(
        "dedup_key", "delivered_at", "given_up_at"
    )
    states = {}
    for key, delivered_at, given_up_at in found:
        state = MailState.GIVEN_UP if given_up_at else MailState.WAITING
        states[keys[str(key)]] = MailState.SENT if delivered_at else state
    return states
