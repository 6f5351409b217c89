"""Reads of the plan: a workload by reference, rows with everything they show."""

import re

from django.db.models import Max, QuerySet

from portal.kernel.errors import NotFound
from workloads.models import Workload
from workloads.rules.shown import ref_of
from workloads.selectors.signoffs import prefetch_signoffs

REFERENCE = re.compile(r"[Ww]-?0*([1-9][0-9]{0,8})")


def number_of(ref: str) -> int | None:
    """The number in a reference as people write it: W-07, w7; None when it is none."""
    found = REFERENCE.fullmatch(ref.strip())
    return int(found[1]) if found else None


def rows() -> QuerySet[Workload]:
    """Workloads with owner, department and the three estimates they point at."""
    return Workload.objects.select_related(
        "owner",
        "department",
        "shown_estimate",
        "submitted_estimate",
        "draft_estimate",
    )


def rows_with_requirements() -> QuerySet[Workload]:
    """Rows with all that the requirements of this app read, in a fixed number of queries."""
    return rows().prefetch_related(
        prefetch_signoffs("submitted_estimate__signoffs"),
        "criteria",
        "readiness",
    )


def get_workload(ref: str) -> Workload:
    """One workload by its reference, ready for its requirements. NotFound else."""
    number = number_of(ref)
    found = (
        rows_with_requirements().filter(number=number).first()
        if number is not None
        else None
    )
    if found is None:
        raise NotFound(f'There is no workload "{ref}". The plan lists them all.')
    return found


def next_ref() -> str:
    """The reference that the next workload will most likely get; for display only."""
    highest = Workload.objects.aggregate(highest=Max("number"))["highest"]
    return ref_of((highest or 0) + 1)
