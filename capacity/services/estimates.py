"""Sizing of an estimate: what the plan asks of the capacity model when it saves one."""

from capacity.formulas.tokens import (
    TokensPerUserMonth,
    declared_tokens,
    tokens_per_user_month,
)
from workloads.rules.estimates import TOKEN_FACTORS, Budgets, EstimateInputs


def budgets_of(inputs: EstimateInputs, *, currency: str) -> Budgets:
    """The three budgets that these inputs give; a part whose inputs are missing is None.

    Prices and peak concurrency are not modelled yet: their figures are None.
    """
    per_user = _tokens_per_user(inputs)
    total = per_user.total if per_user else None
    return Budgets(
        input_tokens_per_user_month=per_user.input_tokens if per_user else None,
        output_tokens_per_user_month=per_user.output_tokens if per_user else None,
        tokens_per_user_month=total,
        tokens_per_month=(
            total * inputs.users
            if total is not None and inputs.users is not None
            else None
        ),
        tokens_cost_per_month=None,
        peak_concurrent_sessions=None,
        compute_cost_per_month=None,
        ops_hours_week=inputs.ops_hours_week,
        currency=currency,
    )


def _tokens_per_user(inputs: EstimateInputs) -> TokensPerUserMonth | None:
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
