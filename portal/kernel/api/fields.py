"""Fields that take what the schema says and nothing near it.

JSON tells a number from a text and from true; so do these. `true` is not 1, "5" is
not 5, 5.0 is not 5, and a text longer than its column never reaches the database.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from portal.kernel.api.parameters import Day, Matching, Moment
from portal.kernel.decimals import places_of
from portal.kernel.periods import Month, Quarter

LARGEST_INTEGER = 2**63 - 1  # PostgreSQL's bigint
_PLAIN_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,12})?")


class Text(serializers.CharField):
    """A text. Trimmed; `max_length` defaults to 500 characters."""

    def __init__(self, *, max_length: int = 500, **options: Any) -> None:
        super().__init__(max_length=max_length, **options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Integer(serializers.IntegerField):
    """A JSON integer."""

    def __init__(
        self,
        *,
        min_value: int = -LARGEST_INTEGER,
        max_value: int = LARGEST_INTEGER,
        **options: Any,
    ) -> None:
        super().__init__(min_value=min_value, max_value=max_value, **options)

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return data


@extend_schema_field({"type": "number"})
class Number(serializers.Field):
    """A JSON number, read as an exact Decimal: hours, minutes, ratios, factors."""

    default_error_messages = {
        "invalid": "It takes a number.",
        "min_value": "It is at least {least}.",
        "max_value": "It is at most {most}.",
        "places": "It takes at most {places} decimal places.",
    }

    def __init__(
        self,
        *,
        min_value: Decimal | int | str,
        max_value: Decimal | int | str,
        places: int = 6,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.least = Decimal(min_value)
        self.most = Decimal(max_value)
        self.places = places
        self._spectacular_annotation = {
            "field": {
                "type": "number",
                "minimum": float(self.least),
                "maximum": float(self.most),
            }
        }

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool) or not isinstance(data, int | Decimal):
            self.fail("invalid")
        return self.within(Decimal(data))

    def within(self, number: Decimal) -> Decimal:
        if number < self.least:
            self.fail("min_value", least=self.least)
        if number > self.most:
            self.fail("max_value", most=self.most)
        if places_of(number) > self.places:
            self.fail("places", places=self.places)
        return number

    def to_representation(self, value: Any) -> Any:
        return value


class Amount(Number):
    """Money as a decimal string ("12.50"), as the API writes it."""

    default_error_messages = {
        "invalid": 'It takes an amount as a text, like "12.50".',
    }

    def __init__(
        self,
        *,
        min_value: Decimal | int | str = 0,
        max_value: Decimal | int | str = "999999999999",
        places: int = 2,
        **options: Any,
    ) -> None:
        super().__init__(
            min_value=min_value, max_value=max_value, places=places, **options
        )
        self._spectacular_annotation = {
            "field": {"type": "string", "pattern": f"^{_PLAIN_DECIMAL.pattern}$"}
        }

    def to_internal_value(self, data: Any) -> Decimal:
        if not isinstance(data, str) or not _PLAIN_DECIMAL.fullmatch(data):
            self.fail("invalid")
        return self.within(Decimal(data))


class Flag(serializers.BooleanField):
    """true or false, and no word for them."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class Word(serializers.ChoiceField):
    """One word of a closed list (a StrEnum); its value is the list's own member."""

    default_error_messages = {"invalid_choice": "It takes one of {words}."}

    def __init__(self, words: Iterable[str], **options: Any) -> None:
        self.words = {str(word): word for word in words}
        super().__init__(choices=list(self.words), **options)

    def to_internal_value(self, data: Any) -> Any:
        if data == "" and self.allow_blank:
            return ""
        if not isinstance(data, str) or data not in self.words:
            self.fail("invalid_choice", words=", ".join(self.words))
        return self.words[data]

    def to_representation(self, value: Any) -> Any:
        return value


class _Parsed(serializers.Field):
    """A text that a query parameter of the same kind reads, too."""

    parameter: Matching
    default_error_messages = {"invalid": "It takes {takes}."}

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid", takes=self.parameter.takes)
        try:
            return self.parameter.parse(data)
        except (ValueError, OverflowError):
            self.fail("invalid", takes=self.parameter.takes)

    def to_representation(self, value: Any) -> Any:
        return str(value)


@extend_schema_field({"type": "string", "format": "date"})
class DayField(_Parsed):
    """A day, read as `datetime.date`."""

    parameter = Day()

    def to_representation(self, value: date) -> str:
        return value.isoformat()


@extend_schema_field({"type": "string", "format": "date-time"})
class MomentField(_Parsed):
    """An RFC 3339 time, read as an aware datetime in UTC."""

    parameter = Moment()

    def to_representation(self, value: datetime) -> Any:
        return value


@extend_schema_field({"type": "string", "pattern": r"^20[0-9]{2}Q[1-4]$"})
class QuarterField(_Parsed):
    """A quarter, read as `Quarter`."""

    parameter = Matching(Quarter.parse, "a quarter like 2026Q2")


@extend_schema_field({"type": "string", "pattern": r"^20[0-9]{2}-(0[1-9]|1[0-2])$"})
class MonthField(_Parsed):
    """A month, read as `Month`."""

    parameter = Matching(Month.parse, "a month like 2026-05")


class Listed(serializers.ListField):
    """A JSON array, of at most `max_length` items."""

    def __init__(
        self,
        child: serializers.Field,
        *,
        max_length: int = 500,
        **options: Any,
    ) -> None:
        super().__init__(child=child, max_length=max_length, **options)

    def to_internal_value(self, data: Any) -> list[Any]:
        if not isinstance(data, list):
            self.fail("not_a_list", input_type=type(data).__name__)
        return super().to_internal_value(data)
