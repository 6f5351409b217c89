"""Estimates: the draft as a form, a submitted version to read, two side by side."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from portal.kernel import access, clock
from portal.kernel.errors import Invalid, Problem, Stale
from portal.kernel.pages.refusals import show_refusal
from portal.kernel.pages.seen import note_of, tell
from portal.kernel.pages.toast import toast
from workloads.enums import EstimateState
from workloads.forms.estimates import EstimateForm
from workloads.forms.inputs import labels_in_words
from workloads.models import INPUT_FIELDS, Estimate, Workload
from workloads.rules.estimates import EstimateInputs, missing_inputs, slip_in
from workloads.selectors.estimates import (
    default_inputs,
    etag_of,
    get_estimate,
    inputs_of,
)
from workloads.selectors.plan import get_workload
from workloads.selectors.sizing import sizing_on
from workloads.services.errors import DraftExists
from workloads.services.estimates import edit_draft, open_draft
from workloads.views.budgets import cards_of
from workloads.views.panels import panels_for
from workloads.views.reasons import last_change_of, why_not
from workloads.views.showing import grouped_rows
from workloads.views.versions import crumbs_of, show_version
from workloads.views.words import by_the_system


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, ref: str) -> HttpResponse:
    """Opens with the newest version's inputs: an estimate is mostly a re-estimate."""
    workload = get_workload(ref)
    access.require(request.user, "estimate.write", workload)
    if workload.draft_estimate is not None and request.method != "POST":
        return redirect(_address(workload, workload.draft_estimate.version))
    newest = workload.submitted_estimate
    form = EstimateForm(request.POST or None, inputs=_inputs(newest))
    version = newest.version + 1 if newest else 1
    refused = None
    if _is_pressed(request, form):
        try:
            draft = open_draft(
                number=workload.number,
                actor=request.user,  # type: ignore[arg-type]
                changes=form.changes(),
                now=clock.now(),
            )
        except (Invalid, DraftExists) as problem:
            refused = problem
            show_refusal(form, problem)
        else:
            return _saved(request, workload, draft)
    context = {
        "title": f"Estimate {workload.ref}",
        "lede": (
            f"v{version} opens with the inputs of v{newest.version}."
            if newest
            else f"The first estimate of {workload.name}."
        ),
        "taken": workload.draft_estimate if isinstance(refused, DraftExists) else None,
    }
    return _form_page(request, workload, form, context, refused)


@require_http_methods(["GET", "HEAD", "POST"])
def estimate(request: HttpRequest, ref: str, version: int) -> HttpResponse:
    """A draft is a form for who may write it, and a page to read for everyone else."""
    workload = get_workload(ref)
    found = get_estimate(workload, version)
    if request.method == "POST":
        access.require(request.user, "estimate.write", workload)
    is_draft = found.state == EstimateState.DRAFT
    if request.method == "POST" or (
        is_draft and not why_not(request.user, "estimate.write", workload)
    ):
        return _draft(request, workload, found)
    return show_version(request, workload, found)


@require_POST
def preview(request: HttpRequest, ref: str) -> HttpResponse:
    """The three budgets of what is typed so far; nothing is saved."""
    workload = get_workload(ref)
    access.require(request.user, "estimate.write", workload)
    newest = workload.draft_estimate or workload.submitted_estimate
    form = EstimateForm(request.POST, inputs=_inputs(newest))
    context = {
        "workload": workload,
        "swapped": True,
        **_sized(_typed(form, workload), workload),
    }
    return render(request, "workloads/estimates/_budgets.html", context)


def _draft(request: HttpRequest, workload: Workload, draft: Estimate) -> HttpResponse:
    form = EstimateForm(
        request.POST or None,
        inputs=_inputs(draft),
        note=draft.note,
        seen=etag_of(draft),
    )
    refused: Problem | None = None
    seen = ""
    comparison: list[dict[str, str]] = []
    if _is_pressed(request, form):
        try:
            saved = edit_draft(
                number=workload.number,
                version=draft.version,
                actor=request.user,  # type: ignore[arg-type]
                changes=form.changes(),
                if_match=form.cleaned_data["seen"],
                now=clock.now(),
            )
        except Invalid as problem:
            refused = problem
            show_refusal(form, problem)
        except Stale as problem:
            seen = form.cleaned_data["seen"]
            comparison = _comparison(form, workload, draft)
            if draft.state != EstimateState.DRAFT:
                tell(problem, seen)
                problem.extra["comparison"] = comparison
                raise
            refused = problem
            form = _resend(request, draft)
        else:
            return _saved(request, workload, saved)
    context = {
        "title": f"{workload.ref} v{draft.version}, a draft",
        "lede": (
            f"{workload.name}. {by_the_system(draft)}"
            "A draft changes nothing until it is submitted."
        ),
        "draft": draft,
        "comparison": comparison,
        "stale": (
            note_of(seen, f"{last_change_of(workload)} changed {workload.ref}.")
            if isinstance(refused, Stale)
            else None
        ),
    }
    return _form_page(request, workload, form, context, refused)


