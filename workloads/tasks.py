"""What the worker does for the plan: signatures lapse, and what waits is reminded of."""

import logging

from celery import shared_task

from portal.kernel import clock
from portal.kernel.enums import Source
from portal.kernel.errors import Problem
from portal.kernel.origin import origin
from workloads.selectors.signoffs import numbers_with_lapsed
from workloads.services import uploads
from workloads.services.reminders import remind_of_waiting
from workloads.services.signoff_ends import lapse_signatures

logger = logging.getLogger(__name__)


@shared_task
def keep_signatures() -> int:
    """Hourly: end what has lapsed, then remind. Twice is as once."""
    with origin(Source.SYSTEM):
        moment = clock.now()
        for number in numbers_with_lapsed(clock.today(moment)):
            lapse_signatures(number=number, now=moment)
        return remind_of_waiting(now=moment)


@shared_task
def remove_old_sheets() -> int:
    with origin(Source.SYSTEM):
        return uploads.remove_old_sheets(now=clock.now())


@shared_task
def check_upload(import_id: int) -> None:
    """Judge an uploaded sheet that is too long to wait for."""
    with origin(Source.SYSTEM):
        uploads.check_upload(import_id=import_id, now=clock.now())


@shared_task
def apply_upload(import_id: int) -> None:
    """Take a confirmed sheet into the plan. Why it was not is kept with it."""
    with origin(Source.SYSTEM):
        try:
            uploads.apply_upload(import_id=import_id, now=clock.now())
        except Problem as problem:
            logger.warning("import %s was not applied: %s", import_id, problem.code)
