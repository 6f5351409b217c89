"""Proposals of ceilings: what a job found, accepted into a draft or refused."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from capacity.enums import ProposalCause, ProposalState
from capacity.forms.gate_controls import ReasonForm
from capacity.forms.gate_proposals import AcceptForm
from capacity.models import CeilingProposal
from capacity.services.gate_proposals import (
    accept_proposal,
    get_proposal,
    refuse_proposal,
)
from capacity.views.gate_actions import crumbs_of
from capacity.views.gate_words import tier_name
from portal.kernel import access, clock, formats
from portal.kernel.errors import NotFound, Problem
from portal.kernel.models import User
from portal.kernel.pages.toast import toast
from workloads.models import Workload
from workloads.selectors.plan import get_workload
from workloads.views.reasons import why_not

CAUSES = {
    ProposalCause.QUARTER: "a new quarter",
    ProposalCause.RATE_CARD: "the rate card changed",
    ProposalCause.ESTIMATE: "a newer estimate is signed",
}
VERBS = ("accept", "refuse")
# Where an error of the draft has no field of its name.
AT_FIELD = {
    "notice": "notice_text",
    "notice/activates_on": "notice_activates_on",
    "no_notice_reason": "no_notice_reason",
}


def proposals_of(workload: Workload, user: Any) -> list[dict[str, Any]]:
    """Those that wait, as the gate's page shows them."""
    rows = CeilingProposal.objects.filter(
        workload=workload, state=ProposalState.OPEN
    ).select_related("policy")
    why = why_not(user, "proposal.decide", workload)
    return [told(one, why) for one in rows]


def told(one: CeilingProposal, why: str) -> dict[str, Any]:
    return {
        "proposal": one,
        "cause": CAUSES[ProposalCause(one.cause)],
        "ceilings": [{**c, "name": tier_name(c["tier"])} for c in one.ceilings],
        "why": why,
    }


@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: HttpRequest, ref: str, proposal_id: int, verb: str) -> HttpResponse:
    """GET is the page of one; POST accepts it into a draft, or refuses it."""
    if verb not in VERBS:
        raise NotFound("A proposal is accepted or refused.")
    workload = get_workload(ref)
    found = get_proposal(workload, proposal_id)
    accept, refuse = AcceptForm(), ReasonForm()
    status = 200
    if request.method == "POST":
        access.require(request.user, "proposal.decide", workload)
        if verb == "accept":
            accept = AcceptForm(request.POST)
        else:
            refuse = ReasonForm(request.POST)
        form = accept if verb == "accept" else refuse
        done, status = _decided(request, workload, found, form)
        if done is not None:
            return done
    state = found.state
    context = {
        "title": f"Proposal {found.pk} of {workload.ref}",
        "lede": _lede(found),
        "crumbs": crumbs_of(workload, None, f"Proposal {found.pk}"),
        "workload": workload,
        "one": told(found, why_not(request.user, "proposal.decide", workload)),
        "is_open": state == ProposalState.OPEN,
        "accept": accept,
        "refuse": refuse,
    }
    return render(request, "capacity/gates/proposal.html", context, status=status)


def _decided(
    request: HttpRequest, workload: Workload, found: CeilingProposal, form: Any
) -> tuple[HttpResponse | None, int]:
    """Where it leads; else the status, and why at the fields."""
    if not form.is_valid():
        return None, 400
    user: User = request.user  # type: ignore[assignment]
    asked: dict[str, Any] = {
        "number": workload.number,
        "proposal_id": found.pk,
        "actor": user,
        "now": clock.now(),
    }
    try:
        if isinstance(form, AcceptForm):
            draft = accept_proposal(**asked, values=form.values())
            toast(request, f"Gate v{draft.version} is drafted with the new ceilings.")
            return redirect("gates:version", workload.ref, draft.version), 302
        refuse_proposal(**asked, reason=form.cleaned_data["reason"])
    except Problem as problem:
        if problem.status not in (409, 422):
            raise
        for error in problem.errors:
            name = AT_FIELD.get(error.pointer.removeprefix("/"))
            form.add_error(name if name in form.fields else None, error.detail)
        if not problem.errors:
            form.add_error(None, problem.detail)
        return None, problem.status
    toast(request, "The proposal is refused; the ceilings stay.")
    return redirect("gates:gate", workload.ref), 302


def _lede(one: CeilingProposal) -> str:
    cause = CAUSES[ProposalCause(one.cause)]
    if one.state == ProposalState.OPEN:
        return (
            f"Found because of this: {cause}. Nothing is applied until it is accepted."
        )
    by = one.decided_by.display_name if one.decided_by else "A newer one"
    on = formats.day(clock.today(one.decided_at)) if one.decided_at else ""
    if one.state == ProposalState.OUTDATED:
        return f"A newer proposal took its place on {on}."
    reason = f" {one.reason}" if one.reason else ""
    return f"{by} {one.state} it on {on}.{reason}"
