"""Proposals of ceilings: what a job found, accepted into a draft or refused."""

from typing import Any

from capacity.enums import ProposalState
from capacity.models import CeilingProposal
from capacity.views.gate_words import tier_name
from workloads.models import Workload
from workloads.views.reasons import why_not


def proposals_of(workload: Workload, user: Any) -> list[dict[str, Any]]:
    rows = CeilingProposal.objects.filter(
        workload=workload, state=ProposalState.OPEN
    ).select_related("policy")
    why = why_not(user, "proposal.decide", workload)
    return [
        {
            "proposal": one,
            "ceilings": [{**c, "name": tier_name(c["tier"])} for c in one.ceilings],
            "why": why,
        }
        for one in rows
    ]
