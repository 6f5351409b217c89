"""The text of a cursor: the order it belongs to and the values of a row."""

import base64
import binascii
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import orjson

from portal.kernel.api.bodies import unstorable_character


class CursorError(ValueError):
    """Not a cursor that this program wrote."""


@dataclass(frozen=True)
class Cursor:
    names: tuple[str, ...]
    values: tuple[Any, ...]
    backwards: bool = False


# JSON keeps text, integer, boolean and null; the others go as text with their kind.
_KINDS: dict[type, str] = {datetime: "at", date: "on", Decimal: "dec", UUID: "id"}
_READERS: dict[str, Any] = {
    "at": datetime.fromisoformat,
    "on": date.fromisoformat,
    "dec": Decimal,
    "id": UUID,
}


def write_cursor(cursor: Cursor) -> str:
    values = [_packed(value) for value in cursor.values]
    packed = orjson.dumps([cursor.backwards, cursor.names, values])
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read_cursor(text: str) -> Cursor:
    try:
        packed = base64.b64decode(
            text + "=" * (-len(text) % 4), altchars=b"-_", validate=True
        )
        backwards, names, values = orjson.loads(packed)
        return Cursor(
            tuple(map(str, names)),
            tuple(_unpacked(value) for value in values),
            backwards=bool(backwards),
        )
    except (ValueError, TypeError, KeyError, InvalidOperation, binascii.Error) as error:
        raise CursorError(text) from error


def _packed(value: Any) -> Any:
    kind = _KINDS.get(type(value))
    if kind is None:
        return value
    text = value.isoformat() if isinstance(value, date) else str(value)
    return {kind: text}


def _unpacked(value: Any) -> Any:
    if isinstance(value, dict):
        ((kind, text),) = value.items()
        return _READERS[kind](text)
    if isinstance(value, str) and unstorable_character(value):
        raise CursorError(value)
    if isinstance(value, str | int) or value is None:
        return value
    raise CursorError(value)
