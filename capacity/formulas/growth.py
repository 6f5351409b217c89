"""What a month asks of a workload, as a share of its full adoption. Pure."""

import math
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from capacity.formulas.rounding import EXACT

# Grown to more than 10^100 times what it was, a figure means nothing, and the floats of
# the samples and of the charts end at 10^308.
MOST_DIGITS_OF_GROWTH = 100


class OutOfReach(ArithmeticError):
    """Growth that goes on until no forecast can tell it; `ref` names whose it is.

    `growth_per_month` is 10 for 1,000 % a month.
    """

    def __init__(
        self, growth_per_month: Decimal | float, months: int, ref: str = ""
    ) -> None:
        super().__init__(f"Growth of {growth_per_month} goes on for {months} months.")
        self.growth_per_month = growth_per_month
        self.months = months
        self.ref = ref


def require_in_reach(
    growth_per_month: Decimal | float, months: int, ref: str = ""
) -> None:
    """`OutOfReach` where (1 + growth) ^ months is more than 10^100."""
    if growth_per_month > 0 and (
        months * math.log10(1 + growth_per_month) > MOST_DIGITS_OF_GROWTH
    ):
        raise OutOfReach(growth_per_month, months, ref)


@lru_cache(maxsize=4096)
def grown(growth_per_month: Decimal, months: int) -> Decimal:
    """(1 + growth) ^ months, exact; growth 0.02 is 2 % a month, months never below 0.

    `OutOfReach` where it goes on too long.
    """
    if months <= 0:
        return Decimal(1)
    require_in_reach(growth_per_month, months)
    return EXACT.power(1 + growth_per_month, months)


def adopted(ramp: Sequence[Decimal], months_since_ship: int) -> Decimal:
    """Share of users (0–1) in the m-th month after the ship month; before it 0.

    `ramp` holds the shares of the first months (0.40, 0.70, 1.00), 1 after them. Source:
    the adoption ramp among the numbers of the model.
    """
    if months_since_ship < 0:
        return Decimal(0)
    return ramp[months_since_ship] if months_since_ship < len(ramp) else Decimal(1)


def factor(
    *,
    months_since_ship: int,
    months_of_growth: int,
    growth_per_month: Decimal,
    ramp: Sequence[Decimal],
) -> Decimal:
    """ramp × (1 + growth)^g: what a steady month is multiplied by; 0 before the ship month."""
    share = adopted(ramp, months_since_ship)
    if not share:
        return share
    return EXACT.multiply(share, grown(growth_per_month, months_of_growth))
