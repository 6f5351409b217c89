"""What the worker does for the kernel."""

from celery import shared_task

from portal.kernel import clock
from portal.kernel.delivery import DELIVERERS
from portal.kernel.enums import Source
from portal.kernel.origin import origin
from portal.kernel.services.relay import relay_next
from portal.kernel.services.retention import remove_expired as remove_expired_rows

MOST_MESSAGES_A_RUN = 100


@shared_task
def relay_outbox() -> int:
    """Deliver what is due; returns how many messages were handled."""
    with origin(Source.SYSTEM):
        for handled in range(MOST_MESSAGES_A_RUN):
            # Each claim's lease counts from its own moment.
            if relay_next(DELIVERERS, now=clock.now()) is None:
                return handled
    return MOST_MESSAGES_A_RUN


@shared_task
def remove_expired() -> int:
    with origin(Source.SYSTEM):
        return remove_expired_rows(now=clock.now())
