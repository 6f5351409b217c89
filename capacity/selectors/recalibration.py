"""Runs as pages and API read them: progress, log, results, and the accuracy over time."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import F, QuerySet

from capacity.enums import RunStatus
from capacity.models import RecalibrationResult, RecalibrationRun
from capacity.models.columns import QUARTER
from portal.kernel.errors import NotFound
from portal.kernel.periods import Quarter

HIGHEST_ID = 2**63 - 1

# The three budgets as the accuracy over time shows them, each by its own measure.
BUDGETS = (("tokens", "Tokens"), ("compute", "Compute"), ("ops", "Ops hours"))


@dataclass(frozen=True, slots=True)
class Accuracy:
    """A quarter's errors by budget, as its current run found them; None is not known."""

    quarter: Quarter
    run_id: int
    is_calibrated: bool
    errors: dict[str, Decimal | None]


def runs() -> QuerySet[RecalibrationRun]:
    """Newest first, with who asked for each."""
    return RecalibrationRun.objects.select_related("requested_by").order_by("-id")


def get_run(run_id: int) -> RecalibrationRun:
    found = runs().filter(pk=min(run_id, HIGHEST_ID)).first()
    if found is None:
        raise NotFound(f"There is no recalibration R-{run_id}.")
    return found


def results(run: RecalibrationRun) -> QuerySet[RecalibrationResult]:
    """By reference, each with its workload and the draft that is open there now."""
    return (
        RecalibrationResult.objects.filter(run=run)
        .select_related("workload__owner", "workload__draft_estimate")
        .order_by("workload__number")
    )


def result_of(run: RecalibrationRun, number: int) -> RecalibrationResult:
    found = results(run).filter(workload__number=number).first()
    if found is None:
        raise NotFound(f"{run} has no result of that workload.")
    return found


def is_newest_drafting(run: RecalibrationRun) -> bool:
    """Whether what it observed is still what to take over: current, and none after it."""
    if not (run.is_current and run.drafts):
        return False
    return not RecalibrationRun.objects.filter(
        drafts=True, is_current=True, period__gt=run.period
    ).exists()


def accuracy(newest: Quarter) -> list[Accuracy]:
    """Every recalibrated quarter up to the newest ended, the oldest first. One query."""
    rows = (
        RecalibrationRun.objects.filter(
            status=RunStatus.COMPLETE,
            is_current=True,
            period__regex=QUARTER,
            period__lte=str(newest),
        )
        .order_by("period")
        .values_list("period", "id", "is_calibrated", "budgets")
    )
    return [
        Accuracy(Quarter.parse(period), run_id, bool(calibrated), _errors(budgets))
        for period, run_id, calibrated, budgets in rows
    ]


def result_rows(run: RecalibrationRun) -> Iterable[dict[str, Any]]:
    """What the API tells of each workload. One query."""
    return (
        RecalibrationResult.objects.filter(run=run)
        .order_by("workload__number")
        .values(
            *("missing", "off", "inputs", "budgets", "draft_version"),
            number=F("workload__number"),
        )
    )


def _errors(budgets: dict[str, Any]) -> dict[str, Decimal | None]:
    return {
        name: Decimal(error)
        if (error := budgets.get(name, {}).get("error")) is not None
        else None
        for name, _ in BUDGETS
    }
