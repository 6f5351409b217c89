"""Kill switches: what stands, what stood, throwing one and lifting it."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from capacity.enums import SwitchScope
from capacity.forms.gate_controls import ReasonForm, SwitchForm
from capacity.models import KillSwitch
from capacity.selectors.gate_targets import target_of
from capacity.selectors.kill_switches import get_switch, standing_switches, tag_of
from capacity.services.kill_switches import lift_switch, require_thrower, throw_switch
from capacity.views.listing import (
    Bar,
    Chip,
    Choice,
    as_file,
    one_of,
    paged,
    text_of,
    window,
)
from portal.kernel import access, clock, formats
from portal.kernel.errors import Conflict, Problem, Stale
from portal.kernel.models import User
from portal.kernel.pages.refusals import show_refusal
from portal.kernel.pages.toast import toast
from workloads.models import Department
from workloads.views.reasons import why_not

PAGE = "gates:switches"
SCOPES = {
    SwitchScope.WORKLOAD: "workload",
    SwitchScope.AGENT: "agent",
    SwitchScope.DEPARTMENT: "department",
    SwitchScope.ALL: "everything",
}
HEADINGS = (
    "Scope",
    "Target",
    "Reason",
    "Thrown at",
    "Thrown by",
    "Lifted at",
    "Lifted by",
    "Lifted because",
)


@require_http_methods(["GET", "HEAD", "POST"])
def switches(request: HttpRequest) -> HttpResponse:
    """GET lists switches beside the form; POST throws one."""
    form = SwitchForm(initial=_initial(request))
    refused: Problem | None = None
    if request.method == "POST":
        form = SwitchForm(request.POST)
        user: User = request.user  # type: ignore[assignment]
        scope = request.POST.get("scope", "")
        # Who may not stop this is told so before anything is said of the form.
        require_thrower(user, scope, _target(scope, request.POST.get("target", "")))
        if form.is_valid():
            refused = _throw(request, form, user)
            if refused is None:
                return redirect(PAGE)
            show_refusal(form, refused)
    status = refused.status if refused else 400 if form.errors else 200
    context = {**_context(request), "form": form, "why": _why(request.user)}
    return render(request, "capacity/gates/switches.html", context, status=status)


@require_safe
def export(request: HttpRequest, kind: str) -> HttpResponse:
    rows = (
        (
            one.scope,
            one.target,
            one.reason,
            formats.rfc3339(one.thrown_at),
            one.thrown_by.username if one.thrown_by else "",
            formats.rfc3339(one.lifted_at) if one.lifted_at else "",
            one.lifted_by.username if one.lifted_by else "",
            one.lift_reason,
        )
        for one in _rows(request)
    )
    return as_file("kill-switches", kind, HEADINGS, rows)


@require_http_methods(["GET", "HEAD", "POST"])
def lift(request: HttpRequest, switch_id: int) -> HttpResponse:
    """GET is the page of one switch; POST lifts it with a reason."""
    found = get_switch(switch_id)
    form = ReasonForm()
    refused: Problem | None = None
    if request.method == "POST":
        access.require(request.user, "kill_switch.lift")
        form = ReasonForm(request.POST)
        if form.is_valid():
            try:
                lift_switch(
                    id=found.pk,
                    reason=form.cleaned_data["reason"],
                    actor=request.user,  # type: ignore[arg-type]
                    now=clock.now(),
                    if_match=request.POST.get("if_match") or tag_of(found),
                )
            except (Conflict, Stale) as problem:
                refused = problem
                show_refusal(form, problem)
            else:
                toast(request, f"{_named(found)} is let through again.")
                return redirect(PAGE)
    context = {
        "title": f"Kill switch of {_named(found, capital=False)}",
        "crumbs": [
            ("Gates", reverse("gates:list")),
            ("Kill switches", reverse(PAGE)),
            (f"Switch {found.pk}", None),
        ],
        "lede": "Every call of it is held."
        if found.lifted_at is None
        else "It is lifted and holds nothing any more.",
        "row": _row(found, _names()),
        "tag": tag_of(found),
        "form": form,
        "why": why_not(request.user, "kill_switch.lift"),
        "api": f"/api/v1/gates/kill-switches/{found.pk}/",
    }
    status = refused.status if refused else 400 if form.errors else 200
    return render(request, "capacity/gates/switch.html", context, status=status)


def _throw(request: HttpRequest, form: SwitchForm, user: User) -> Problem | None:
    sent = form.cleaned_data
    try:
        made = throw_switch(
            scope=SwitchScope(sent["scope"]),
            target=_target(sent["scope"], sent["target"]),
            reason=sent["reason"],
            actor=user,
            now=clock.now(),
        )
    except Problem as problem:
        if problem.status == 403:
            raise
        return problem
    name = _named(made.row)
    toast(
        request,
        f"{name} is held from the next decision on."
        if made.is_new
        else f"{name} was held already; nothing changed.",
        undo=("See the switch", reverse("gates:switch", args=[made.row.pk])),
    )
    return None


def _target(scope: str, target: str) -> str | None:
    return None if scope == SwitchScope.ALL else target.strip()


def _initial(request: HttpRequest) -> dict[str, str]:
    scope = one_of(request, "stop", SwitchScope)
    return {"scope": scope, "target": text_of(request, "target")} if scope else {}


def _why(user: Any) -> str:
    """Nothing for whoever may stop anything; an owner may stop their own."""
    if access.allows(user, "kill_switch.throw"):
        return ""
    owns = (
        Department.objects.filter(head=user.pk).exists()
        or user.workloads_owned.exists()
    )
    return "" if owns else why_not(user, "kill_switch.throw")


def _rows(request: HttpRequest) -> Any:
    rows = KillSwitch.objects.select_related("thrown_by", "lifted_by")
    for word in text_of(request, "q").split():
        rows = rows.filter(Q(target__icontains=word) | Q(reason__icontains=word))
    scope = one_of(request, "scope", SwitchScope)
    if scope:
        rows = rows.filter(scope=scope)
    show = one_of(request, "show", ("standing", "lifted"))
    if show:
        rows = rows.filter(lifted_at__isnull=show == "standing")
    oldest = one_of(request, "order", ("oldest",))
    return rows.order_by("id" if oldest else "-id")


def _context(request: HttpRequest) -> dict[str, Any]:
    rows, names = _rows(request), _names()
    shown = [_row(one, names) for one in rows[window(request)]]
    standing = standing_switches().count()
    show = one_of(request, "show", ("standing", "lifted"))
    bar = Bar(
        PAGE,
        text_of(request, "q"),
        [
            Choice(
                "scope",
                "What stops",
                [("", "Anything"), *((str(k), v) for k, v in SCOPES.items())],
                one_of(request, "scope", SwitchScope),
            ),
            Choice(
                "order",
                "Order",
                [("", "Newest first"), ("oldest", "Oldest first")],
                one_of(request, "order", ("oldest",)),
            ),
        ],
        [
            Chip("show", "", "All", None, not show),
            Chip("show", "standing", "Standing", standing, show == "standing"),
            Chip("show", "lifted", "Lifted", None, show == "lifted"),
        ],
        kept=[("show", show)] if show else [],
        dropped=("page", "stop", "target"),
    )
    return {
        "title": "Kill switches",
        "lede": _lede(standing),
        "rows": shown,
        "standing": standing,
        "is_narrowed": bool(bar.search or show or request.GET.get("scope")),
        **bar.context(request),
        **paged(request, len(shown), rows.count()),
    }


def _lede(standing: int) -> str:
    if not standing:
        return "None stands. A switch holds every call of its target from the next decision on."
    stand = "One switch stands" if standing == 1 else f"{standing} switches stand"
    return f"{stand}: what they name is held until someone lifts them."


def _names() -> dict[str, str]:
    return dict(Department.objects.values_list("code", "name"))


def _named(one: KillSwitch, *, capital: bool = True) -> str:
    found = target_of(one.scope, one.target or None)
    name = found.ref if found else one.target
    if one.scope == SwitchScope.WORKLOAD:
        return name
    return access.capitalised(name) if capital else name


def _row(one: KillSwitch, names: dict[str, str]) -> dict[str, Any]:
    return {
        "switch": one,
        "scope": SCOPES[SwitchScope(one.scope)],
        "name": _name(one, names),
        "href": _href(one),
        "stands": one.lifted_at is None,
    }


def _name(one: KillSwitch, names: dict[str, str]) -> str:
    if one.scope == SwitchScope.ALL:
        return "Everything"
    return (
        names.get(one.target, one.target) if one.scope == "department" else one.target
    )


def _href(one: KillSwitch) -> str:
    if one.scope == SwitchScope.WORKLOAD:
        return reverse("gates:gate", args=[one.target])
    if one.scope == SwitchScope.DEPARTMENT:
        return reverse("workloads:department", args=[one.target])
    return ""
