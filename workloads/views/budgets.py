"""The three budgets of an estimate as cards that never touch: figures, one line, the
formula with the numbers put in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from portal.kernel import formats
from portal.kernel.templatetags import look
from workloads.forms.inputs import OWN_PROFILE, PROFILE_WORDS, labels_in_words
from workloads.rules.estimates import EstimateInputs, missing_inputs

NOT_COMPUTED = "Not yet computed"


@dataclass(frozen=True)
class Card:
    """As components/_budget.html draws it; `blank` stands instead of a number."""

    name: str
    owner: str
    hero: str = ""
    unit: str = ""
    line: str = ""
    formula: str = ""
    inputs: list[tuple[str, str]] = field(default_factory=list)
    blank: str = ""


def cards_of(inputs: EstimateInputs, budgets: Mapping[str, Any]) -> list[Card]:
    """Tokens, compute, ops: `budgets` in the shape that the API answers."""
    return [
        _tokens(inputs, budgets["tokens"]),
        _compute(inputs, budgets["compute"]),
        _ops(inputs),
    ]


def _tokens(inputs: EstimateInputs, tokens: Mapping[str, Any]) -> Card:
    owner = "Signed by finance, reviewed monthly"
    per_month = tokens["tokens_per_month"]
    if per_month is None:
        lacking = [
            name
            for name in missing_inputs(inputs)
            if name not in ("session_minutes", "ops_hours_week")
        ]
        return Card(
            "Tokens", owner, blank=f"Not computed: {labels_in_words(lacking)} missing."
        )
    cost = tokens["cost_per_month"]
    priced = (
        f"{formats.money(Decimal(cost), tokens['currency'])} /month"
        if cost is not None
        else "Cost not yet computed: no price is on the rate card"
    )
    return Card(
        "Tokens",
        owner,
        hero=look.short(per_month),
        unit="tokens/month",
        line=f"{formats.short(tokens['tokens_per_user_month'])} per user and month. "
        f"{priced}.",
        formula=formula_of(inputs),
        inputs=_token_parts(inputs, tokens),
    )


def formula_of(inputs: EstimateInputs) -> str:
    """sessions × turns × (input + output × multiplier) × tools × retries, in numbers."""
    if inputs.declared_tokens_per_user_month is not None:
        return (
            "tokens/month = users × declared tokens/user/month: "
            f"{_n(inputs.users)} × {_n(inputs.declared_tokens_per_user_month)}. "
            "The formula's inputs would say where the figure comes from."
        )
    return (
        "tokens/user/month = sessions × turns × (input + output × multiplier) × "
        f"tool-call factor × retry factor: {_n(inputs.sessions_per_user_month)} × "
        f"{_n(inputs.turns_per_session)} × ({_n(inputs.input_tokens_per_turn)} + "
        f"{_n(inputs.output_tokens_per_turn)} × {_n(inputs.output_multiplier)}) × "
        f"{_n(inputs.tool_call_factor)} × {_n(inputs.retry_factor)}"
    )


def _token_parts(
    inputs: EstimateInputs, tokens: Mapping[str, Any]
) -> list[tuple[str, str]]:
    parts = [
        ("Users", _n(inputs.users)),
        ("Input tokens/user/month", _n(tokens["input_tokens_per_user_month"])),
        ("Output tokens/user/month", _n(tokens["output_tokens_per_user_month"])),
        ("Tokens/month", _n(tokens["tokens_per_month"])),
    ]
    if inputs.declared_tokens_per_user_month is not None:
        parts.insert(1, ("Input share", formats.share(inputs.declared_input_share)))
    return parts


def _compute(inputs: EstimateInputs, compute: Mapping[str, Any]) -> Card:
    owner = "Signed by engineering, reviewed quarterly"
    peak = compute["peak_concurrent_sessions"]
    line = (
        f"{_n(inputs.session_minutes)} minutes a session, {profile_words(inputs)}. "
        "Engineering signs these inputs and the tokens'."
    )
    if peak is None:
        return Card("Compute", owner, blank=NOT_COMPUTED, line=line)
    return Card(
        "Compute",
        owner,
        hero=formats.in_full(Decimal(peak), 0),
        unit="peak sessions",
        line=line,
    )


def _ops(inputs: EstimateInputs) -> Card:
    owner = "Signed by ops, reviewed quarterly"
    if inputs.ops_hours_week is None:
        return Card("Ops", owner, blank="Not computed: stable hours missing.")
    return Card(
        "Ops",
        owner,
        hero=_n(inputs.ops_hours_week),
        unit="h/week",
        line="Stable hours. The quarter in which it ships adds its first-quarter hours.",
    )


def profile_words(inputs: EstimateInputs) -> str:
    if isinstance(inputs.profile, str):
        return PROFILE_WORDS.get(inputs.profile, inputs.profile)
    return OWN_PROFILE


def _n(number: Any) -> str:
    return formats.BLANK if number is None else formats.in_full(number)
