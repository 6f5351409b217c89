"""What a gate must say before it can hold anybody, and which pattern is recommended.

Plain Python: a draft, a stored version and a requirement are judged by the same rules.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from capacity.enums import CeilingBasis, GateMode, OnUnreachable
from workloads.enums import Audience, CostGate, Shape

DEFAULT_TIER = "standard"
NOTICE_DAYS = 14
"""Between a retrofit's notice and its activation."""
LONGEST_OBSERVATION_DAYS = 90
MOST_TIERS = 50
MOST_CEILING = 10**15
TIER_CODE = re.compile(r"[a-z][a-z0-9_]{0,59}")
FREE = frozenset({"free", "trial", "freemium"})
STRICTNESS = {CostGate.PAY_AS_YOU_GO: 0, CostGate.SOFT_CAP: 1, CostGate.HARD_CAP: 2}


class Slip(NamedTuple):
    """What is wrong with a draft; `pointer` is its place in the body."""

    pointer: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier's terms. `is_opted_in`: an opt-in stands, or comes with the draft."""

    tier: str
    ceiling_tokens: int | None
    overage: CostGate
    ceiling_basis: CeilingBasis = CeilingBasis.FIXED
    allowance: Decimal | None = None
    amount: Decimal | None = None
    overage_limit_tokens: int | None = None
    overage_price_per_million: Decimal | None = None
    reason: str = ""
    is_opted_in: bool = False

    @property
    def is_metered(self) -> bool:
        return self.overage == CostGate.PAY_AS_YOU_GO


@dataclass(frozen=True, slots=True)
class Notice:
    text: str
    audience: str
    activates_on: date


@dataclass(frozen=True, slots=True)
class Terms:
    """What one version says."""

    primary_model: str
    degrade_model: str
    tiers: tuple[Tier, ...]
    on_unreachable: OnUnreachable
    mode: GateMode = GateMode.ENFORCE
    notice: Notice | None = None
    no_notice_reason: str = ""
    ends_on: date | None = None
    spend_limit: Decimal | None = None


@dataclass(frozen=True)
class Setting:
    """What a version is judged against.

    `knows` is the rate card's word on a model; `in_force` are the terms that hold now,
    none where nothing does; `in_use` are tiers that users call by.
    """

    today: date
    knows: Callable[[str], bool]
    is_sensitive: bool = False
    in_force: Terms | None = None
    in_use: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Recommendation:
    overage: CostGate
    why: str


def is_free(tier: str) -> bool:
    """By its code: free, free_trial, emea_free."""
    return not FREE.isdisjoint(tier.split("_"))


def recommended(
    *,
    tier: str,
    shape: str,
    audience: str,
    is_sensitive: bool,
    degrade_model: str,
) -> Recommendation:
    """The pattern of a tier, by who uses it and for what, and why in one sentence."""
    if is_sensitive:
        why = "It is compliance-sensitive: every call past the ceiling is held."
        return Recommendation(CostGate.HARD_CAP, why)
    if is_free(tier):
        why = f"{tier} is a free tier: nobody pays for a call past the ceiling."
        return Recommendation(CostGate.HARD_CAP, why)
    if shape in (Shape.WORKFLOW_AUTOMATION, Shape.EXTRACTION):
        why = (
            "Its answers take effect before anybody reads them: a cheaper model past "
            "the ceiling would change them unseen."
        )
        return Recommendation(CostGate.HARD_CAP, why)
    if not degrade_model:
        why = "Only one model is named, so there is nothing to degrade to."
        return Recommendation(CostGate.HARD_CAP, why)
    who = "Customers" if audience == Audience.CUSTOMER else "People at work"
    why = f"{who} go on with {degrade_model} past the ceiling."
    return Recommendation(CostGate.SOFT_CAP, why)


