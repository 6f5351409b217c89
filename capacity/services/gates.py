"""Gates: drafting a version, letting it decide beside the active one, activating it.

The workload's row is locked first; two people activate, the owner and finance.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from capacity.enums import GateState
from capacity.models import GatePolicy, GateTier
from capacity.rules.gates import Terms, in_order, slips_in
from capacity.selectors.gate_ground import Ground
from capacity.selectors.gate_problems import GateInvalid
from capacity.selectors.gates import (
    get_gate,
    open_gate,
    plain_terms,
    standing_opt_ins,
    tag_of,
    terms_of,
)
from capacity.services.gate_activation import activate_gate, shadow_gate
from capacity.services.gate_rows import (
    AGREEMENTS,
    require_draft,
    require_not_retired,
    show_on_plan,
)
from capacity.services.gate_values import Wanted, wanted_after, wanted_of
from capacity.services.opt_ins import (
    record_opt_ins,
    slips_of_opt_ins,
    withdraw_opt_in,
)
from portal.kernel import access
from portal.kernel.api.etags import require_match
from portal.kernel.errors import FieldError
from portal.kernel.models import User
from portal.kernel.services import audit
from workloads.models import Workload
from workloads.services.locks import lock_workload

__all__ = [
    "activate_gate",
    "edit_gate_draft",
    "open_gate_draft",
    "shadow_gate",
    "withdraw_opt_in",
]


@transaction.atomic
def open_gate_draft(
    *, number: int, actor: User, values: Mapping[str, Any], now: datetime
) -> GatePolicy:
    """Draft the next version; what the values leave out is prefilled. An open draft or
    shadow is discarded.

    Raises NotAllowed, WorkloadRetired or GateInvalid, and then stores nothing.
    """
    workload = lock_workload(number)
    access.require(actor, "gate.draft", workload)
    require_not_retired(workload)
    ground = Ground(workload, now)
    wanted = wanted_of(values, ground=ground, standing=standing_opt_ins(workload))
    _require_sound(wanted, ground)
    discarded = open_gate(workload)
    if discarded is not None:
        discarded.state, discarded.ended_at = GateState.SUPERSEDED, now
        discarded.save(update_fields=["state", "ended_at"])
    policy = GatePolicy(
        workload=workload,
        version=_next_version(workload),
        created_by=actor,
        created_at=now,
        edited_at=now,
        estimate=ground.estimate,
        **_columns(wanted.terms),
    )
    policy.save(force_insert=True)
    _write_tiers(policy, wanted, actor, now)
    stored = get_gate(workload, policy.version)
    show_on_plan(workload, actor)
    after = {"version": stored.version, **plain_terms(stored)}
    if discarded is not None:
        after["discards"] = discarded.version
    audit.record(
        "gate.drafted", f"workload/{workload.ref}", actor=actor, now=now, after=after
    )
    return stored


@transaction.atomic
def edit_gate_draft(
    *,
    number: int,
    version: int,
    actor: User,
    changes: Mapping[str, Any],
    now: datetime,
    if_match: str | None = None,
) -> GatePolicy:
    """Change the open draft; an agreement that was given to what it said is void then.

    `if_match` is the tag of the version that the person saw (412 when stale). Without a
    change nothing is written. Raises NotAllowed, Stale, NotADraft, WorkloadRetired or
    GateInvalid.
    """
    workload = lock_workload(number)
    access.require(actor, "gate.draft", workload)
    policy = get_gate(workload, version)
    if if_match is not None:
        require_match(if_match, tag_of(policy))
    require_not_retired(workload)
    require_draft(policy)
    ground = Ground(workload, now)
    standing = standing_opt_ins(workload)
    wanted = wanted_after(policy, changes, ground=ground, standing=standing)
    is_same = in_order(wanted.terms) == in_order(terms_of(policy))
    if is_same and not wanted.opt_ins and not wanted.slips:
        return policy
    _require_sound(wanted, ground)
    before = plain_terms(policy)
    policy.tiers.all().delete()
    columns = _columns(wanted.terms)
    for name, new in columns.items():
        setattr(policy, name, new)
    void = [name for name in AGREEMENTS if getattr(policy, name) is not None]
    for name in AGREEMENTS:
        setattr(policy, name, None)
    policy.edited_at, policy.estimate = now, ground.estimate
    policy.save(update_fields=[*columns, *AGREEMENTS, "edited_at", "estimate"])
    _write_tiers(policy, wanted, actor, now)
    stored = get_gate(workload, version)
    show_on_plan(workload, actor)
    _record_edit(stored, before, actor, now, voided=bool(void))
    return stored


def _record_edit(
    policy: GatePolicy,
    before: Mapping[str, Any],
    actor: User,
    now: datetime,
    *,
    voided: bool,
) -> None:
    after = plain_terms(policy)
    changed = [name for name in after if after[name] != before[name]]
    told: dict[str, Any] = {name: after[name] for name in changed}
    if voided:
        told["agreement"] = "void"
    audit.record(
        "gate.edited",
        f"workload/{policy.workload.ref}",
        actor=actor,
        now=now,
        before={"version": policy.version, **{name: before[name] for name in changed}},
        after={"version": policy.version, **told},
    )


def _require_sound(wanted: Wanted, ground: Ground) -> None:
    tiers = [one.tier for one in wanted.terms.tiers]
    slips = [
        *wanted.slips,
        *slips_in(wanted.terms, ground.setting()),
        *slips_of_opt_ins(ground.workload, wanted.opt_ins, tiers),
    ]
    if slips:
        told = dict.fromkeys(slip.detail for slip in slips)
        raise GateInvalid(
            f"{' '.join(told)} Nothing was stored.",
            errors=[FieldError(*slip) for slip in dict.fromkeys(slips)],
        )


def _next_version(workload: Workload) -> int:
    newest = GatePolicy.objects.filter(workload=workload).aggregate(
        newest=Max("version")
    )["newest"]
    return (newest or 0) + 1


def _columns(terms: Terms) -> dict[str, Any]:
    notice = terms.notice
    return {
        "mode": terms.mode,
        "primary_model": terms.primary_model,
        "degrade_model": terms.degrade_model,
        "on_unreachable": terms.on_unreachable,
        "notice_text": notice.text if notice else "",
        "notice_audience": notice.audience if notice else "",
        "notice_activates_on": notice.activates_on if notice else None,
        "no_notice_reason": terms.no_notice_reason,
        "ends_on": terms.ends_on,
        "spend_limit": terms.spend_limit,
    }


def _write_tiers(
    policy: GatePolicy, wanted: Wanted, actor: User, now: datetime
) -> None:
    standing = record_opt_ins(policy.workload, wanted.opt_ins, actor=actor, now=now)
    GateTier.objects.bulk_create(
        GateTier(
            policy=policy,
            tier=tier.tier,
            # Never none by now: a tier without a ceiling was refused.
            ceiling_tokens=tier.ceiling_tokens or 0,
            overage=tier.overage,
            ceiling_basis=tier.ceiling_basis,
            allowance=tier.allowance,
            amount=tier.amount,
            overage_limit_tokens=tier.overage_limit_tokens,
            overage_price_per_million=tier.overage_price_per_million,
            opt_in=standing[tier.tier] if tier.is_metered else None,
            reason=tier.reason,
        )
        for tier in wanted.terms.tiers
    )
