"""Writing the audit trail."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from portal.kernel.models import AuditEntry, User
from portal.kernel.origin import current_origin

_TYPES: Final = {
    "at": "timestamptz",
    "actor_id": "bigint",
    "actor_username": "text",
    "action": "text",
    "object": "text",
    "before": "jsonb",
    "after": "jsonb",
    "reason": "text",
    "source": "text",
    "request_id": "text",
    "address": "text",
}
# Thousands of entries are one statement with one parameter, and the chain's trigger takes
# them in their order. `bulk_create` takes several times as long.
_INSERT: Final = """
    INSERT INTO portal_auditentry ({columns}) SELECT {columns}
    FROM ROWS FROM (jsonb_to_recordset(%s::jsonb) AS ({typed})) WITH ORDINALITY
        AS entry ({columns}, place)
    ORDER BY place
""".format(  # noqa: S608 - constants only
    columns=", ".join(_TYPES),
    typed=", ".join(f"{name} {kind}" for name, kind in _TYPES.items()),
)
_AT_ONCE: Final = 5_000


def record(
    action: str,
    object_: str,
    *,
    actor: User | None,
    now: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> AuditEntry:
    """Add one entry to the chain, in the transaction of the change it records.

    `object_` is like "workload/W-01"; `before` and `after` hold changed fields only;
    `actor` None is the system itself. Call it last: inserting takes the chain's lock,
    and every other writer of the trail waits for it until this transaction ends.
    """
    made = entry(
        action,
        object_,
        actor=actor,
        now=now,
        before=before,
        after=after,
        reason=reason,
    )
    made.save(force_insert=True)
    return made


def record_all(entries: Iterable[AuditEntry]) -> None:
    """Add what `entry` made to the chain, in that order and in few statements.

    The objects themselves are not told their number and hash.
    """
    made = list(entries)
    for start in range(0, len(made), _AT_ONCE):
        some = made[start : start + _AT_ONCE]
        told = json.dumps([_plain(one) for one in some], cls=DjangoJSONEncoder)
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, [told])


def _plain(made: AuditEntry) -> dict[str, Any]:
    # JSON's own way with times would drop the microseconds.
    return {name: getattr(made, name) for name in _TYPES} | {"at": made.at.isoformat()}


def entry(
    action: str,
    object_: str,
    *,
    actor: User | None,
    now: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> AuditEntry:
    """An entry as `record` takes it, not yet in the trail: for `record_all`."""
    origin = current_origin()
    return AuditEntry(
        at=now,
        actor=actor,
        actor_username=actor.username if actor else "",
        action=action,
        object=object_,
        before=dict(before) if before is not None else None,
        after=dict(after) if after is not None else None,
        reason=reason,
        source=origin.source,
        request_id=origin.request_id,
        address=origin.address,
    )


def record_change(
    action: str,
    object_: str,
    *,
    actor: User | None,
    now: datetime,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    reason: str = "",
) -> AuditEntry | None:
    """As `record`, of the members that differ; nothing when none does."""
    changed = [name for name in after if before.get(name) != after[name]]
    if not changed:
        return None
    return record(
        action,
        object_,
        actor=actor,
        now=now,
        before={name: before.get(name) for name in changed},
        after={name: after[name] for name in changed},
        reason=reason,
    )
