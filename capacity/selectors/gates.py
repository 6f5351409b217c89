"""Gates as they are read: versions, what they say in words, and what stands behind them."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from django.db.models import Prefetch, QuerySet

from capacity.enums import CeilingBasis, GateMode, GateState, OnUnreachable
from capacity.models import GatePolicy, GateTier, MeteredOptIn
from capacity.rules.gates import DEFAULT_TIER, Notice, Terms, Tier
from portal.kernel.errors import NotFound
from portal.kernel.formats import in_full, short
from workloads.enums import CostGate
from workloads.models import Workload
from workloads.rules.shown import ref_of

OPEN_STATES = (GateState.DRAFT, GateState.SHADOW)
HIGHEST_VERSION = 2**31 - 1  # PostgreSQL's integer


def versions(workload: Workload) -> QuerySet[GatePolicy]:
    """All versions of a workload's gate, newest first, with tiers, opt-ins and people."""
    return with_terms(GatePolicy.objects.filter(workload=workload)).order_by("-version")


def with_terms(policies: QuerySet[GatePolicy]) -> QuerySet[GatePolicy]:
    """With all that `terms_of`, `sentences_of` and the API's answer read. Three queries."""
    tiers = GateTier.objects.select_related("opt_in").order_by("tier")
    return policies.select_related(
        "workload",
        "workload__owner",
        "estimate",
        "created_by",
        "owner_agreed_by",
        "finance_agreed_by",
    ).prefetch_related(Prefetch("tiers", tiers))


def get_gate(workload: Workload, version: int) -> GatePolicy:
    """One version. NotFound."""
    found = versions(workload).filter(version=min(version, HIGHEST_VERSION)).first()
    if found is None:
        raise NotFound(f"{workload.ref} has no gate v{version}.")
    found.workload = workload
    return found


def active_gate(workload: Workload) -> GatePolicy | None:
    """The version that decides now, an observer too."""
    return versions(workload).filter(state=GateState.ACTIVE).first()


def open_gate(workload: Workload) -> GatePolicy | None:
    """The draft or shadow; a workload has at most one."""
    states = [str(state) for state in OPEN_STATES]
    return versions(workload).filter(state__in=states).first()


def deciding_gate(workload: Workload) -> GatePolicy | None:
    """What the plan's cells show: the active gate, else the newest draft. A version that
    only observes counts for nothing."""
    return next(iter(deciding_gates([workload.pk]).get(workload.pk, ())), None)


def deciding_gates(
    workload_ids: Iterable[int], *, drafts: bool = True
) -> dict[int, list[GatePolicy]]:
    """Gates that hold, or are drafted to, by workload; observers count for nothing.

    The active one stands first. Two queries, however many workloads.
    """
    states = [GateState.ACTIVE, *(OPEN_STATES if drafts else ())]
    found: dict[int, list[GatePolicy]] = {}
    rows = with_terms(
        GatePolicy.objects.filter(
            workload__in=list(workload_ids), mode=GateMode.ENFORCE, state__in=states
        )
    )
    for row in sorted(rows, key=lambda one: one.state != GateState.ACTIVE):
        found.setdefault(row.workload_id, []).append(row)
    return found


def to_gate(ref: str, version: int | None = None) -> str:
    """The address of its page."""
    page = f"/workloads/{ref}/gate/"
    return page if version is None else f"{page}{version}/"


def with_active_gate() -> frozenset[str]:
    """References of workloads that an active gate holds. One query."""
    numbers = GatePolicy.objects.filter(
        state=GateState.ACTIVE, mode=GateMode.ENFORCE
    ).values_list("workload__number", flat=True)
    return frozenset(map(ref_of, numbers))


def standing_opt_ins(workload: Workload) -> dict[str, MeteredOptIn]:
    """By tier; a tier has at most one that was not withdrawn."""
    rows = MeteredOptIn.objects.filter(workload=workload, withdrawn_at__isnull=True)
    return {one.tier: one for one in rows}


def stands(opt_in: MeteredOptIn | None) -> bool:
    return opt_in is not None and opt_in.withdrawn_at is None


def terms_of(policy: GatePolicy) -> Terms:
    """What a stored version says, as the rules judge it."""
    notice = None
    if policy.notice_activates_on is not None:
        notice = Notice(
            policy.notice_text, policy.notice_audience, policy.notice_activates_on
        )
    return Terms(
        primary_model=policy.primary_model,
        degrade_model=policy.degrade_model,
        tiers=tuple(_tier_of(one) for one in policy.tiers.all()),
        on_unreachable=OnUnreachable(policy.on_unreachable),
        mode=GateMode(policy.mode),
        notice=notice,
        no_notice_reason=policy.no_notice_reason,
        ends_on=policy.ends_on,
        spend_limit=policy.spend_limit,
    )


