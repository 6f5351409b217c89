"""What a draft of a gate is judged against and prefilled from: estimate, rate card, the
gate in force, who uses which tier."""

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from capacity.enums import CeilingBasis, GateMode
from capacity.formulas.ceilings import Ceiling, Shares, from_estimate, from_money
from capacity.formulas.prices import NoPrice, RateCard
from capacity.models import Decision, GatePolicy, UsageDay
from capacity.rules.gates import DEFAULT_TIER, Setting, Terms, recommended
from capacity.selectors.gates import active_gate, deciding_gate, terms_of
from capacity.selectors.rates import ModelNames, names_of_models, rate_card
from portal.kernel import clock
from portal.kernel.selectors import numbers
from workloads.enums import CostGate, Status
from workloads.models import Estimate, Workload
from workloads.selectors.estimates import inputs_of
from workloads.selectors.sizing import unpriced

IN_USE_DAYS = 90
"""A tier by which nobody called for so long is in use no more."""
TIER_MEMBERS = (
    "tier",
    "ceiling_tokens",
    "overage",
    "ceiling_basis",
    "allowance",
    "amount",
    "overage_limit_tokens",
    "overage_price_per_million",
    "reason",
)
YARDSTICK = 1_000_000
"""Tokens a user and month that a pilot without an estimate is observed against."""


