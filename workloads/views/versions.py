"""A version to read, and the press that submits a draft."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portal.kernel import access, clock
from portal.kernel.errors import Stale
from portal.kernel.models import User
from portal.kernel.pages.seen import tell
from portal.kernel.pages.toast import toast
from workloads.enums import COUNTED, EstimateState, SignRole, Status
from workloads.forms.inputs import SOURCE_WORDS, labels_in_words
from workloads.models import Estimate, Workload
from workloads.rules.estimates import Lack, count_sources, missing_inputs
from workloads.rules.shown import model_tier_of
from workloads.selectors.estimates import (
    budgets_json,
    etag_of,
    get_estimate,
    inputs_if_submitted,
    lacks_of,
)
from workloads.selectors.people import barred_from_signing, people_with_a_say
from workloads.selectors.plan import get_workload
from workloads.selectors.signoffs import contributor_ids, shown_state
from workloads.selectors.sizing import sizing_on, unpriced
from workloads.services.errors import EstimateIncomplete
from workloads.services.estimates import submit_estimate
from workloads.views.budgets import cards_of
from workloads.views.panels import panels_for
from workloads.views.reasons import last_change_of, why_not
from workloads.views.showing import grouped_rows
from workloads.views.signatures import shown_signatures, who_can_sign


def show_version(
    request: HttpRequest, workload: Workload, found: Estimate
) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    today = clock.today(clock.now())
    inputs = inputs_if_submitted(found)
    sizing = sizing_on(today)
    people, barred = people_with_a_say(), barred_from_signing(workload)
    state = shown_state(found, today)
    context = {
        "workload": workload,
        "estimate": found,
        "state": state,
        "title": f"{workload.ref} v{found.version}, {state}",
        "lede": workload.name,
        "crumbs": crumbs_of(workload, f"Estimate v{found.version}"),
        "cards": cards_of(inputs, budgets_json(found, sizing)),
        "panels": (
            panels_for(workload, unpriced(inputs), sizing, clock.now())
            if found.state in (EstimateState.DRAFT, EstimateState.SUBMITTED)
            else []
        ),
        "tier": model_tier_of(inputs.primary_model, inputs.degrade_model),
        "groups": grouped_rows(None, inputs),
        "sources": sources_in_words(count_sources(inputs)),
        "has_ranges": bool(inputs.ranges),
        "signatures": (
            shown_signatures(
                found, workload, user=user, people=people, barred=barred, today=today
            )
            if found.state != EstimateState.DRAFT
            else []
        ),
        "others": [one for one in versions_of(workload) if one != found.version],
        "newer": (
            workload.submitted_estimate
            if workload.submitted_estimate
            and workload.submitted_estimate.version > found.version
            else None
        ),
        "why_write": why_not(user, "estimate.write", workload),
    }
    return render(request, "workloads/estimates/version.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def submit(request: HttpRequest, ref: str, version: int) -> HttpResponse:
    """Says what submitting does before it is pressed: it cannot be taken back."""
    workload = get_workload(ref)
    draft = get_estimate(workload, version)
    if request.method == "POST":
        return _submit(request, workload, draft)
    access.require(request.user, "estimate.submit", workload)
    if draft.state != EstimateState.DRAFT:
        return redirect("workloads:estimate", ref=workload.ref, version=version)
    inputs = inputs_if_submitted(draft)
    sizing = sizing_on(clock.today(clock.now()))
    missing = missing_inputs(inputs)
    lacks = lacks_of(draft, sizing)
    earlier = workload.submitted_estimate
    context = {
        "workload": workload,
        "draft": draft,
        "title": f"Submit {workload.ref} v{version}",
        "button": f"Submit v{version}",
        "lede": "From then on its numbers are fixed, and three people sign them.",
        "crumbs": crumbs_of(workload, f"Submit v{version}"),
        "cards": cards_of(inputs, budgets_json(draft, sizing)),
        "sources": sources_in_words(count_sources(inputs)),
        "seen": etag_of(draft),
        "superseded": (
            earlier if earlier and earlier.state == EstimateState.SUBMITTED else None
        ),
        "falls_back": workload.status == Status.PLANNED,
        "keeps_figures": workload.status in COUNTED,
        "signers": _signers(workload, draft),
        "why": _why_not(missing, lacks),
        "lacks": lacks,
    }
    return render(request, "workloads/estimates/submit.html", context)


def _why_not(missing: tuple[str, ...], lacks: tuple[Lack, ...]) -> str:
    """Why it cannot be submitted yet; nothing where it can."""
    if missing:
        return f"Missing: {labels_in_words(missing)}."
    return "What it lacks stands above." if lacks else ""


def _submit(request: HttpRequest, workload: Workload, draft: Estimate) -> HttpResponse:
    address = reverse("workloads:estimate", args=[workload.ref, draft.version])
    seen = request.POST.get("seen", "")
    try:
        submitted = submit_estimate(
            number=workload.number,
            version=draft.version,
            actor=request.user,  # type: ignore[arg-type]
            if_match=seen,
            now=clock.now(),
        )
    except (Stale, EstimateIncomplete) as problem:
        problem.extra["ways"] = [(f"Open v{draft.version}", address)]
        if isinstance(problem, Stale):
            problem.detail = (
                f"{last_change_of(workload)} changed {workload.ref} v{draft.version} "
                "since you read it; it was not submitted."
            )
            tell(problem, seen)
        raise
    toast(
        request, f"v{submitted.version} of {workload.ref} waits for three signatures."
    )
    return redirect("workloads:workload", ref=workload.ref)


def _signers(workload: Workload, draft: Estimate) -> list[dict[str, str]]:
    """Who could sign this very version: not its owner, not who wrote it."""
    people = people_with_a_say()
    barred = contributor_ids(draft)
    if workload.owner_id:
        barred |= {workload.owner_id}
    return [
        {
            "role": str(role),
            "budget": role.budget,
            "who": who_can_sign(role, workload, people, barred),
        }
        for role in SignRole
    ]


def versions_of(workload: Workload) -> list[int]:
    """Every version's number, newest first."""
    return list(
        workload.estimates.order_by("-version").values_list("version", flat=True)
    )


def sources_in_words(counts: dict[str, int]) -> str:
    """3 pilot measured, 4 assumed: what nobody stated counts as assumed."""
    parts = [
        f"{count} {SOURCE_WORDS[source]}" for source, count in counts.items() if count
    ]
    return ", ".join(parts) or "none stated"


def crumbs_of(workload: Workload, name: str) -> list[tuple[str, Any]]:
    return [
        ("Plan", reverse("workloads:plan-table")),
        (workload.ref, reverse("workloads:workload", args=[workload.ref])),
        (name, None),
    ]
