"""Reads of departments, with what each has in the plan."""

from django.db.models import Count, Q, QuerySet, Sum

from portal.kernel.errors import NotFound
from workloads.enums import Status
from workloads.models import Department

_OPEN = ~Q(workload__status=Status.RETIRED)


def departments() -> QuerySet[Department]:
    """By name, with the workloads of each that are not retired; one query."""
    return (
        Department.objects.select_related("head")
        .order_by("name")
        .annotate(
            workloads=Count("workload", filter=_OPEN),
            running=Count("workload", filter=Q(workload__status=Status.LIVE)),
            hours_week=Sum("workload__shown_estimate__ops_hours_week", filter=_OPEN),
        )
    )


def get_department(code: str) -> Department:
    found = departments().filter(code=code).first()
    if found is None:
        raise NotFound(f'There is no department "{code}".')
    return found
