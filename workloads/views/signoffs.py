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
from portal.kernel.pages.paging import page_number
from portal.kernel.pages.seen import tell
from portal.kernel.pages.toast import toast
from portal.kernel.selectors import numbers
from workloads.enums import EstimateState, SignRole, Verdict
from workloads.forms.approvals import read_waits
from workloads.models import Estimate, Workload
from workloads.rules.estimates import count_sources
from workloads.selectors.approvals import (
    WaitingSignature,
    overdue_after,
    viewer_of,
    waiting_on,
    waiting_signatures,
)
from workloads.selectors.estimates import get_estimate, inputs_of
from workloads.selectors.people import barred_from_signing, people_with_a_say
from workloads.selectors.plan import get_workload
from workloads.selectors.waiting_rows import counts
from workloads.services.signoff_ends import withdraw_signature
from workloads.services.signoffs import Press, sign
from workloads.views.effects import effects_of
from workloads.views.inbox_bar import (
    ITEMS_A_PAGE,
    bar_of,
    inbox_address,
    paging_of,
    query_of,
    suffix,
)
from workloads.views.queue import (
    Line,
    lede_of,
    line_of,
    what_follows,
    what_is_signed,
)
from workloads.views.signatures import shown_signatures, who_can_sign
from workloads.views.tickets import last_signed, ticket_of
from workloads.views.versions import crumbs_of, sources_in_words


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
    with numbers.read_once():
        items = _page_of(request, now)
        first = items[0] if items else None
        asked = (
            Asked(first.workload, first.estimate, first.role, first) if first else None
        )
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
    with numbers.read_once():
        items = _page_of(request, now)
        asked = _asked(request, items, workload, version, sign_role, now)
        return _inbox(request, items, asked, now, wrong)


def _page_of(request: HttpRequest, now: datetime) -> list[WaitingSignature]:
    return waiting_signatures(
        request.user,  # type: ignore[arg-type]
        now,
        read_waits(request.GET),
        (page_number(request) - 1) * ITEMS_A_PAGE,
        ITEMS_A_PAGE,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, ref: str, version: int, role: str) -> HttpResponse:
    """The undo of a signature, while no status rests on it."""
    workload = get_workload(ref)
    estimate = get_estimate(workload, version)
    sign_role = _role(role)
    wrong, status = "", None
    if request.method == "POST":
        seen = request.POST.get("sha256", "")
        try:
            withdraw_signature(
                number=workload.number,
                version=version,
                role=sign_role,
                actor=request.user,  # type: ignore[arg-type]
                reason=request.POST.get("reason", ""),
                if_match=seen,
                now=clock.now(),
            )
        except Stale as problem:
            tell(problem, seen)
            raise
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
    return redirect(inbox_address(request))


def _ways(workload: Workload) -> list[tuple[str, str]]:
    return [
        ("See what waits", reverse("workloads:approvals")),
        (
            f"Open {workload.ref}",
            reverse("workloads:workload", args=[workload.ref]),
        ),
    ]


def _asked(
    request: HttpRequest,
    items: list[WaitingSignature],
    workload: Workload,
    version: int,
    role: SignRole,
    now: datetime,
) -> Asked:
    def named(some: list[WaitingSignature]) -> WaitingSignature | None:
        wanted = (workload.pk, version, role)
        return next(
            (
                item
                for item in some
                if (item.workload.pk, item.estimate.version, item.role) == wanted
            ),
            None,
        )

    # It may wait on another page, or be left out by the filters.
    user: User = request.user  # type: ignore[assignment]
    item = named(items) or named(waiting_on(workload, user, now))
    if item is None:
        return Asked(workload, get_estimate(workload, version), role, None)
    return Asked(item.workload, item.estimate, role, item)


def _inbox(
    request: HttpRequest,
    items: list[WaitingSignature],
    asked: Asked | None,
    now: datetime,
    wrong: str = "",
) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    waits = read_waits(request.GET)
    counted = counts(viewer_of(user, now), waits)
    lines = _lines(request, items, asked, now)
    total, yours = counted.shown(waits.only)
    context = {
        "yours": [line for line in lines if line.item.yours],
        "others": [line for line in lines if not line.item.yours],
        "yours_total": yours,
        "others_total": total - yours,
        "paging": paging_of(request, len(items), total),
        "lede": lede_of(yours, total - yours, narrowed=waits.is_narrowed),
        "wrong": wrong,
        **bar_of(request, waits, counted.chips),
        **(_detail(request, asked, now) if asked else {}),
    }
    return render(
        request,
        "workloads/approvals/page.html",
        context,
        status=Invalid.status if wrong else None,
    )


def _lines(
    request: HttpRequest,
    items: list[WaitingSignature],
    asked: Asked | None,
    now: datetime,
) -> list[Line]:
    patience, _ = overdue_after()
    query = suffix(query_of(request, page=True))
    return [
        line_of(
            item,
            today=clock.today(now),
            patience=patience,
            current=asked is not None and item is asked.item,
            query=query,
        )
        for item in items
    ]


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
