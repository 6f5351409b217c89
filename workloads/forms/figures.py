"""Fields that take numbers as people type them: 520k, 4,200, 12.5."""

from abc import ABC, abstractmethod
from decimal import Decimal
from typing import Any

from django import forms

from portal.kernel.formats import in_full
from workloads.models.estimates import MOST_TOKENS
from workloads.rules.sheets.cells import BadCell
from workloads.rules.sheets.figures import read_quantity, read_whole

HUNDRED = Decimal(100)


class _TypedNumber(forms.CharField, ABC):
    """Text in, number out. What was typed stays as it was typed when it is refused."""

    def __init__(
        self, *, most: int = MOST_TOKENS, unit: str = "", **options: Any
    ) -> None:
        options.setdefault("required", False)
        super().__init__(max_length=60, **options)
        self.most = most
        self.unit = unit

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {
            **super().widget_attrs(widget),
            "class": "num",
            "inputmode": "decimal",
            "autocomplete": "off",
        }

    def clean(self, value: Any) -> Any:
        text = str(super().clean(value) or "").strip()
        try:
            return self.read(text)
        except BadCell as bad:
            raise forms.ValidationError(f"“{text}”: {bad.detail}") from bad

    @abstractmethod
    def read(self, text: str) -> Any:
        """The figure; BadCell else."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, int | Decimal):
            return in_full(value).replace("−", "-")
        return value


class WholeField(_TypedNumber):
    def read(self, text: str) -> int | None:
        return read_whole(text, most=self.most)


class QuantityField(_TypedNumber):
    """At most two decimals."""

    def read(self, text: str) -> Decimal | None:
        return read_quantity(text, most=self.most)


class FactorField(_TypedNumber):
    """At most four decimals; an empty field is `empty`."""

    def __init__(
        self, *, low: Decimal | int = 0, empty: Decimal | int = 1, **options: Any
    ) -> None:
        super().__init__(**options)
        self.low = Decimal(low)
        self.empty = Decimal(empty)
        self.places = 4

    def read(self, text: str) -> Decimal:
        if not text:
            return self.empty
        plain = text.removesuffix("%").strip().replace("−", "-")
        negative = plain.startswith("-")
        number = _decimal(plain.removeprefix("-"))
        number = -number if negative else number
        if round(number, self.places) != number:
            raise BadCell(
                "too_precise", f"At most {self.places} decimals are kept: round it."
            )
        if not self.low <= number <= self.most:
            raise BadCell(
                "out_of_range", f"It goes from {in_full(self.low)} to {self.most:,}."
            )
        return number


class PercentField(FactorField):
    """A share typed in per cent and kept as 0–1."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("most", 100)
        options.setdefault("empty", 0)
        super().__init__(**options)
        self.places = 2

    def read(self, text: str) -> Decimal:
        return super().read(text) / HUNDRED if text else self.empty / HUNDRED

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, int | Decimal):
            return super().prepare_value(value * HUNDRED)
        return value


def _decimal(text: str) -> Decimal:
    """Digits with one point: four decimals are more than a sheet's cell takes."""
    whole, _, rest = text.partition(".")
    if not (whole + rest).isascii() or not (whole + rest).isdecimal():
        raise BadCell("not_a_number", "It is not a number. Type it as 1.25 or 12.")
    return Decimal(text if whole else f"0{text}")
