"""A sheet on its way into the plan: upload, preview, confirm, result."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from portal.kernel import clock
from portal.kernel.access import require
from portal.kernel.errors import NotFound, Problem
from portal.kernel.formats import in_full
from portal.kernel.models import User
from portal.kernel.pages.paging import address_with, page_number, paging_for
from portal.kernel.pages.toast import toast
from workloads.enums import ImportState, Status
from workloads.forms.imports import UploadForm
from workloads.models import PlanImport
from workloads.rules.imports.answers import AnswerRow, ImportAnswer
from workloads.rules.imports.verdicts import ImportVerdict
from workloads.rules.sheets.columns import HEADINGS
from workloads.selectors.imports import (
    answer_of,
    get_import,
    recent_imports,
    removed_words,
)
from workloads.services.errors import AlreadyImported, StillJudging
from workloads.services.sheets.writer import (
    CONTENT_TYPES,
    PlainRow,
    write_csv,
    write_xlsx,
)
from workloads.services.uploads import confirm_upload, upload_sheet
from workloads.views.reasons import why_not
from workloads.views.words import lacking_words

PAGE_SIZE = 100
MOST_RECENT = 10
WRITERS = {"csv": write_csv, "xlsx": write_xlsx}
EXAMPLE: tuple[PlainRow, ...] = (
    (
        *("W-01", "Customer support chat", "Sarah", "committed"),
        *(4200, 18, 520_000, 6),
        *("Sonnet→Haiku", "soft-cap", "Q2-2026"),
    ),
    (
        *("", "Marketing copy drafts", "Aisha", "candidate"),
        *(None, None, None, None),
        *("", "", "Q4-2026"),
    ),
)
VERDICTS: tuple[tuple[ImportVerdict, str, str], ...] = (
    (ImportVerdict.ERROR, "With errors", "stop"),
    (ImportVerdict.CREATE, "New", "ok"),
    (ImportVerdict.UPDATE, "Changed", "wait"),
    (ImportVerdict.UNCHANGED, "Unchanged", ""),
)
RUNNING = {ImportState.CHECKING, ImportState.APPLYING}


@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """GET offers the form and the newest sheets; POST keeps a sheet and judges it."""
    form = (
        UploadForm(request.POST, request.FILES)
        if request.method == "POST"
        else UploadForm()
    )
    refused: Problem | None = None
    if request.method == "POST":
        require(request.user, "plan.import")
        if form.is_valid():
            user: User = request.user  # type: ignore[assignment]
            try:
                kept = upload_sheet(
                    content=form.content(),
                    file_name=form.file_name,
                    actor=user,
                    now=clock.now(),
                )
            except Problem as problem:
                refused = problem
                form.add_error("sheet", problem.detail)
            else:
                return redirect("workloads:import", import_id=kept.pk)
    status = refused.status if refused else 400 if form.errors else 200
    context = {
        "form": form,
        "headings": HEADINGS,
        "recent": recent_imports(MOST_RECENT),
        "why": why_not(request.user, "plan.import"),
        "crumbs": [("Plan", reverse("workloads:plan-table")), ("Import", None)],
    }
    return render(request, "workloads/imports/upload.html", context, status=status)


@require_safe
def example(_request: HttpRequest, kind: str) -> HttpResponse:
    """A sheet with the plan's headings and two rows, to start from."""
    if kind not in WRITERS:
        raise NotFound("An example sheet is CSV or XLSX.")
    response = HttpResponse(
        WRITERS[kind](HEADINGS, EXAMPLE), content_type=CONTENT_TYPES[kind]
    )
    response["Content-Disposition"] = f'attachment; filename="plan-example.{kind}"'
    return response


@require_safe
def preview(request: HttpRequest, import_id: int) -> HttpResponse:
    """Where a sheet stands: being judged, judged, being imported, imported."""
    kept = get_import(import_id)
    answer = answer_of(kept)
    context = {
        "kept": kept,
        "title": f"Import {kept.pk}: {kept.file_name or 'a sheet'}",
        "crumbs": [
            ("Plan", reverse("workloads:plan-table")),
            ("Import", reverse("workloads:import-new")),
            (str(kept.pk), None),
        ],
        "running": kept.state in RUNNING and kept.removed_at is None,
        "applied": kept.state == ImportState.APPLIED,
        "lede": _lede(kept, answer),
        "rows_words": _rows(kept.total),
        "why": _why_not_confirm(request.user, kept, answer),
        "may_import": not why_not(request.user, "plan.import"),
        **(_verdicts(request, answer) if answer else {"rows": []}),
    }
    in_place = getattr(request, "htmx", False)
    name = "_progress" if in_place and context["running"] else "preview"
    response = render(request, f"workloads/imports/{name}.html", context)
    if in_place and not context["running"]:
        response["HX-Refresh"] = "true"
    return response