def default_on_unreachable(overages: Iterable[CostGate]) -> OnUnreachable:
    """Block where any tier is a hard cap."""
    if CostGate.HARD_CAP in set(overages):
        return OnUnreachable.BLOCK
    return OnUnreachable.ALLOW


def in_order(terms: Terms) -> Terms:
    """Tiers by their code: the order in which a body names them says nothing."""
    return replace(terms, tiers=tuple(sorted(terms.tiers, key=lambda one: one.tier)))


def without_notice(terms: Terms) -> Terms:
    """As if the reason for no notice were given: its day is judged apart."""
    return replace(terms, no_notice_reason="-")


# --- What a version lacks -----------------------------------------------------------


def slips_in(terms: Terms, setting: Setting) -> list[Slip]:
    """All that is wrong with a draft, each with its place in the body."""
    return [
        *_models(terms, setting),
        *_tiers(terms, setting),
        *(_observer(terms, setting) if terms.mode == GateMode.OBSERVE else ()),
        *(_enforcer(terms, setting) if terms.mode == GateMode.ENFORCE else ()),
    ]


def _models(terms: Terms, setting: Setting) -> Iterator[Slip]:
    if not terms.primary_model:
        yield Slip(
            "/primary_model", "required", "A gate names the model that it serves."
        )
    for name in ("primary_model", "degrade_model"):
        model = getattr(terms, name)
        if model and not setting.knows(model):
            yield Slip(
                f"/{name}",
                "unknown_model",
                f"The rate card does not know {model}. The finance lead can enter its "
                "price.",
            )
    if terms.degrade_model and terms.degrade_model == terms.primary_model:
        yield Slip(
            "/degrade_model",
            "same_model",
            "It is the primary model, so it saves nothing.",
        )


def _tiers(terms: Terms, setting: Setting) -> Iterator[Slip]:
    if not terms.tiers:
        yield Slip("/tiers", "required", "A gate has at least one tier.")
    seen: set[str] = set()
    for index, tier in enumerate(terms.tiers):
        at = f"/tiers/{index}"
        if not TIER_CODE.fullmatch(tier.tier):
            yield Slip(f"{at}/tier", "invalid", "A tier's code is in snake_case.")
        if tier.tier in seen:
            yield Slip(f"{at}/tier", "twice", f"{tier.tier} stands here twice.")
        seen.add(tier.tier)
        yield from _ceiling(tier, at)
        yield from _overage(tier, at, terms, setting)


def _ceiling(tier: Tier, at: str) -> Iterator[Slip]:
    if tier.ceiling_tokens is None:
        yield Slip(
            f"{at}/ceiling_tokens", "required", f"The tier {tier.tier} has no ceiling."
        )
    elif tier.ceiling_tokens < 1:
        yield Slip(
            f"{at}/ceiling_tokens",
            "min_value",
            f"The ceiling of {tier.tier} is {tier.ceiling_tokens:,} tokens; it is at "
            "least 1.",
        )
    elif tier.ceiling_tokens > MOST_CEILING:
        yield Slip(
            f"{at}/ceiling_tokens",
            "max_value",
            f"A ceiling is at most {MOST_CEILING:,} tokens.",
        )


def _overage(tier: Tier, at: str, terms: Terms, setting: Setting) -> Iterator[Slip]:
    if tier.overage == CostGate.SOFT_CAP and not terms.degrade_model:
        yield Slip(
            "/degrade_model",
            "nothing_to_degrade_to",
            f"{tier.tier} is a soft cap, and no second model is named to degrade to.",
        )
    metered = tier.is_metered
    if metered and not tier.is_opted_in:
        yield Slip(
            f"{at}/metered_opt_in",
            "opt_in_required",
            f"Pay-as-you-go needs a recorded opt-in of {tier.tier}: who, when, contract.",
        )
    for name in ("overage_limit_tokens", "overage_price_per_million"):
        if not metered and getattr(tier, name) is not None:
            yield Slip(
                f"{at}/{name}",
                "not_metered",
                f"{tier.tier} is not pay-as-you-go, so nothing is metered.",
            )
    if tier.overage == CostGate.HARD_CAP or tier.reason.strip():
        return
    if setting.is_sensitive or is_free(tier.tier):
        what = (
            "a compliance-sensitive workload" if setting.is_sensitive else "a free tier"
        )
        yield Slip(
            f"{at}/reason",
            "reason_required",
            f"{_named(tier.overage)} on {what} needs a written reason.",
        )


