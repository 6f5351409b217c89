"""Refusals that only the API's conventions know."""

from portal.kernel.errors import (
    Conflict,
    Invalid,
    NotAllowed,
    NotSignedIn,
    Problem,
    Unprocessable,
)


class InvalidToken(NotSignedIn):
    """The token does not exist; the caller learns no more than that."""

    code = "invalid_token"
    title = "This token is not known"


class TokenExpired(NotSignedIn):
    code = "token_expired"
    title = "This token has expired"


class TokenRevoked(NotSignedIn):
    code = "token_revoked"
    title = "This token was revoked"


class AccountInactive(NotSignedIn):
    code = "account_inactive"
    title = "This account is switched off"


class CsrfFailed(NotAllowed):
    code = "csrf_failed"
    title = "The page that sent this has no valid CSRF token"


class InsufficientScope(NotAllowed):
    code = "insufficient_scope"
    title = "The token lacks the scope"


class MethodNotAllowed(Problem):
    code = "method_not_allowed"
    title = "This address does not take that method"
    status = 405


class UnsupportedMediaType(Problem):
    code = "unsupported_media_type"
    title = "The body is of a type that is not read here"
    status = 415


class MalformedBody(Invalid):
    """Not JSON, not UTF-8, or a text that the database cannot hold."""

    code = "malformed"
    title = "The body cannot be read"


class UnknownField(Invalid):
    code = "unknown_field"
    title = "A field is not known here"


class ReadOnly(Invalid):
    code = "read_only"
    title = "A field cannot be written"


class UnknownParameter(Invalid):
    code = "unknown_parameter"
    title = "A query parameter is not known here"


class InvalidParameter(Invalid):
    code = "invalid_parameter"
    title = "A query parameter cannot be read"


class IdempotencyKeyReused(Unprocessable):
    code = "idempotency_key_reused"
    title = "This Idempotency-Key was used with another body"


class AlreadyThere(Conflict):
    """A unique or exclusion constraint refused the row."""

    code = "already_exists"
    title = "There is one already"


class StillInUse(Conflict):
    code = "in_use"
    title = "Something else depends on it"


class RefusedByDatabase(Conflict):
    """A trigger refused: an illegal step, or a change to an append-only record."""

    code = "refused_by_database"
    title = "The record does not take this change"


class OutOfBounds(Unprocessable):
    """A check constraint refused what the form let through."""

    code = "out_of_bounds"
    title = "A value lies outside what the record can hold"


class ServerError(Problem):
    code = "server_error"
    title = "The server failed"
    status = 500
