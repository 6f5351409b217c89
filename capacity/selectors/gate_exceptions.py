"""Exceptions of gates: raises of one user's or one account's ceiling."""

from datetime import date

from django.db.models import Q, QuerySet

from capacity.models import GateException
from portal.kernel.errors import NotFound
from workloads.models import Workload

HIGHEST_KEY = 2**63 - 1


def exceptions() -> QuerySet[GateException]:
    """All of them, the newest first."""
    return GateException.objects.select_related(
        "workload", "account", "approved_by"
    ).order_by("-id")


def get_exception(exception_id: int) -> GateException:
    """NotFound."""
    found = exceptions().filter(pk=min(exception_id, HIGHEST_KEY)).first()
    if found is None:
        raise NotFound(f"There is no exception {exception_id}.")
    return found


def holds_on(today: date) -> Q:
    """Those that hold on a day: not taken back, and their last day has not passed."""
    return Q(ended_at__isnull=True, ends_on__gte=today)


def standing_exceptions(workload: Workload, today: date) -> QuerySet[GateException]:
    return exceptions().filter(holds_on(today), workload=workload)


def tag_of(row: GateException) -> str:
    """The entity tag: an exception changes once, when it is taken back."""
    return f'"exception.{row.pk}.{"ended" if row.ended_at else "stands"}"'
