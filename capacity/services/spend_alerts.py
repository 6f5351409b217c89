"""Alerts of spend limits: one at their alert and one at the limit, each once a period."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction

from capacity.enums import LimitScope
from capacity.models import SpendAlert, SpendLimit
from capacity.selectors.gate_targets import target_of
from capacity.selectors.spend_limits import Spent, spent_against, standing_limits
from portal.kernel.enums import EventKind
from portal.kernel.formats import money, share
from portal.kernel.models import User
from portal.kernel.selectors import numbers
from portal.kernel.services.outbox import post_mail
from portal.kernel.services.webhooks import emit


def alert_spending(*, now: datetime) -> int:
    """Compare what was spent with every standing limit; returns how many were told.

    Twice is as once. Where a limit is reached without its alert having been said, only
    the limit is told.
    """
    spent = [
        one
        for one in spent_against(list(standing_limits()), now)
        if one.is_alerted or one.is_reached
    ]
    said = _said(spent)
    return sum(
        _tell(one, said.get(one.limit.pk, frozenset()), now)
        for one in spent
        if one.is_reached not in said.get(one.limit.pk, frozenset())
    )


def _said(spent: Iterable[Spent]) -> dict[int, frozenset[bool]]:
    """What was said of each limit in its running period. One query."""
    starts = {one.limit.pk: one.starts_on for one in spent}
    said: dict[int, frozenset[bool]] = {}
    rows = SpendAlert.objects.filter(limit__in=starts).values_list(
        "limit_id", "starts_on", "reached"
    )
    for limit_id, starts_on, reached in rows:
        if starts_on == starts[limit_id]:
            said[limit_id] = said.get(limit_id, frozenset()) | {reached}
    return said


def _tell(spent: Spent, said: frozenset[bool], now: datetime) -> int:
    reached = spent.is_reached
    if not reached and True in said:
        # Calls that let go of what they had reserved: the limit was told already.
        return 0
    try:
        with transaction.atomic():
            alert = SpendAlert.objects.create(
                limit=spent.limit,
                starts_on=spent.starts_on,
                reached=reached,
                spent=spent.total,
                at=now,
            )
            _send(spent, alert, now)
    except IntegrityError:
        # Another worker was quicker, and told it.
        return 0
    return 1


def _send(spent: Spent, alert: SpendAlert, now: datetime) -> None:
    limit = spent.limit
    told = {
        "spend_limit": limit.pk,
        "scope": limit.scope,
        "target": limit.target,
        "period": limit.period,
        "starts_on": alert.starts_on,
        "kind": "spend_limit" if alert.reached else "spend_alert",
        "spent": f"{alert.spent:.2f}",
        "amount": f"{limit.amount:.2f}",
        "currency": numbers.current().currency,
        "at": now,
    }
    emit(EventKind.GATE_THRESHOLD, told, now=now)
    person = _told_person(limit)
    if person is not None:
        key = f"spend-alert-{alert.pk}"
        subject, body = _words(spent, alert)
        post_mail(person, subject, body, now=now, kind="spend alert", dedup_key=key)


def _told_person(limit: SpendLimit) -> User | None:
    """The workload's owner, the department's head; an agent's limit, or one of a target
    without a person, is told to whoever set it."""
    found = target_of(limit.scope, limit.target)
    person = None
    if found is not None:
        is_department = limit.scope == LimitScope.DEPARTMENT
        person = found.head if is_department else found.owner
    return person or limit.set_by


def _words(spent: Spent, alert: SpendAlert) -> tuple[str, str]:
    limit, currency = spent.limit, numbers.current().currency
    found = target_of(limit.scope, limit.target)
    name = found.ref if found else limit.target
    period = f"a {limit.period}"
    amount = money(limit.amount, currency, cents=True)
    used = money(alert.spent, currency, cents=True)
    where = f"{settings.PORTAL_URL}/gates/limits/{limit.pk}/"
    if alert.reached:
        return (
            f"{name}: the spend limit of {amount} {period} is reached",
            f"{used} of {amount} {period} are spent or reserved. Every further call is "
            f"blocked until the {limit.period} ends or the limit is changed.\n\n{where}",
        )
    return (
        f"{name}: {share(spent.share)} of the spend limit {period} is spent",
        f"{used} of {amount} {period} are spent or reserved. At the limit every further "
        f"call is blocked.\n\n{where}",
    )
