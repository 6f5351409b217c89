"""What the worker does for the plan: signatures lapse, and what waits is reminded of."""

from celery import shared_task

from portal.kernel import clock
from portal.kernel.enums import Source
from portal.kernel.origin import origin
from workloads.selectors.signoffs import numbers_with_lapsed
from workloads.services.reminders import remind_of_waiting
from workloads.services.signoff_ends import lapse_signatures


@shared_task
def keep_signatures() -> int:
    """Hourly: end what has lapsed, then remind. Twice is as once."""
    with origin(Source.SYSTEM):
        moment = clock.now()
        for number in numbers_with_lapsed(clock.today(moment)):
            lapse_signatures(number=number, now=moment)
        return remind_of_waiting(now=moment)
