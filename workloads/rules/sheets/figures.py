"""Numbers as people type them: `520k`, `1.4M`, `4,200`."""

import re
from decimal import Decimal
from typing import Final

from workloads.rules.sheets.cells import BadCell, RawCell, read_text

# No figure of a plan is this long; it also bounds the work on a hostile cell.
MOST_DIGITS: Final = 40

_SCALE = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9}

# Thousands stand in groups of three, parted by commas, or by the spaces that a
# spreadsheet's number format writes; a typed space is a slip (`5 20k`) and is refused.
# Digits are ASCII only: `\d` would take those of every script.
_NUMBER = re.compile(
    r"""(?P<minus>[-\u2212])?
        (?P<digits>
            (?:[0-9]{1,3}(?:,[0-9]{3})+ | [0-9]{1,3}(?:[\u00a0\u202f\u2009][0-9]{3})+
               | [0-9]+)(?:\.[0-9]+)?
            | \.[0-9]+)
        (?P<scale>[kKmMbB])?""",
    re.VERBOSE,
)
_GROUPING = str.maketrans("", "", ",\u00a0\u202f\u2009")
_CENT = Decimal("0.01")


def read_whole(raw: RawCell, *, most: int) -> int | None:
    """A whole number from 0 to `most`; None for an empty cell."""
    number = _read_number(raw, most=most)
    if number is None:
        return None
    if number != int(number):
        raise BadCell(
            "not_whole",
            f"It reads as {_plainly(number)} and must be whole. A point is a decimal "
            "point; thousands take a comma or none: 4,200 or 4200.",
        )
    return int(number)


def read_quantity(raw: RawCell, *, most: int) -> Decimal | None:
    """A number from 0 to `most` with at most two decimals; None for an empty cell."""
    number = _read_number(raw, most=most)
    if number is None:
        return None
    cents = number.quantize(_CENT)
    if cents != number:
        raise BadCell(
            "too_precise",
            f"It reads as {_plainly(number)}. At most two decimals are kept: round it.",
        )
    return cents


def _read_number(raw: RawCell, *, most: int) -> Decimal | None:
    text = read_text(raw)
    if not text:
        return None
    # A workbook's own number needs no reading, and may be written 1e+21.
    number = _parsed(text) if isinstance(raw, str) else Decimal(text)
    if not number.is_finite():
        raise _not_a_number(text)
    if number < 0:
        raise BadCell("negative", "It is below 0. Type 0 or more, or leave it empty.")
    if number > most:
        raise BadCell(
            "too_large", f"It is above {most:,}, the most that this cell takes."
        )
    return number


def _parsed(text: str) -> Decimal:
    match = _NUMBER.fullmatch(text) if len(text) <= MOST_DIGITS else None
    if match is None:
        raise _not_a_number(text)
    digits = Decimal(match["digits"].translate(_GROUPING))
    number = digits * _SCALE[(match["scale"] or "").lower()]
    return -number if match["minus"] and number else number


def _not_a_number(text: str) -> BadCell:
    if any(character.isspace() for character in text):
        reason = "A space stands inside it."
    elif "," in text:
        reason = "A comma parts thousands, in groups of three; a decimal takes a point."
    elif "e" in text.lower() and text[:1].isdigit():
        reason = "A power of ten has lost digits."
    else:
        reason = "It is not a number."
    return BadCell(
        "not_a_number",
        f"{reason} Type it as 4200, 4,200, 520k or 1.4M, or leave it empty.",
    )


def _plainly(number: Decimal) -> str:
    return f"{number.normalize():f}"
