"""A cell of the plan becomes a field where it stands; without script it has a page."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_safe

from portal.kernel import access, clock
from portal.kernel.errors import Conflict, Invalid, NotFound, Problem, Stale
from portal.kernel.models import User
from portal.kernel.pages.seen import UNSAID
from portal.kernel.pages.toast import toast
from workloads.forms.cells import (
    CELLS,
    Cell,
    CellForm,
    changes_of,
    value_of,
    words_of,
)
from workloads.models import Estimate, Workload
from workloads.selectors.estimates import etag_of
from workloads.selectors.plan import get_workload
from workloads.selectors.plan_marks import submitted_versions
from workloads.selectors.plan_table import row_of
from workloads.services.cells import change_figure, has_factors, newest_version
from workloads.services.plan import edit_workload
from workloads.views.plan_edits import BY_THE_GATE, offer_edits
from workloads.views.plan_rows import cells_of, row_html
from workloads.views.reasons import last_change_of


@dataclass(frozen=True)
class Place:
    """Which cell of which row, and who looks at it."""

    workload: Workload
    column: str
    user: User

    @property
    def cell(self) -> Cell:
        return CELLS[self.column]

    @property
    def address(self) -> str:
        return reverse("workloads:plan-cell", args=[self.workload.ref, self.column])

    @property
    def newest(self) -> Estimate | None:
        return newest_version(self.workload)

    def value(self) -> Any:
        """What the field starts with: of an estimate, what the newest version says."""
        if not self.cell.estimate:
            return value_of(self.column, self.workload)
        return getattr(self.newest, self.cell.estimate) if self.newest else None

    def initial(self) -> dict[str, Any]:
        draft = self.workload.draft_estimate
        return {
            "value": self.value(),
            "if_version": self.workload.version,
            "if_match": etag_of(draft) if draft and self.cell.estimate else "",
        }

    def form(self, data: Any = None) -> CellForm:
        return CellForm(
            data, cell=self.cell, workload=self.workload, initial=self.initial()
        )


@require_http_methods(["GET", "HEAD", "POST"])
def cell(request: HttpRequest, ref: str, column: str) -> HttpResponse:
    """GET shows the field; POST saves it with a version check."""
    if column not in CELLS:
        raise NotFound(f'The plan has no cell "{column}" that is changed in place.')
    user: User = request.user  # type: ignore[assignment]
    place = Place(get_workload(ref), column, user)
    action = "estimate.write" if place.cell.estimate else "workload.edit"
    access.require(user, action, place.workload)
    if request.method != "POST":
        return _field(request, place, place.form())
    form = place.form(request.POST)
    if not form.is_valid():
        return _field(request, place, form, status=400)
    try:
        saved = _save(place, form.cleaned_data)
    except Stale:
        return _stale(request, place, form.cleaned_data)
    except (Invalid, Conflict) as problem:
        return _refused(request, place, form, problem)
    return _saved(request, place, saved)


@require_safe
def row(request: HttpRequest, ref: str) -> HttpResponse:
    """One row as the table has it in edit: what Esc comes back to."""
    workload = get_workload(ref)
    focus = request.GET.get("cell", "")
    return HttpResponse(_row(workload.number, request.user, focus))


def _save(place: Place, sent: dict[str, Any]) -> Estimate | None:
    """The draft that took a figure; None where the row itself did."""
    number, now, value = place.workload.number, clock.now(), sent["value"]
    if place.cell.estimate:
        return change_figure(
            number=number,
            field=place.cell.estimate,
            value=value,
            actor=place.user,
            now=now,
            if_version=sent["if_version"],
            if_match=sent["if_match"],
        )
    edit_workload(
        number=number,
        actor=place.user,
        changes=changes_of(place.column, value),
        now=now,
        if_version=sent["if_version"],
    )
    return None


# --- Answers -------------------------------------------------------------------------


def _field(
    request: HttpRequest,
    place: Place,
    form: CellForm,
    *,
    status: int = 200,
    note: dict[str, str] | None = None,
) -> HttpResponse:
    context = {
        "form": form,
        "cell": place.cell,
        "workload": place.workload,
        "action": place.address,
        "holder": "th" if place.column == "name" else "td",
        "note": note,
        "hint": _hint(place),
        "why": _why(place),
        "factors": reverse("workloads:estimate", args=_estimate_of(place))
        if place.newest
        else "",
        "back": _back(request, place),
        "leave": f"{reverse('workloads:plan-row', args=[place.workload.ref])}"
        f"?cell={place.column}",
    }
    name = "_cell" if getattr(request, "htmx", False) else "cell"
    return render(request, f"workloads/plan/{name}.html", context, status=status)


def _estimate_of(place: Place) -> list[Any]:
    version = place.newest.version if place.newest else 1
    return [place.workload.ref, version]


def _why(place: Place) -> str:
    """Why this cell takes no value here; nothing where it does."""
    if place.column == "tokens" and has_factors(place.newest):
        return "These tokens come from turns and tokens per turn."
    if place.column in BY_THE_GATE and place.workload.gate_decides:
        return "Its gate says it: the next version of the gate can change it."
    return ""


def _hint(place: Place) -> str:
    """Where a figure goes: never into a version that was submitted."""
    if not place.cell.estimate:
        return ""
    draft, newest = place.workload.draft_estimate, place.newest
    shown = place.workload.shown_estimate
    if draft is not None:
        where = f"Goes into draft v{draft.version}."
    elif newest is not None:
        where = f"Opens draft v{newest.version + 1} from v{newest.version}."
    else:
        return "Opens the first draft of its estimate."
    if shown is not None and newest is not None and shown.pk != newest.pk:
        return f"{where} The row shows v{shown.version}, in force."
    return where


def _saved(request: HttpRequest, place: Place, draft: Estimate | None) -> HttpResponse:
    workload = get_workload(place.workload.ref)
    words = f"{place.cell.label} of {workload.ref} is saved."
    apart = draft is not None and workload.shown_estimate_id != draft.pk
    if draft is not None:
        words = f"Draft v{draft.version} of {workload.ref} takes it."
    if not getattr(request, "htmx", False):
        toast(request, words)
        return redirect(_back(request, place))
    note = {"tone": "ok", "fact": words}
    if draft is not None and apart and workload.shown_estimate is not None:
        note |= {
            "sentence": f"The row shows v{workload.shown_estimate.version} until the "
            "draft is submitted and signed.",
            "link": reverse("workloads:estimate", args=[workload.ref, draft.version]),
            "link_label": f"Open v{draft.version}",
        }
    return _swapped(
        workload.ref,
        _row(workload.number, place.user, place.column),
        _said(workload, note) if apart else "",
    )


def _stale(request: HttpRequest, place: Place, sent: dict[str, Any]) -> HttpResponse:
    """Both values side by side; nothing was saved."""
    present = Place(get_workload(place.workload.ref), place.column, place.user)
    fact = f"{last_change_of(present.workload)} was faster."
    note = {
        "tone": "wait",
        "fact": fact if sent["if_version"] else UNSAID,
        "sentence": (
            f"{place.cell.label} of {present.workload.ref} is now "
            f"{words_of(place.column, present.value())}; you typed "
            f"{words_of(place.column, sent['value'])}. Nothing was saved."
        ),
    }
    if getattr(request, "htmx", False):
        note |= {"link": present.address, "link_label": "Change it now"}
        return _swapped(
            present.workload.ref,
            _row(present.workload.number, place.user, place.column),
            _said(present.workload, note),
            status=412,
        )
    data = request.POST.copy()
    for name in ("if_version", "if_match"):
        data[name] = str(present.initial()[name])
    form = present.form(data)
    form.is_valid()
    return _field(request, present, form, status=412, note=note)


def _refused(
    request: HttpRequest, place: Place, form: CellForm, problem: Problem
) -> HttpResponse:
    """At the one field there is, whatever field the use case names."""
    for detail in [error.detail for error in problem.errors] or [problem.detail]:
        form.add_error("value", detail)
    return _field(request, place, form, status=problem.status)


def _row(number: int, user: Any, focus: str) -> str:
    found = row_of(number)
    if found is None:
        raise NotFound("This workload is not in the plan.")
    today = clock.today(clock.now())
    submitted = submitted_versions(
        [found.submitted_id] if found.submitted_id else [], today
    )
    cells = cells_of(found, submitted.get(found.submitted_id or 0), "/plan/?lacks=")
    offer_edits(cells, found, user, focus)
    return row_html(cells)


def _said(workload: Workload, note: dict[str, str]) -> str:
    return render_to_string("workloads/plan/_said.html", {"ref": workload.ref, **note})


def _swapped(ref: str, *parts: str, status: int = 200) -> HttpResponse:
    response = HttpResponse("".join(parts), status=status)
    response["HX-Retarget"] = f"#{ref}"
    response["HX-Reswap"] = "outerHTML"
    return response


def _back(request: HttpRequest, place: Place) -> str:
    """The table as it was, with its filters; only an address of this plan is kept."""
    asked = request.POST.get("back") or request.headers.get("Referer", "")
    parts = urlsplit(asked)
    inside = url_has_allowed_host_and_scheme(asked, {request.get_host()})
    if inside and parts.path == reverse("workloads:plan-table"):
        query = f"?{parts.query}" if parts.query else ""
        return f"{parts.path}{query}#{place.workload.ref}"
    return f"{reverse('workloads:plan-table')}?edit=on#{place.workload.ref}"
