"""Approvals: one inbox for all roles. Sign, refuse with a reason, renew, withdraw."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portal.kernel import clock
from portal.kernel.errors import Conflict, Invalid, NotAllowed, NotFound, Stale
from portal.kernel.models import User
from portal.kernel.pages.paging import page_number, paging_for
from portal.kernel.pages.toast import toast
from workloads.enums import EstimateState, SignRole, Verdict
from workloads.models import Estimate, Workload
from workloads.rules.estimates import count_sources
from workloads.selectors.approvals import (
    MOST_SHOWN,
    WaitingSignature,
    count_waiting_for,
    overdue_after,
    waiting_on,
    waiting_signatures,
)
from workloads.selectors.estimates import get_estimate, inputs_of
from workloads.selectors.people import barred_from_signing, people_with_a_say
from workloads.selectors.plan import get_workload
from workloads.services.signoff_ends import withdraw_signature
from workloads.services.signoffs import Press, sign
from workloads.views.effects import effects_of
from workloads.views.queue import lede_of, line_of, what_follows, what_is_signed
from workloads.views.signatures import shown_signatures, who_can_sign
from workloads.views.tickets import last_signed, ticket_of
from workloads.views.versions import crumbs_of, sources_in_words

OTHERS_A_PAGE = 50


@dataclass(frozen=True)
class Asked:
    """The signature that the address names; `item` is None when it no longer waits."""

    workload: Workload
    estimate: Estimate
    role: SignRole
    item: WaitingSignature | None


@require_http_methods(["GET", "HEAD"])
def approvals(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    items = waiting_signatures(request.user, now)  # type: ignore[arg-type]
    first = items[0] if items else None
    asked = Asked(first.workload, first.estimate, first.role, first) if first else None
    return _inbox(request, items, asked, now)


@require_http_methods(["GET", "HEAD", "POST"])
def approval(request: HttpRequest, ref: str, version: int, role: str) -> HttpResponse:
    workload = get_workload(ref)
    sign_role = _role(role)
    now = clock.now()
    wrong = ""
    if request.method == "POST":
        try:
            return _press(request, workload, version, sign_role, now)
        except Invalid as problem:
            wrong = problem.errors[0].detail if problem.errors else problem.detail
    items = waiting_signatures(request.user, now)  # type: ignore[arg-type]
    shown = [item for item in items if item.workload.pk == workload.pk]
    waiting = shown or waiting_on(workload, request.user, now)  # type: ignore[arg-type]
    asked = _asked(waiting, workload, version, sign_role)
    return _inbox(request, items, asked, now, wrong)


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, ref: str, version: int, role: str) -> HttpResponse:
    """The undo of a signature, while no status rests on it."""
    workload = get_workload(ref)
    estimate = get_estimate(workload, version)
    sign_role = _role(role)
    wrong, status = "", None
    if request.method == "POST":
        try:
            withdraw_signature(
                number=workload.number,
                version=version,
                role=sign_role,
                actor=request.user,  # type: ignore[arg-type]
                reason=request.POST.get("reason", ""),
                if_match=request.POST.get("sha256", ""),
                now=clock.now(),
            )
        except Invalid as problem:
            wrong, status = problem.errors[0].detail, problem.status
        else:
            toast(request, f"Your {role} signature on v{version} is withdrawn.")
            return redirect("workloads:workload", ref=workload.ref)
    context = {
        "workload": workload,
        "estimate": estimate,
        "role": sign_role,
        "wrong": wrong,
        "title": f"Withdraw the {role} signature",
        "lede": f"{workload.ref} {workload.name}, v{version}.",
        "crumbs": crumbs_of(workload, "Withdraw"),
    }
    return render(request, "workloads/approvals/withdraw.html", context, status=status)


def _press(
    request: HttpRequest,
    workload: Workload,
    version: int,
    role: SignRole,
    now: datetime,
) -> HttpResponse:
    refuses = request.POST.get("verdict") == Verdict.REFUSE
    try:
        signoff = sign(
            number=workload.number,
            version=version,
            press=Press(
                role,
                Verdict.REFUSE if refuses else Verdict.APPROVE,
                request.POST.get("reason", ""),
                request.POST.get("sha256"),
            ),
            actor=request.user,  # type: ignore[arg-type]
            now=now,
        )
    except (Stale, Conflict, NotAllowed) as problem:
        problem.extra["ways"] = _ways(workload)
        raise
    if refuses:
        toast(request, f"v{version} of {workload.ref} is refused; a draft is open.")
    else:
        undo = reverse("workloads:withdraw", args=[workload.ref, version, role])
        done = "renewed" if signoff.renews_id else "signed"
        toast(
            request,
            f"{role.budget.capitalize()} of {workload.ref} {done}.",
            undo=("Withdraw", undo),
        )
    return redirect("workloads:approvals")


def _ways(workload: Workload) -> list[tuple[str, str]]:
    return [
        ("See what waits", reverse("workloads:approvals")),
        (
            f"Open {workload.ref}",
            reverse("workloads:workload", args=[workload.ref]),
        ),
    ]


def _asked(
    items: list[WaitingSignature], workload: Workload, version: int, role: SignRole
) -> Asked:
    for item in items:
        if (item.workload.pk, item.estimate.version, item.role) == (
            workload.pk,
            version,
            role,
        ):
            return Asked(item.workload, item.estimate, role, item)
    return Asked(workload, get_estimate(workload, version), role, None)


def _inbox(
    request: HttpRequest,
    items: list[WaitingSignature],
    asked: Asked | None,
    now: datetime,
    wrong: str = "",
) -> HttpResponse:
    yours = [item for item in items if item.yours]
    others = [item for item in items if not item.yours]
    total = count_waiting_for(request.user, now)  # type: ignore[arg-type]
    # The badge counts the same; it need not be asked for twice.
    request.approvals_waiting = total  # type: ignore[attr-defined]
    start = (page_number(request) - 1) * OTHERS_A_PAGE
    shown = others[start : start + OTHERS_A_PAGE]
    patience, _ = overdue_after()

    def lines(some: list[WaitingSignature]) -> list[Any]:
        today = clock.today(now)
        return [
            line_of(
                item,
                today=today,
                patience=patience,
                current=asked is not None and item is asked.item,
            )
            for item in some
        ]

    context = {
        "yours": lines(yours),
        "others": lines(shown),
        "yours_total": total,
        "others_total": len(others),
        "only_oldest": (
            len({item.estimate.pk for item in items}) >= MOST_SHOWN and MOST_SHOWN
        ),
        "paging": (
            paging_for(request, size=OTHERS_A_PAGE, shown=len(shown), total=len(others))
            if len(others) > OTHERS_A_PAGE
            else None
        ),
        "lede": lede_of(total, len(others)),
        "wrong": wrong,
        **(_detail(request, asked, now) if asked else {}),
    }
    return render(
        request,
        "workloads/approvals/page.html",
        context,
        status=Invalid.status if wrong else None,
    )


def _detail(request: HttpRequest, asked: Asked, now: datetime) -> dict[str, Any]:
    user: User = request.user  # type: ignore[assignment]
    today = clock.today(now)
    workload, estimate, role = asked.workload, asked.estimate, asked.role
    estimate.workload = workload
    people, barred = people_with_a_say(), barred_from_signing(workload)
    before = last_signed(estimate, role, today)
    item = asked.item
    return {
        "workload": workload,
        "estimate": estimate,
        "role": role,
        "item": item,
        "ticket": ticket_of(estimate, before, role, today),
        "before": before,
        **effects_of(estimate, today),
        "sources": sources_in_words(count_sources(inputs_of(estimate))),
        "signed_what": what_is_signed(estimate, role),
        "follows": what_follows(estimate, role, today),
        "button": f"{'Renew' if item and item.renews else 'Sign'} {role.budget}",
        "why": _why(asked, who_can_sign(role, workload, people, barred)),
        "signatures": shown_signatures(
            estimate, workload, user=user, people=people, barred=barred, today=today
        ),
    }


def _why(asked: Asked, able: str) -> str:
    """Why this person cannot sign it, and who can; nothing for whoever may."""
    item, ref = asked.item, asked.workload.ref
    if item is None:
        return _settled(asked)
    if item.yours:
        return ""
    if item.barred:
        return f"You cannot sign {ref}: {item.barred}. {_can(able)}"
    return f"The {asked.role} signature is not yours to give. {_can(able)}"


def _can(able: str) -> str:
    return f"{able[:1].upper()}{able[1:]} can."


def _settled(asked: Asked) -> str:
    state, version = asked.estimate.state, asked.estimate.version
    if state == EstimateState.SUBMITTED:
        return f"The {asked.role} signature on v{version} is given; nothing waits here."
    if state == EstimateState.DRAFT:
        return f"v{version} is a draft: nobody signs it before it is submitted."
    return f"v{version} is {state} and takes no signature."


def _role(text: str) -> SignRole:
    try:
        return SignRole(text)
    except ValueError:
        raise NotFound(
            f'"{text}" signs nothing: engineering, finance, ops do.'
        ) from None
