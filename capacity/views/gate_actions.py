"""What a person may do with one version: shadow, activate, withdraw an opt-in, compare."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from capacity.enums import GateState
from capacity.forms.gate_controls import ReasonForm
from capacity.models import GatePolicy
from capacity.selectors.gates import OPEN_STATES, awaiting, get_gate
from capacity.services.gates import activate_gate, shadow_gate, withdraw_opt_in
from capacity.views.gate_words import STATE_WORDS, tier_name, told_tiers
from portal.kernel import access, clock, formats
from portal.kernel.enums import Role
from portal.kernel.errors import Conflict, NotFound, Problem
from portal.kernel.models import User
from portal.kernel.pages.refusals import show_refusal
from portal.kernel.pages.toast import toast
from portal.kernel.selectors import numbers
from workloads.models import Workload
from workloads.selectors.plan import get_workload
from workloads.views.reasons import why_not


@require_POST
def shadow(request: HttpRequest, ref: str, version: int) -> HttpResponse:
    workload = get_workload(ref)
    shadow_gate(**_press(request, workload, version))
    toast(
        request, f"Gate v{version} decides in shadow: it is recorded, and holds nobody."
    )
    return redirect("gates:gate", workload.ref)


@require_POST
def activate(request: HttpRequest, ref: str, version: int) -> HttpResponse:
    """The first of two people agrees; the second activates."""
    workload = get_workload(ref)
    done = activate_gate(**_press(request, workload, version))
    awaits = awaiting(done)
    if awaits:
        who = "finance" if awaits == "finance" else "its owner"
        toast(request, f"You agreed to gate v{version}. It awaits {who}.")
        return redirect("gates:version", workload.ref, version)
    toast(request, f"Gate v{version} is active from the next decision on.")
    return redirect("gates:gate", workload.ref)


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, ref: str, version: int, tier: str) -> HttpResponse:
    """Withdraw a tier's consent to be metered, with a reason."""
    workload = get_workload(ref)
    gate = get_gate(workload, version)
    if tier not in {one.tier for one in gate.tiers.all()}:
        raise NotFound(f"Gate v{version} of {workload.ref} has no tier {tier}.")
    form = ReasonForm()
    refused: Problem | None = None
    if request.method == "POST":
        access.require(request.user, "opt_in.withdraw", workload)
        form = ReasonForm(request.POST)
        if form.is_valid():
            try:
                withdraw_opt_in(
                    number=workload.number,
                    version=version,
                    tier=tier,
                    actor=request.user,  # type: ignore[arg-type]
                    reason=form.cleaned_data["reason"],
                    now=clock.now(),
                )
            except Conflict as problem:
                refused = problem
                show_refusal(form, problem)
            else:
                toast(request, f"{tier_name(tier)} is a hard cap from now on.")
                return redirect("gates:gate", workload.ref)
    context = {
        "title": f"Withdraw the opt-in of {tier_name(tier)}",
        "lede": "From the next decision on the tier is held at its ceiling, as a hard cap.",
        "crumbs": crumbs_of(workload, version, "Withdraw an opt-in"),
        "form": form,
        "why": why_not(request.user, "opt_in.withdraw", workload),
    }
    status = refused.status if refused else 400 if form.errors else 200
    return render(request, "capacity/gates/withdraw.html", context, status=status)


@require_safe
def compare(request: HttpRequest, ref: str, version: int, other: int) -> HttpResponse:
    """Two versions side by side; the older stands left."""
    workload = get_workload(ref)
    before, after = (get_gate(workload, one) for one in sorted((version, other)))
    currency = numbers.current().currency
    context = {
        "title": f"{workload.ref}: gate v{before.version} beside v{after.version}",
        "lede": f"{workload.name}. What each version says; what differs is marked.",
        "crumbs": crumbs_of(workload, after.version, "Compare"),
        "before": before,
        "after": after,
        "before_state": STATE_WORDS[GateState(before.state)],
        "after_state": STATE_WORDS[GateState(after.state)],
        "tiers": _tiers_beside(before, after, currency),
        "facts": _facts_beside(before, after, currency),
    }
    return render(request, "capacity/gates/compare.html", context)


def crumbs_of(
    workload: Workload, version: int | None, last: str
) -> list[tuple[str, str | None]]:
    crumbs: list[tuple[str, str | None]] = [
        ("Gates", reverse("gates:list")),
        (f"{workload.ref} {workload.name}", reverse("gates:gate", args=[workload.ref])),
    ]
    if version is not None:
        href = reverse("gates:version", args=[workload.ref, version])
        crumbs.append((f"v{version}", href))
    return [*crumbs, (last, None)]


