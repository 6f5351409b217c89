"""A gate in words: what each tier gets, where its ceiling comes from, its state."""

from typing import Any

from capacity.enums import CeilingBasis, GateMode, GateState
from capacity.formulas.gates import Overage, Policy, Thresholds, Tier, Verdict
from capacity.models import GatePolicy, GateTier
from capacity.selectors.gates import sentences_of, stands
from portal.kernel import formats
from portal.kernel.access import capitalised
from workloads.enums import CostGate

STATE_WORDS = {
    GateState.DRAFT: ("wait", "Draft"),
    GateState.SHADOW: ("wait", "In shadow"),
    GateState.ACTIVE: ("ok", "Active"),
    GateState.SUPERSEDED: ("", "Superseded"),
}
OVERAGE_WORDS = {
    CostGate.HARD_CAP: "hard cap",
    CostGate.SOFT_CAP: "soft cap",
    CostGate.PAY_AS_YOU_GO: "pay-as-you-go",
}
SAID_KINDS = {
    70: "notice",
    90: "banner and one email",
    100: "contract event",
}


def tier_name(code: str) -> str:
    return code.replace("_", " ").capitalize()


def policy_of(gate: GatePolicy) -> Policy:
    return Policy(
        gate.version,
        gate.primary_model,
        gate.degrade_model,
        Thresholds(gate.floor, gate.notice_at, gate.banner_at),
        observes=gate.mode == GateMode.OBSERVE,
    )


def tier_of(tier: GateTier) -> Tier:
    return Tier(
        tier.ceiling_tokens,
        Overage(tier.overage),
        stands(tier.opt_in),
        tier.overage_limit_tokens,
    )


def tiers_of(gate: GatePolicy) -> dict[str, Tier]:
    return {one.tier: tier_of(one) for one in gate.tiers.all()}


def told_sentences(gate: GatePolicy) -> list[tuple[str, str]]:
    """Each tier's name, and what it gets, to be read out in a meeting."""
    told = []
    for sentence in sentences_of(gate):
        name, _, what = sentence.partition(": ")
        told.append((name, f"{capitalised(what)}."))
    return told


def origin_of(tier: GateTier, gate: GatePolicy, currency: str) -> str:
    """Where a ceiling comes from, with its numbers put in."""
    said = "set by hand"
    estimate = gate.estimate
    if tier.ceiling_basis == CeilingBasis.ESTIMATE and tier.allowance is not None:
        tokens = estimate.tokens_per_user_month if estimate else None
        of = f"{formats.short(tokens)} × " if tokens else ""
        version = f" of estimate v{estimate.version}" if estimate else ""
        said = f"{of}{formats.in_full(tier.allowance)} allowance{version}"
    elif tier.ceiling_basis == CeilingBasis.MONEY and tier.amount is not None:
        amount = formats.money(tier.amount, currency, cents=True)
        said = f"{amount} a user and month"
    if tier.opt_in is not None:
        said += (
            f" · opt-in {tier.opt_in.reference}, {formats.day(tier.opt_in.at.date())}"
        )
    return said


def told_tiers(gate: GatePolicy, currency: str) -> list[dict[str, Any]]:
    return [
        {
            "tier": one,
            "name": tier_name(one.tier),
            "sentence": sentence,
            "origin": origin_of(one, gate, currency),
            "overage": OVERAGE_WORDS[CostGate(one.overage)],
            "is_withdrawn": one.opt_in is not None and not stands(one.opt_in),
            "can_withdraw": stands(one.opt_in)
            and one.overage == CostGate.PAY_AS_YOU_GO,
        }
        for one, (_, sentence) in zip(
            gate.tiers.all(), told_sentences(gate), strict=True
        )
    ]


def turn_words(tier: Tier, policy: Policy) -> str:
    """What a user is turned to at the ceiling: "Haiku from day 29"."""
    if tier.overage == Overage.SOFT_CAP:
        return policy.degrade_model
    metered = tier.overage == Overage.PAY_AS_YOU_GO and tier.opted_in
    return "billed" if metered else "blocked"


def over_words(tier: Tier, policy: Policy) -> str:
    """What follows at the ceiling, for the end of a sentence."""
    if policy.observes:
        return "nothing is held"
    if tier.overage == Overage.SOFT_CAP:
        return f"{policy.degrade_model} from here"
    if tier.overage == Overage.HARD_CAP or not tier.opted_in:
        return "blocked until the 1st"
    return "billed from here"


def action_words(verdict: Verdict) -> str:
    """allow, on Sonnet; degrade, to Haiku; block; meter, on Sonnet."""
    model = verdict.model
    return {
        "allow": f"Allowed on {model}",
        "degrade": f"Degraded to {model}",
        "meter": f"Metered on {model}",
        "block": "Blocked",
    }[verdict.action]


def action_tone(verdict: Verdict) -> str:
    return {"allow": "ok", "block": "stop"}.get(verdict.action, "wait")
