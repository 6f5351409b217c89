"""Locks of the capacity model: rows here are never changed, so a quarter has a key.

Taken after the plan's own rows and before the audit trail's chain.
"""

from django.db import connection

from portal.kernel.periods import Quarter

# First halves of transaction-scoped advisory locks; the second is the quarter, or 0.
STAFFING_OF_A_QUARTER = 7_401
RESERVE = 7_402
RATES = 7_403
ACTUALS = 7_404
SWITCHES = 7_405
LIMITS = 7_406


def lock_staffing(quarter: Quarter) -> None:
    """Nobody commits into the quarter, or changes its people, until this ends."""
    _lock(STAFFING_OF_A_QUARTER, _index(quarter))


def lock_reserve() -> None:
    """Sizes and draws are recorded one after another: a decision stands behind one."""
    _lock(RESERVE, 0)


def lock_rates() -> None:
    """Prices and lines are entered one after another: a name belongs to one model."""
    _lock(RATES, 0)


def lock_actuals() -> None:
    """Entries of what was used, and the closing of quarters, come one after another."""
    _lock(ACTUALS, 0)


def lock_switches() -> None:
    """Kill switches are thrown and lifted one after another."""
    _lock(SWITCHES, 0)


def lock_limits() -> None:
    """Spend limits are set and ended one after another."""
    _lock(LIMITS, 0)


def _index(quarter: Quarter) -> int:
    return quarter.year * 4 + quarter.number


def _lock(kind: int, which: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [kind, which])
