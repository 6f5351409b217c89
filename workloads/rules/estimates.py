"""An estimate as plain values: its inputs, what is missing, and its hash."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from workloads.enums import InputSource

# Above these a number is a slip of the keyboard; they also keep sums inside bigint.
MOST_USERS = 1_000_000_000
MOST_SESSIONS = 100_000
MOST_TOKENS = 1_000_000_000_000
MOST_OPS_HOURS = 10_000
MOST_TOKENS_PER_MONTH = 10**18

TOKEN_FACTORS: tuple[str, ...] = (
    "turns_per_session",
    "input_tokens_per_turn",
    "output_tokens_per_turn",
)
"""The factors without a default; a declared figure stands in for them."""

SOURCED_INPUTS: tuple[str, ...] = (
    "users",
    "sessions_per_user_month",
    *TOKEN_FACTORS,
    "output_multiplier",
    "tool_call_factor",
    "retry_factor",
    "session_minutes",
    "profile",
    "ops_hours_week",
    "growth_per_month",
    "cached_input_share",
    "declared_tokens_per_user_month",
)
"""Inputs whose source (pilot, observed, similar, assumed) signers count."""

RANGED_INPUTS: tuple[str, ...] = (
    "users",
    "sessions_per_user_month",
    *TOKEN_FACTORS,
    "output_multiplier",
    "tool_call_factor",
    "retry_factor",
    "session_minutes",
    "ops_hours_week",
    "growth_per_month",
    "declared_tokens_per_user_month",
)


@dataclass(frozen=True)
class EstimateInputs:
    """What a person states about one workload. Units are in the names.

    Shares are 0–1; `profile` is a named profile or 168 weights, index 0 = Monday 00:00.
    """

    users: int | None
    sessions_per_user_month: Decimal | None
    turns_per_session: Decimal | None
    input_tokens_per_turn: Decimal | None
    output_tokens_per_turn: Decimal | None
    output_multiplier: Decimal
    tool_call_factor: Decimal
    retry_factor: Decimal
    session_minutes: Decimal
    profile: str | list[float]
    ops_hours_week: Decimal | None
    growth_per_month: Decimal
    cached_input_share: Decimal
    batch_share: Decimal
    planner_share: Decimal
    declared_tokens_per_user_month: int | None
    declared_input_share: Decimal
    ops_reason: str
    sources: dict[str, str] = field(default_factory=dict)
    ranges: dict[str, list[float]] = field(default_factory=dict)
    primary_model: str = ""
    degrade_model: str = ""


@dataclass(frozen=True)
class Budgets:
    """The three budgets that an estimate gives; None where something is missing for it.

    Tokens are whole tokens, costs money of `currency` in the steady month (no adoption
    ramp, no growth), `ops_hours_week` the stable hours a week. The savings are what
    batches and a cheaper planner model would take off the cost; they are not taken off.
    """

    input_tokens_per_user_month: int | None
    output_tokens_per_user_month: int | None
    tokens_per_user_month: int | None
    tokens_per_month: int | None
    tokens_cost_per_month: Decimal | None
    peak_concurrent_sessions: Decimal | None
    compute_cost_per_month: Decimal | None
    ops_hours_week: Decimal | None
    currency: str
    batch_saving_per_month: Decimal | None = None
    planner_saving_per_month: Decimal | None = None

    def as_json(self) -> dict[str, dict[str, Any]]:
        """The three lines, never blended into one: the shape that the API answers."""
        return {
            "tokens": {
                "input_tokens_per_user_month": self.input_tokens_per_user_month,
                "output_tokens_per_user_month": self.output_tokens_per_user_month,
                "tokens_per_user_month": self.tokens_per_user_month,
                "tokens_per_month": self.tokens_per_month,
                "cost_per_month": _money(self.tokens_cost_per_month),
                "batch_saving_per_month": _money(self.batch_saving_per_month),
                "planner_saving_per_month": _money(self.planner_saving_per_month),
                "currency": self.currency,
            },
            "compute": {
                "peak_concurrent_sessions": _text(self.peak_concurrent_sessions),
                "cost_per_month": _money(self.compute_cost_per_month),
                "currency": self.currency,
            },
            "ops": {"hours_week": _text(self.ops_hours_week)},
        }


@dataclass(frozen=True)
class Lack:
    """One thing besides its inputs that an estimate still needs, and who can mend it.

    `link` is where; empty where that is the estimate itself.
    """

    field: str
    code: str
    sentence: str
    link: str
    mended_by: tuple[str, ...]


def slip_in(budgets: Budgets) -> str:
    """Why these inputs cannot be meant; nothing where they can."""
    per_month = budgets.tokens_per_month
    if per_month is None or per_month <= MOST_TOKENS_PER_MONTH:
        return ""
    return (
        f"{per_month:,} tokens a month is above the most, {MOST_TOKENS_PER_MONTH:,}; "
        "one of the factors is a slip."
    )


def missing_inputs(inputs: EstimateInputs) -> tuple[str, ...]:
    """Names of the inputs that a complete estimate still needs, in the order shown."""
    needed = ["users", "sessions_per_user_month"]
    if inputs.declared_tokens_per_user_month is None:
        needed += TOKEN_FACTORS
    needed += ["session_minutes", "ops_hours_week"]
    return tuple(name for name in needed if getattr(inputs, name) is None)


def source_of(inputs: EstimateInputs, name: str) -> str:
    """The stated source of an input; what nobody stated is assumed."""
    return inputs.sources.get(name, InputSource.ASSUMED)


def count_sources(inputs: EstimateInputs) -> dict[str, int]:
    """How many stated inputs come from each source; signers see these counts."""
    counts = dict.fromkeys((str(source) for source in InputSource), 0)
    for name in SOURCED_INPUTS:
        if getattr(inputs, name) is not None:
            counts[str(source_of(inputs, name))] += 1
    return counts


def content_of(
    inputs: EstimateInputs, *, ref: str, version: int, budgets: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything that a signature on this version covers."""
    return {
        "workload": ref,
        "version": version,
        "inputs": {name: _plain(value) for name, value in asdict(inputs).items()},
        "budgets": dict(budgets),
    }


def sha256_of(content: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the canonical JSON: sorted names, no spaces, UTF-8."""
    text = json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format_number(value)


def _money(value: Decimal | None) -> str | None:
    """With its cents: 13104.00."""
    return None if value is None else f"{value:.2f}"


def _plain(value: Any) -> Any:
    return format_number(value) if isinstance(value, Decimal) else value


def format_number(value: Decimal) -> str:
    """A decimal without trailing zeros or exponent, so that 6 and 6.00 hash alike."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
