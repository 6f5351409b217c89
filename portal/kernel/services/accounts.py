"""Accounts: made and changed by administrators, or at the console."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from portal.kernel.access import require
from portal.kernel.enums import CommitteeFunction, Role
from portal.kernel.errors import Conflict, FieldError, Invalid, NotFound, Stale
from portal.kernel.models import User
from portal.kernel.services import audit
from portal.kernel.services.operators import require_unless_at_console
from portal.kernel.services.validation import require_valid

# The admin is the committee's; administrators keep accounts in it, auditors read.
STAFF_ROLES = frozenset({Role.COMMITTEE, Role.ADMIN, Role.AUDITOR})
# Key of a transaction-scoped advisory lock.
ADMINISTRATORS_LOCK = 7_101
CHANGEABLE = frozenset({"name", "email", "roles", "committee_function", "is_active"})


class LastAdministrator(Conflict):
    code = "last_administrator"
    title = "The last administrator"


def create_user(
    *,
    actor: User | None,
    username: str,
    roles: Iterable[str],
    now: datetime,
    name: str = "",
    email: str = "",
    committee_function: str = "",
    password: str | None = None,
) -> User:
    """Make an account; without a password nobody can sign in with it.

    `committee_function` is for the role `committee` only. When it is empty there, the
    first committee member becomes the chair and each later one a member.
    """
    require_unless_at_console(actor, "account.manage")
    with transaction.atomic():
        user = User(
            username=User.normalize_username(username),
            name=name.strip(),
            email=email.strip(),
            roles=_in_order(roles),
            created_at=now,
        )
        _follow_from_roles(user, committee_function)
        _set_password(user, password)
        _require_free(user)
        require_valid(user, leave_out=["password"])
        user.save()
        audit.record(
            "account.created",
            f"account/{user.username}",
            actor=actor,
            now=now,
            after=_facts(user),
        )
    return user


def change_account(
    *,
    actor: User | None,
    user_id: int,
    changes: Mapping[str, Any],
    now: datetime,
    if_seen: str | None = None,
) -> User:
    """Change name, email, roles, committee_function or is_active of an account.

    `if_seen` is the stamp of the account that the person saw (412 when stale).
    """
    require_unless_at_console(actor, "account.manage")
    _require_changeable(changes)
    with transaction.atomic():
        if not changes.keys().isdisjoint({"roles", "is_active"}):
            _take_turns()
        user = _lock(user_id)
        if if_seen is not None and if_seen != stamp_of(user):
            raise Stale(
                f"The account {user.username} changed since you read it; nothing was "
                "saved."
            )
        before = _facts(user)
        for field, value in changes.items():
            setattr(user, field, _in_order(value) if field == "roles" else value)
        _follow_from_roles(user, _function_asked_for(user, changes))
        _require_free(user)
        require_valid(user, leave_out=["password"])
        _require_an_administrator_left(user)
        after = _facts(user)
        changed = [field for field in after if before[field] != after[field]]
        if changed:
            user.save(update_fields=[*changed, "is_staff"])
        audit.record_change(
            "account.changed",
            f"account/{user.username}",
            actor=actor,
            now=now,
            before=before,
            after=after,
        )
    return user


def deactivate_user(*, actor: User | None, user_id: int, now: datetime) -> User:
    """Close an account: its sessions and tokens stop working at once."""
    return change_account(
        actor=actor, user_id=user_id, changes={"is_active": False}, now=now
    )


def change_password(
    *, actor: User | None, user_id: int, password: str, now: datetime
) -> User:
    """One's own, or as administrator anybody's. The audit keeps that, never what."""
    if actor is not None and actor.pk == user_id:
        require(actor, "account.own")
    else:
        require_unless_at_console(actor, "account.manage")
    with transaction.atomic():
        user = _lock(user_id)
        _set_password(user, password)
        user.save(update_fields=["password"])
        audit.record(
            "account.changed",
            f"account/{user.username}",
            actor=actor,
            now=now,
            after={"password": "changed"},
        )
    return user


def set_shortcuts(*, actor: User, enabled: bool) -> None:
    """Keyboard shortcuts on or off for oneself: a taste, so not audited."""
    require(actor, "account.own")
    User.objects.filter(pk=actor.pk).update(shortcuts_enabled=enabled)
    actor.shortcuts_enabled = enabled


def _take_turns() -> None:
    """Of two administrators who close each other's account, the second is refused."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ADMINISTRATORS_LOCK])


