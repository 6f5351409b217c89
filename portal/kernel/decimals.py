"""What a decimal says, digit for digit. Pure."""

from decimal import Decimal


def places_of(number: Decimal) -> int:
    """Decimal places without trailing zeros; 0 for what is no number.

    Not by `normalize`: that rounds to the context's 28 digits first, so that a number of a
    thousand digits would seem to have none.
    """
    _, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int) or not any(digits):
        return 0
    zeros = next(n for n, digit in enumerate(reversed(digits)) if digit)
    return max(0, -exponent - zeros)
