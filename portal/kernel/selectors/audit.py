"""Reading the audit trail."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import connection, transaction
from django.db.models import QuerySet

from portal.kernel.chain import Checkpoint, Row, Verdict, judge
from portal.kernel.models import AuditEntry
from portal.kernel.models.audit import PAYLOAD_SQL

WORKLOAD_REFERENCE = re.compile(r"W-[0-9]+", re.IGNORECASE)
ROWS_A_FETCH = 5000

_TABLE = AuditEntry._meta.db_table
# In one column, in UTF-8, exactly what the trigger hashed.
ROWS_SQL = (
    f"SELECT id, previous_hash, hash, convert_to({PAYLOAD_SQL.format(_TABLE)}, 'UTF8')"  # noqa: S608 - constants only
    f" FROM {_TABLE} ORDER BY id"
)


def entries(
    *,
    actor: str = "",
    action: str = "",
    object_: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[AuditEntry]:
    """The trail, newest first. `object_` takes "workload/W-01" and "W-01"."""
    found = AuditEntry.objects.order_by("-id")
    if actor:
        found = found.filter(actor_username=actor)
    if action:
        found = found.filter(action=action)
    if object_:
        found = found.filter(object=_object_of(object_))
    if since is not None:
        found = found.filter(at__gte=since)
    if until is not None:
        found = found.filter(at__lte=until)
    return found


def verify(checkpoint: Checkpoint | None = None) -> Verdict:
    """Check the whole chain, hashing each entry here and not in the database."""
    with _rows() as rows:
        return judge(rows, checkpoint)


def checkpoint_of(verdict: Verdict, *, now: datetime) -> Checkpoint:
    """To be kept where whoever can write to the database cannot."""
    return Checkpoint(id=verdict.last_id, hash=verdict.last_hash, at=now)


def _object_of(text: str) -> str:
    if WORKLOAD_REFERENCE.fullmatch(text):
        return f"workload/{text.upper()}"
    return text


@contextmanager
def _rows() -> Iterator[Iterator[Row]]:
    # psycopg's own cursor: a server-side one, so that the trail never has to fit into
    # memory, and binary, so that the payload comes as the bytes to hash.
    with transaction.atomic():
        connection.ensure_connection()
        with connection.connection.cursor(name="audit_chain", binary=True) as cursor:
            cursor.itersize = ROWS_A_FETCH
            cursor.execute(ROWS_SQL)
            yield iter(cursor)


def last_id() -> int:
    """How many entries there are: the sequence is gapless, and counting is dear."""
    newest = AuditEntry.objects.order_by("-id").values_list("id", flat=True).first()
    return newest or 0