@require_POST
def confirm(request: HttpRequest, import_id: int) -> HttpResponse:
    """Take the sheet into the plan, exactly as the preview said, or not at all."""
    user: User = request.user  # type: ignore[assignment]
    address = reverse("workloads:import", args=[import_id])
    try:
        kept = confirm_upload(import_id=import_id, actor=user, now=clock.now())
    except (AlreadyImported, StillJudging) as problem:
        problem.link = address
        raise
    except Problem as problem:
        # What was kept is judged anew, and its page says what moved.
        if problem.status in {409, 422}:
            return redirect(address)
        raise
    if kept.state == ImportState.APPLIED:
        toast(request, f"{kept.file_name or 'The sheet'} is in the plan.")
    return redirect(address)


# --- What the preview shows ----------------------------------------------------------


def _lede(kept: PlanImport, answer: ImportAnswer | None) -> str:
    rows = _rows(kept.total)
    if kept.removed_at is not None and kept.state != ImportState.APPLIED:
        return f"{rows}. {removed_words(kept)}"
    if kept.state == ImportState.CHECKING or answer is None:
        return f"{rows}, being judged. You can leave this page and come back to it."
    if kept.state == ImportState.APPLYING:
        return f"{rows}, being imported. You can leave this page and come back to it."
    counts = answer.counts
    parts = [
        f"{in_full(counts[verdict])} {words}"
        for verdict, words in (
            (ImportVerdict.CREATE, "new"),
            (ImportVerdict.UPDATE, "changed"),
            (ImportVerdict.UNCHANGED, "unchanged"),
            (ImportVerdict.ERROR, "with errors"),
        )
        if counts[verdict]
    ]
    said = f"{rows}: {', '.join(parts)}."
    if kept.state == ImportState.APPLIED:
        return f"{said} Each new row is a candidate; its status is moved from its page."
    if counts[ImportVerdict.ERROR]:
        return f"{said} Nothing of it is imported."
    if answer.changes_nothing:
        return f"{said} The plan holds them all already."
    return f"{said} Nothing is imported until it is confirmed."


def _rows(count: int) -> str:
    return f"{in_full(count)} row{'' if count == 1 else 's'}"


def _why_not_confirm(user: Any, kept: PlanImport, answer: ImportAnswer | None) -> str:
    """Why the button is dashed: who can, or what the sheet needs first."""
    reason = why_not(user, "plan.import")
    if reason or answer is None or kept.removed_at is not None:
        return reason or removed_words(kept)
    wrong = len(answer.wrong_rows)
    if wrong:
        return (
            f"{in_full(wrong)} row{' has' if wrong == 1 else 's have'} errors, and a "
            "sheet is taken whole or not at all. Mend it and upload it again."
        )
    if answer.changes_nothing and kept.state == ImportState.CHECKED:
        return "The plan holds every row already; there is nothing to import."
    return ""


def _verdicts(request: HttpRequest, answer: ImportAnswer) -> dict[str, Any]:
    asked = request.GET.get("verdict", "")
    chosen = [row for row in answer.rows if not asked or row.verdict == asked]
    start = (page_number(request) - 1) * PAGE_SIZE
    shown = chosen[start : start + PAGE_SIZE]
    return {
        "rows": [_row(row) for row in shown],
        "chips": _chips(request, answer, asked),
        "paging": paging_for(
            request, size=PAGE_SIZE, shown=len(shown), total=len(chosen)
        ),
    }


def _chips(request: HttpRequest, answer: ImportAnswer, asked: str) -> list[Any]:
    counts = answer.counts
    named: Sequence[tuple[str, str, int]] = [
        ("", "All", len(answer.rows)),
        *((str(v), words, counts[v]) for v, words, _ in VERDICTS),
    ]
    return [
        {
            "words": words,
            "count": in_full(count),
            "href": address_with(request, verdict=value, page=None),
            "current": asked == value,
        }
        for value, words, count in named
        if count or value == asked or not value
    ]


def _row(row: AnswerRow) -> dict[str, Any]:
    words, tone = next((w, t) for v, w, t in VERDICTS if v == row.verdict)
    return {
        "row": row.row,
        "ref": row.ref,
        "name": row.name,
        "verdict": words if row.verdict != ImportVerdict.ERROR else "Error",
        "tone": tone,
        "is_new": row.verdict == ImportVerdict.CREATE,
        "asks": ""
        if row.requested_status == Status.CANDIDATE
        else row.requested_status,
        "lacks": lacking_words(row.missing),
        "lacks_count": len(row.missing),
        "changes": row.changes,
        "errors": row.errors,
    }
