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
    per_user = f"{formats.short(tokens['tokens_per_user_month'])} per user and month"
    return Card(
        "Tokens",
        owner,
        hero=look.short(per_month),
        unit="tokens/month",
        line=f"{_cost_words(tokens, inputs.primary_model)}. {per_user}."
        f"{_savings(tokens, inputs)}",
        formula=formula_of(inputs),
        inputs=_token_parts(inputs, tokens),
    )


def _cost_words(tokens: Mapping[str, Any], model: str) -> str:
    if tokens["cost_per_month"] is None:
        return (
            f"No cost: {model} has no price" if model else "No cost: no model is named"
        )
    return f"{_money(tokens, 'cost_per_month')} a month on {model}"


def _money(budget: Mapping[str, Any], name: str) -> str:
    return formats.money(Decimal(budget[name]), budget["currency"])


def _savings(tokens: Mapping[str, Any], inputs: EstimateInputs) -> str:
    """What could come off, where the estimate states a share; it is not taken off."""
    parts = []
    if inputs.batch_share and tokens.get("batch_saving_per_month") is not None:
        saved = _money(tokens, "batch_saving_per_month")
        parts.append(f"in batches ({formats.share(inputs.batch_share)}) {saved}")
    if inputs.planner_share and tokens.get("planner_saving_per_month") is not None:
        saved = _money(tokens, "planner_saving_per_month")
        on = f" on {inputs.degrade_model}" if inputs.degrade_model else ""
        parts.append(f"as planner{on} ({formats.share(inputs.planner_share)}) {saved}")
    return f" Could save {' and '.join(parts)} a month." if parts else ""


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
    if tokens["cost_per_month"] is not None:
        cost = formats.money(
            Decimal(tokens["cost_per_month"]), tokens["currency"], cents=True
        )
        parts.append((f"Cost/month on {inputs.primary_model}", cost))
    if inputs.declared_tokens_per_user_month is not None:
        parts.insert(1, ("Input share", formats.share(inputs.declared_input_share)))
    return parts


def _compute(inputs: EstimateInputs, compute: Mapping[str, Any]) -> Card:
    owner = "Signed by engineering, reviewed quarterly"
    peak = compute["peak_concurrent_sessions"]
    if peak is None:
        lacking = [
            name
            for name in ("users", "sessions_per_user_month")
            if getattr(inputs, name) is None
        ]
        return Card(
            "Compute", owner, blank=f"Not computed: {labels_in_words(lacking)} missing."
        )
    return Card(
        "Compute",
        owner,
        hero=peak_words(peak),
        unit="peak sessions",
        line=f"{_money(compute, 'cost_per_month')} a month with headroom. "
        f"{_n(inputs.session_minutes)} minutes a session, {profile_words(inputs)}.",
        formula="peak = users × sessions × 12/52 × share of the busiest hour × "
        "minutes / 60. Cost = peak × (1 + headroom) × price of a session; fixed lines "
        "belong to the platform.",
        inputs=_compute_parts(inputs, compute),
    )


def _compute_parts(
    inputs: EstimateInputs, compute: Mapping[str, Any]
) -> list[tuple[str, str]]:
    cost = Decimal(compute["cost_per_month"])
    return [
        ("Users", _n(inputs.users)),
        ("Sessions/user/month", _n(inputs.sessions_per_user_month)),
        ("Minutes a session", _n(inputs.session_minutes)),
        ("Cost/month", formats.money(cost, compute["currency"], cents=True)),
    ]


def peak_words(peak: Any) -> str:
    """72.69: two decimals of a figure that is kept exact."""
    return formats.in_full(round(Decimal(str(peak)), 2))


def compute_words(compute: Mapping[str, Any]) -> str:
    """72.69 peak sessions, $4,907 a month: what engineering signs."""
    peak, cost = compute["peak_concurrent_sessions"], compute["cost_per_month"]
    if peak is None or cost is None:
        return "the inputs above; its peak was not computed when it was submitted"
    return (
        f"{peak_words(peak)} peak sessions, {_money(compute, 'cost_per_month')} a month"
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
