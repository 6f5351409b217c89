"""Tokens of a workload, by the formula of the capacity model. Pure; no clock, no query."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal


@dataclass(frozen=True)
class TokensPerUserMonth:
    """Whole tokens that one user uses in one steady month, priced apart."""

    input_tokens: int
    output_tokens: int

    @property
    def total(self) -> int:
        return self.input_tokens + self.output_tokens


def round_half_up(value: Decimal) -> int:
    """To a whole token, halves away from zero, as sheets round."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def tokens_per_user_month(
    *,
    sessions_per_user_month: Decimal,
    turns_per_session: Decimal,
    input_tokens_per_turn: Decimal,
    output_tokens_per_turn: Decimal,
    output_multiplier: Decimal,
    tool_call_factor: Decimal,
    retry_factor: Decimal,
) -> TokensPerUserMonth:
    """sessions × turns × (input + output × multiplier) × tool factor × retry factor.

    Tokens per user and month; input and output are rounded half up apart, and the total
    is the sum of the rounded parts. Source: the capacity model's token formula.
    """
    turns = sessions_per_user_month * turns_per_session
    factors = tool_call_factor * retry_factor
    return TokensPerUserMonth(
        input_tokens=round_half_up(turns * input_tokens_per_turn * factors),
        output_tokens=round_half_up(
            turns * output_tokens_per_turn * output_multiplier * factors
        ),
    )


def declared_tokens(tokens: int, input_share: Decimal) -> TokensPerUserMonth:
    """A declared figure split by its input share (0–1): input rounded, output the rest."""
    input_tokens = round_half_up(tokens * input_share)
    return TokensPerUserMonth(input_tokens, tokens - input_tokens)


def tokens_in_month(
    *,
    users: int,
    tokens_per_user_month: int,
    months_since_ship: int,
    months_of_growth: int,
    growth_per_month: Decimal,
    ramp: tuple[Decimal, ...],
) -> int:
    """Tokens of a workload in one month, with adoption ramp and growth.

    `months_since_ship` is 0 in the ship month; before it nothing is used. `ramp` holds the
    shares of adoption of the first months, 1 after them. Rounded half up to whole tokens.
    """
    if months_since_ship < 0:
        return 0
    adopted = ramp[months_since_ship] if months_since_ship < len(ramp) else Decimal(1)
    growth = (1 + growth_per_month) ** max(0, months_of_growth)
    return round_half_up(users * tokens_per_user_month * adopted * growth)
