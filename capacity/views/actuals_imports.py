"""A sheet of actuals on its way in: upload, preview, confirm."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from capacity.forms.actuals import SheetForm
from capacity.models import ActualsImport
from capacity.rules.actuals.answers import Answer, AnswerRow
from capacity.rules.actuals.judging import Verdict
from capacity.rules.actuals.sheets import SHEETS
from capacity.selectors.actuals_imports import (
    answer_of,
    get_import,
    recent_imports,
    removed_words,
)
from capacity.services.actuals_imports import confirm_actuals, upload_actuals
from portal.kernel import clock
from portal.kernel.access import require
from portal.kernel.errors import NotAllowed, Problem
from portal.kernel.formats import in_full
from portal.kernel.models import User
from portal.kernel.pages.paging import address_with, page_number, paging_for
from portal.kernel.pages.toast import toast
from workloads.services.errors import AlreadyImported
from workloads.views.reasons import why_not

PAGE_SIZE = 100
MOST_RECENT = 10
VERDICTS = (
    (Verdict.ERROR, "With errors", "Error", "stop"),
    (Verdict.CREATE, "New", "New", "ok"),
    (Verdict.CORRECT, "Corrections", "Correction", "wait"),
    (Verdict.UNCHANGED, "Unchanged", "Unchanged", ""),
)
ANY_KIND = "actuals.tokens"


@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """GET offers the form and the newest sheets; POST keeps a sheet with its verdicts."""
    form = SheetForm()
    refused: Problem | None = None
    if request.method == "POST":
        user: User = request.user  # type: ignore[assignment]
        # Which lead, the sheet's kind says; whoever enters no kind uploads none.
        require(user, ANY_KIND)
        form = SheetForm(request.POST, request.FILES)
        if form.is_valid():
            try:
                kept = upload_actuals(
                    content=form.content(),
                    file_name=form.file_name,
                    actor=user,
                    now=clock.now(),
                )
            except NotAllowed:
                raise
            except Problem as problem:
                refused = problem
                form.add_error("sheet", problem.detail)
            else:
                return redirect("capacity:actuals-sheet", sheet_id=kept.pk)
    status = refused.status if refused else 400 if form.errors else 200
    context = {
        "form": form,
        "sheets": [
            (kind, sheet.columns, sheet.optional) for kind, sheet in SHEETS.items()
        ],
        "recent": recent_imports(MOST_RECENT),
        "why": why_not(request.user, ANY_KIND),
        "crumbs": [*_crumbs(), ("Import", None)],
    }
    return render(request, "capacity/actuals/upload.html", context, status=status)


@require_safe
def sheet(request: HttpRequest, sheet_id: int) -> HttpResponse:
    """The verdict of each row, and the button that enters them."""
    kept = get_import(sheet_id)
    answer = answer_of(kept)
    asked = request.GET.get("verdict", "")
    chosen = [row for row in answer.rows if not asked or row.verdict == asked]
    start = (page_number(request) - 1) * PAGE_SIZE
    shown = chosen[start : start + PAGE_SIZE]
    context = {
        "kept": kept,
        "title": f"Sheet {kept.pk}: {kept.file_name or kept.kind}",
        "lede": _lede(kept, answer),
        "crumbs": [
            *_crumbs(),
            ("Import", reverse("capacity:actuals-import")),
            (str(kept.pk), None),
        ],
        "rows_words": _rows(kept.total),
        "applied": kept.applied_at is not None,
        "why": _why_not(request.user, kept, answer),
        "rows": [_row(row) for row in shown],
        "chips": _chips(request, answer, asked),
        "paging": paging_for(
            request, size=PAGE_SIZE, shown=len(shown), total=len(chosen)
        ),
    }
    return render(request, "capacity/actuals/sheet.html", context)


@require_POST
def confirm(request: HttpRequest, sheet_id: int) -> HttpResponse:
    """Enter the sheet, exactly as its preview said, or not at all."""
    user: User = request.user  # type: ignore[assignment]
    address = reverse("capacity:actuals-sheet", args=[sheet_id])
    try:
        kept = confirm_actuals(import_id=sheet_id, actor=user, now=clock.now())
    except AlreadyImported as problem:
        problem.link = address
        raise
    except Problem as problem:
        # What was kept is judged anew, and its page says what moved.
        if problem.status in {409, 422}:
            return redirect(address)
        raise
    toast(request, f"{kept.file_name or 'The sheet'} is entered.")
    return redirect(address)


def _crumbs() -> list[tuple[str, str | None]]:
    return [("Actuals", reverse("capacity:actuals"))]


def _lede(kept: ActualsImport, answer: Answer) -> str:
    parts = [
        f"{in_full(answer.counts[verdict])} {words.lower()}"
        for verdict, words, _, _ in VERDICTS
        if answer.counts[verdict]
    ]
    said = f"{_rows(kept.total)} of {kept.kind}: {', '.join(parts) or 'nothing'}."
    if kept.applied_at is not None:
        return said
    if answer.wrong_rows:
        return f"{said} Nothing of it is entered."
    return f"{said} Nothing is entered until it is confirmed."


def _rows(count: int) -> str:
    return f"{in_full(count)} row{'' if count == 1 else 's'}"


def _why_not(user: Any, kept: ActualsImport, answer: Answer) -> str:
    """Why the button is dashed: who can, or what the sheet needs first."""
    reason = why_not(user, f"actuals.{kept.kind}") or removed_words(kept)
    if reason:
        return reason
    wrong = len(answer.wrong_rows)
    if wrong:
        return (
            f"{_rows(wrong)} {'has' if wrong == 1 else 'have'} errors, and a sheet is "
            "taken whole or not at all. Mend it and upload it again."
        )
    if answer.changes_nothing:
        return "Every row is entered already; there is nothing to enter."
    return ""


def _chips(request: HttpRequest, answer: Answer, asked: str) -> list[dict[str, Any]]:
    counts = answer.counts
    named = [("", "All", len(answer.rows))]
    named += [(str(v), words, counts[v]) for v, words, _, _ in VERDICTS]
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
    word, tone = next((w, t) for v, _, w, t in VERDICTS if v is row.verdict)
    return {
        "row": row.row,
        "said": row.said,
        "verdict": word,
        "tone": tone,
        "figures": row.figures,
        "stands": row.stands,
        "is_correction": row.verdict is Verdict.CORRECT,
        "errors": row.errors,
    }
