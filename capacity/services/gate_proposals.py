"""Proposals of ceilings: found by a job, accepted into a draft or refused by a person.

Money-based ceilings follow the rate card and estimate-based ones the newest signed
estimate; fixed ones are listed for a look. Nothing is ever applied in silence.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from capacity.enums import (
    CeilingBasis,
    GateMode,
    GateState,
    ProposalCause,
    ProposalState,
)
from capacity.models import CeilingProposal, GatePolicy, GateTier, ModelPrice
from capacity.selectors.gate_ground import Ground, NoCeiling, as_body
from capacity.selectors.gate_problems import ProposalDecided
from capacity.selectors.gates import get_gate, to_gate, with_terms
from capacity.services.entries import given, require
from capacity.services.gates import open_gate_draft
from portal.kernel import access, clock
from portal.kernel.errors import NotFound
from portal.kernel.models import User
from portal.kernel.periods import Quarter
from portal.kernel.selectors import numbers
from portal.kernel.services import audit
from workloads.enums import Status
from workloads.models import Workload
from workloads.selectors.signoffs import is_signed
from workloads.services.locks import lock_workload

LONGEST_REASON = 2_000


@dataclass(frozen=True)
class Due:
    """Why ceilings are looked at; `key` makes it once for each version."""

    cause: ProposalCause
    key: str


def propose_ceilings(*, now: datetime) -> list[int]:
    """Look at every active gate; keys of the proposals made. Twice is as once."""
    active = GatePolicy.objects.filter(
        state=GateState.ACTIVE, mode=GateMode.ENFORCE
    ).exclude(workload__status=Status.RETIRED)
    card = ModelPrice.objects.order_by("-id").first()
    quarter = Quarter.of(clock.today(now), numbers.current().fiscal_year_starts)
    made = []
    for number in active.order_by("workload_id").values_list(
        "workload__number", flat=True
    ):
        proposal = _propose(number, card, quarter, now)
        if proposal is not None:
            made.append(proposal.pk)
    return made


@transaction.atomic
def accept_proposal(
    *,
    number: int,
    proposal_id: int,
    actor: User,
    now: datetime,
    values: Mapping[str, Any] | None = None,
) -> GatePolicy:
    """Draft the next version with the proposed ceilings; the rest goes on as it is.

    `values` may carry the notice that a lower ceiling needs, or the reason for none.
    Raises NotFound, NotAllowed, ProposalDecided or what drafting raises.
    """
    workload, proposal = _locked(number, proposal_id, actor)
    proposed = {one["tier"]: one["proposed_tokens"] for one in proposal.ceilings}
    body = as_body(get_gate(workload, proposal.policy.version))
    tiers = [_with_ceiling(one, proposed.get(one["tier"])) for one in body["tiers"]]
    draft = open_gate_draft(
        number=number,
        actor=actor,
        values={
            "primary_model": body["primary_model"],
            "degrade_model": body["degrade_model"],
            "on_unreachable": body["on_unreachable"],
            "tiers": tiers,
            **(values or {}),
        },
        now=now,
    )
    _decide(proposal, ProposalState.ACCEPTED, actor, "", now)
    audit.record(
        "gate.proposal_accepted",
        f"workload/{workload.ref}",
        actor=actor,
        now=now,
        after={"proposal": proposal.pk, "version": draft.version},
    )
    return draft


@transaction.atomic
def refuse_proposal(
    *, number: int, proposal_id: int, actor: User, reason: str, now: datetime
) -> CeilingProposal:
    """Leave the ceilings as they are. Raises NotFound, NotAllowed, Invalid or
    ProposalDecided."""
    workload, proposal = _locked(number, proposal_id, actor)
    why = "A proposal is refused with a reason: the next one is weighed against it."
    require(given("reason", reason, most=LONGEST_REASON, why=why))
    _decide(proposal, ProposalState.REFUSED, actor, reason.strip(), now)
    audit.record(
        "gate.proposal_refused",
        f"workload/{workload.ref}",
        actor=actor,
        now=now,
        after={"proposal": proposal.pk},
        reason=proposal.reason,
    )
    return proposal


def get_proposal(workload: Workload, proposal_id: int) -> CeilingProposal:
    """NotFound where it is not of this workload."""
    found = (
        CeilingProposal.objects.filter(workload=workload, pk=proposal_id)
        .select_related("policy", "decided_by")
        .first()
    )
    if found is None:
        raise NotFound(f"{workload.ref} has no proposal {proposal_id}.")
    return found


@transaction.atomic
def _propose(
    number: int, card: ModelPrice | None, quarter: Quarter, now: datetime
) -> CeilingProposal | None:
    """Under the workload's lock: two jobs at once make one."""
    workload = lock_workload(number)
    policy = with_terms(
        GatePolicy.objects.filter(
            workload=workload, state=GateState.ACTIVE, mode=GateMode.ENFORCE
        )
    ).first()
    if policy is None:
        return None
    ground = Ground(workload, now)
    for due in _due(policy, ground, card, quarter):
        known = CeilingProposal.objects.filter(policy=policy, cause_key=due.key)
        if known.exists():
            continue
        ceilings = [_looked_at(tier, policy, ground) for tier in policy.tiers.all()]
        if _is_worth_a_look(ceilings, due.cause):
            return _make(policy, due, ceilings, now)
    return None


