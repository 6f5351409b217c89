"""Recalibrations: the runs, how accurate the model was over time, and asking for one."""

from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from capacity.enums import RunStatus
from capacity.forms.recalibration import RecalibrationForm
from capacity.models import RecalibrationRun
from capacity.models.recalibration import OPEN
from capacity.selectors.problems import PeriodNotBegun
from capacity.selectors.recalibration import BUDGETS, Accuracy, accuracy, runs
from capacity.selectors.recalibration_ground import newest_ended_quarter
from capacity.services.recalibration import request_recalibration
from portal.kernel import clock, formats
from portal.kernel.access import require
from portal.kernel.charts import line_chart
from portal.kernel.models import User
from portal.kernel.pages.paging import page_number, paging_for
from portal.kernel.pages.toast import toast
from portal.kernel.selectors.numbers import current
from workloads.services.sheets.writer import CONTENT_TYPES, write_csv
from workloads.views.reasons import why_not

PAGE_SIZE = 25
HEADINGS = ("Quarter", "Run", "Budget", "Error", "Calibrated")


@require_http_methods(["GET", "HEAD", "POST"])
def recalibration(request: HttpRequest) -> HttpResponse:
    """GET lists the runs and the accuracy; POST asks for one and leads to it."""
    now = clock.now()
    newest = newest_ended_quarter(now, current().fiscal_year_starts)
    form = RecalibrationForm(
        request.POST if request.method == "POST" else None,
        initial={"period": newest.label},
    )
    if request.method == "POST":
        require(request.user, "recalibration.start")
        if form.is_valid():
            user: User = request.user  # type: ignore[assignment]
            try:
                run = request_recalibration(
                    period=form.cleaned_data["period"], actor=user, now=now
                )
            except PeriodNotBegun as problem:
                form.add_error("period", problem.detail)
            else:
                toast(request, f"{run} of {period_words(run.period)} is under way.")
                return redirect("capacity:recalibration-run", run.pk)
    found = accuracy(newest)
    start = (page_number(request) - 1) * PAGE_SIZE
    listed = list(runs()[start : start + PAGE_SIZE])
    context = {
        "title": "Recalibration",
        "lede": _lede(found),
        "runs": [run_row(one) for one in listed],
        "running": any(one.status in OPEN for one in listed),
        "paging": paging_for(
            request, size=PAGE_SIZE, shown=len(listed), total=runs().count()
        ),
        "form": form,
        "why": why_not(request.user, "recalibration.start"),
        "curves": [_curve(found, name, words) for name, words in BUDGETS],
        "accuracy": [_accuracy_row(one) for one in reversed(found)],
    }
    if getattr(request, "htmx", False) and request.method == "GET":
        return render(request, "capacity/recalibration/_runs.html", context)
    status = 400 if form.errors else 200
    return render(request, "capacity/recalibration/page.html", context, status=status)


@require_safe
def accuracy_csv(_request: HttpRequest) -> HttpResponse:
    """The accuracy over time, a line a quarter and budget, exact."""
    newest = newest_ended_quarter(clock.now(), current().fiscal_year_starts)
    rows = [
        (str(one.quarter), f"R-{one.run_id}", words, one.errors[name], _yes(one))
        for one in accuracy(newest)
        for name, words in BUDGETS
    ]
    response = HttpResponse(
        write_csv(HEADINGS, rows), content_type=CONTENT_TYPES["csv"]
    )
    response["Content-Disposition"] = 'attachment; filename="accuracy.csv"'
    return response


def period_words(period: str) -> str:
    """2026-Q2 or 2026-05, as pages write them."""
    return formats.quarter(period) if "Q" in period else period


def run_row(run: RecalibrationRun) -> dict[str, Any]:
    """One run as a line, and its state in words."""
    return {
        "run": run,
        "period": period_words(run.period),
        "tone": {RunStatus.COMPLETE: "ok", RunStatus.FAILED: "stop"}.get(
            RunStatus(run.status), "wait"
        ),
        "state": _state(run),
        "by": run.requested_by.display_name if run.requested_by else "the calendar",
        "calibrated": {True: "yes", False: "no", None: formats.BLANK}[
            run.is_calibrated
        ],
    }


def error_words(error: Decimal | None) -> str:
    """+60 %, −3.2 %; — where there is none."""
    if error is None:
        return formats.BLANK
    return f"{'+' if error > 0 else ''}{formats.share(error)}"


def _state(run: RecalibrationRun) -> str:
    if run.status == RunStatus.COMPLETE:
        return "complete, current" if run.is_current else "complete"
    if run.status == RunStatus.RUNNING:
        return f"running, {formats.in_full(run.done)} of {formats.in_full(run.total)}"
    return str(run.status)


def _lede(found: list[Accuracy]) -> str:
    rule = "What was used is set against what was signed; the model should get better."
    if not found:
        return f"{rule} No quarter is recalibrated yet."
    newest = found[-1]
    errors = [
        f"{words.lower()} {error_words(newest.errors[name])}"
        for name, words in BUDGETS
        if newest.errors[name] is not None
    ]
    said = ", ".join(errors) or "nothing could be compared"
    return f"{rule} {newest.quarter.label}: {said}."


def _curve(found: list[Accuracy], name: str, words: str) -> dict[str, Any]:
    """How far off a budget was, whichever way: a line that should fall."""
    values = [
        (one.quarter.label, float(abs(error) * 100))
        for one in found
        if (error := one.errors[name]) is not None
    ]
    rounded = [(label, round(value, 1)) for label, value in values]
    return {
        "name": f"{words}: error in %, either way",
        "finding": _finding(words, rounded),
        "chart": line_chart(rounded) if len(rounded) > 1 else None,
    }


def _finding(words: str, values: list[tuple[str, float]]) -> str:
    if not values:
        return f"{words} of no quarter could be compared yet."
    (first, before), (last, after) = values[0], values[-1]
    if len(values) == 1:
        return f"{words} were off by {formats.in_full(after)} % in {last}."
    verb = "fell" if after < before else "stayed" if after == before else "rose"
    return (
        f"The error {verb} from {formats.in_full(before)} % in {first} to "
        f"{formats.in_full(after)} % in {last}."
    )


def _accuracy_row(one: Accuracy) -> dict[str, Any]:
    return {
        "quarter": one.quarter.label,
        "run_id": one.run_id,
        "errors": [
            {"budget": words, "error": error_words(one.errors[name])}
            for name, words in BUDGETS
        ],
        "calibrated": _yes(one),
    }


def _yes(one: Accuracy) -> str:
    return "yes" if one.is_calibrated else "no"
