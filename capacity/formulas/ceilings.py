"""Ceilings of a gate: tokens a user and month, from an estimate or from money. Pure."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from capacity.formulas.prices import Price

STEP = 1_000
"""Computed ceilings are whole thousands: a figure that people can remember."""
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Shares:
    """What a user's tokens of a month consist of; cached tokens are part of the input.

    `cached_input_share` is 0–1 of the input.
    """

    input_tokens: int
    output_tokens: int
    cached_input_share: Decimal = Decimal(0)

    @property
    def total(self) -> int:
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True)
class Ceiling:
    """Tokens a user and month, and the sum that gave them, for whoever asks why."""

    tokens: int
    formula: str


def from_estimate(tokens_per_user_month: int, allowance: Decimal) -> Ceiling:
    """tokens/user/month × allowance, rounded up to 1,000.

    520,000 × 1.5 are 780,000.
    """
    exact = Fraction(tokens_per_user_month) * Fraction(allowance)
    thousands = -(-exact // STEP)
    return Ceiling(
        int(thousands) * STEP,
        f"{tokens_per_user_month:,} × {_short(allowance)}, up to a whole 1,000",
    )


def from_money(amount: Decimal, shares: Shares, price: Price) -> Ceiling:
    """amount ÷ the blended price of a token, rounded down to 1,000.

    3.12 a month at 6.00 a million are 520,000. A price of nothing buys no number of
    tokens: ZeroDivisionError.
    """
    blended = blended_price(shares, price)
    exact = Fraction(amount) * MILLION / blended
    per_million = Decimal(round(blended * 10**4)) / 10**4
    return Ceiling(
        int(exact // STEP) * STEP,
        f"{amount:.2f} ÷ {_short(per_million)} a million, down to a whole 1,000",
    )


def blended_price(shares: Shares, price: Price) -> Fraction:
    """Money a million tokens in the estimate's shares of input, cached and output.

    390,000 input and 130,000 output at 3.00 and 15.00 are 6.00.
    """
    cached = Fraction(shares.cached_input_share)
    given = (1 - cached) * Fraction(price.input_per_million)
    given += cached * Fraction(price.cached_input_per_million)
    made = Fraction(price.output_per_million)
    spent = shares.input_tokens * given + shares.output_tokens * made
    return Fraction(spent, shares.total)


def _short(value: Decimal) -> str:
    return f"{value.normalize():,f}"
