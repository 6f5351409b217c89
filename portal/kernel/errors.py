"""Errors named after what happened; one handler makes each a problem (RFC 9457).

An app subclasses the kind that fits and sets its own `code` and `title`:

    class StaleEstimate(Stale):
        code = "stale_estimate"
        title = "A newer version was submitted"
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field that is wrong. `pointer` is a JSON pointer ("/users")."""

    pointer: str
    code: str
    detail: str


class Problem(Exception):
    """What a person or a program is told when something is refused.

    `detail` states fact, reason and who or what can; `link` leads to where it is
    mended; `extra` are further members of the problem body.
    """

    code: ClassVar[str] = "problem"
    title: ClassVar[str] = "Not possible"
    status: ClassVar[int] = 500

    def __init__(
        self,
        detail: str = "",
        *,
        errors: Iterable[FieldError] = (),
        extra: Mapping[str, Any] | None = None,
        link: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.detail = detail or f"{self.title}."
        self.errors = list(errors)
        self.extra = dict(extra or {})
        self.link = link
        self.headers = dict(headers or {})
        super().__init__(self.detail)


class NotSignedIn(Problem):
    code = "not_signed_in"
    title = "Not signed in"
    status = 401


class NotAllowed(Problem):
    code = "not_allowed"
    title = "Not allowed"
    status = 403


class NotFound(Problem):
    code = "not_found"
    title = "Not found"
    status = 404


class PreconditionRequired(Problem):
    code = "precondition_required"
    title = "The version you saw is missing"
    status = 428


class Stale(Problem):
    code = "stale"
    title = "Changed since you read it"
    status = 412


class Invalid(Problem):
    """The body cannot be read as what the call takes."""

    code = "invalid"
    title = "Some fields cannot be taken"
    status = 400


class Unprocessable(Problem):
    """The body is well formed, and what it asks for makes no sense."""

    code = "unprocessable"
    title = "Cannot be taken as it stands"
    status = 422


class Conflict(Problem):
    code = "conflict"
    title = "Not in this state"
    status = 409


class TooLarge(Problem):
    code = "too_large"
    title = "Too large"
    status = 413


class TooMany(Problem):
    code = "rate_limited"
    title = "Too many requests"
    status = 429


class Unavailable(Problem):
    code = "unavailable"
    title = "Not available now"
    status = 503