def actions_of(gate: GatePolicy, user: Any, now: datetime) -> list[dict[str, Any]]:
    """Presses of a version that is not in force yet, each with why it is shut."""
    if gate.state not in OPEN_STATES:
        return []
    workload = gate.workload
    args = [workload.ref, gate.version]
    steps = []
    if gate.state == GateState.DRAFT:
        steps.append(
            {
                "label": "Put it in shadow",
                "href": reverse("gates:shadow", args=args),
                "kind": "",
                "why": why_not(user, "gate.draft", workload),
                "hint": "It decides beside the active one and is only recorded; it "
                "cannot be edited then.",
            }
        )
    seat = _seat(gate, user)
    steps.append(
        {
            "label": f"Activate as {seat}" if seat else "Activate it",
            "href": reverse("gates:activate", args=args),
            "kind": "go",
            "why": _why_activate(gate, user, seat, now),
            "hint": _awaits_words(gate),
        }
    )
    return steps


def _seat(gate: GatePolicy, user: Any) -> str:
    if user.pk == gate.workload.owner_id and gate.owner_agreed_by_id is None:
        return "its owner"
    return "finance" if user.has_role(Role.FINANCE) else ""


def _why_activate(gate: GatePolicy, user: Any, seat: str, now: datetime) -> str:
    shut = why_not(user, "gate.activate", gate.workload)
    if shut:
        return shut
    if user.pk in (gate.owner_agreed_by_id, gate.finance_agreed_by_id):
        awaits = "finance" if awaiting(gate) == "finance" else "its owner"
        return f"You agreed already. It awaits {awaits}: two people activate a gate."
    told = gate.notice_activates_on
    is_second = awaiting(gate) is not None
    if is_second and told is not None and told > clock.today(now):
        return (
            f"Its users were told of {formats.day(told)}: from that day on it can be."
        )
    return "" if seat else f"It awaits {awaiting(gate)}."


def _awaits_words(gate: GatePolicy) -> str:
    owner = gate.workload.owner_name or "its owner"
    by_owner = (gate.owner_agreed_by, gate.owner_agreed_at, "its owner", "finance")
    by_finance = (gate.finance_agreed_by, gate.finance_agreed_at, "finance", owner)
    for person, at, seat, awaits in (by_owner, by_finance):
        if person is not None and at is not None:
            on = formats.day(clock.today(at))
            return f"{person.display_name} agreed as {seat} on {on}. Awaits {awaits}."
    return f"Two people activate it: {owner} as its owner, and finance. Nobody has yet."


def _press(request: HttpRequest, workload: Workload, version: int) -> dict[str, Any]:
    user: User = request.user  # type: ignore[assignment]
    return {
        "number": workload.number,
        "version": version,
        "actor": user,
        "now": clock.now(),
        "if_match": request.POST.get("if_match") or None,
    }


def _tiers_beside(
    before: GatePolicy, after: GatePolicy, currency: str
) -> list[dict[str, Any]]:
    left = {one["tier"].tier: one for one in told_tiers(before, currency)}
    right = {one["tier"].tier: one for one in told_tiers(after, currency)}
    rows = []
    for code in dict.fromkeys([*left, *right]):
        old, new = left.get(code), right.get(code)
        rows.append(
            {
                "name": tier_name(code),
                "before": old,
                "after": new,
                "differs": _said(old) != _said(new),
            }
        )
    return rows


def _said(tier: dict[str, Any] | None) -> tuple[Any, ...]:
    return (tier["sentence"], tier["origin"]) if tier else ()


def _facts_beside(
    before: GatePolicy, after: GatePolicy, currency: str
) -> list[tuple[str, str, str, bool]]:
    told = []
    for name, read in FACTS:
        old, new = read(before, currency), read(after, currency)
        if old or new:
            told.append((name, old or formats.BLANK, new or formats.BLANK, old != new))
    return told


def _money(value: Any, currency: str) -> str:
    return formats.money(value, currency) if value is not None else ""


def _date(value: Any) -> str:
    return formats.day(value) if value is not None else ""


FACTS: tuple[tuple[str, Callable[[GatePolicy, str], str]], ...] = (
    ("Mode", lambda one, _: str(one.mode)),
    ("Primary model", lambda one, _: one.primary_model),
    ("Degrades to", lambda one, _: one.degrade_model),
    ("While unreachable", lambda one, _: str(one.on_unreachable)),
    ("Users are told of", lambda one, _: _date(one.notice_activates_on)),
    ("Notice", lambda one, _: one.notice_text),
    ("Told nobody because", lambda one, _: one.no_notice_reason),
    ("Observes until", lambda one, _: _date(one.ends_on)),
    ("May cost a month", lambda one, currency: _money(one.spend_limit, currency)),
)
