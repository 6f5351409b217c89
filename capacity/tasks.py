"""What the worker does for the capacity model."""

from celery import shared_task

from capacity.services import quarters
from portal.kernel import clock
from portal.kernel.enums import Source
from portal.kernel.origin import origin


@shared_task
def close_due_quarters() -> int:
    """Hourly: write down which quarters their days have closed. Twice is as once."""
    with origin(Source.SYSTEM):
        return len(quarters.close_due_quarters(now=clock.now()))
