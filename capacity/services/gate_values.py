"""A body's values as the terms of a gate: defaults filled in, ceilings computed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from capacity.enums import CeilingBasis, GateMode
from capacity.formulas.ceilings import from_estimate
from capacity.models import GatePolicy, MeteredOptIn
from capacity.rules.gates import (
    DEFAULT_TIER,
    Notice,
    Slip,
    Terms,
    Tier,
    default_on_unreachable,
)
from capacity.selectors.gate_ground import (
    YARDSTICK,
    Ground,
    NoCeiling,
    as_body,
    prefilled,
    recommendation,
)
from capacity.services.opt_ins import is_same
from workloads.enums import CostGate


@dataclass
class Wanted:
    """What a body comes to. `opt_ins` are the new records that it brings, by tier."""

    terms: Terms
    opt_ins: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    slips: list[Slip] = field(default_factory=list)


def wanted_of(
    values: Mapping[str, Any],
    *,
    ground: Ground,
    standing: Mapping[str, MeteredOptIn],
) -> Wanted:
    """A new draft: what the body leaves out is prefilled."""
    return _read({**prefilled(ground), **values}, ground, standing)


def wanted_after(
    policy: GatePolicy,
    changes: Mapping[str, Any],
    *,
    ground: Ground,
    standing: Mapping[str, MeteredOptIn],
) -> Wanted:
    """A changed draft: what the body leaves out stays, computed anew."""
    body = as_body(policy)
    if changes.get("mode") == GateMode.ENFORCE:
        # Only an observer carries them; who makes it a gate means to drop them.
        body |= {"ends_on": None, "spend_limit": None}
    if _says_the_default(policy) and "on_unreachable" not in changes:
        body["on_unreachable"] = None
    return _read({**body, **changes}, ground, standing)


def _says_the_default(policy: GatePolicy) -> bool:
    overages = [CostGate(one.overage) for one in policy.tiers.all()]
    return policy.on_unreachable == default_on_unreachable(overages)


def _read(
    values: Mapping[str, Any], ground: Ground, standing: Mapping[str, MeteredOptIn]
) -> Wanted:
    primary = _model(values.get("primary_model"), ground)
    degrade = _model(values.get("degrade_model"), ground)
    mode = values.get("mode") or GateMode.ENFORCE
    slips: list[Slip] = []
    tiers, opt_ins = [], {}
    for index, given in enumerate(values.get("tiers") or ()):
        reader = _TierReader(given, f"/tiers/{index}", primary, degrade, mode, ground)
        tier, found = reader.read(standing)
        tiers.append(tier)
        slips += found
        opt_in = given.get("metered_opt_in")
        if opt_in:
            wrong = _opt_in_slips(tier, opt_in, index, ground.now)
            slips += wrong
            if not wrong and not is_same(standing.get(tier.tier), opt_in):
                opt_ins[tier.tier] = opt_in
    notice, lacks = _notice(values.get("notice"))
    slips += lacks
    terms = Terms(
        primary_model=primary,
        degrade_model=degrade,
        tiers=tuple(tiers),
        on_unreachable=values.get("on_unreachable")
        or default_on_unreachable(one.overage for one in tiers),
        mode=GateMode(mode),
        notice=notice,
        no_notice_reason=(values.get("no_notice_reason") or "").strip(),
        ends_on=values.get("ends_on"),
        spend_limit=values.get("spend_limit"),
    )
    return Wanted(terms, opt_ins, slips)


def _model(name: Any, ground: Ground) -> str:
    """As the rate card calls it: an alias stands for its model."""
    typed = str(name or "").strip()
    return ground.models.owner_of(typed) or typed


def _notice(given: Mapping[str, Any] | None) -> tuple[Notice | None, list[Slip]]:
    if not given:
        return None, []
    lacks = _lacks(given, ("text", "audience", "activates_on"), "/notice")
    if lacks:
        return None, lacks
    return Notice(given["text"], given["audience"], given["activates_on"]), []


def _lacks(given: Mapping[str, Any], names: Sequence[str], at: str) -> list[Slip]:
    """A changed draft is read in part, and its parts are whole all the same."""
    return [
        Slip(f"{at}/{name}", "required", "This field is required.")
        for name in names
        if name not in given
    ]


def _opt_in_slips(
    tier: Tier, given: Mapping[str, Any], index: int, now: datetime
) -> list[Slip]:
    at = f"/tiers/{index}/metered_opt_in"
    if tier.overage != CostGate.PAY_AS_YOU_GO:
        detail = f"{tier.tier} is not pay-as-you-go, so there is nothing to opt in to."
        return [Slip(at, "not_metered", detail)]
    lacks = _lacks(given, ("by", "at", "reference"), at)
    if lacks:
        return lacks
    if given["at"] > now:
        return [
            Slip(f"{at}/at", "in_future", "An opt-in is recorded once it is given.")
        ]
    return []


@dataclass(frozen=True)
class _TierReader:
    """One tier of a body."""

    given: Mapping[str, Any]
    at: str
    primary: str
    degrade: str
    mode: GateMode
    ground: Ground

    def read(self, standing: Mapping[str, MeteredOptIn]) -> tuple[Tier, list[Slip]]:
        given = self.given
        code = given.get("tier") or DEFAULT_TIER
        overage, reason = given.get("overage"), (given.get("reason") or "").strip()
        if overage is None:
            advice = recommendation(self.ground, code, self.degrade)
            overage, reason = advice["overage"], reason or advice["reason"]
        basis = CeilingBasis(given.get("ceiling_basis") or CeilingBasis.FIXED)
        ceiling, slips = self._ceiling(basis)
        by_estimate = basis == CeilingBasis.ESTIMATE
        allowance = given.get("allowance") or self.ground.allowance
        tier = Tier(
            tier=code,
            ceiling_tokens=ceiling,
            overage=CostGate(overage),
            ceiling_basis=basis,
            allowance=allowance if by_estimate else None,
            amount=given.get("amount") if basis == CeilingBasis.MONEY else None,
            overage_limit_tokens=given.get("overage_limit_tokens"),
            overage_price_per_million=given.get("overage_price_per_million"),
            reason=reason,
            is_opted_in=overage == CostGate.PAY_AS_YOU_GO
            and (bool(given.get("metered_opt_in")) or code in standing),
        )
        return tier, slips

    def _ceiling(self, basis: CeilingBasis) -> tuple[int | None, list[Slip]]:
        """The computed one, whatever the body says, unless the basis is fixed."""
        given = self.given.get("ceiling_tokens")
        if basis == CeilingBasis.FIXED:
            if given is None and self.mode == GateMode.OBSERVE:
                return self._yardstick(), []
            return given, []
        try:
            computed = self.ground.ceiling(
                basis,
                allowance=self.given.get("allowance"),
                amount=self.given.get("amount"),
                primary_model=self.primary,
            )
        except NoCeiling as lack:
            # The tier has a ceiling as far as the other rules are concerned.
            return 1, [Slip(f"{self.at}/{lack.name}", lack.code, lack.detail)]
        return computed.tokens, []

    def _yardstick(self) -> int:
        shares = self.ground.shares
        if shares is None or not shares.total:
            return YARDSTICK
        return from_estimate(shares.total, self.ground.allowance).tokens
