"""Changing the numbers of the model: a new version, never an edit."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from portal.kernel.access import require
from portal.kernel.errors import FieldError, Invalid, Stale
from portal.kernel.models import ModelNumbers, User
from portal.kernel.selectors import numbers
from portal.kernel.services import audit
from portal.kernel.services.validation import require_valid

ABOUT_THE_VERSION = frozenset({"id", "version", "changed_by", "changed_at", "reason"})
NUMBERS = tuple(
    field.name
    for field in ModelNumbers._meta.concrete_fields
    if field.name not in ABOUT_THE_VERSION
)
# Rows are never locked here, since none is ever changed. Any constant will do.
VERSIONS_LOCK = 0x5765_6967_6E75


def change_numbers(
    *,
    actor: User,
    changes: Mapping[str, Any],
    reason: str,
    if_version: int,
    now: datetime,
) -> ModelNumbers:
    """Write the next version with `changes`; `if_version` is the one that was seen.

    Returns the version in force, which is the old one when nothing differs.
    """
    require(actor, "numbers.change")
    _require_known(changes)
    if not reason.strip():
        detail = "A changed number needs a reason: everybody counts with it."
        raise Invalid(detail, errors=[FieldError("/reason", "required", detail)])
    with transaction.atomic():
        hold_numbers()
        present = numbers.current()
        if present.version != if_version:
            raise Stale(
                f"The numbers are at version {present.version}. You saw version "
                f"{if_version}; nothing was saved."
            )
        following = _following(present, changes)
        following.changed_by, following.changed_at = actor, now
        following.reason = reason.strip()
        require_valid(following)
        before = _values(present)
        if before == _values(following):
            return present
        following.save(force_insert=True)
        # As stored: 14.00, not 14, so that entries compare with one another.
        following.refresh_from_db()
        audit.record_change(
            "setting.changed",
            "setting/numbers",
            actor=actor,
            now=now,
            before=before,
            after=_values(following),
            reason=following.reason,
        )
    return following


def hold_numbers() -> None:
    """Until the transaction ends, the version in force stays the one in force."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [VERSIONS_LOCK])


def _following(present: ModelNumbers, changes: Mapping[str, Any]) -> ModelNumbers:
    values = {name: getattr(present, name) for name in NUMBERS}
    return ModelNumbers(version=present.version + 1, **{**values, **changes})


def _values(version: ModelNumbers) -> dict[str, Any]:
    return {name: getattr(version, name) for name in NUMBERS}


def _require_known(changes: Mapping[str, Any]) -> None:
    errors = [
        FieldError(f"/{name}", "read_only", f"{name} cannot be written.")
        if name in ABOUT_THE_VERSION
        else FieldError(f"/{name}", "unknown_field", f"There is no number {name}.")
        for name in changes
        if name not in NUMBERS
    ]
    if errors:
        raise Invalid(errors=errors)
