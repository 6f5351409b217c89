"""What the lists of the capacity model share: entries are read here, never written."""

from decimal import Decimal
from typing import ClassVar

from portal.kernel import formats
from portal.kernel.admin.base import RecordAdmin


class EntryAdmin(RecordAdmin):
    """Append-only rows, each with who entered it and when."""

    list_select_related: ClassVar[bool | list[str] | tuple[str, ...]] = ("entered_by",)
    by = ("entered_by__username", "entered_by__name")


def amount(value: Decimal | None, currency: str) -> str:
    """With its cents, or more places where it has them; nothing where nothing is known."""
    if value is None:
        return ""
    if value == value.quantize(Decimal("0.01")):
        return formats.money(value, currency, cents=True)
    return f"{currency} {formats.in_full(value)}"
