"""Reading a request's body strictly: what cannot be kept is refused before a rule runs.

PostgreSQL's text holds neither NUL nor half of a surrogate pair, a deep nesting would
exhaust the stack, and two members of one name mean different things to two readers.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from portal.kernel.api.errors import MalformedBody, UnsupportedMediaType
from portal.kernel.errors import FieldError, Invalid, TooLarge

JSON = "application/json"
FORM = "multipart/form-data"
DEEPEST = 32  # levels; no body of this API nests more than five
WIDEST_NUMBER = 60  # digits, and the largest exponent
MEGABYTE = 1024 * 1024


def read_bytes(request: HttpRequest, *, limit: int | None = None) -> bytes:
    """The raw body; `limit` in bytes, the API's own when none is given."""
    allowed = limit or settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    refuse_oversize(request, allowed)
    # Not request.body: that holds to Django's limit, whatever `limit` says.
    if not hasattr(request, "_body"):
        request._body = request.read(allowed + 1)
    body: bytes = request.body
    if len(body) > allowed:
        raise _too_large(allowed)
    return body


def refuse_oversize(request: HttpRequest, allowed: int) -> None:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isascii() or not length.isdecimal():
        raise MalformedBody("Content-Length is not a number.")
    if len(length) > WIDEST_NUMBER or int(length) > allowed:
        raise _too_large(allowed)


def read_json(request: HttpRequest, *, limit: int | None = None) -> Any:
    """The body as JSON; an absent body is an empty object."""
    body = read_bytes(request, limit=limit)
    if not body:
        return {}
    _require_json_type(request)
    value = parse_json(body)
    refuse_unstorable(value)
    return value


def parse_json(body: bytes) -> Any:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedBody(f"Byte {error.start} of the body is not UTF-8.") from None
    try:
        return json.loads(
            text,
            object_pairs_hook=_members,
            parse_constant=_refuse_constant,
            parse_float=_decimal,
            parse_int=_integer,
        )
    except json.JSONDecodeError as error:
        raise MalformedBody(
            f"The body is not JSON: line {error.lineno}, column {error.colno}."
        ) from None
    except RecursionError:
        raise _too_deep() from None


def refuse_unstorable(value: Any) -> None:
    """400 with a pointer to each text that no database column can hold."""
    errors = [
        FieldError(pointer, "invalid_character", reason)
        for pointer, reason in _unstorable(value)
    ]
    if errors:
        raise MalformedBody(
            "A text holds a character that cannot be stored.", errors=errors[:20]
        )


def unstorable_character(text: str) -> str | None:
    """Why PostgreSQL cannot keep this text, or None when it can."""
    if "\x00" in text:
        return "It holds the character NUL."
    try:
        text.encode()
    except UnicodeEncodeError:
        return "It holds half of a surrogate pair."
    return None


def _unstorable(value: Any) -> Iterator[tuple[str, str]]:
    # A stack of our own: the interpreter's would end before the body does.
    pending: list[tuple[str, Any, int]] = [("", value, 0)]
    while pending:
        pointer, item, depth = pending.pop()
        if depth > DEEPEST:
            raise _too_deep()
        if isinstance(item, str) and (reason := unstorable_character(item)):
            yield pointer, reason
        for name, inner in _inside(item):
            if unstorable_character(name):
                yield pointer, "The name of a member holds such a character."
            else:
                pending.append((f"{pointer}/{escape(name)}", inner, depth + 1))


def _inside(item: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(item, dict):
        return item.items()
    if isinstance(item, list):
        return ((str(index), inner) for index, inner in enumerate(item))
    return ()


def escape(name: str) -> str:
    """A member's name inside a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def _require_json_type(request: HttpRequest) -> None:
    kind = request.content_type or ""
    if kind != JSON and not (
        kind.startswith("application/") and kind.endswith("+json")
    ):
        raise UnsupportedMediaType(
            f"This address reads {JSON}; the body is {kind or 'of no stated type'}."
        )
    charset = (request.content_params or {}).get("charset", "utf-8")
    if charset.lower().strip('"') not in {"utf-8", "utf8", "us-ascii"}:
        raise UnsupportedMediaType(f"JSON is UTF-8; the body says {charset[:40]}.")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = counts.most_common(1)[0][0]
        raise MalformedBody(f"The member {twice[:60]!a} stands twice in one object.")
    return members


def _refuse_constant(constant: str) -> Any:
    raise MalformedBody(f"{constant} is not JSON.")


def _integer(digits: str) -> int:
    if len(digits) > WIDEST_NUMBER:
        raise MalformedBody(f"A number has more than {WIDEST_NUMBER} digits.")
    return int(digits)


def _decimal(digits: str) -> Decimal:
    if len(digits) <= WIDEST_NUMBER:
        number = Decimal(digits)
        if abs(number.adjusted()) <= WIDEST_NUMBER:
            return number
    raise MalformedBody(f"{digits[:20]} is not a number that can be kept.")


def _too_deep() -> MalformedBody:
    return MalformedBody(f"The body nests deeper than {DEEPEST} levels.")


def _too_large(allowed: int) -> TooLarge:
    return TooLarge(
        f"The body is larger than {allowed / MEGABYTE:g} MB, the most this address"
        " takes. Nothing was read.",
        extra={"limit_bytes": allowed},
    )


@dataclass(frozen=True)
class Upload:
    """A file that came as the body itself, or as the member `file` of a form."""

    content: bytes
    media_type: str
    name: str = ""


def read_upload(
    request: HttpRequest, accepted: tuple[str, ...], *, limit: int | None = None
) -> Upload:
    """A body that is a file. `accepted`: media types, with `FORM` for a form."""
    media_type = request.content_type or ""
    if media_type not in accepted:
        raise UnsupportedMediaType(
            f"This address reads {', '.join(accepted)};"
            f" the body is {media_type or 'of no stated type'}."
        )
    if media_type != FORM:
        return Upload(read_bytes(request, limit=limit), media_type)
    refuse_oversize(request, limit or settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    files = request.FILES.getlist("file")
    if len(files) != 1:
        detail = "The form carries one file, in the member `file`."
        raise Invalid(detail, errors=[FieldError("/file", "required", detail)])
    sent = files[0]
    return Upload(sent.read(), sent.content_type or "", sent.name or "")