class NoCeiling(LookupError):
    """A ceiling cannot be computed; `name` is the member of the body that says so."""

    def __init__(self, name: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.name, self.code, self.detail = name, code, detail


@dataclass(frozen=True)
class Ground:
    """One workload and one day; whatever is read, is read once and when it is needed."""

    workload: Workload
    now: datetime

    @cached_property
    def today(self) -> date:
        return clock.today(self.now)

    @cached_property
    def models(self) -> ModelNames:
        return names_of_models()

    @cached_property
    def card(self) -> RateCard:
        return rate_card()

    @cached_property
    def allowance(self) -> Decimal:
        return numbers.current().gate_allowance

    @cached_property
    def estimate(self) -> Estimate | None:
        """The version whose figures the row shows."""
        return self.workload.shown_estimate

    @cached_property
    def shares(self) -> Shares | None:
        return shares_of(self.estimate)

    @cached_property
    def in_force(self) -> Terms | None:
        """What holds users now; a version that observes holds nobody."""
        active = active_gate(self.workload)
        if active is None or active.mode == GateMode.OBSERVE:
            return None
        return terms_of(active)

    def setting(self) -> Setting:
        in_force = self.in_force
        return Setting(
            today=self.today,
            knows=lambda model: self.models.owner_of(model) is not None,
            is_sensitive=self.workload.compliance_sensitive,
            in_force=in_force,
            in_use=tiers_in_use(self.workload, in_force, self.today),
        )

    def ceiling(
        self,
        basis: CeilingBasis,
        *,
        allowance: Decimal | None,
        amount: Decimal | None,
        primary_model: str,
    ) -> Ceiling:
        """Computed from the estimate or from money. NoCeiling says what it lacks."""
        if self.shares is None or not self.shares.total:
            raise NoCeiling(
                "ceiling_basis",
                "no_estimate",
                f"{self.workload.ref} has no estimate of tokens a user and month, so "
                "there is nothing to compute a ceiling from.",
            )
        if basis == CeilingBasis.ESTIMATE:
            return from_estimate(self.shares.total, allowance or self.allowance)
        if amount is None or amount <= 0:
            raise NoCeiling(
                "amount", "required", "A ceiling from money needs an amount above 0."
            )
        return priced_ceiling(amount, self.shares, primary_model, self.card, self.today)


def shares_of(estimate: Estimate | None) -> Shares | None:
    """Input, cached and output tokens of a user and month; None without them."""
    if estimate is None:
        return None
    budgets = unpriced(inputs_of(estimate))
    given = budgets.input_tokens_per_user_month
    made = budgets.output_tokens_per_user_month
    if given is None or made is None:
        return None
    cached = Decimal(0) if estimate.is_declared else estimate.cached_input_share
    return Shares(given, made, cached)


def priced_ceiling(
    amount: Decimal, shares: Shares, model: str, card: RateCard, day: date
) -> Ceiling:
    """At the price in force on `day`. NoCeiling where the model has none."""
    try:
        return from_money(amount, shares, card.price(model, day))
    except (NoPrice, ZeroDivisionError):
        raise NoCeiling(
            "ceiling_basis",
            "no_price",
            f"The rate card has no price of {model or 'a gate without a model'} in "
            f"force on {day}. The finance lead can enter one.",
        ) from None


def tiers_in_use(
    workload: Workload, in_force: Terms | None, today: date
) -> frozenset[str]:
    """Tiers by which users call: all that a live workload serves, else those with a call
    in the last months. Two queries at most."""
    if in_force is None:
        return frozenset()
    if workload.status == Status.LIVE:
        return frozenset(tier.tier for tier in in_force.tiers)
    since = today - timedelta(days=IN_USE_DAYS)
    asked = Decision.objects.filter(
        workload=workload, at__date__gte=since, test=False
    ).values_list("tier", flat=True)
    used = UsageDay.objects.filter(workload=workload, day__gte=since).values_list(
        "tier", flat=True
    )
    return frozenset(asked.distinct().order_by()) | frozenset(
        used.distinct().order_by()
    )


def prefilled(ground: Ground) -> dict[str, Any]:
    """What the next draft starts from, as a body: the gate that the cells show, else the
    workload's own model tier and cost gate, with the recommended pattern and its reason.
    """
    deciding = deciding_gate(ground.workload)
    if deciding is not None:
        return _as_it_stands(deciding)
    workload = ground.workload
    return {
        "primary_model": workload.primary_model,
        "degrade_model": workload.degrade_model,
        "tiers": [
            {"tier": DEFAULT_TIER, **_wish(workload), **_suggested_ceiling(ground)}
        ],
    }


def _as_it_stands(policy: GatePolicy) -> dict[str, Any]:
    """Models and tiers go on; notice, mode and ends are each version's own."""
    body = as_body(policy)
    return {name: body[name] for name in ("primary_model", "degrade_model", "tiers")}


def as_body(policy: GatePolicy) -> dict[str, Any]:
    """A stored version as the body that would draft it again."""
    terms = terms_of(policy)
    notice = terms.notice
    return {
        "primary_model": terms.primary_model,
        "degrade_model": terms.degrade_model,
        "on_unreachable": terms.on_unreachable,
        "tiers": [
            {name: getattr(tier, name) for name in TIER_MEMBERS} for tier in terms.tiers
        ],
        "mode": terms.mode,
        "notice": None if notice is None else asdict(notice),
        "no_notice_reason": terms.no_notice_reason,
        "ends_on": terms.ends_on,
        "spend_limit": terms.spend_limit,
    }


def _wish(workload: Workload) -> dict[str, Any]:
    """The cell of the plan, kept as it was wished; without a wish, the recommendation is
    filled in when the draft is read."""
    return {"overage": CostGate(workload.cost_gate)} if workload.cost_gate else {}


def _suggested_ceiling(ground: Ground) -> dict[str, Any]:
    if ground.shares is None:
        return {}
    return {"ceiling_basis": CeilingBasis.ESTIMATE, "allowance": ground.allowance}


def recommendation(ground: Ground, tier: str, degrade_model: str) -> dict[str, Any]:
    """The recommended pattern of a tier, with the sentence that says why."""
    workload = ground.workload
    found = recommended(
        tier=tier,
        shape=workload.shape,
        audience=workload.audience,
        is_sensitive=workload.compliance_sensitive,
        degrade_model=degrade_model,
    )
    return {"overage": found.overage, "reason": found.why}
