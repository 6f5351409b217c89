"""One recalibration: its progress and log, each workload's result, and its draft."""

from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from capacity.formulas.recalibration_budgets import COMPUTE_COST
from capacity.models import RecalibrationResult, RecalibrationRun
from capacity.models.recalibration import OPEN
from capacity.selectors.recalibration import get_run, is_newest_drafting, results
from capacity.services.recalibration_offers import take_observed
from capacity.views.recalibration import error_words, period_words, run_row
from portal.kernel import clock, formats
from portal.kernel.models import User
from portal.kernel.pages.paging import page_number, paging_for
from portal.kernel.pages.toast import toast
from portal.kernel.periods import Month, Quarter
from portal.kernel.selectors.numbers import current
from workloads.selectors.plan import get_workload
from workloads.services.sheets.writer import CONTENT_TYPES, write_csv
from workloads.views.reasons import why_not

PAGE_SIZE = 50
SHARES = ("cached_input_share",)
BUDGET_WORDS = {
    "tokens": "Tokens",
    "compute": "Peak sessions",
    COMPUTE_COST: "Compute cost",
    "ops": "Ops hours/week",
}
INPUT_WORDS = {
    "users": "Users",
    "sessions_per_user_month": "Sessions/user/month",
    "turns_per_session": "Turns/session",
    "input_tokens_per_turn": "Input tokens/turn",
    "output_tokens_per_turn": "Output tokens/turn",
    "output_multiplier": "Output multiplier",
    "tool_call_factor": "Tool-call factor",
    "retry_factor": "Retry factor",
    "cached_input_share": "Cached share of input",
    "declared_tokens_per_user_month": "Tokens/user/month, declared",
    "ops_hours_week": "Ops hours/week",
}
HEADINGS = (
    "Workload",
    "Kind",
    "Name",
    "Forecast",
    "Actual",
    "Error",
    "Missing",
    "Draft",
)


@require_safe
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    """Where a run stands; asked by htmx each second while it is open."""
    found = get_run(run_id)
    is_open = found.status in OPEN
    if getattr(request, "htmx", False):
        response = render(
            request, "capacity/recalibration/_progress.html", {"row": run_row(found)}
        )
        if not is_open:
            response["HX-Refresh"] = "true"
        return response
    all_results = results(found)
    total = all_results.count()
    start = (page_number(request) - 1) * PAGE_SIZE
    shown = list(all_results[start : start + PAGE_SIZE])
    takes_over = is_newest_drafting(found)
    held = current()
    money = held.currency
    context: dict[str, Any] = {
        "title": f"{found} of {period_words(found.period)}",
        "lede": _lede(found, held.fiscal_year_starts),
        "crumbs": [
            ("Recalibration", reverse("capacity:recalibration")),
            (str(found), None),
        ],
        "row": run_row(found),
        "is_open": is_open,
        "log": list(found.log.all()),
        "budgets": _figures(found.budgets, BUDGET_WORDS, money),
        "results": [
            _result(one, request.user, money, takes_over=takes_over) for one in shown
        ],
        "paging": paging_for(request, size=PAGE_SIZE, shown=len(shown), total=total),
    }
    return render(request, "capacity/recalibration/run.html", context)


@require_safe
def run_csv(_request: HttpRequest, run_id: int) -> HttpResponse:
    """Every figure of every workload, exact."""
    found = get_run(run_id)
    rows = [
        (
            *(one.workload.ref, kind, name),
            *(_decimal(kept[told]) for told in ("forecast", "actual", "error")),
            " ".join(one.missing),
            f"v{one.draft_version}" if one.draft_version else "",
        )
        for one in results(found)
        for kind, figures, words in (
            ("budget", one.budgets, BUDGET_WORDS),
            ("input", one.inputs, INPUT_WORDS),
        )
        for name in words
        if (kept := figures.get(name)) is not None
    ]
    response = HttpResponse(
        write_csv(HEADINGS, rows), content_type=CONTENT_TYPES["csv"]
    )
    response["Content-Disposition"] = f'attachment; filename="{found}.csv"'
    return response


@require_POST
def take(request: HttpRequest, run_id: int, ref: str) -> HttpResponse:
    """Write what was observed into the open draft, or into a new one."""
    user: User = request.user  # type: ignore[assignment]
    workload = get_workload(ref)
    draft = take_observed(
        run=get_run(run_id), workload=workload, actor=user, now=clock.now()
    )
    toast(request, f"{workload.ref} v{draft.version} states the observed inputs.")
    return redirect("workloads:estimate", workload.ref, draft.version)


def _lede(found: RecalibrationRun, starts: int) -> str:
    by = found.requested_by.display_name if found.requested_by else "The calendar"
    asked = f"{by} asked for it on {found.requested_at:%-d %b %Y at %H:%M} UTC."
    if found.status in OPEN:
        return f"{asked} You can leave this page and come back to it."
    if found.error:
        return f"{asked} It failed."
    return f"{asked} {_verdict(found)}{_so_far(found, starts)}"


def _so_far(found: RecalibrationRun, starts: int) -> str:
    """Said of a period that was not over: its whole forecast is set against a part."""
    if "Q" in found.period:
        ends = Quarter.parse(found.period).last_day(starts)
    else:
        ends = Month.parse(found.period).last_day
    if clock.today(found.requested_at) > ends:
        return ""
    return (
        f" {period_words(found.period)} was not over: its forecast is set against what "
        "was entered so far, and no line of a chart takes it."
    )


def _verdict(found: RecalibrationRun) -> str:
    if found.is_calibrated is None:
        return "A month is compared in tokens alone and drafts nothing."
    if found.is_calibrated:
        return "Every actual of the quarter is there: it is calibrated."
    return "Actuals are missing, so the quarter is not calibrated."


def _result(
    one: RecalibrationResult, user: Any, money: str, *, takes_over: bool
) -> dict[str, Any]:
    draft = one.workload.draft_estimate
    is_own = draft is not None and draft.version == one.draft_version
    return {
        "ref": one.workload.ref,
        "name": one.workload.name,
        "missing": ", ".join(one.missing),
        "off": [INPUT_WORDS.get(name, name) for name in one.off],
        "budgets": _figures(one.budgets, BUDGET_WORDS, money),
        "inputs": _figures(one.inputs, INPUT_WORDS, money, one.off),
        # Still open as the system wrote it: to be looked at and submitted.
        "draft": one.draft_version if is_own else None,
        "drafted": one.draft_version,
        # A person's draft, or none any more: the observed inputs are offered.
        "offer": takes_over and bool(one.off) and not is_own,
        "into": f"v{draft.version}" if draft is not None else "a new draft",
        "why": why_not(user, "estimate.write", one.workload),
    }


def _figures(
    kept: dict[str, Any], words: dict[str, str], money: str, off: Any = ()
) -> list[dict[str, Any]]:
    """In the order in which pages tell them."""
    return [
        {
            "name": label,
            "forecast": _figure(name, kept[name]["forecast"], money),
            "actual": _figure(name, kept[name]["actual"], money),
            "error": error_words(_decimal(kept[name]["error"])),
            "is_off": name in off,
        }
        for name, label in words.items()
        if name in kept
    ]


def _figure(name: str, text: str | None, money: str) -> str:
    value = _decimal(text)
    if value is None:
        return formats.BLANK
    if name == COMPUTE_COST:
        return formats.money(value, money)
    if name in SHARES:
        return formats.share(value)
    # Observed figures are means: two decimals tell them well enough.
    return formats.short(round(value, 2).normalize() if value % 1 else int(value))


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
