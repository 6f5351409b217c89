"""Success criteria and production readiness: the list, and the form under it."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from portal.kernel import access, clock
from portal.kernel.errors import Invalid, Stale
from portal.kernel.formats import BLANK, day, in_full
from portal.kernel.pages.refusals import show_refusal
from portal.kernel.pages.seen import seen_moment, tell
from portal.kernel.pages.toast import toast
from portal.kernel.selectors import numbers
from workloads.enums import ReadinessCheck
from workloads.forms.criteria import CHECK_WORDS, CriterionForm, ReadinessForm
from workloads.models import Workload
from workloads.selectors.criteria import criteria_stamp, readiness_stamp
from workloads.selectors.plan import get_workload
from workloads.services.criteria import (
    record_readiness,
    remove_criterion,
    write_criterion,
)
from workloads.views.reasons import why_not

# By these a record is found, so they never differ.
KEYS = frozenset({"metric", "item", "seen"})


@require_http_methods(["GET", "HEAD", "POST"])
def criteria(request: HttpRequest, ref: str) -> HttpResponse:
    workload = get_workload(ref)
    form = CriterionForm(
        request.POST or None, initial={"seen": criteria_stamp(workload)}
    )
    if request.method == "POST":
        access.require(request.user, "criteria.edit", workload)
        if form.is_valid():
            _write(request, workload, form)
            return redirect("workloads:criteria", ref=workload.ref)
    context = {
        "criteria": list(workload.criteria.select_related("written_by")),
        "form": form,
        "title": "Success criteria",
        "lede": "What must be better afterwards, written before it is built. "
        "The same metric again takes the new values.",
        "why": why_not(request.user, "criteria.edit", workload),
        **_around(workload, "Success criteria"),
    }
    return _page(request, "workloads/criteria/page.html", context, form)


def _write(request: HttpRequest, workload: Workload, form: CriterionForm) -> None:
    sent = dict(form.cleaned_data)
    seen = sent.pop("seen")
    try:
        written = write_criterion(
            number=workload.number,
            actor=request.user,  # type: ignore[arg-type]
            if_seen=seen,
            now=clock.now(),
            **sent,
        )
    except Stale as problem:
        present = workload.criteria.filter(metric=sent["metric"]).first()
        raise _told(problem, form, present, request.path) from None
    toast(request, f"Criterion “{written.metric}” is written.")


@require_POST
def remove(request: HttpRequest, ref: str, criterion_id: int) -> HttpResponse:
    workload = get_workload(ref)
    seen = request.POST.get("written_at", "")
    try:
        remove_criterion(
            number=workload.number,
            criterion_id=criterion_id,
            actor=request.user,  # type: ignore[arg-type]
            if_written_at=seen_moment(seen),
            now=clock.now(),
        )
    except Stale as problem:
        tell(problem, seen)
        problem.link = reverse("workloads:criteria", args=[workload.ref])
        raise
    toast(request, "The criterion is removed; the trail keeps it.")
    return redirect("workloads:criteria", ref=workload.ref)


@require_http_methods(["GET", "HEAD", "POST"])
def readiness(request: HttpRequest, ref: str) -> HttpResponse:
    workload = get_workload(ref)
    form = ReadinessForm(
        request.POST or None, initial={"seen": readiness_stamp(workload)}
    )
    if request.method == "POST":
        access.require(request.user, "readiness.edit", workload)
        if form.is_valid() and _record(request, workload, form):
            return redirect("workloads:readiness", ref=workload.ref)
    done = {
        item.item: item for item in workload.readiness.select_related("recorded_by")
    }
    least = numbers.current().load_test_peak_factor
    context = {
        "rows": [
            {"words": CHECK_WORDS[check], "item": done.get(check)}
            for check in ReadinessCheck
        ],
        "least": least,
        "form": form,
        "title": "Production readiness",
        "lede": "Five proofs, each with a link and a day. Recording one again replaces "
        "the earlier.",
        "why": why_not(request.user, "readiness.edit", workload),
        **_around(workload, "Production readiness"),
    }
    return _page(request, "workloads/readiness/page.html", context, form)


def _record(request: HttpRequest, workload: Workload, form: ReadinessForm) -> bool:
    found = form.cleaned_data
    try:
        record_readiness(
            number=workload.number,
            actor=request.user,  # type: ignore[arg-type]
            item=ReadinessCheck(found["item"]),
            link=found["link"],
            done_on=found["done_on"],
            load_test_factor=found["load_test_factor"],
            if_seen=found["seen"],
            now=clock.now(),
        )
    except Invalid as problem:
        show_refusal(form, problem)
        return False
    except Stale as problem:
        present = workload.readiness.filter(item=found["item"]).first()
        raise _told(problem, form, present, request.path) from None
    toast(request, f"{CHECK_WORDS[ReadinessCheck(found['item'])]}: on record.")
    return True


def _told(problem: Stale, form: forms.Form, present: Any, address: str) -> Stale:
    """With what was typed beside what stands there now."""
    tell(problem, form.cleaned_data["seen"])
    problem.extra["ways"] = [("Read the list again", address)]
    problem.extra["comparison"] = [
        {
            "field": str(form[name].label),
            "yours": _shown(form.cleaned_data[name]),
            "current": _shown(getattr(present, name, None)),
        }
        for name in form.cleaned_data
        if name not in KEYS and form.cleaned_data[name] != getattr(present, name, None)
    ]
    return problem


def _shown(value: Any) -> str:
    if isinstance(value, date):
        return day(value)
    if isinstance(value, Decimal):
        return in_full(value)
    return str(value or BLANK)


def _around(workload: Workload, name: str) -> dict[str, Any]:
    return {
        "workload": workload,
        "crumbs": [
            ("Plan", reverse("workloads:plan-table")),
            (workload.ref, reverse("workloads:workload", args=[workload.ref])),
            (name, None),
        ],
    }


def _page(
    request: HttpRequest, template: str, context: dict[str, Any], form: Any
) -> HttpResponse:
    return render(request, template, context, status=400 if form.errors else None)
