"""Proposing a workload, and editing its row with a version check."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portal.kernel import access, clock, formats
from portal.kernel.errors import Conflict, Invalid, Problem, Stale
from portal.kernel.models import User
from portal.kernel.pages.refusals import show_refusal
from portal.kernel.pages.seen import NEVER, note_of
from portal.kernel.pages.toast import toast
from portal.kernel.periods import Quarter
from portal.kernel.selectors.numbers import current
from workloads.forms.workloads import WorkloadForm, values_of
from workloads.models import Workload
from workloads.selectors.plan import get_workload, next_ref
from workloads.services.errors import NameTaken
from workloads.services.plan import edit_workload, propose_workload
from workloads.views.reasons import last_change_of

QUARTERS_OFFERED = 8
FIELD_OF = {"name_taken": "name", "quarter_is_committed": "ship_quarter"}


@require_http_methods(["GET", "HEAD", "POST"])
def propose(request: HttpRequest) -> HttpResponse:
    access.require(request.user, "workload.propose")
    user: User = request.user  # type: ignore[assignment]
    form = WorkloadForm(request.POST or None)
    if request.method != "POST":
        form.initial = {"owner": user if user.has_role("owner") else None}
    refused = None
    if request.method == "POST" and form.is_valid():
        try:
            workload = propose_workload(
                actor=user,
                values=form.values(),
                stakeholders=form.cleaned_data["stakeholders"],
                now=clock.now(),
            )
        except (Invalid, NameTaken) as problem:
            refused = problem
            _show(form, problem)
        else:
            toast(request, f"{workload.ref} {workload.name} is in the plan.")
            return redirect("workloads:workload", ref=workload.ref)
    ref = next_ref()
    context = {
        "form": form,
        "title": "Propose a workload",
        "lede": f"It enters the plan as a candidate, most likely as {ref}.",
        "crumbs": [("Plan", reverse("workloads:plan-table")), ("Propose", None)],
        "button": "Propose it",
        "back": reverse("workloads:plan-table"),
    }
    return _page(request, context, refused)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, ref: str) -> HttpResponse:
    workload = get_workload(ref)
    access.require(request.user, "workload.edit", workload)
    form = WorkloadForm(request.POST or None, workload=workload)
    refused: Problem | None = None
    seen = NEVER
    comparison: list[dict[str, str]] = []
    if request.method == "POST" and form.is_valid():
        try:
            edit_workload(
                number=workload.number,
                actor=request.user,  # type: ignore[arg-type]
                changes=form.values(),
                stakeholders=form.cleaned_data["stakeholders"],
                if_version=form.cleaned_data["if_version"],
                now=clock.now(),
            )
        except Stale as problem:
            refused = problem
            seen = form.cleaned_data["if_version"]
            comparison = _comparison(form, workload)
            form = _resend(request, workload)
        except Conflict as problem:
            refused = problem
            _show(form, problem)
        else:
            toast(request, f"{workload.ref} is saved.")
            return redirect("workloads:workload", ref=workload.ref)
    context = {
        "form": form,
        "title": f"Edit {workload.ref}",
        "lede": f"{workload.name}, {workload.status}. Its status is moved from its page.",
        "crumbs": [
            ("Plan", reverse("workloads:plan-table")),
            (workload.ref, reverse("workloads:workload", args=[workload.ref])),
            ("Edit", None),
        ],
        "button": "Save mine over it" if comparison else f"Save {workload.ref}",
        "back": reverse("workloads:workload", args=[workload.ref]),
        "stale": (
            note_of(seen, f"{last_change_of(workload)} changed {workload.ref}.")
            if isinstance(refused, Stale)
            else None
        ),
        "comparison": comparison,
    }
    return _page(request, context, refused)


def _page(
    request: HttpRequest, context: dict[str, Any], refused: Problem | None
) -> HttpResponse:
    starts = current().fiscal_year_starts
    first = Quarter.of(clock.today(clock.now()), starts)
    context["quarters"] = [first.plus(n).label for n in range(QUARTERS_OFFERED)]
    status = refused.status if refused else None
    if context["form"].errors and status is None:
        status = 400
    return render(request, "workloads/workload/form.html", context, status=status)


def _show(form: WorkloadForm, problem: Problem) -> None:
    """At the field that it is about, where the refusal names none itself."""
    field = FIELD_OF.get(problem.code, "owner" if "owner" in problem.code else "")
    if problem.errors or not field:
        show_refusal(form, problem)
    else:
        form.add_error(field, problem.detail)


def _resend(request: HttpRequest, workload: Workload) -> WorkloadForm:
    """What was typed stays; sent again, it is sent against the version of now."""
    data = request.POST.copy()
    data["if_version"] = str(workload.version)
    return WorkloadForm(data, workload=workload)


def _comparison(form: WorkloadForm, workload: Workload) -> list[dict[str, str]]:
    now = values_of(workload)
    return [
        {
            "field": str(
                form.fields[name].label or name.replace("_", " ").capitalize()
            ),
            "yours": _words(name, sent),
            "current": _words(name, now[name]),
        }
        for name, sent in form.cleaned_data.items()
        if name != "if_version" and _plain(sent) != _plain(now[name])
    ]


def _plain(value: Any) -> Any:
    if hasattr(value, "__iter__") and not isinstance(value, str):
        return sorted(one.pk for one in value)
    return value


def _words(name: str, value: Any) -> str:
    if name == "ship_quarter":
        return formats.quarter(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if hasattr(value, "__iter__") and not isinstance(value, str):
        return ", ".join(str(one) for one in value) or formats.BLANK
    return formats.BLANK if value in (None, "") else str(value).replace("_", " ")
