"""The state that is watched: what waits, and how long the trail is."""

from datetime import datetime

from django.db import DatabaseError, InterfaceError
from django.db.models import Max

from portal.kernel.models import AuditEntry
from portal.kernel.selectors.outbox import outbox_state

Gauges = dict[str, tuple[str, float]]


def gauges(*, now: datetime) -> Gauges:
    """Name: (help, value). Without a database there is one value left to tell."""
    up = ("weighbridge_database_up", "1 when the database answers.")
    try:
        state = outbox_state(now=now)
        # The chain is gapless: the last number is the number of entries.
        entries = AuditEntry.objects.aggregate(last=Max("id"))["last"] or 0
    except (DatabaseError, InterfaceError):
        return {up[0]: (up[1], 0)}
    oldest = (now - state.due_since).total_seconds() if state.due_since else 0
    return {
        up[0]: (up[1], 1),
        "weighbridge_outbox_waiting": ("Messages not yet delivered.", state.waiting),
        "weighbridge_outbox_given_up": ("Messages given up.", state.given_up),
        "weighbridge_outbox_oldest_seconds": (
            "Seconds since the oldest waiting message fell due.",
            oldest,
        ),
        "weighbridge_audit_entries": ("Entries of the audit trail.", entries),
    }
