"""Spend limits: set, and ended. Changed by setting another in the same place."""

from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction

from capacity.enums import LimitPeriod, LimitScope
from capacity.models import SpendCounter, SpendLimit
from capacity.selectors.gate_problems import LimitEnded, UnknownTarget
from capacity.selectors.gate_targets import Target, target_of
from capacity.selectors.spend_limits import (
    begin_of,
    get_limit,
    reserved_now,
    settled_since,
    tag_of,
)
from capacity.services.entries import Entry, at_most, bounded, given, require
from capacity.services.locks import lock_limits
from portal.kernel import access, clock
from portal.kernel.api.etags import require_match
from portal.kernel.errors import FieldError
from portal.kernel.models import User
from portal.kernel.services import audit

LONGEST_REASON = 2_000
MOST_AMOUNT = 10**12
_BEGIN = """
    INSERT INTO capacity_spendcounter
        (scope, target, period, starts_on, settled, reserved)
    VALUES (%s, %s, %s, %s, %s, 0)
    ON CONFLICT DO NOTHING
"""
ALERT_AT = Decimal("0.800")
PLACES_OF_ALERT = 3


def require_limiter(actor: User, scope: object, target: object) -> Target | None:
    """The target, once this person may limit it (403); None where there is no such.

    Finance limits anything, the head of a department that department.
    """
    found = target_of(scope, target)
    department = scope == LimitScope.DEPARTMENT
    action = "spend_limit.set_for_department" if department else "spend_limit.set"
    access.require(actor, action, found)
    return found


@transaction.atomic
def set_limit(
    *,
    scope: LimitScope,
    target: str,
    period: LimitPeriod,
    amount: Decimal,
    alert_at: Decimal = ALERT_AT,
    reason: str = "",
    actor: User,
    now: datetime,
) -> Entry[SpendLimit]:
    """The most that a workload, an agent or a department may cost a day or month.

    It takes the place of the one that stands; an equal one changes nothing. What was
    spent before counts. Raises NotAllowed, Invalid or UnknownTarget.
    """
    found = require_limiter(actor, scope, target)
    require(
        _above_zero("amount", amount, MOST_AMOUNT, 2, "units of money"),
        _above_zero("alert_at", alert_at, 1, PLACES_OF_ALERT, "shares"),
        at_most("reason", reason, LONGEST_REASON),
    )
    if found is None:
        raise UnknownTarget.of(scope, target)
    lock_limits()
    before = SpendLimit.objects.filter(
        scope=found.scope, target=found.target, period=period, ended_at__isnull=True
    ).first()
    if before is not None:
        if (before.amount, before.alert_at) == (amount, alert_at):
            return Entry(before, is_new=False)
        before.ended_by, before.ended_at = actor, now
        before.save(update_fields=["ended_by", "ended_at"])
    limit = SpendLimit.objects.create(
        scope=found.scope,
        target=found.target,
        period=period,
        amount=amount,
        alert_at=alert_at,
        reason=reason.strip(),
        set_by=actor,
        set_at=now,
    )
    _count(limit, now)
    audit.record(
        "spend_limit.set",
        found.trail,
        actor=actor,
        now=now,
        before=_plain(before) if before else None,
        after={"id": limit.pk, **_plain(limit)},
        reason=limit.reason,
    )
    return Entry(limit, is_new=True)


@transaction.atomic
def end_limit(
    *,
    id: int,
    reason: str,
    actor: User,
    now: datetime,
    if_match: str | None = None,
) -> SpendLimit:
    """Take a limit away. Raises NotFound, NotAllowed, Stale, Invalid or LimitEnded."""
    lock_limits()
    limit = get_limit(id)
    found = require_limiter(actor, limit.scope, limit.target)
    if if_match is not None:
        require_match(if_match, tag_of(limit))
    why = "A spend limit is ended with a reason: nothing holds the cost then."
    require(given("reason", reason, most=LONGEST_REASON, why=why))
    if limit.ended_at is not None:
        raise LimitEnded(f"Spend limit {limit.pk} has ended already.")
    limit.ended_by, limit.ended_at = actor, now
    limit.save(update_fields=["ended_by", "ended_at"])
    target = found or Target(limit.scope, limit.target)
    audit.record(
        "spend_limit.ended",
        target.trail,
        actor=actor,
        now=now,
        before={"id": limit.pk, **_plain(limit)},
        reason=reason.strip(),
    )
    return limit


def _count(limit: SpendLimit, now: datetime) -> None:
    """Begin the counter with what was spent and what is in flight.

    The epoch moves first: reservations of a moment ago are committed and seen here, and
    later ones are made by runtimes that know the limit.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS capacity_spendlimit_moves_the_epoch IMMEDIATE")
    begin = begin_of(limit.period, now)
    named = (limit.scope, limit.target, limit.period, begin)
    settled = Decimal(0)
    if not SpendCounter.objects.filter(pk=named).exists():
        settled = settled_since(limit.scope, limit.target, begin, clock.today(now))
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, [*named, settled])
    # Held from here on: what reserves or settles against it waits, and adds to this.
    counter = SpendCounter.objects.select_for_update().filter(pk=named)
    counter.get()
    reserved = reserved_now(limit.scope, limit.target, begin, now)
    counter.update(reserved=reserved)


def _above_zero(
    name: str, value: Decimal, most: int, places: int, unit: str
) -> FieldError | None:
    wrong = bounded(name, value, most=most, places=places, unit=unit)
    if wrong is None and value == 0:
        return FieldError(f"/{name}", "min_value", "It is above 0.")
    return wrong


def _plain(limit: SpendLimit) -> dict[str, str]:
    return {
        "scope": limit.scope,
        "target": limit.target,
        "period": limit.period,
        "amount": f"{limit.amount:f}",
        "alert_at": f"{limit.alert_at:f}",
    }
