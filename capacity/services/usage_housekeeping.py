"""What usage and decisions leave behind when their time is over."""

from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from capacity.models import (
    DecisionRequest,
    QuarantinedEvent,
    Reservation,
    UsageArrival,
    UserCounter,
)
from capacity.services.partitions import ensure_usage_months
from portal.kernel import clock
from portal.kernel.periods import Month

REQUESTS_ARE_KEPT = timedelta(hours=24)
# Evidence is of days; what arrived is kept a little longer, for the page.
ARRIVALS_ARE_KEPT = timedelta(days=14)
AT_ONCE = 5_000
_LAPSE = """
    UPDATE capacity_usercounter AS counter
    SET reserved = greatest(0, counter.reserved - lapsed.freed),
        next_expiry = lapsed.next_expiry
    FROM capacity_lapse(%(workload)s, %(user)s, %(month)s, %(test)s, %(at)s) AS lapsed
    WHERE counter.workload_id = %(workload)s AND counter.user_ref = %(user)s
        AND counter.month = %(month)s AND counter.test = %(test)s
"""


def remove_expired_usage(*, now: datetime) -> int:
    """Refused events, ids of requests and minutes of arrival; returns how many rows."""
    removed = 0
    for rows in (
        QuarantinedEvent.objects.filter(expires_at__lte=now),
        DecisionRequest.objects.filter(at__lte=now - REQUESTS_ARE_KEPT),
        UsageArrival.objects.filter(minute__lt=now - ARRIVALS_ARE_KEPT),
    ):
        removed += rows.delete()[0]
    return removed


def lapse_reservations(*, now: datetime) -> int:
    """Let go what was reserved and never settled; returns how many counters it touched.

    A decision lets those of its own counter lapse; this is for users who do not come back.
    """
    keys = list(_expired(now)[:AT_ONCE])
    for workload, user, month, test in keys:
        _lapse(workload, user, month, now, test=test)
    return len(keys)


def prepare_months(*, now: datetime) -> None:
    """This month's and the next month's tables: made before the first event needs them."""
    this = Month.of(clock.today(now))
    ensure_usage_months([this, this.plus(1)])
    with connection.cursor() as cursor:
        for month in (this, this.plus(1)):
            cursor.execute(
                "SELECT capacity_ensure_decision_month(%s)", [month.first_day]
            )


def _expired(now: datetime) -> QuerySet[Reservation, Any]:
    return (
        Reservation.objects.filter(expires_at__lte=now)
        .order_by("workload_id", "user_ref", "month", "test")
        .values_list("workload_id", "user_ref", "month", "test")
        .distinct()
    )


@transaction.atomic
def _lapse(workload: int, user: str, month: date, now: datetime, *, test: bool) -> None:
    """The counter first, as everywhere: who takes a reservation away holds its lock."""
    key = {"workload_id": workload, "user_ref": user, "month": month, "test": test}
    list(UserCounter.objects.select_for_update().filter(**key))
    with connection.cursor() as cursor:
        cursor.execute(
            _LAPSE,
            {
                "workload": workload,
                "user": user,
                "month": month,
                "test": test,
                "at": now,
            },
        )
