"""Locks of the plan. Always the workload's row first, then everything that hangs on it."""

from collections.abc import Iterable

from django.db import connection

from portal.kernel.errors import NotFound
from workloads.models import Workload
from workloads.rules.shown import ref_of

# Keys of transaction-scoped advisory locks: the next reference, the next baseline.
NEXT_WORKLOAD = 7_301
NEXT_BASELINE = 7_302


def lock_workload(number: int) -> Workload:
    """The row, locked until the transaction ends. NotFound when there is none."""
    found = Workload.objects.select_for_update().filter(number=number).first()
    if found is None:
        raise NotFound(f"There is no workload {ref_of(number)}.")
    return found


def lock_workloads(numbers: Iterable[int]) -> dict[int, Workload]:
    """Several rows by number, locked in key order so that no two wait for each other."""
    rows = (
        Workload.objects.select_for_update()
        .filter(number__in=list(numbers))
        .order_by("id")
    )
    return {row.number: row for row in rows}


def lock_plan() -> bool:
    """Hold the whole plan still: rows, what hangs on them, and the allotting of new ones.

    False where a row came between the locks: give them back and begin again, since to
    wait for a row now would be against the order.
    """
    rows = Workload.objects.select_for_update(no_key=True).order_by("id")
    locked = set(rows.values_list("id", flat=True))
    lock_next(NEXT_WORKLOAD)
    return locked == set(Workload.objects.values_list("id", flat=True))


def lock_next(key: int) -> None:
    """Serialise the allotting of a running number until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])
