"""Which versions a row of the plan points at. The one writer of the three pointers."""

from collections.abc import Callable

from workloads.enums import EstimateState
from workloads.models import Estimate, Workload


def point_at_estimates(workload: Workload) -> None:
    """Set shown, newest submitted and draft version of a locked row.

    Shown is the last version that received three signatures, else the newest submitted
    one, else the draft: the numbers in force stay on the row while a newer version waits.
    """
    newest_first = list(
        Estimate.objects.filter(workload=workload)
        .order_by("-version")
        .only("id", "version", "state", "signed_at")
    )
    draft = _first(newest_first, lambda e: e.state == EstimateState.DRAFT)
    submitted = _first(newest_first, lambda e: e.state != EstimateState.DRAFT)
    signed = _first(newest_first, lambda e: e.signed_at is not None)
    waiting = _first(newest_first, lambda e: e.state == EstimateState.SUBMITTED)
    workload.shown_estimate = signed or waiting or draft or submitted
    workload.submitted_estimate = submitted
    workload.draft_estimate = draft
    workload.version += 1
    workload.save(
        update_fields=[
            "shown_estimate",
            "submitted_estimate",
            "draft_estimate",
            "version",
        ]
    )


def _first(
    estimates: list[Estimate], wanted: Callable[[Estimate], bool]
) -> Estimate | None:
    return next((row for row in estimates if wanted(row)), None)
