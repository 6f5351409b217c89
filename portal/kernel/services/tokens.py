"""API tokens: issued, shown once, revoked."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe

from django.db import transaction
from django.db.models import Q

from portal.kernel.access import require
from portal.kernel.enums import Role, Scope
from portal.kernel.errors import FieldError, Invalid, NotFound
from portal.kernel.models import ApiToken, User
from portal.kernel.selectors.tokens import PREFIX, digest_of
from portal.kernel.services import audit
from portal.kernel.services.operators import require_unless_at_console
from portal.kernel.services.validation import require_valid

SECRET_BYTES = 32  # 43 characters in base64
SHOWN_CHARACTERS = 10
USE_IS_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """`secret` is the token itself; it is kept nowhere."""

    token: ApiToken
    secret: str


def issue_token(
    *,
    actor: User | None,
    user: User,
    scopes: Iterable[str],
    now: datetime,
    name: str = "",
    expires_at: datetime | None = None,
    workloads: Iterable[str] = (),
) -> IssuedToken:
    """Make a token that acts as `user`: for oneself, or as administrator for others.

    `workloads` (references) binds the token of a runtime to some workloads.
    """
    _require_over(actor, user)
    bound_to = sorted(set(workloads))
    if bound_to and not user.has_role(Role.RUNTIME):
        detail = "Only the token of a runtime can be bound to workloads."
        raise Invalid(
            detail, errors=[FieldError("/workloads", "not_a_runtime", detail)]
        )
    if expires_at is not None and expires_at <= now:
        detail = "A token expires in the future."
        raise Invalid(detail, errors=[FieldError("/expires_at", "in_the_past", detail)])
    secret = PREFIX + token_urlsafe(SECRET_BYTES)
    token = ApiToken(
        user=user,
        name=name.strip(),
        prefix=secret[:SHOWN_CHARACTERS],
        digest=digest_of(secret),
        scopes=_in_order(scopes),
        workloads=bound_to,
        created_at=now,
        expires_at=expires_at,
    )
    require_valid(token, leave_out=["digest"])
    with transaction.atomic():
        token.save()
        audit.record(
            "token.issued",
            f"account/{user.username}",
            actor=actor,
            now=now,
            after={
                "token": token.prefix,
                "name": token.name,
                "scopes": token.scopes,
                "workloads": token.workloads,
                "expires_at": token.expires_at,
            },
        )
    return IssuedToken(token, secret)


def revoke_token(*, actor: User | None, token_id: int, now: datetime) -> ApiToken:
    """Stop a token for good; a second time changes nothing."""
    with transaction.atomic():
        token = (
            ApiToken.objects.select_for_update(of=("self",))
            .select_related("user")
            .filter(pk=token_id)
            .first()
        )
        if token is None:
            raise NotFound("There is no such token.")
        _require_over(actor, token.user)
        if token.revoked_at is not None:
            return token
        token.revoked_at = now
        token.save(update_fields=["revoked_at"])
        audit.record(
            "token.revoked",
            f"account/{token.user.username}",
            actor=actor,
            now=now,
            before={"token": token.prefix, "name": token.name},
        )
    return token


def note_token_use(token: ApiToken, *, now: datetime) -> None:
    """Remember the last use, writing at most once a minute."""
    noted_until = now - USE_IS_NOTED_EVERY
    if token.last_used_at is not None and token.last_used_at > noted_until:
        return
    # The condition again in SQL: of many requests at once, one writes.
    ApiToken.objects.filter(
        Q(last_used_at__isnull=True) | Q(last_used_at__lte=noted_until), pk=token.pk
    ).update(last_used_at=now)


def _require_over(actor: User | None, user: User) -> None:
    own = actor is not None and actor.pk == user.pk
    if own:
        require(actor, "token.own")
    else:
        require_unless_at_console(actor, "account.manage")


def _in_order(scopes: Iterable[str]) -> list[str]:
    wanted = [str(scope) for scope in scopes]
    known = [str(scope) for scope in Scope if scope in wanted]
    return known + [scope for scope in dict.fromkeys(wanted) if scope not in known]
