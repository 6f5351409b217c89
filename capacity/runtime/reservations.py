"""Reservations of calls in flight: a long stream extends its own, a cancelled one lets go."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from capacity.runtime.reserve import LAPSES_AFTER
from portal.kernel.errors import NotFound
from workloads.rules.shown import ref_of

_DECISION = """
    SELECT w.number FROM capacity_decision d
    JOIN workloads_workload w ON w.id = d.workload_id WHERE d.id = %s
"""
_EXTEND = """
    UPDATE capacity_reservation SET expires_at = %s
    WHERE decision = %s AND expires_at > %s RETURNING tokens
"""
_RELEASE = "SELECT capacity_release(%s)"


@dataclass(frozen=True, slots=True)
class Held:
    """What is held for a decision. `lapses_at` is none once nothing is."""

    decision: UUID
    tokens: int
    lapses_at: datetime | None = None


def require_reservation(decision: UUID, reads: Callable[[str], bool]) -> UUID:
    """NotFound for a decision that was never made, or of a workload out of reach."""
    with connection.cursor() as cursor:
        cursor.execute(_DECISION, [decision])
        row = cursor.fetchone()
    if row is None or not reads(ref_of(row[0])):
        raise NotFound(f"There is no decision {decision}.")
    return decision


@transaction.atomic
def extend_reservation(*, decision: UUID, now: datetime) -> Held:
    """Another ten minutes from now. NotFound once it lapsed or was settled."""
    lapses_at = now + LAPSES_AFTER
    with connection.cursor() as cursor:
        cursor.execute(_EXTEND, [lapses_at, decision, now])
        row = cursor.fetchone()
    if row is None:
        raise NotFound(
            f"Nothing is reserved for {decision} any more: it was settled, released, or"
            " lapsed. Another decision reserves anew."
        )
    return Held(decision, row[0], lapses_at)


@transaction.atomic
def release_reservation(*, decision: UUID) -> Held:
    """Let it go; a second time lets nothing go, and is no error."""
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE, [decision])
        freed = cursor.fetchone()[0]
    return Held(decision, freed or 0)
