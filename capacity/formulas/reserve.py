"""The reserve: one share of all three budgets, held centrally. Pure.

This is the only place where compute, tokens and people's hours meet in one figure.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from capacity.formulas.rounding import product, quotient, to_cents
from capacity.formulas.staffing import WEEKS_A_QUARTER

LOWEST_RATIO = Decimal("0.15")
HIGHEST_RATIO = Decimal("0.20")
MONTHS_A_QUARTER = 3


class QuarterCosts(NamedTuple):
    """What a quarter's three budgets cost, in money; ops hours at the price of one."""

    compute: Decimal
    tokens: Decimal
    ops: Decimal


@dataclass(frozen=True, slots=True)
class ReserveParts:
    """The reserve of a quarter and where it comes from, in cents; parts sum to it."""

    ratio: Decimal
    from_compute: Decimal
    from_tokens: Decimal
    from_ops: Decimal

    @property
    def amount(self) -> Decimal:
        return self.from_compute + self.from_tokens + self.from_ops


def ops_cost(hours_week: Decimal, ops_hour_price: Decimal) -> Decimal:
    """ops hours/week × 13 weeks × the price of an ops hour: money a quarter."""
    return to_cents(product(hours_week, WEEKS_A_QUARTER, ops_hour_price))


def reserve_of(costs: QuarterCosts, ratio: Decimal) -> ReserveParts:
    """ratio × (compute + tokens + ops), each part rounded half up to cents.

    `ratio` lies from 0.15 to 0.20; ValueError outside it.
    """
    if not LOWEST_RATIO <= ratio <= HIGHEST_RATIO:
        raise ValueError(f"A reserve holds 15 to 20 % of the budgets, not {ratio:%}.")
    return ReserveParts(
        ratio,
        to_cents(product(costs.compute, ratio)),
        to_cents(product(costs.tokens, ratio)),
        to_cents(product(costs.ops, ratio)),
    )


def by_month(amount: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    """A third each, in cents; what does not divide stands in the last month."""
    third = to_cents(quotient(amount, MONTHS_A_QUARTER))
    return third, third, amount - 2 * third


def excess(baseline: QuarterCosts, scenario: QuarterCosts) -> Decimal:
    """Σ over budgets of max(0, scenario − baseline): a saving pays for no other budget."""
    return sum(
        (
            max(Decimal(0), new - old)
            for old, new in zip(baseline, scenario, strict=True)
        ),
        Decimal(0),
    )
