"""Which versions a row of the plan points at. The one writer of the three pointers."""

from collections import defaultdict
from collections.abc import Callable, Sequence

from django.db import connection

from workloads.enums import EstimateState
from workloads.models import Estimate, Workload

POINTERS = ("shown_estimate", "submitted_estimate", "draft_estimate", "version")


def point_at_estimates(workload: Workload) -> None:
    """Set shown, newest submitted and draft version of a locked row.

    Shown is the last version that received three signatures, else the newest submitted
    one, else the draft: the numbers in force stay on the row while a newer version waits.
    """
    _point([workload])
    workload.save(update_fields=POINTERS)


def point_many_at_estimates(workloads: Sequence[Workload]) -> None:
    """As `point_at_estimates`, of many locked rows in one statement."""
    _point(workloads)
    columns = [
        [getattr(workload, name) for workload in workloads]
        for name in ("pk", *(f"{pointer}_id" for pointer in POINTERS[:-1]), "version")
    ]
    # Django's bulk_update writes a CASE of thousands of branches, and takes seconds.
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE workloads_workload AS w SET shown_estimate_id = v.shown,"
            " submitted_estimate_id = v.submitted, draft_estimate_id = v.draft,"
            " version = v.version"
            " FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],"
            " %s::integer[]) AS v (id, shown, submitted, draft, version)"
            " WHERE w.id = v.id",
            columns,
        )


def _point(workloads: Sequence[Workload]) -> None:
    versions: dict[int, list[Estimate]] = defaultdict(list)
    for estimate in (
        Estimate.objects.filter(workload__in=workloads)
        .order_by("-version")
        .only("id", "workload_id", "version", "state", "signed_at")
    ):
        versions[estimate.workload_id].append(estimate)
    for workload in workloads:
        _point_one(workload, versions[workload.pk])


def _point_one(workload: Workload, newest_first: Sequence[Estimate]) -> None:
    draft = _first(newest_first, lambda e: e.state == EstimateState.DRAFT)
    submitted = _first(newest_first, lambda e: e.state != EstimateState.DRAFT)
    signed = _first(newest_first, lambda e: e.signed_at is not None)
    workload.shown_estimate = signed or submitted or draft
    workload.submitted_estimate = submitted
    workload.draft_estimate = draft
    workload.version += 1


def _first(
    estimates: Sequence[Estimate], wanted: Callable[[Estimate], bool]
) -> Estimate | None:
    return next((row for row in estimates if wanted(row)), None)
