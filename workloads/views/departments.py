"""Departments: who a workload belongs to, and who heads each."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from portal.kernel import clock
from portal.kernel.access import require
from portal.kernel.errors import Problem, Stale
from portal.kernel.models import User
from portal.kernel.pages.refusals import show_refusal
from portal.kernel.pages.seen import note_of
from portal.kernel.pages.toast import toast
from portal.kernel.pages.trail import line_of
from portal.kernel.selectors import audit
from workloads.forms.departments import DepartmentForm
from workloads.models import Department
from workloads.selectors.departments import departments, get_department
from workloads.services.departments import (
    DepartmentTaken,
    create_department,
    edit_department,
)
from workloads.views.reasons import why_not

HISTORY_SHOWN = 20


@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Every department with its head and what it has in the plan."""
    context = {
        "departments": list(departments()),
        "why": why_not(request.user, "department.edit"),
        "title": "Departments",
        "lede": "Each workload belongs to one; its head decides budget, limits and waves.",
        "crumbs": [],
    }
    return render(request, "workloads/departments/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    require(request.user, "department.edit")
    form = DepartmentForm(request.POST if request.method == "POST" else None)
    refused: Problem | None = None
    if request.method == "POST" and form.is_valid():
        user: User = request.user  # type: ignore[assignment]
        sent = form.cleaned_data
        try:
            made = create_department(
                actor=user,
                code=sent["code"],
                name=sent["name"],
                head=sent["head"],
                now=clock.now(),
            )
        except DepartmentTaken as problem:
            refused = problem
            form.add_error("name", problem.detail)
        else:
            toast(request, f"{made.name} is a department.")
            return redirect("workloads:departments")
    context = {
        "form": form,
        "title": "Add a department",
        "lede": "",
        "button": "Add it",
        "crumbs": _crumbs("New"),
        "why": "",
    }
    return _page(request, context, refused)


@require_http_methods(["GET", "HEAD", "POST"])
def department(request: HttpRequest, code: str) -> HttpResponse:
    """Its facts and history; for whoever may, the form that changes it."""
    found = get_department(code)
    form = DepartmentForm(
        request.POST if request.method == "POST" else None, department=found
    )
    refused: Problem | None = None
    if request.method == "POST":
        require(request.user, "department.edit")
        if form.is_valid():
            refused = _save(request, found, form)
            if refused is None:
                toast(request, f"{form.cleaned_data['name']} is saved.")
                return redirect("workloads:departments")
    seen = form.cleaned_data.get("if_version") if form.is_bound else None
    if isinstance(refused, Stale):
        found = get_department(code)
        form = _resend(request, found)
    context = {
        "form": form,
        "department": found,
        "title": found.name,
        "lede": _lede(found),
        "button": "Save mine over it" if isinstance(refused, Stale) else "Save",
        "crumbs": _crumbs(found.name),
        "why": why_not(request.user, "department.edit"),
        "stale": (
            note_of(seen, f"{found.name} changed since you read it.")
            if isinstance(refused, Stale)
            else None
        ),
        "lines": _history(found),
    }
    return _page(request, context, refused)


def _save(
    request: HttpRequest, found: Department, form: DepartmentForm
) -> Problem | None:
    """None when it is saved; else why it is not."""
    user: User = request.user  # type: ignore[assignment]
    sent = form.cleaned_data
    try:
        edit_department(
            code=found.code,
            actor=user,
            name=sent["name"],
            head=sent["head"],
            if_version=sent["if_version"],
            now=clock.now(),
        )
    except DepartmentTaken as problem:
        form.add_error("name", problem.detail)
        return problem
    except Stale as problem:
        show_refusal(form, problem)
        return problem
    return None


def _resend(request: HttpRequest, found: Department) -> DepartmentForm:
    """What was typed stays; sent again, it is sent against the version of now."""
    data = request.POST.copy()
    data["if_version"] = str(found.version)
    return DepartmentForm(data, department=found)


def _page(
    request: HttpRequest, context: dict[str, Any], refused: Problem | None
) -> HttpResponse:
    status = refused.status if refused else 400 if context["form"].errors else 200
    return render(
        request, "workloads/departments/department.html", context, status=status
    )


def _lede(found: Department) -> str:
    head = f"Headed by {found.head.display_name}" if found.head else "No head yet"
    count = getattr(found, "workloads", 0)
    return f"{head}. {count} workload{'' if count == 1 else 's'} in the plan."


def _crumbs(name: str) -> list[tuple[str, str | None]]:
    return [("Departments", reverse("workloads:departments")), (name, None)]


def _history(found: Department) -> list[dict[str, Any]]:
    entries = audit.entries(object_=f"department/{found.code}")[:HISTORY_SHOWN]
    lines = [line_of(entry) for entry in entries]
    return [
        {
            "at": line.entry.at,
            "who": line.who,
            "source": line.entry.source,
            "words": line.words,
            "big": False,
            "changes": line.changes,
        }
        for line in lines
    ]
