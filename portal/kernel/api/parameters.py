"""Query parameters: each declared, each read strictly, anything else refused.

    parameters = {"to": OneOf(Status, required=True), "quarters": Whole(1, 12, default=4)}

A view reads the result as `self.query["to"]`.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import unquote_to_bytes
from uuid import UUID

from django.http import HttpRequest
from django.utils.dateparse import parse_date, parse_datetime

from portal.kernel.api.bodies import unstorable_character
from portal.kernel.api.errors import InvalidParameter, UnknownParameter
from portal.kernel.errors import FieldError
from portal.kernel.periods import Month, Quarter

LONGEST = 500  # characters of one value
MOST_VALUES = 100  # repetitions of one parameter


class Parameter:
    """One query parameter: a text of at most `LONGEST` characters.

    `read` turns the text into the value and raises ValueError with a sentence.
    """

    json_schema: Mapping[str, Any] = {"type": "string", "maxLength": LONGEST}

    def __init__(
        self,
        *,
        required: bool = False,
        default: Any = None,
        many: bool = False,
        description: str = "",
    ) -> None:
        self.required = required
        self.default = default
        self.many = many
        self.description = description

    def read(self, text: str) -> Any:
        return text


class Text(Parameter):
    """A text, taken as it is."""


class Matching(Parameter):
    """A text that `parse` understands; `takes` finishes "It takes …"."""

    def __init__(
        self,
        parse: Callable[[str], Any],
        takes: str,
        *,
        json_schema: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.parse = parse
        self.takes = takes
        self.json_schema = json_schema or Parameter.json_schema

    def read(self, text: str) -> Any:
        try:
            return self.parse(text)
        except (ValueError, OverflowError):
            raise ValueError(f"It takes {self.takes}.") from None


class OneOf(Matching):
    """One of a closed list of words (a StrEnum or any list of texts)."""

    def __init__(self, words: Iterable[str], **options: Any) -> None:
        by_text = {str(word): word for word in words}
        names = list(by_text)
        super().__init__(
            lambda text: by_text[text] if text in by_text else int(""),
            f"one of {', '.join(names)}",
            json_schema={"type": "string", "enum": names},
            **options,
        )


class Whole(Matching):
    """A whole number between two bounds, both included."""

    def __init__(self, least: int, most: int, **options: Any) -> None:
        def parse(text: str) -> int:
            if not text.isascii() or not text.lstrip("-").isdigit() or len(text) > 20:
                raise ValueError
            number = int(text)
            if not least <= number <= most:
                raise ValueError
            return number

        super().__init__(
            parse,
            f"a whole number from {least} to {most}",
            json_schema={"type": "integer", "minimum": least, "maximum": most},
            **options,
        )


class Flag(Matching):
    def __init__(self, **options: Any) -> None:
        super().__init__(
            lambda text: bool(("false", "true").index(text)),
            "true or false",
            json_schema={"type": "boolean"},
            **options,
        )


class Moment(Matching):
    """An RFC 3339 time with its offset, or a day: that day's start in UTC."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            _moment,
            "a time like 2026-04-09T09:38:00Z or a day like 2026-04-09",
            json_schema={"type": "string", "format": "date-time"},
            **options,
        )


class Day(Matching):
    def __init__(self, **options: Any) -> None:
        super().__init__(
            _day,
            "a day like 2026-04-09",
            json_schema={"type": "string", "format": "date"},
            **options,
        )


class QuarterName(Matching):
    def __init__(self, **options: Any) -> None:
        super().__init__(
            Quarter.parse,
            "a quarter like 2026Q2",
            json_schema={"type": "string", "pattern": r"^20[0-9]{2}Q[1-4]$"},
            **options,
        )


class MonthName(Matching):
    def __init__(self, **options: Any) -> None:
        super().__init__(
            Month.parse,
            "a month like 2026-05",
            json_schema={"type": "string", "pattern": r"^20[0-9]{2}-(0[1-9]|1[0-2])$"},
            **options,
        )


class Identifier(Matching):
    """A UUID."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            UUID, "a UUID", json_schema={"type": "string", "format": "uuid"}, **options
        )


def read_parameters(
    request: HttpRequest, declared: Mapping[str, Parameter]
) -> dict[str, Any]:
    """Each declared parameter's value; 400 for a wrong, doubled or unknown one."""
    _require_utf8(request)
    unknown = [
        FieldError(f"?{name[:60]}", "unknown_parameter", _known(declared))
        for name in request.GET
        if name not in declared and not unstorable_character(name)
    ]
    if unknown or any(name not in declared for name in request.GET):
        raise UnknownParameter(errors=unknown[:20])
    values: dict[str, Any] = {}
    errors: list[FieldError] = []
    for name, parameter in declared.items():
        try:
            values[name] = _value(parameter, request.GET.getlist(name))
        except ValueError as error:
            errors.append(FieldError(f"?{name}", "invalid", str(error)))
    if errors:
        raise InvalidParameter(errors=errors)
    return values


def _value(parameter: Parameter, texts: list[str]) -> Any:
    if not texts:
        if parameter.required:
            raise ValueError("It is missing.")
        return parameter.default
    if len(texts) > (MOST_VALUES if parameter.many else 1):
        raise ValueError("It stands too often.")
    values = [_read(parameter, text) for text in texts]
    return values if parameter.many else values[0]


def _read(parameter: Parameter, text: str) -> Any:
    if len(text) > LONGEST:
        raise ValueError(f"It is longer than {LONGEST} characters.")
    if reason := unstorable_character(text):
        raise ValueError(reason)
    return parameter.read(text)


def _require_utf8(request: HttpRequest) -> None:
    # Django reads a byte that is not UTF-8 as U+FFFD and says nothing.
    query: str = request.META.get("QUERY_STRING", "")
    try:
        unquote_to_bytes(query.encode("latin-1", "replace")).decode()
    except UnicodeDecodeError:
        raise InvalidParameter("The query of the address is not UTF-8.") from None


def _known(declared: Mapping[str, Parameter]) -> str:
    if not declared:
        return "This address takes no query parameters."
    return f"This address takes {', '.join(declared)}."


def _day(text: str) -> date:
    day = parse_date(text)
    if day is None:
        raise ValueError
    return day


def _moment(text: str) -> datetime:
    if len(text) == len("2026-04-09"):
        day = _day(text)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    # A plus in an address means a space to whoever decodes it.
    moment = parse_datetime(text.replace(" ", "+"))
    if moment is None or moment.tzinfo is None:
        raise ValueError
    return moment.astimezone(UTC)
