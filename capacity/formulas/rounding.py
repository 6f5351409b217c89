"""Exact numbers, rounded once at the end: halves up, to whole tokens and to cents.

Products and sums of whole numbers and decimals are exact. What a division made is carried to
sixty digits; before it is rounded, its last thirty are dropped, so that a half stays a half
and a whole a whole.
"""

from decimal import (
    ROUND_CEILING,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    Context,
    Decimal,
    Inexact,
)

CENT = Decimal("0.01")
WHOLE = Decimal(1)

# Wide enough for decades of monthly growth with four decimals; a number that did not fit
# would be an error, never a rounding in silence.
EXACT = Context(prec=4_000, traps=[Inexact])
SIXTY_DIGITS = Context(prec=60, rounding=ROUND_HALF_EVEN)
_ROUNDED = Context(prec=4_000)
_CERTAIN = Decimal("1e-30")


def round_half_up(value: Decimal) -> int:
    """To a whole number, halves away from zero, as sheets round."""
    return int(_certain(value).quantize(WHOLE, ROUND_HALF_UP, _ROUNDED))


def to_cents(value: Decimal) -> Decimal:
    """Money, rounded half up to cents."""
    return _certain(value).quantize(CENT, ROUND_HALF_UP, _ROUNDED)


def round_up(value: Decimal) -> int:
    """To the next whole number."""
    return int(_certain(value).quantize(WHOLE, ROUND_CEILING, _ROUNDED))


def to_places(value: Decimal, places: int) -> Decimal:
    """Half up to so many decimals, however many digits stand before the point."""
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _ROUNDED)


def exact_half_up(value: Decimal) -> int:
    """As `round_half_up`, for a number that no division made: every digit counts."""
    return int(value.to_integral_value(ROUND_HALF_UP))


def product(first: Decimal | int, *others: Decimal | int) -> Decimal:
    """An exact product, however many digits it has."""
    whole = Decimal(first)
    for one in others:
        whole = EXACT.multiply(whole, one)
    return whole


def total(*terms: Decimal) -> Decimal:
    """An exact sum."""
    whole = Decimal(0)
    for one in terms:
        whole = EXACT.add(whole, one)
    return whole


def quotient(dividend: Decimal | int, divisor: Decimal | int) -> Decimal:
    """A division to sixty digits."""
    return SIXTY_DIGITS.divide(Decimal(dividend), Decimal(divisor))


def _certain(value: Decimal) -> Decimal:
    # Also where it has fewer digits: to ask how many it has takes longer.
    return value.quantize(_CERTAIN, ROUND_HALF_EVEN, _ROUNDED)
