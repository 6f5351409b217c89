"""What the entries of the capacity model have in common: bounds, reasons, equal rows."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar

from portal.kernel import clock
from portal.kernel.decimals import places_of
from portal.kernel.errors import FieldError, Invalid
from portal.kernel.periods import Quarter
from portal.kernel.reach import out_of_reach
from portal.kernel.selectors import numbers

Row = TypeVar("Row")


@dataclass(frozen=True)
class Entry(Generic[Row]):
    """The row that counts now; `is_new` is False where it stood there already."""

    row: Row
    is_new: bool


def require(*wrong: FieldError | None) -> None:
    """Raise Invalid with all that is wrong at once."""
    errors = [one for one in wrong if one is not None]
    if errors:
        raise Invalid(" ".join(one.detail for one in errors), errors=errors)


def too_far(quarter: Quarter, now: datetime) -> FieldError | None:
    """A quarter further from the present one than anybody plans. One query."""
    here = Quarter.of(clock.today(now), numbers.current().fiscal_year_starts)
    return out_of_reach("/quarter", quarter, here)


def bounded(
    name: str, value: Decimal, *, most: Decimal | int, places: int, unit: str
) -> FieldError | None:
    """0 to `most` with so many decimals; the words name value, rule and unit."""
    pointer = f"/{name}"
    if not value.is_finite():
        return FieldError(pointer, "invalid", f"{value} is not a number of {unit}.")
    if value < 0:
        return FieldError(
            pointer, "min_value", f"{value:f} is below 0; {unit} are never negative."
        )
    if value > most:
        return FieldError(
            pointer, "max_value", f"{_short(value)} {unit} are more than {most:,}."
        )
    if places_of(value) > places:
        return FieldError(
            pointer, "places", f"{value:f} has more than {places} decimal places."
        )
    return None


def _short(value: Decimal) -> str:
    """A figure of eighteen zeros is written as a power."""
    return f"{value:,f}" if value < 10**12 else f"{value:.3E}"


def at_most(name: str, text: str, longest: int) -> FieldError | None:
    if len(text) <= longest:
        return None
    detail = f"It is longer than {longest:,} characters."
    return FieldError(f"/{name}", "max_length", detail)


def given(name: str, text: str, *, most: int, why: str) -> FieldError | None:
    """A text that must be there; `why` is the sentence when it is not."""
    if not text.strip():
        return FieldError(f"/{name}", "required", why)
    return at_most(name, text, most)


def wrong_currency(currency: str, organisation: str) -> FieldError | None:
    if currency == organisation:
        return None
    return FieldError(
        "/currency",
        "wrong_currency",
        f'Every amount is in {organisation}, not in "{currency[:10]}".',
    )
