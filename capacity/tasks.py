"""What the worker does for the capacity model."""

import os
import socket
from uuid import uuid4

from celery import shared_task

from capacity.services import (
    actuals_imports,
    alerts,
    gate_activation,
    gate_proposals,
    quarters,
    recalibration,
    recalibration_schedule,
    spend_alerts,
    usage_housekeeping,
)
from capacity.services.recalibration_leases import requeue_lost
from portal.kernel import clock
from portal.kernel.enums import Source
from portal.kernel.origin import origin


@shared_task
def close_due_quarters() -> int:
    """Hourly: write down which quarters their days have closed. Twice is as once."""
    with origin(Source.SYSTEM):
        return len(quarters.close_due_quarters(now=clock.now()))


@shared_task
def request_due_recalibrations() -> list[int]:
    """Hourly: ask for the month's and the quarter's. Twice is as once."""
    with origin(Source.SYSTEM):
        return recalibration_schedule.request_due(now=clock.now())


@shared_task
def run_recalibration(run_id: int) -> bool:
    """Carry out a run, unless somebody else has it or it has ended."""
    # No other attempt is called so, not even of this process.
    worker = f"{socket.gethostname()} {os.getpid()} {uuid4().hex[:8]}"
    with origin(Source.SYSTEM):
        return recalibration.run_recalibration(
            run_id=run_id, worker=worker, clock=clock.now
        )


@shared_task
def take_up_lost_recalibrations() -> list[int]:
    """Every 20 seconds: runs whose worker is gone are asked for again."""
    with origin(Source.SYSTEM):
        return requeue_lost(now=clock.now())


@shared_task
def propose_ceilings() -> list[int]:
    """Hourly: look at every active gate's ceilings. Twice is as once."""
    with origin(Source.SYSTEM):
        return gate_proposals.propose_ceilings(now=clock.now())


@shared_task
def end_observations() -> list[int]:
    """Hourly: versions whose last day of observing has passed decide no more."""
    with origin(Source.SYSTEM):
        return gate_activation.end_observations(now=clock.now())


@shared_task
def remove_old_sheets() -> int:
    with origin(Source.SYSTEM):
        return actuals_imports.remove_old_sheets(now=clock.now())


@shared_task
def deliver_alert(alert_id: int) -> bool:
    """Tell the outside of an alert that was spoken. Twice is as once."""
    with origin(Source.SYSTEM):
        return alerts.deliver_alert(alert_id=alert_id, now=clock.now())


@shared_task
def alert_spending() -> int:
    """Every minute: spend limits that are near, or reached. Twice is as once."""
    with origin(Source.SYSTEM):
        return spend_alerts.alert_spending(now=clock.now())


@shared_task
def remove_expired_usage() -> int:
    """Hourly: what was refused, asked and told longer ago than it is kept."""
    with origin(Source.SYSTEM):
        return usage_housekeeping.remove_expired_usage(now=clock.now())


@shared_task
def lapse_reservations() -> int:
    """Every minute: tokens that were promised and never used are free again."""
    with origin(Source.SYSTEM):
        return usage_housekeeping.lapse_reservations(now=clock.now())


@shared_task
def prepare_months() -> None:
    """Hourly: the tables of the next month stand before it begins."""
    with origin(Source.SYSTEM):
        usage_housekeeping.prepare_months(now=clock.now())
