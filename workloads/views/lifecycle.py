"""One step of the lifecycle: what it asks for, and the press that takes it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portal.kernel import access, clock
from portal.kernel.errors import NotFound, Stale
from portal.kernel.models import User
from portal.kernel.pages.seen import seen_version, tell
from portal.kernel.pages.toast import toast
from workloads.enums import Status
from workloads.lifecycle import Step, step_between
from workloads.models import Workload
from workloads.rules.requirements import Requirement, StepRequest
from workloads.selectors.plan import get_workload
from workloads.selectors.requirements import requirements_of_step
from workloads.services.errors import IllegalTransition, RequirementsNotMet
from workloads.services.lifecycle import advance
from workloads.views.conditions import reader_of, shown_requirements
from workloads.views.steps import HINTS

# "W-03 cannot be … yet", by the status that was asked for.
DONE = {
    Status.CANDIDATE: "withdrawn",
    Status.PLANNED: "planned",
    Status.COMMITTED: "committed",
    Status.LIVE: "live",
    Status.RETIRED: "retired",
}


@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, ref: str, to: str) -> HttpResponse:
    workload = get_workload(ref)
    target = _status(to)
    if request.method == "POST":
        return _take(request, workload, target)
    user: User = request.user  # type: ignore[assignment]
    found = step_between(Status(workload.status), target)
    if found is None:
        raise IllegalTransition(
            f"{workload.ref} is {workload.status}; from there no step leads to {to}.",
            extra=_ways(workload),
        )
    now = clock.now()
    requirements = [
        row
        for row in requirements_of_step(
            workload, step=found, request=StepRequest(to=target), now=now
        )
        if row.code != "reason_given"
    ]
    reader = reader_of(user, workload, now)
    context = {
        "workload": workload,
        "step": found,
        "title": f"{found.verb}: {workload.ref}",
        "lede": f"{workload.name} is {workload.status} and would be {target}.",
        "crumbs": [
            ("Plan", reverse("workloads:plan-table")),
            (workload.ref, reverse("workloads:workload", args=[workload.ref])),
            (found.verb, None),
        ],
        "requirements": shown_requirements(requirements, workload, reader),
        "now": now,
        "hint": HINTS.get(target, "") if found.needs_reason else "",
        "why": _why(found, workload, user, requirements),
    }
    return render(request, "workloads/steps/page.html", context)


def _take(request: HttpRequest, workload: Workload, target: Status) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    now = clock.now()
    seen = seen_version(request.POST)
    try:
        moved = advance(
            number=workload.number,
            to=target,
            actor=user,
            reason=request.POST.get("reason", "").strip(),
            if_version=seen,
            now=now,
        )
    except Stale as refused:
        tell(refused, seen)
        raise
    except RequirementsNotMet as refused:
        reader = reader_of(user, workload, now)
        refused.extra.update(
            _ways(workload),
            heading=f"{workload.ref} cannot be {DONE[target]} yet",
            requirements=shown_requirements(refused.requirements, workload, reader),
        )
        raise
    toast(request, f"{moved.ref} is {moved.status}.")
    return redirect("workloads:workload", ref=moved.ref)


def _why(
    found: Step, workload: Workload, user: User, requirements: list[Requirement]
) -> str:
    if not access.allows(user, found.action, workload):
        return f"{access.capitalised(access.who_can(found.action, workload))} can."
    missing = sum(not row.met for row in requirements)
    return f"{missing} of {len(requirements)} missing" if missing else ""


def _ways(workload: Workload) -> dict[str, Any]:
    address = reverse("workloads:workload", args=[workload.ref])
    plan = reverse("workloads:plan-table")
    return {"ways": [(f"Back to {workload.ref}", address), ("Plan", plan)]}


def _status(text: str) -> Status:
    try:
        return Status(text)
    except ValueError:
        raise NotFound(f'"{text}" is no status of the lifecycle.') from None
