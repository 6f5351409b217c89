"""Months and quarters too far from today are refused in one way."""

from portal.kernel.errors import FieldError, Invalid
from portal.kernel.periods import PeriodT, beyond_reach


def out_of_reach(pointer: str, one: PeriodT, here: PeriodT) -> FieldError | None:
    """What is wrong with a period that a field names; None in reach of `here`."""
    detail = beyond_reach(one, here)
    return FieldError(pointer, "out_of_range", detail) if detail else None


def require_in_reach(pointer: str, one: PeriodT, here: PeriodT) -> None:
    """`Invalid` for a month or quarter more than twenty years from the present one."""
    if error := out_of_reach(pointer, one, here):
        raise Invalid(error.detail, errors=[error])