def _observer(terms: Terms, setting: Setting) -> Iterator[Slip]:
    if setting.in_force is not None:
        yield Slip(
            "/mode",
            "gate_is_active",
            "An active gate holds this workload; a version that only observes would "
            "let go of it.",
        )
    if terms.spend_limit is None or terms.spend_limit <= 0:
        yield Slip(
            "/spend_limit",
            "required",
            "A version that only observes needs a spend limit above 0.",
        )
    last = setting.today + timedelta(days=LONGEST_OBSERVATION_DAYS)
    if terms.ends_on is None:
        yield Slip(
            "/ends_on", "required", "A version that only observes needs an end date."
        )
    elif not setting.today <= terms.ends_on <= last:
        yield Slip(
            "/ends_on",
            "out_of_range",
            f"It ends from {setting.today} to {last}: {LONGEST_OBSERVATION_DAYS} days "
            "at most.",
        )


def _enforcer(terms: Terms, setting: Setting) -> Iterator[Slip]:
    for name in ("ends_on", "spend_limit"):
        if getattr(terms, name) is not None:
            yield Slip(
                f"/{name}", "only_observe", "Only a version that observes carries it."
            )
    yield from _notice(terms, setting)


def _notice(terms: Terms, setting: Setting) -> Iterator[Slip]:
    stricter = retrofitted(terms, setting)
    if not stricter or terms.no_notice_reason.strip():
        return
    if terms.notice is None:
        yield Slip(
            "/notice",
            "notice_required",
            f"{_retrofit_sentence(stricter)} Its users need a notice at least "
            f"{NOTICE_DAYS} days before, or a recorded reason for none.",
        )
    elif terms.notice.activates_on < setting.today + timedelta(days=NOTICE_DAYS):
        yield Slip(
            "/notice/activates_on",
            "too_soon",
            f"Users are told at least {NOTICE_DAYS} days before: from "
            f"{setting.today + timedelta(days=NOTICE_DAYS)} on.",
        )


def retrofitted(terms: Terms, setting: Setting) -> dict[str, str]:
    """Tiers in use that this version holds tighter than what is in force, and how."""
    if setting.in_force is None or terms.mode == GateMode.OBSERVE:
        return {}
    now = {tier.tier: tier for tier in terms.tiers}
    found = {
        before.tier: _tighter(before, now.get(before.tier))
        for before in setting.in_force.tiers
        if before.tier in setting.in_use
    }
    return {tier: how for tier, how in found.items() if how}


def _tighter(before: Tier, after: Tier | None) -> str:
    if after is None:
        return "is taken away"
    old, new = before.ceiling_tokens or 0, after.ceiling_tokens or 0
    if new < old:
        return f"falls from {old:,} to {new:,} tokens"
    if STRICTNESS[after.overage] > STRICTNESS[before.overage]:
        return f"turns from {before.overage.sheet} to {after.overage.sheet}"
    least = after.overage_limit_tokens
    if not after.is_metered or least is None:
        return ""
    most = before.overage_limit_tokens
    if most is None or least < most:
        return f"is metered for at most {least:,} tokens over its ceiling"
    return ""


def _retrofit_sentence(stricter: Mapping[str, str]) -> str:
    told = "; ".join(f"{tier} {how}" for tier, how in sorted(stricter.items()))
    return f"It is stricter for tiers in use: {told}."


def _named(overage: CostGate) -> str:
    return overage.sheet.capitalize().replace("-cap", " cap")