def _tier_of(row: GateTier) -> Tier:
    return Tier(
        tier=row.tier,
        ceiling_tokens=row.ceiling_tokens,
        overage=CostGate(row.overage),
        ceiling_basis=CeilingBasis(row.ceiling_basis),
        allowance=row.allowance,
        amount=row.amount,
        overage_limit_tokens=row.overage_limit_tokens,
        overage_price_per_million=row.overage_price_per_million,
        reason=row.reason,
        is_opted_in=stands(row.opt_in),
    )


def default_tier(terms: Terms) -> Tier:
    """The tier that the plan's cell shows: `standard`, else the first by its code."""
    by_code = sorted(terms.tiers, key=lambda one: (one.tier != DEFAULT_TIER, one.tier))
    return by_code[0]


def awaiting(policy: GatePolicy) -> str | None:
    """Whose agreement is left once the other's is given."""
    if policy.state not in OPEN_STATES:
        return None
    if policy.owner_agreed_by_id and not policy.finance_agreed_by_id:
        return "finance"
    if policy.finance_agreed_by_id and not policy.owner_agreed_by_id:
        return "owner"
    return None


# --- In words -----------------------------------------------------------------------


def sentences_of(policy: GatePolicy) -> list[str]:
    """One sentence a tier: "Free: blocked at 100k tokens a month"."""
    return [_sentence(policy, one) for one in policy.tiers.all()]


def _sentence(policy: GatePolicy, tier: GateTier) -> str:
    name = tier.tier.replace("_", " ").capitalize()
    ceiling = short(tier.ceiling_tokens)
    if policy.mode == GateMode.OBSERVE:
        return f"{name}: observed only, against {ceiling} tokens a month"
    match CostGate(tier.overage):
        case CostGate.HARD_CAP:
            return f"{name}: blocked at {ceiling} tokens a month"
        case CostGate.SOFT_CAP:
            return f"{name}: served by {policy.degrade_model} past {ceiling} tokens a month"
        case CostGate.PAY_AS_YOU_GO:
            return f"{name}: {_metered(tier, ceiling)}"


def _metered(tier: GateTier, ceiling: str) -> str:
    if not stands(tier.opt_in):
        return f"blocked at {ceiling} tokens a month, since its opt-in was withdrawn"
    words = f"metered from {ceiling} tokens a month"
    if tier.overage_price_per_million is not None:
        words += f" at {in_full(tier.overage_price_per_million)} a million"
    if tier.overage_limit_tokens is not None:
        words += f", for at most {short(tier.overage_limit_tokens)} more"
    return words


# --- Which content somebody saw -----------------------------------------------------


def content_sha256(policy: GatePolicy) -> str:
    """Covers what the version says and its state, not who agreed to it."""
    content = {
        "workload": policy.workload_id,
        "version": policy.version,
        "state": str(policy.state),
        "terms": plain_terms(policy),
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def tag_of(policy: GatePolicy) -> str:
    """The entity tag of a version."""
    return f'"{content_sha256(policy)}"'


def plain_terms(policy: GatePolicy) -> dict[str, Any]:
    """What a version says, as texts and numbers: for its hash and the audit trail."""
    return {
        "mode": str(policy.mode),
        "primary_model": policy.primary_model,
        "degrade_model": policy.degrade_model,
        "on_unreachable": str(policy.on_unreachable),
        "tiers": [_plain_tier(one) for one in _by_code(policy.tiers.all())],
        "notice": _plain_notice(policy),
        "no_notice_reason": policy.no_notice_reason,
        "ends_on": policy.ends_on.isoformat() if policy.ends_on else None,
        "spend_limit": _text(policy.spend_limit, 2),
    }


def _by_code(tiers: Iterable[GateTier]) -> list[GateTier]:
    return sorted(tiers, key=lambda one: one.tier)


def _plain_notice(policy: GatePolicy) -> dict[str, str] | None:
    if policy.notice_activates_on is None:
        return None
    return {
        "text": policy.notice_text,
        "audience": policy.notice_audience,
        "activates_on": policy.notice_activates_on.isoformat(),
    }


def _plain_tier(row: GateTier) -> dict[str, Any]:
    return {
        "tier": row.tier,
        "ceiling_tokens": row.ceiling_tokens,
        "overage": str(row.overage),
        "ceiling_basis": str(row.ceiling_basis),
        "allowance": _text(row.allowance, 3),
        "amount": _text(row.amount, 2),
        "overage_limit_tokens": row.overage_limit_tokens,
        "overage_price_per_million": _text(row.overage_price_per_million, 6),
        "opt_in": row.opt_in_id,
        "reason": row.reason,
    }


def _text(value: Any, places: int) -> str | None:
    return None if value is None else f"{value:.{places}f}"
