"""Who calls the gate server: a token, judged as the API judges it, from memory."""

from datetime import datetime
from hashlib import sha256
from typing import Any

from capacity.runtime.snapshot import Caller, Snapshot
from portal.kernel import access
from portal.kernel.api.errors import (
    AccountInactive,
    InsufficientScope,
    InvalidToken,
    MethodNotAllowed,
    TokenExpired,
    TokenRevoked,
    UnsupportedMediaType,
)
from portal.kernel.enums import Scope
from portal.kernel.errors import NotSignedIn
from portal.kernel.models import ApiToken
from portal.kernel.services.tokens import USE_IS_NOTED_EVERY, note_token_use

SCHEME = "bearer"
ACTION = "gate.decide"
Noted = dict[int, datetime]


def admitted(snapshot: Snapshot, scope: Any, now: datetime) -> Caller:
    """The caller, once it may decide; 401, 405 and 403 in the API's order."""
    header = scope.headers.get("authorization") or ""
    caller: Caller | None = snapshot.rules.get(header)
    if caller is None:
        caller = _known(snapshot, header)
        _require_live(caller, now)
        if scope.method != "POST":
            raise MethodNotAllowed(f"{scope.path} takes POST, not {scope.method}.")
        _require_scope(caller)
        access.require(caller, ACTION)
        snapshot.rules[header] = caller
    elif caller.expires_at is not None and caller.expires_at <= now:
        _require_live(caller, now)
    if scope.method != "POST":
        raise MethodNotAllowed(f"{scope.path} takes POST, not {scope.method}.")
    return caller


def require_json(scope: Any) -> None:
    """415 for a body of another type, as the API says it."""
    kind = (scope.headers.get("content-type") or "").lower()
    media, _, more = kind.partition(";")
    media = media.strip()
    if media != "application/json" and not (
        media.startswith("application/") and media.endswith("+json")
    ):
        raise UnsupportedMediaType(
            "This address reads application/json; the body is"
            f" {media or 'of no stated type'}."
        )
    charset = more.partition("charset=")[2].strip().strip('"') or "utf-8"
    if charset not in {"utf-8", "utf8", "us-ascii"}:
        raise UnsupportedMediaType(f"JSON is UTF-8; the body says {charset[:40]}.")


def is_use_due(noted: Noted, caller: Caller, now: datetime) -> bool:
    """Whether a use of the token is to be written down: once a minute."""
    last = noted.get(caller.token_id)
    if last is not None and last > now - USE_IS_NOTED_EVERY:
        return False
    noted[caller.token_id] = now
    return True


def note_use(token_id: int, now: datetime) -> None:
    token = ApiToken.objects.filter(pk=token_id).first()
    if token is not None:
        note_token_use(token, now=now)


def _known(snapshot: Snapshot, header: str) -> Caller:
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != SCHEME:
        raise NotSignedIn("You are not signed in. Sign in or send a token.")
    found = snapshot.callers.get(sha256(secret.strip().encode()).hexdigest())
    if found is None:
        raise InvalidToken("The token is not one of ours.")
    return found


def _require_live(caller: Caller, now: datetime) -> None:
    if caller.is_revoked:
        raise TokenRevoked(f"The token {caller.prefix}… was revoked.")
    if caller.expires_at is not None and caller.expires_at <= now:
        raise TokenExpired(f"The token {caller.prefix}… has expired.")
    if not caller.is_active:
        raise AccountInactive(f"The account {caller.username} is switched off.")


def _require_scope(caller: Caller) -> None:
    if Scope.GATES_DECIDE in caller.scopes:
        return
    needed = str(Scope.GATES_DECIDE)
    raise InsufficientScope(
        f"The token {caller.prefix}… lacks the scope {needed}.",
        extra={"scope": needed},
        headers={
            "WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{needed}"'
        },
    )
