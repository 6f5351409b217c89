"""Opt-ins to metered overage: recorded with a draft, withdrawn by owner or finance."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from capacity.enums import GateState
from capacity.models import GateTier, MeteredOptIn
from capacity.rules.gates import Slip
from capacity.selectors.gate_problems import OptInWithdrawn
from capacity.selectors.gates import get_gate, standing_opt_ins, stands, to_gate
from capacity.services.entries import given, require
from portal.kernel import access
from portal.kernel.errors import NotFound
from portal.kernel.formats import rfc3339
from portal.kernel.models import User
from portal.kernel.services import audit
from workloads.models import Workload
from workloads.services.locks import lock_workload

LONGEST_REASON = 2_000
CORRECTED = "Corrected in the draft that brought it."


def slips_of_opt_ins(
    workload: Workload, wanted: Mapping[str, Mapping[str, Any]], tiers: list[str]
) -> list[Slip]:
    """A standing opt-in is withdrawn, not written over, once a gate rests on it.

    `wanted` are those that differ from what stands.
    """
    standing = standing_opt_ins(workload)
    return [
        Slip(
            f"/tiers/{tiers.index(tier)}/metered_opt_in",
            "opt_in_stands",
            f"{tier} opted in already, by {standing[tier].reference}. Its owner or "
            "finance can withdraw that first; or leave this out.",
        )
        for tier in wanted
        if tier in standing and _is_used(standing[tier])
    ]


def record_opt_ins(
    workload: Workload,
    wanted: Mapping[str, Mapping[str, Any]],
    *,
    actor: User,
    now: datetime,
) -> dict[str, MeteredOptIn]:
    """Add what is new on a locked row; every opt-in that stands then, by tier."""
    standing = standing_opt_ins(workload)
    for tier, opt_in in wanted.items():
        before = standing.get(tier)
        if before is not None:
            _withdraw(before, actor=actor, reason=CORRECTED, now=now)
        standing[tier] = MeteredOptIn.objects.create(
            workload=workload,
            tier=tier,
            by=opt_in["by"],
            at=opt_in["at"],
            reference=opt_in["reference"],
            recorded_by=actor,
            recorded_at=now,
        )
    return standing


@transaction.atomic
def withdraw_opt_in(
    *, number: int, version: int, tier: str, actor: User, reason: str, now: datetime
) -> MeteredOptIn:
    """From the next decision on the tier is held as a hard cap.

    Raises NotFound, NotAllowed, Invalid (a reason is needed) or OptInWithdrawn.
    """
    workload = lock_workload(number)
    access.require(actor, "opt_in.withdraw", workload)
    why = "An opt-in is withdrawn with a reason: users are held at the ceiling then."
    require(given("reason", reason, most=LONGEST_REASON, why=why))
    policy = get_gate(workload, version)
    row = next((one for one in policy.tiers.all() if one.tier == tier), None)
    if row is None:
        raise NotFound(f"Gate v{version} of {workload.ref} has no tier {tier}.")
    opt_in = row.opt_in
    if opt_in is None or not stands(opt_in):
        raise OptInWithdrawn(
            f"{tier} of {workload.ref} has no standing opt-in in v{version}.",
            link=to_gate(workload.ref, version),
        )
    _withdraw(opt_in, actor=actor, reason=reason.strip(), now=now)
    audit.record(
        "opt_in.withdrawn",
        f"workload/{workload.ref}",
        actor=actor,
        now=now,
        before={"tier": tier, **plain_opt_in(opt_in)},
        reason=opt_in.withdrawal_reason,
    )
    return opt_in


def plain_opt_in(opt_in: MeteredOptIn) -> dict[str, str]:
    return {
        "by": opt_in.by,
        "at": rfc3339(opt_in.at),
        "reference": opt_in.reference,
    }


def _withdraw(opt_in: MeteredOptIn, *, actor: User, reason: str, now: datetime) -> None:
    opt_in.withdrawn_at, opt_in.withdrawn_by = now, actor
    opt_in.withdrawal_reason = reason
    opt_in.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawal_reason"])


def is_same(row: MeteredOptIn | None, opt_in: Mapping[str, Any]) -> bool:
    """Whether this very consent is on record and stands."""
    return row is not None and (row.by, row.at, row.reference) == (
        opt_in["by"],
        opt_in["at"],
        opt_in["reference"],
    )


def _is_used(opt_in: MeteredOptIn) -> bool:
    """Whether a version that left the draft names it."""
    used = GateTier.objects.filter(
        opt_in=opt_in, policy__state__in=[GateState.SHADOW, GateState.ACTIVE]
    )
    return used.exists()
