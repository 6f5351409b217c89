"""Exceptions of a gate: who has a ceiling of their own, until when, and why."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from capacity.forms.gate_controls import ReasonForm
from capacity.forms.gate_exceptions import ExceptionForm
from capacity.models import Account, GateException
from capacity.runtime.references import hashed
from capacity.selectors.gate_exceptions import (
    exceptions,
    get_exception,
    holds_on,
    tag_of,
)
from capacity.selectors.user_references import may_see_users, shown_reference
from capacity.services.gate_exceptions import end_exception, grant_exception
from capacity.views.gate_actions import crumbs_of
from capacity.views.gate_words import tier_name
from capacity.views.listing import Bar, Chip, as_file, one_of, paged, window
from portal.kernel import access, clock, formats
from portal.kernel.errors import Conflict, NotFound, Problem, Stale
from portal.kernel.models import User
from portal.kernel.pages.refusals import show_refusal
from portal.kernel.pages.toast import toast
from workloads.models import Workload
from workloads.selectors.plan import get_workload
from workloads.views.reasons import why_not

PAGE_SIZE = 25
HEADINGS = (
    "Exception",
    "User",
    "Account",
    "Tier",
    "Ceiling tokens",
    "Reason",
    "Approved by",
    "Created at",
    "Ends on",
    "Ended at",
)


@require_http_methods(["GET", "HEAD", "POST"])
def listing(request: HttpRequest, ref: str) -> HttpResponse:
    """GET lists those of one gate beside the form; POST grants one."""
    workload = get_workload(ref)
    form = ExceptionForm()
    refused: Problem | None = None
    if request.method == "POST":
        access.require(request.user, "gate_exception.grant", workload)
        form = ExceptionForm(request.POST)
        if form.is_valid():
            refused = _grant(request, workload, form)
            if refused is None:
                return redirect("gates:exceptions", workload.ref)
    context = {**_context(request, workload), "form": form}
    status = refused.status if refused else 400 if form.errors else 200
    return render(request, "capacity/gates/exceptions.html", context, status=status)


@require_safe
def export(request: HttpRequest, ref: str, kind: str) -> HttpResponse:
    workload = get_workload(ref)
    may_see = may_see_users(request.user, workload)  # type: ignore[arg-type]
    rows = (
        (
            one.pk,
            shown_reference(one.user_ref, may_see=may_see) if one.user_ref else "",
            one.account.code if one.account else "",
            one.tier,
            one.ceiling_tokens,
            one.reason,
            one.approved_by.username if one.approved_by else "",
            formats.rfc3339(one.created_at),
            f"{one.ends_on}",
            formats.rfc3339(one.ended_at) if one.ended_at else "",
        )
        for one in _rows(request, workload)
    )
    return as_file(f"exceptions-{workload.ref}", kind, HEADINGS, rows)


@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest, ref: str, exception_id: int) -> HttpResponse:
    """GET is the page of one; POST takes it back with a reason."""
    workload = get_workload(ref)
    found = get_exception(exception_id)
    if found.workload_id != workload.pk:
        raise NotFound(f"{workload.ref} has no exception {exception_id}.")
    form = ReasonForm()
    refused: Problem | None = None
    if request.method == "POST":
        access.require(request.user, "gate_exception.grant", workload)
        form = ReasonForm(request.POST)
        if form.is_valid():
            try:
                end_exception(
                    exception_id=found.pk,
                    actor=request.user,  # type: ignore[arg-type]
                    reason=form.cleaned_data["reason"],
                    now=clock.now(),
                    if_match=request.POST.get("if_match") or tag_of(found),
                )
            except (Conflict, Stale) as problem:
                refused = problem
                show_refusal(form, problem)
            else:
                toast(request, f"Exception {found.pk} is taken back.")
                return redirect("gates:exceptions", workload.ref)
    may_see = may_see_users(request.user, workload)  # type: ignore[arg-type]
    row = _row(found, may_see=may_see)
    context = {
        "title": f"Exception {found.pk} of {workload.ref}",
        "lede": row["sentence"],
        "crumbs": crumbs_of(workload, None, f"Exception {found.pk}"),
        "row": row,
        "tag": tag_of(found),
        "form": form,
        "why": why_not(request.user, "gate_exception.grant", workload),
        "api": f"/api/v1/gates/exceptions/{found.pk}/",
    }
    status = refused.status if refused else 400 if form.errors else 200
    return render(request, "capacity/gates/exception.html", context, status=status)


def _grant(
    request: HttpRequest, workload: Workload, form: ExceptionForm
) -> Problem | None:
    """None when it is granted; else why it is not, shown at the fields."""
    sent = form.cleaned_data
    account = Account.objects.filter(code=sent["account"]).first()
    if sent["account"] and account is None:
        form.add_error("account", f'There is no account "{sent["account"]}".')
        return None if form.is_valid() else Conflict("Nothing was granted.")
    user: User = request.user  # type: ignore[assignment]
    try:
        grant_exception(
            number=workload.number,
            actor=user,
            values={
                "tier": sent["tier"],
                "user_ref": hashed(sent["user"]) if sent["user"] else "",
                "account": account,
                "ceiling_tokens": sent["ceiling_tokens"],
                "reason": sent["reason"],
                "ends_on": sent["ends_on"],
            },
            now=clock.now(),
        )
    except Problem as problem:
        show_refusal(form, problem)
        return problem
    toast(request, "The ceiling is raised from the next decision on.")
    return None


def _rows(request: HttpRequest, workload: Workload) -> Any:
    rows = exceptions().filter(workload=workload)
    today = clock.today(clock.now())
    if one_of(request, "show", ("all",)):
        return rows
    return rows.filter(holds_on(today))


def _context(request: HttpRequest, workload: Workload) -> dict[str, Any]:
    may_see = may_see_users(request.user, workload)  # type: ignore[arg-type]
    rows = _rows(request, workload)
    found = [_row(one, may_see=may_see) for one in rows[window(request, PAGE_SIZE)]]
    show = one_of(request, "show", ("all",))
    standing = GateException.objects.filter(
        holds_on(clock.today(clock.now())), workload=workload
    ).count()
    bar = Bar(
        "gates:list",
        chips=[
            Chip("show", "", "Holding now", standing, not show),
            Chip("show", "all", "All", None, bool(show)),
        ],
    )
    told = bar.context(request)
    return {
        "title": f"Exceptions of {workload.ref}",
        "lede": "A ceiling of one user's or one account's own, for a while, by finance.",
        "crumbs": crumbs_of(workload, None, "Exceptions"),
        "workload": workload,
        "rows": found,
        "chips": told["chips"],
        "query": told["query"],
        "show": show,
        "why": why_not(request.user, "gate_exception.grant", workload),
        "may_see": may_see,
        "who_sees": access.who_can("user_reference.see", workload),
        **paged(request, len(found), rows.count(), PAGE_SIZE),
    }


def _row(one: GateException, *, may_see: bool) -> dict[str, Any]:
    today = clock.today(clock.now())
    holds = one.ended_at is None and one.ends_on >= today
    who = (
        one.account.name
        if one.account
        else shown_reference(one.user_ref, may_see=may_see)
    )
    until = formats.day(one.ends_on)
    return {
        "exception": one,
        "who": who,
        "is_user": one.account is None,
        "tier": tier_name(one.tier) if one.tier else "Every tier",
        "holds": holds,
        "sentence": f"{who}: {formats.short(one.ceiling_tokens)} tokens a month until "
        f"{until}."
        if holds
        else "It holds no more: the tier's own ceiling counts.",
    }
