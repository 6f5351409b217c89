"""`audit_verify`: the whole chain against reading its rows and one SHA-256 each."""

import hashlib
import time
from collections.abc import Callable

from django.db import connection, transaction

from governance.management.bench import database
from governance.management.bench.results import NotMeasured, Result, in_turns
from portal.kernel.models import AuditEntry, User
from portal.kernel.selectors.audit import verify

ENTRIES = 100_000


def audit_verify(user: User, _seconds: float, say: Callable[[str], None]) -> Result:
    """Verifying 100,000 entries; ≤ 2 × of reading every column and one SHA-256 a row."""
    missing = ENTRIES - AuditEntry.objects.count()
    if missing > 0:
        say(f"{missing} entries")
        database.fill_audit(user, missing)
    floor, ours = in_turns(_read_and_hash, _verify)
    return Result(
        ratio=ours / floor,
        bar=2.0,
        better="lower",
        floor=floor,
        ours=ours,
        unit="ms",
    )


def _read_and_hash() -> float:
    started = time.perf_counter()
    # A named cursor, as the verifier's: rows stream, and neither side holds them all.
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute("SELECT * FROM portal_auditentry ORDER BY id")
        while rows := cursor.fetchmany(5_000):
            for row in rows:
                hashlib.sha256(str(row[-1]).encode()).hexdigest()
    return (time.perf_counter() - started) * 1000


def _verify() -> float:
    started = time.perf_counter()
    verdict = verify()
    if verdict.broken is not None or verdict.entries < ENTRIES:
        raise NotMeasured(f"The chain that was measured is not whole: {verdict}")
    return (time.perf_counter() - started) * 1000