def _is_pressed(request: HttpRequest, form: EstimateForm) -> bool:
    """Saving or submitting; recalculating only shows the budgets of what is typed."""
    return (
        request.method == "POST"
        and request.POST.get("do") != "recalculate"
        and form.is_valid()
    )


def _saved(request: HttpRequest, workload: Workload, draft: Estimate) -> HttpResponse:
    missing = missing_inputs(inputs_of(draft))
    if request.POST.get("do") == "submit" and not missing:
        return redirect(
            reverse("workloads:estimate-submit", args=[workload.ref, draft.version])
        )
    lacks = f" It lacks {labels_in_words(missing)}." if missing else ""
    toast(request, f"Draft v{draft.version} is saved.{lacks}")
    return redirect(_address(workload, draft.version))


def _form_page(
    request: HttpRequest,
    workload: Workload,
    form: EstimateForm,
    context: dict[str, Any],
    refused: Problem | None,
) -> HttpResponse:
    context |= {
        "workload": workload,
        "form": form,
        "crumbs": crumbs_of(workload, "Estimate"),
        "preview": reverse("workloads:estimate-preview", args=[workload.ref]),
        "back": reverse("workloads:workload", args=[workload.ref]),
        **_sized(_typed(form, workload), workload),
    }
    status = refused.status if refused else None
    if status is None and form.is_bound and form.errors:
        status = 200 if request.POST.get("do") == "recalculate" else 400
    return render(request, "workloads/estimates/form.html", context, status=status)


def _typed(form: EstimateForm, workload: Workload) -> EstimateInputs:
    primary, degrade = workload.primary_model, workload.degrade_model
    if form.is_bound:
        return form.as_inputs(primary_model=primary, degrade_model=degrade)
    return EstimateInputs(**form.inputs, primary_model=primary, degrade_model=degrade)


def _sized(inputs: EstimateInputs, workload: Workload) -> dict[str, Any]:
    """The budgets at the prices of today, what is lacking, what it does to the plan."""
    now = clock.now()
    sizing = sizing_on(clock.today(now))
    missing, lacks = missing_inputs(inputs), sizing.lacks(workload, inputs)
    budgets = sizing.budgets(inputs)
    return {
        "cards": cards_of(inputs, budgets.as_json()),
        "missing": labels_in_words(missing) if missing else "",
        "lacks": lacks,
        "slip": slip_in(budgets),
        "asks_reason": any(one.field == "ops_reason" for one in lacks),
        "panels": panels_for(workload, budgets, sizing, now),
    }


def _inputs(estimate: Estimate | None) -> dict[str, Any]:
    """Every input: a version's, or the defaults where there is none yet."""
    if estimate is not None:
        return {name: getattr(estimate, name) for name in INPUT_FIELDS}
    blank = dict.fromkeys(INPUT_FIELDS)
    return {**blank, "ops_reason": "", **default_inputs()}


def _resend(request: HttpRequest, draft: Estimate) -> EstimateForm:
    """What was typed stays; sent again, it is sent against the draft of now."""
    data = request.POST.copy()
    data["seen"] = etag_of(draft)
    return EstimateForm(data, inputs=_inputs(draft), note=draft.note)


def _comparison(
    form: EstimateForm, workload: Workload, draft: Estimate
) -> list[dict[str, str]]:
    return [
        {"field": row.label, "yours": row.after, "current": row.before}
        for _, rows in grouped_rows(inputs_of(draft), _typed(form, workload))
        for row in rows
        if not row.same
    ]


def _address(workload: Workload, version: int) -> str:
    return reverse("workloads:estimate", args=[workload.ref, version])
