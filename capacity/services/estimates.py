"""Sizing of an estimate: what the plan asks of the capacity model when it shows one and
when it submits one."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property

from capacity.formulas import compute, prices
from capacity.formulas.guidance import Guidance
from capacity.formulas.lines import ComputeLines
from capacity.formulas.prices import NoPrice, RateCard
from capacity.formulas.tokens import (
    Tokens,
    TokensPerUserMonth,
    declared_tokens,
    steady_month,
    tokens_per_user_month,
)
from capacity.selectors.estimates import (
    Committed,
    committed_workloads,
    guidance_for,
)
from capacity.selectors.problems import PriceMissing
from capacity.selectors.rates import compute_lines, rate_card
from portal.kernel.formats import in_full
from portal.kernel.selectors import numbers
from workloads.models import Workload
from workloads.rules.estimates import TOKEN_FACTORS, Budgets, EstimateInputs, Lack


@dataclass(frozen=True)
class Rates:
    """What a steady month is priced with: `headroom` is a share, 0.35 is 35 %."""

    card: RateCard
    lines: ComputeLines
    headroom: Decimal
    currency: str


def budgets_of(inputs: EstimateInputs, *, day: date, rates: Rates) -> Budgets:
    """The three budgets of the steady month (ramp 1, growth 0) at the prices of `day`.

    A part whose inputs, or whose price, are missing is None.
    """
    budgets = replace(unpriced(inputs), currency=rates.currency)
    return _with_tokens_cost(
        _with_compute(budgets, inputs, day, rates), inputs, day, rates
    )


def unpriced(inputs: EstimateInputs) -> Budgets:
    """Tokens and hours, which follow from the inputs alone."""
    per_user = tokens_of(inputs)
    users = inputs.users
    total = per_user.total if per_user else None
    return Budgets(
        input_tokens_per_user_month=per_user.input_tokens if per_user else None,
        output_tokens_per_user_month=per_user.output_tokens if per_user else None,
        tokens_per_user_month=total,
        tokens_per_month=None if total is None or users is None else total * users,
        tokens_cost_per_month=None,
        peak_concurrent_sessions=None,
        compute_cost_per_month=None,
        ops_hours_week=inputs.ops_hours_week,
        currency="",
    )


def _with_tokens_cost(
    budgets: Budgets, inputs: EstimateInputs, day: date, rates: Rates
) -> Budgets:
    tokens = _steady_tokens(inputs)
    try:
        price = rates.card.price(inputs.primary_model, day)
    except NoPrice:
        return budgets
    if tokens is None:
        return budgets
    return replace(
        budgets,
        tokens_cost_per_month=prices.cost(tokens, price),
        batch_saving_per_month=prices.batch_saving(tokens, price, inputs.batch_share),
        planner_saving_per_month=_planner_saving(tokens, inputs, day, rates.card),
    )


def _planner_saving(
    tokens: Tokens, inputs: EstimateInputs, day: date, card: RateCard
) -> Decimal:
    """On the second model of the tier, the cheaper one; without a price of it, none."""
    if not inputs.planner_share:
        return Decimal("0.00")
    try:
        cheaper = card.price(inputs.degrade_model, day)
    except NoPrice:
        return Decimal("0.00")
    price = card.price(inputs.primary_model, day)
    return prices.planner_saving(tokens, price, cheaper, inputs.planner_share)


def _with_compute(
    budgets: Budgets, inputs: EstimateInputs, day: date, rates: Rates
) -> Budgets:
    users, sessions = inputs.users, inputs.sessions_per_user_month
    if users is None or sessions is None:
        return budgets
    profile = inputs.profile
    peak = compute.demand(
        sessions_per_month=users * sessions,
        session_minutes=inputs.session_minutes,
        weights=compute.weights_of(
            profile if isinstance(profile, str) else tuple(profile)
        ),
    ).peak
    return replace(
        budgets,
        peak_concurrent_sessions=peak,
        compute_cost_per_month=compute.workload_cost(
            peak, rates.headroom, rates.lines.per_session(day)
        ),
    )


def _steady_tokens(inputs: EstimateInputs) -> Tokens | None:
    per_user = tokens_of(inputs)
    if per_user is None or inputs.users is None:
        return None
    declared = inputs.declared_tokens_per_user_month is not None
    return steady_month(
        per_user,
        users=inputs.users,
        cached_input_share=Decimal(0) if declared else inputs.cached_input_share,
    )


def tokens_of(inputs: EstimateInputs) -> TokensPerUserMonth | None:
    declared = inputs.declared_tokens_per_user_month
    if declared is not None:
        return declared_tokens(declared, inputs.declared_input_share)
    sessions = inputs.sessions_per_user_month
    factors = {name: getattr(inputs, name) for name in TOKEN_FACTORS}
    if sessions is None or None in factors.values():
        return None
    return tokens_per_user_month(
        sessions_per_user_month=sessions,
        output_multiplier=inputs.output_multiplier,
        tool_call_factor=inputs.tool_call_factor,
        retry_factor=inputs.retry_factor,
        **factors,
    )


class Sizing:
    """What estimates come to on `day`; the rates are read once, in three queries."""

    unpriced = staticmethod(unpriced)

    def __init__(self, day: date) -> None:
        self.day = day

    @cached_property
    def rates(self) -> Rates:
        current = numbers.current()
        return Rates(
            rate_card(), compute_lines(), current.compute_headroom, current.currency
        )

    @property
    def rate_card_version(self) -> int:
        return self.rates.card.version

    def budgets(self, inputs: EstimateInputs) -> Budgets:
        return budgets_of(inputs, day=self.day, rates=self.rates)

    @cached_property
    def _committed(self) -> list[Committed]:
        return committed_workloads()

    def guidance(self, workload: Workload) -> Guidance:
        """The plan is read once for however many workloads: one query."""
        return guidance_for(workload, self._committed)

    def lacks(self, workload: Workload, inputs: EstimateInputs) -> tuple[Lack, ...]:
        """A model with a price in force, and a reason for hours below the guidance."""
        found = (self._price_lacking(workload, inputs), self._reason(workload, inputs))
        return tuple(lack for lack in found if lack is not None)

    def _price_lacking(self, workload: Workload, inputs: EstimateInputs) -> Lack | None:
        if not inputs.primary_model:
            return Lack(
                "model_tier",
                "required",
                f"{workload.ref} names no model, so nothing prices its tokens. Its owner "
                "or a planner can set the model tier.",
                f"/workloads/{workload.ref}/edit/",
                ("workload.edit",),
            )
        try:
            self.rates.card.price(inputs.primary_model, self.day)
        except NoPrice as error:
            problem = PriceMissing.of(error)
            return Lack(
                "model_tier",
                problem.code,
                problem.detail,
                problem.link or "",
                ("rates.change",),
            )
        return None

    def _reason(self, workload: Workload, inputs: EstimateInputs) -> Lack | None:
        hours = inputs.ops_hours_week
        if hours is None or inputs.ops_reason.strip():
            return None
        guidance = self.guidance(workload)
        if not guidance.is_breached_by(hours):
            return None
        return Lack(
            "ops_reason",
            "required",
            f"{in_full(hours)} h/week is below the guidance of "
            f"{in_full(guidance.least)} to {in_full(guidance.most)} "
            f"{WHY[guidance.kind]}. Whoever writes the estimate can say why fewer are "
            "enough.",
            "",
            ("estimate.write",),
        )


WHY = {
    "first": "for the platform's first workload",
    "alike": "for a workload like one that the platform runs",
    "different": "for a workload unlike any that the platform runs",
}
