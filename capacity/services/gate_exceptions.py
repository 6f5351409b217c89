"""A ceiling of one user's or one account's own, for a while."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from capacity.models import Account, GateException
from capacity.rules.gates import MOST_CEILING, Terms
from capacity.selectors.gate_exceptions import get_exception, tag_of
from capacity.selectors.gate_ground import Ground
from capacity.selectors.gate_problems import ExceptionEnded, ExceptionInvalid
from capacity.services.entries import given, require
from capacity.services.gate_rows import require_not_retired
from portal.kernel import access, clock
from portal.kernel.api.etags import require_match
from portal.kernel.errors import FieldError
from portal.kernel.models import User
from portal.kernel.services import audit
from workloads.services.locks import lock_workload

LONGEST_REASON = 2_000
LONGEST_DAYS = 366
"""A raise that outlives a year is no exception: the next version can have it."""


@transaction.atomic
def grant_exception(
    *, number: int, actor: User, values: Mapping[str, Any], now: datetime
) -> GateException:
    """Raise the ceiling of one user or one account until a day, by finance.

    `values`: `tier` (empty for every tier), `user_ref` or `account`, `ceiling_tokens`,
    `reason`, `ends_on`. Raises NotAllowed, WorkloadRetired or ExceptionInvalid.
    """
    workload = lock_workload(number)
    access.require(actor, "gate_exception.grant", workload)
    require_not_retired(workload)
    ground = Ground(workload, now)
    wrong = [*_slips(values, ground), *_tier_slips(values, ground.in_force)]
    if wrong:
        raise ExceptionInvalid(" ".join(one.detail for one in wrong), errors=wrong)
    account: Account | None = values.get("account")
    row = GateException.objects.create(
        workload=workload,
        tier=values.get("tier") or "",
        user_ref=values.get("user_ref") or "",
        account=account,
        ceiling_tokens=values["ceiling_tokens"],
        reason=values["reason"].strip(),
        approved_by=actor,
        created_at=now,
        ends_on=values["ends_on"],
    )
    audit.record(
        "gate_exception.granted",
        f"workload/{workload.ref}",
        actor=actor,
        now=now,
        after=_plain(row),
        reason=row.reason,
    )
    return row


@transaction.atomic
def end_exception(
    *,
    exception_id: int,
    actor: User,
    reason: str,
    now: datetime,
    if_match: str | None = None,
) -> GateException:
    """Take a raise back before its end. Raises NotFound, NotAllowed, Stale, Invalid or
    ExceptionEnded."""
    row = get_exception(exception_id)
    workload = lock_workload(row.workload.number)
    access.require(actor, "gate_exception.grant", workload)
    row = get_exception(exception_id)
    if if_match is not None:
        require_match(if_match, tag_of(row))
    why = "A raise is taken back with a reason: its user is held sooner then."
    require(given("reason", reason, most=LONGEST_REASON, why=why))
    if row.ended_at is not None or row.ends_on < clock.today(now):
        raise ExceptionEnded(f"Exception {row.pk} of {workload.ref} has ended already.")
    row.ended_at = now
    row.save(update_fields=["ended_at"])
    audit.record(
        "gate_exception.ended",
        f"workload/{workload.ref}",
        actor=actor,
        now=now,
        before=_plain(row),
        reason=reason.strip(),
    )
    return row


def _slips(values: Mapping[str, Any], ground: Ground) -> list[FieldError]:
    wrong = []
    if bool(values.get("user_ref")) == bool(values.get("account")):
        detail = "A raise is for one user or for one account: name one of them."
        wrong.append(FieldError("/user", "one_of", detail))
    last = ground.today + timedelta(days=LONGEST_DAYS)
    if not ground.today <= values["ends_on"] <= last:
        detail = f"It ends from {ground.today} to {last}: it is for a while."
        wrong.append(FieldError("/ends_on", "out_of_range", detail))
    if not 1 <= values["ceiling_tokens"] <= MOST_CEILING:
        detail = f"A ceiling is from 1 to {MOST_CEILING:,} tokens."
        wrong.append(FieldError("/ceiling_tokens", "out_of_range", detail))
    if not values["reason"].strip():
        detail = "A raise needs its reason."
        wrong.append(FieldError("/reason", "required", detail))
    return wrong


def _tier_slips(values: Mapping[str, Any], in_force: Terms | None) -> list[FieldError]:
    """Against the gate that holds now; without one there is nothing to raise above."""
    if in_force is None:
        return []
    ceilings = {one.tier: one.ceiling_tokens or 0 for one in in_force.tiers}
    tier = values.get("tier") or ""
    if tier and tier not in ceilings:
        detail = f"The active gate has no tier {tier}."
        return [FieldError("/tier", "unknown_tier", detail)]
    least = ceilings[tier] if tier else min(ceilings.values())
    if values["ceiling_tokens"] <= least:
        detail = f"It is no raise: the ceiling is {least:,} tokens already."
        return [FieldError("/ceiling_tokens", "not_a_raise", detail)]
    return []


def _plain(row: GateException) -> dict[str, Any]:
    """Without the user: the trail is read by everybody, references are not."""
    return {
        "exception": row.pk,
        "tier": row.tier or None,
        "account": row.account.code if row.account else None,
        "for": "account" if row.account else "user",
        "ceiling_tokens": row.ceiling_tokens,
        "ends_on": row.ends_on.isoformat(),
    }
