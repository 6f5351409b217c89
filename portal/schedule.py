"""What beat sends, and how often. The database keeps the schedule and may change it."""

from datetime import UTC, datetime, timedelta
from typing import Any

# Makes a task that never ran due at once. Else its first hour begins anew at each
# start of beat, and a portal that is up for less never runs it.
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
SCHEDULE: dict[str, dict[str, Any]] = {
    "relay outbox": {
        "task": "portal.kernel.tasks.relay_outbox",
        "schedule": timedelta(seconds=2),
        # A worker that was away must not find a heap of the same request.
        "options": {"expire_seconds": 10},
    },
    "alert spending": {
        "task": "capacity.tasks.alert_spending",
        "schedule": timedelta(minutes=1),
        "options": {"expire_seconds": 60},
    },
    # With a lease of 30 s, a run whose worker was killed goes on within a minute.
    "take up lost recalibrations": {
        "task": "capacity.tasks.take_up_lost_recalibrations",
        "schedule": timedelta(seconds=20),
        "options": {"expire_seconds": 20},
    },
    "lapse reservations": {
        "task": "capacity.tasks.lapse_reservations",
        "schedule": timedelta(minutes=1),
        "options": {"expire_seconds": 60},
    },
    **{
        name: {"task": task, "schedule": timedelta(hours=1), "start_time": LONG_AGO}
        for name, task in (
            ("remove expired", "portal.kernel.tasks.remove_expired"),
            ("keep signatures", "workloads.tasks.keep_signatures"),
            ("remove old sheets", "workloads.tasks.remove_old_sheets"),
            ("close due quarters", "capacity.tasks.close_due_quarters"),
            ("propose ceilings", "capacity.tasks.propose_ceilings"),
            ("end observations", "capacity.tasks.end_observations"),
            ("remove expired usage", "capacity.tasks.remove_expired_usage"),
            ("prepare months", "capacity.tasks.prepare_months"),
            ("remove old sheets of actuals", "capacity.tasks.remove_old_sheets"),
            (
                "request due recalibrations",
                "capacity.tasks.request_due_recalibrations",
            ),
        )
    },
}