def _due(
    policy: GatePolicy, ground: Ground, card: ModelPrice | None, quarter: Quarter
) -> Iterator[Due]:
    since = policy.activated_at or policy.created_at
    estimate = ground.estimate
    used = policy.estimate.version if policy.estimate else 0
    if estimate and estimate.version > used and is_signed(estimate, ground.today):
        yield Due(ProposalCause.ESTIMATE, f"estimate-{estimate.version}")
    if card is not None and card.entered_at > since:
        yield Due(ProposalCause.RATE_CARD, f"card-{card.pk}")
    begins = clock.midnight(quarter.first_day(numbers.current().fiscal_year_starts))
    if since < begins:
        yield Due(ProposalCause.QUARTER, str(quarter))


def _looked_at(tier: GateTier, policy: GatePolicy, ground: Ground) -> dict[str, Any]:
    """One tier's ceiling now and as it would be; none proposed for a fixed one."""
    proposed, formula = None, "fixed: for a look"
    basis = CeilingBasis(tier.ceiling_basis)
    signed = is_signed(ground.estimate, ground.today)
    if basis == CeilingBasis.ESTIMATE and not signed:
        formula = "no signed estimate"
    elif basis != CeilingBasis.FIXED:
        try:
            computed = ground.ceiling(
                basis,
                allowance=tier.allowance,
                amount=tier.amount,
                primary_model=policy.primary_model,
            )
        except NoCeiling as lack:
            formula = lack.detail
        else:
            proposed, formula = max(1, computed.tokens), computed.formula
    return {
        "tier": tier.tier,
        "basis": str(basis),
        "ceiling_tokens": tier.ceiling_tokens,
        "proposed_tokens": proposed,
        "formula": formula,
    }


def _is_worth_a_look(ceilings: list[dict[str, Any]], cause: ProposalCause) -> bool:
    differs = any(
        one["proposed_tokens"] not in (None, one["ceiling_tokens"]) for one in ceilings
    )
    is_fixed = any(one["basis"] == CeilingBasis.FIXED for one in ceilings)
    return differs or (is_fixed and cause == ProposalCause.QUARTER)


def _make(
    policy: GatePolicy, due: Due, ceilings: list[dict[str, Any]], now: datetime
) -> CeilingProposal:
    """The newest one counts: it was computed from all that the earlier ones were."""
    CeilingProposal.objects.filter(
        workload=policy.workload_id, state=ProposalState.OPEN
    ).update(state=ProposalState.OUTDATED, decided_at=now)
    proposal = CeilingProposal.objects.create(
        workload=policy.workload,
        policy=policy,
        cause=due.cause,
        cause_key=due.key,
        ceilings=ceilings,
        created_at=now,
    )
    audit.record(
        "gate.proposed",
        f"workload/{policy.workload.ref}",
        actor=None,
        now=now,
        after={"proposal": proposal.pk, "cause": str(due.cause), "key": due.key},
    )
    return proposal


def _locked(
    number: int, proposal_id: int, actor: User
) -> tuple[Workload, CeilingProposal]:
    workload = lock_workload(number)
    access.require(actor, "proposal.decide", workload)
    proposal = get_proposal(workload, proposal_id)
    if proposal.state != ProposalState.OPEN:
        raise ProposalDecided(
            f"Proposal {proposal.pk} of {workload.ref} is {proposal.state}.",
            link=to_gate(workload.ref),
        )
    return workload, proposal


def _with_ceiling(tier: dict[str, Any], proposed: int | None) -> dict[str, Any]:
    """Computed ones are computed again; what was fixed stays."""
    return tier if proposed is None else {**tier, "ceiling_tokens": proposed}


def _decide(
    proposal: CeilingProposal,
    state: ProposalState,
    actor: User,
    reason: str,
    now: datetime,
) -> None:
    proposal.state, proposal.decided_by = state, actor
    proposal.decided_at, proposal.reason = now, reason
    proposal.save(update_fields=["state", "decided_by", "decided_at", "reason"])
