"""Proposals of new ceilings, accepted into a draft or refused."""

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from capacity.api.gate_bodies import GateAnswer, NoticeBody
from capacity.api.gates import ReasonBody, shown_gate
from capacity.enums import CeilingBasis, ProposalCause, ProposalState
from capacity.models import CeilingProposal
from capacity.selectors.gate_problems import GateInvalid, ProposalDecided
from capacity.selectors.gates import tag_of
from capacity.services.gate_proposals import (
    accept_proposal,
    get_proposal,
    refuse_proposal,
)
from portal.kernel.api.fields import Text
from portal.kernel.api.operations import operation
from portal.kernel.api.paging import Filter, Listing
from portal.kernel.api.parameters import OneOf
from portal.kernel.api.serializers import StrictSerializer
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from workloads.models import Workload
from workloads.selectors.plan import get_workload
from workloads.services.errors import WorkloadRetired


class AcceptBody(StrictSerializer):
    """What a lower ceiling of a tier in use needs besides."""

    notice = NoticeBody(required=False, allow_null=True)
    no_notice_reason = Text(
        max_length=2000, required=False, allow_blank=True, allow_null=True
    )


class ProposedCeiling(serializers.Serializer[Any]):
    tier = serializers.CharField()
    basis = serializers.ChoiceField(list(CeilingBasis))
    ceiling_tokens = serializers.IntegerField(help_text="As it is.")
    proposed_tokens = serializers.IntegerField(
        allow_null=True, help_text="Null where it is listed for a look."
    )
    formula = serializers.CharField()


class ProposalAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    workload = serializers.CharField()
    gate_version = serializers.IntegerField()
    cause = serializers.ChoiceField(list(ProposalCause))
    key = serializers.CharField(help_text="2026Q2, card-7, estimate-3.")
    state = serializers.ChoiceField(list(ProposalState))
    ceilings = ProposedCeiling(many=True)
    created_at = serializers.DateTimeField()
    decided_by = serializers.CharField(allow_null=True, help_text="A username.")
    decided_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField(allow_null=True)


class ProposalsView(WeighbridgeView):
    def get_subject(self, ref: str) -> Workload:
        return get_workload(ref)

    @operation(
        scope=Scope.PLAN_READ,
        answer=ProposalAnswer,
        listing=Listing(
            ordering={"created_at": "created_at"},
            default="-created_at",
            filters={"state": Filter(OneOf(ProposalState, many=True), "state")},
        ),
    )
    def get(self) -> Response:
        """List the proposals of a workload's ceilings, newest first."""
        ref = self.subject.ref
        rows = CeilingProposal.objects.filter(workload=self.subject).values(
            "id",
            "policy__version",
            "cause",
            "cause_key",
            "state",
            "ceilings",
            "created_at",
            "decided_by__username",
            "decided_at",
            "reason",
        )
        return self.page(rows, row=lambda row: _listed(ref, row))


class _OneProposal(WeighbridgeView):
    def get_subject(self, ref: str, number: int) -> CeilingProposal:
        return get_proposal(get_workload(ref), min(number, 2**63 - 1))

    def guarded(self, subject: CeilingProposal) -> Workload:
        return subject.workload


class AcceptView(_OneProposal):
    @operation(
        scope=Scope.PLAN_WRITE,
        action="proposal.decide",
        body=AcceptBody,
        answer=GateAnswer,
        status=201,
        problems=(ProposalDecided, GateInvalid, WorkloadRetired),
    )
    def post(self) -> Response:
        """Draft the next version of the gate with the proposed ceilings."""
        ref = self.subject.workload.ref
        policy = accept_proposal(
            number=self.subject.workload.number,
            proposal_id=self.subject.pk,
            actor=self.actor,
            values=self.body,
            now=self.now,
        )
        page = f"/api/v1/workloads/{ref}/gates/{policy.version}/"
        return self.answer(shown_gate(policy), etag=tag_of(policy), location=page)


class RefuseView(_OneProposal):
    @operation(
        scope=Scope.PLAN_WRITE,
        action="proposal.decide",
        body=ReasonBody,
        answer=ProposalAnswer,
        problems=(ProposalDecided,),
    )
    def post(self) -> Response:
        """Leave the ceilings as they are, with a reason."""
        proposal = refuse_proposal(
            number=self.subject.workload.number,
            proposal_id=self.subject.pk,
            actor=self.actor,
            reason=self.body["reason"],
            now=self.now,
        )
        row = {
            "id": proposal.pk,
            "policy__version": proposal.policy.version,
            "cause": proposal.cause,
            "cause_key": proposal.cause_key,
            "state": proposal.state,
            "ceilings": proposal.ceilings,
            "created_at": proposal.created_at,
            "decided_by__username": self.actor.username,
            "decided_at": proposal.decided_at,
            "reason": proposal.reason,
        }
        return self.answer(_listed(self.subject.workload.ref, row))


def _listed(ref: str, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "workload": ref,
        "gate_version": row["policy__version"],
        "cause": row["cause"],
        "key": row["cause_key"],
        "state": row["state"],
        "ceilings": row["ceilings"],
        "created_at": row["created_at"],
        "decided_by": row["decided_by__username"],
        "decided_at": row["decided_at"],
        "reason": row["reason"] or None,
    }