def _lock(user_id: int) -> User:
    user = User.objects.select_for_update().filter(pk=user_id).first()
    if user is None:
        raise NotFound("There is no such account.")
    return user


def _in_order(roles: Iterable[str]) -> list[str]:
    """Each role once, in the order of page 15, so that equal sets compare equal."""
    wanted = [str(role) for role in roles]
    known = [str(role) for role in Role if role in wanted]
    # Unknown ones stay in, for the validation to name them.
    return known + [role for role in dict.fromkeys(wanted) if role not in known]


def _follow_from_roles(user: User, committee_function: str) -> None:
    """Set what the roles decide: the admin's door and the function."""
    user.is_staff = user.has_role(*STAFF_ROLES)
    in_committee = user.has_role(Role.COMMITTEE)
    if in_committee and not committee_function:
        committee_function = (
            CommitteeFunction.MEMBER if _has_chair() else CommitteeFunction.CHAIR
        )
    if committee_function and not in_committee:
        detail = "A function is for the role committee only."
        raise Invalid(
            detail,
            errors=[FieldError("/committee_function", "not_in_committee", detail)],
        )
    user.committee_function = committee_function


def _function_asked_for(user: User, changes: Mapping[str, Any]) -> str:
    if "committee_function" in changes:
        return str(changes["committee_function"])
    # Whoever leaves the committee leaves the function.
    return user.committee_function if user.has_role(Role.COMMITTEE) else ""


def _has_chair() -> bool:
    return User.objects.filter(
        committee_function=CommitteeFunction.CHAIR, is_active=True
    ).exists()


def _require_free(user: User) -> None:
    """The database holds it too; this says which field, whatever the case."""
    others = User.objects.exclude(pk=user.pk)
    errors = [
        FieldError(f"/{field}", "taken", f"Another account has the {word} {value}.")
        for field, word, value in (
            ("username", "username", user.username),
            ("email", "e-mail address", user.email),
        )
        if value and others.filter(**{f"{field}__iexact": value}).exists()
    ]
    if errors:
        raise Invalid(errors=errors)


def _set_password(user: User, password: str | None) -> None:
    if password is None:
        user.set_unusable_password()
        return
    try:
        validate_password(password, user)
    except ValidationError as error:
        detail = " ".join(error.messages)
        raise Invalid(
            detail, errors=[FieldError("/password", "weak_password", detail)]
        ) from error
    user.set_password(password)


def _require_changeable(changes: Mapping[str, Any]) -> None:
    errors = [
        FieldError(f"/{field}", "unknown_field", f"{field} cannot be changed.")
        for field in changes
        if field not in CHANGEABLE
    ]
    if errors:
        raise Invalid(errors=errors)


def _require_an_administrator_left(user: User) -> None:
    """Refuse the step after which nobody could manage accounts in the portal."""
    if user.is_active and user.has_role(Role.ADMIN):
        return
    administrators = User.objects.filter(roles__contains=[Role.ADMIN], is_active=True)
    was_one = administrators.filter(pk=user.pk).exists()
    if was_one and not administrators.exclude(pk=user.pk).exists():
        raise LastAdministrator(
            f"{user.display_name} is the only administrator. "
            "Give another account the role admin first."
        )


def stamp_of(user: User) -> str:
    """What can be changed of an account, as one short text to compare with later."""
    return sha256(json.dumps(_facts(user), sort_keys=True).encode()).hexdigest()


def _facts(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "email": user.email,
        "roles": list(user.roles),
        "committee_function": str(user.committee_function),
        "is_active": user.is_active,
    }
