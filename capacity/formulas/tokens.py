"""Tokens of a workload, by the formula of the capacity model. Pure; no clock, no query."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from capacity.formulas.growth import factor
from capacity.formulas.rounding import EXACT, exact_half_up, product, round_half_up


@dataclass(frozen=True)
class TokensPerUserMonth:
    """Whole tokens that one user uses in one steady month, priced apart."""

    input_tokens: int
    output_tokens: int

    @property
    def total(self) -> int:
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True)
class Tokens:
    """Whole tokens of a workload and month; cached tokens are part of the input."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0

    @property
    def total(self) -> int:
        return self.input_tokens + self.output_tokens

    @property
    def uncached_input_tokens(self) -> int:
        return self.input_tokens - self.cached_input_tokens

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(
            self.input_tokens + other.input_tokens,
            self.cached_input_tokens + other.cached_input_tokens,
            self.output_tokens + other.output_tokens,
        )


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
    calls = product(
        sessions_per_user_month, turns_per_session, tool_call_factor, retry_factor
    )
    return TokensPerUserMonth(
        input_tokens=round_half_up(product(calls, input_tokens_per_turn)),
        output_tokens=round_half_up(
            product(calls, output_tokens_per_turn, output_multiplier)
        ),
    )


def declared_tokens(tokens: int, input_share: Decimal) -> TokensPerUserMonth:
    """A declared figure split by its input share (0–1): input rounded, output the rest.

    What is declared includes all factors already. Source: a plan sheet's column.
    """
    input_tokens = round_half_up(product(tokens, input_share))
    return TokensPerUserMonth(input_tokens, tokens - input_tokens)


def steady_month(
    per_user: TokensPerUserMonth, *, users: int, cached_input_share: Decimal
) -> Tokens:
    """A workload's tokens in a month at full adoption, without growth."""
    return grown_month(
        per_user,
        users=users,
        cached_input_share=cached_input_share,
        of_steady=Decimal(1),
    )


def grown_month(
    per_user: TokensPerUserMonth,
    *,
    users: int,
    cached_input_share: Decimal,
    of_steady: Decimal,
) -> Tokens:
    """users × tokens/user × ramp × growth; input and output are rounded apart.

    `of_steady` is `growth.factor` of the month. Cached = input × share (0–1), rounded half
    up per workload and month.
    """
    given, made = users * per_user.input_tokens, users * per_user.output_tokens
    input_tokens = exact_half_up(EXACT.multiply(given, of_steady))
    cached = (
        exact_half_up(EXACT.multiply(input_tokens, cached_input_share))
        if cached_input_share
        else 0
    )
    return Tokens(input_tokens, cached, exact_half_up(EXACT.multiply(made, of_steady)))


def tokens_in_month(
    *,
    users: int,
    per_user: TokensPerUserMonth,
    months_since_ship: int,
    months_of_growth: int,
    growth_per_month: Decimal,
    ramp: Sequence[Decimal],
) -> int:
    """Whole tokens of a workload in one month, with adoption ramp and growth.

    `months_since_ship` is 0 in the ship month; before it nothing is used.
    """
    month = grown_month(
        per_user,
        users=users,
        cached_input_share=Decimal(0),
        of_steady=factor(
            months_since_ship=months_since_ship,
            months_of_growth=months_of_growth,
            growth_per_month=growth_per_month,
            ramp=ramp,
        ),
    )
    return month.total
