"""What each input of an estimate is called, counted in and means: one table for the
form, the ticket, the comparison and the read-only page."""

from collections.abc import Iterable
from dataclasses import dataclass

from portal.kernel.formats import listed


@dataclass(frozen=True)
class Input:
    """One input. `kind` says how it is typed and shown."""

    name: str
    label: str
    unit: str
    hint: str
    kind: str = "quantity"  # whole, quantity, factor, percent, profile, text


@dataclass(frozen=True)
class Group:
    """Inputs that belong together; `budget` is the line that they size."""

    code: str
    title: str
    budget: str
    inputs: tuple[Input, ...]


USERS = Group(
    "users",
    "Users and sessions",
    "tokens",
    (
        Input("users", "Users", "users", "Counted for this workload alone.", "whole"),
        Input(
            "sessions_per_user_month",
            "Sessions/user/month",
            "sessions",
            "How often one user starts it in a month.",
        ),
    ),
)
FORMULA = Group(
    "formula",
    "Tokens by the formula",
    "tokens",
    (
        Input(
            "turns_per_session",
            "Turns per session",
            "turns",
            "One question and its answer is one turn.",
        ),
        Input(
            "input_tokens_per_turn",
            "Input tokens per turn",
            "tokens",
            "Prompt, context and history, cached ones included.",
        ),
        Input(
            "output_tokens_per_turn",
            "Output tokens per turn",
            "tokens",
            "What the answer holds.",
        ),
        Input(
            "output_multiplier",
            "Output multiplier",
            "×",
            "Hidden reasoning and drafts thrown away; 1 is none.",
            "factor",
        ),
        Input(
            "tool_call_factor",
            "Tool-call factor",
            "×",
            "(Turns + tool calls) ÷ turns; 1 is none.",
            "factor",
        ),
        Input(
            "retry_factor",
            "Retry factor",
            "×",
            "(Turns + retries) ÷ turns; 1 is none.",
            "factor",
        ),
    ),
)
DECLARED = Group(
    "declared",
    "Tokens as declared",
    "tokens",
    (
        Input(
            "declared_tokens_per_user_month",
            "Tokens/user/month",
            "tokens",
            "One figure that holds all factors already, such as 520k.",
            "whole",
        ),
        Input(
            "declared_input_share",
            "Input share",
            "%",
            "How much of it is input; the rest is output.",
            "percent",
        ),
    ),
)
OPS = Group(
    "ops",
    "Ops hours",
    "ops",
    (
        Input(
            "ops_hours_week",
            "Stable hours",
            "h/week",
            "Once it runs. The first quarter adds its own hours; the plan counts them.",
        ),
        Input(
            "ops_reason",
            "Reason for the hours",
            "",
            "Why fewer hours than the guidance are enough. Signers read it.",
            "text",
        ),
    ),
)
COMPUTE = Group(
    "compute",
    "Compute",
    "compute",
    (
        Input("session_minutes", "Session length", "minutes", "The mean of a session."),
        Input(
            "profile",
            "Hours of the week",
            "",
            "When the sessions happen; it sets the peak.",
            "profile",
        ),
    ),
)
SHARES = Group(
    "shares",
    "Growth and shares",
    "tokens",
    (
        Input(
            "growth_per_month",
            "Growth a month",
            "%",
            "From the ship month or the estimate on, whichever is later.",
            "percent",
        ),
        Input(
            "cached_input_share",
            "Cached input",
            "%",
            "Share of the input read from a cache.",
            "percent",
        ),
        Input(
            "batch_share",
            "Can run in batch",
            "%",
            "Share of the tokens that may wait for the batch price.",
            "percent",
        ),
        Input(
            "planner_share",
            "On a cheaper planner",
            "%",
            "Share of the tokens on a cheaper planner model.",
            "percent",
        ),
    ),
)
GROUPS: tuple[Group, ...] = (USERS, FORMULA, DECLARED, OPS, COMPUTE, SHARES)
ALL_INPUTS: dict[str, Input] = {
    one.name: one for group in GROUPS for one in group.inputs
}

PROFILE_NAMES = {
    "business_hours": "business hours",
    "evenings": "evenings",
    "flat": "round the clock",
}
PROFILE_WORDS = {
    "business_hours": "business hours, Monday to Friday 09–17",
    "evenings": "evenings, every day 18–23",
    "flat": "flat, round the clock",
}
OWN_PROFILE = "168 weights of its own"

SOURCE_WORDS = {
    "pilot": "pilot measured",
    "observed": "observed in production",
    "similar": "similar workload",
    "assumed": "assumed",
}


def label_of(name: str) -> str:
    return ALL_INPUTS[name].label


def labels_in_words(names: Iterable[str]) -> str:
    """Users, turns per session and stable hours: inside a sentence."""
    return listed([label_of(name).lower() for name in names])
