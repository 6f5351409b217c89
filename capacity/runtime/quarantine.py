"""Refused events are kept, to be looked at and sent again, until they expire."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection

from capacity.runtime.events import Event, Refused
from capacity.runtime.references import hashed
from portal.kernel.api.bodies import unstorable_character

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
LONGEST_BODY = 50_000

# A sender that repeats what is refused fills no table: it stands once.
_KEEP = """
    INSERT INTO capacity_quarantinedevent
        (received_at, source, event_id, workload_ref, code, detail, body, sent_by,
         expires_at)
    SELECT %(now)s, source, id, workload, code, detail, coalesce(body, 'null'),
        %(sent_by)s, %(expires)s
    FROM (
        SELECT min(place) AS place, source, id, workload, code, detail, body
        FROM jsonb_to_recordset(%(rows)s) AS sent (place int, source text, id text,
            workload text, code text, detail text, body jsonb)
        GROUP BY source, id, workload, code, detail, body
    ) AS refused
    WHERE NOT EXISTS (
        SELECT 1 FROM capacity_quarantinedevent AS kept
        WHERE kept.source = refused.source AND kept.event_id = refused.id
            AND kept.code = refused.code AND kept.body = refused.body
            AND kept.replayed_at IS NULL
    )
    ORDER BY place
"""


def quarantine(
    refused: Iterable[Refused], *, sent_by: str, raw: bool, now: datetime
) -> None:
    """Keep them in the caller's transaction; users are hashed as counted ones are."""
    rows = [_row(one, raw=raw) for one in refused]
    with connection.cursor() as cursor:
        cursor.execute(
            _KEEP,
            {
                "now": now,
                "rows": msgspec.json.encode(rows).decode(),
                "sent_by": sent_by,
                "expires": now + timedelta(days=settings.QUARANTINE_IS_KEPT_DAYS),
            },
        )


def _row(refused: Refused, *, raw: bool) -> dict[str, Any]:
    sent = refused.body
    body = msgspec.to_builtins(sent) if isinstance(sent, Event) else sent
    body = _storable(body)
    if raw and isinstance(body, dict):
        body = _without_users(body)
    if len(msgspec.json.encode(body)) > LONGEST_BODY:
        body = {"too_long_to_keep": True}
    named = body if isinstance(body, dict) else {}
    return {
        "place": refused.index,
        "source": _text(named, "source", 200),
        "id": _text(named, "id", 200),
        "workload": _text(_data(named), "workload", 50),
        "code": refused.code,
        "detail": _storable(refused.detail),
        "body": body,
    }


def _without_users(body: dict[str, Any]) -> dict[str, Any]:
    if isinstance(body.get("data"), dict):
        return {**body, "data": _without_users(body["data"])}
    user = body.get("user")
    return {**body, "user": hashed(user)} if isinstance(user, str) else body


def _data(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """A CloudEvent has its own members one level down."""
    data = body.get("data")
    return data if isinstance(data, dict) else body


def _text(body: Mapping[str, Any], name: str, most: int) -> str:
    value = body.get(name)
    return value[:most] if isinstance(value, str) else ""


def _storable(value: Any) -> Any:
    """As it was sent, but for what the database cannot hold."""
    if isinstance(value, str):
        if not unstorable_character(value):
            return value
        kept = value.replace("\x00", REPLACEMENT)
        return kept.encode(errors="replace").decode()
    if isinstance(value, dict):
        return {_storable(name): _storable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_storable(inner) for inner in value]
    return value
