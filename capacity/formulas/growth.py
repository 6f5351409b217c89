"""What a month asks of a workload, as a share of its full adoption. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from capacity.formulas.rounding import EXACT


@lru_cache(maxsize=4096)
def grown(growth_per_month: Decimal, months: int) -> Decimal:
    """(1 + growth) ^ months, exact; growth 0.02 is 2 % a month, months never below 0."""
    return EXACT.power(1 + growth_per_month, max(0, months))


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
