"""Gates: versions of a workload's policy, and what people do with them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from capacity.api.gate_bodies import GateAnswer, GateBody
from capacity.models import GatePolicy, GateTier, MeteredOptIn
from capacity.selectors.gate_problems import (
    AlreadyActive,
    AlreadyAgreed,
    GateIncomplete,
    GateInvalid,
    NoticeRunning,
    ObservationOver,
    OptInWithdrawn,
)
from capacity.selectors.gates import awaiting, get_gate, sentences_of, tag_of, versions
from capacity.services.gates import (
    activate_gate,
    edit_gate_draft,
    open_gate_draft,
    shadow_gate,
    withdraw_opt_in,
)
from portal.kernel.api.fields import Text
from portal.kernel.api.operations import operation
from portal.kernel.api.renderers import number
from portal.kernel.api.serializers import StrictSerializer
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from portal.kernel.errors import NotFound
from portal.kernel.selectors import numbers
from workloads.models import Workload
from workloads.selectors.plan import get_workload
from workloads.services.errors import NotADraft, SeparationOfDuties, WorkloadRetired


class ReasonBody(StrictSerializer):
    reason = Text(max_length=2000)


class GatesAnswer(serializers.Serializer[Any]):
    results = GateAnswer(many=True)


class GatesView(WeighbridgeView):
    def get_subject(self, ref: str) -> Workload:
        return get_workload(ref)

    @operation(scope=Scope.PLAN_READ, answer=GatesAnswer)
    def get(self) -> Response:
        """List the versions of a workload's gate, newest first."""
        currency = numbers.current().currency
        found = versions(self.subject)
        return self.answer({"results": [shown_gate(one, currency) for one in found]})

    @operation(
        scope=Scope.PLAN_WRITE,
        action="gate.draft",
        body=GateBody,
        answer=GateAnswer,
        status=201,
        problems=(GateInvalid, WorkloadRetired),
    )
    def post(self) -> Response:
        """Draft the next version. What the body leaves out is prefilled: models and
        pattern from the workload, the ceiling from its estimate. An open draft or shadow
        is discarded."""
        policy = open_gate_draft(
            number=self.subject.number,
            actor=self.actor,
            values=self.body,
            now=self.now,
        )
        page = f"/api/v1/workloads/{self.subject.ref}/gates/{policy.version}/"
        return self.answer(shown_gate(policy), etag=tag_of(policy), location=page)


class OneGateView(WeighbridgeView):
    """An address that names one version."""

    def get_subject(self, ref: str, version: int) -> GatePolicy:
        return get_gate(get_workload(ref), version)

    def guarded(self, subject: GatePolicy) -> Workload:
        return subject.workload

    def etag(self, subject: GatePolicy) -> str:
        return tag_of(subject)

    def shown(self, policy: GatePolicy) -> Response:
        # No 304: agreements are not part of what the tag covers.
        return self.answer(shown_gate(policy), headers={"ETag": tag_of(policy)})


class GateView(OneGateView):
    @operation(scope=Scope.PLAN_READ, answer=GateAnswer)
    def get(self) -> Response:
        """Read one version."""
        return self.shown(self.subject)

    @operation(
        scope=Scope.PLAN_WRITE,
        action="gate.draft",
        body=GateBody,
        answer=GateAnswer,
        problems=(GateInvalid, NotADraft, WorkloadRetired),
    )
    def patch(self) -> Response:
        """Edit a draft; an agreement to what it said is void. `tiers` are given whole."""
        policy = edit_gate_draft(
            number=self.subject.workload.number,
            version=self.subject.version,
            actor=self.actor,
            changes=self.body,
            if_match=self.if_match,
            now=self.now,
        )
        return self.shown(policy)


class ShadowView(OneGateView):
    @operation(
        scope=Scope.PLAN_WRITE,
        action="gate.draft",
        answer=GateAnswer,
        problems=(NotADraft, WorkloadRetired),
    )
    def post(self) -> Response:
        """Let a draft decide beside the active version; it is recorded and holds nobody."""
        policy = shadow_gate(
            number=self.subject.workload.number,
            version=self.subject.version,
            actor=self.actor,
            if_match=self.if_match,
            now=self.now,
        )
        return self.shown(policy)


class ActivateView(OneGateView):
    @operation(
        scope=Scope.PLAN_WRITE,
        action="gate.activate",
        answer=GateAnswer,
        problems=(
            SeparationOfDuties,
            AlreadyAgreed,
            AlreadyActive,
            NotADraft,
            GateIncomplete,
            NoticeRunning,
            ObservationOver,
            WorkloadRetired,
        ),
    )
    def post(self) -> Response:
        """Agree to a version as its owner or as finance: the second person activates it,
        and the version before it is superseded."""
        policy = activate_gate(
            number=self.subject.workload.number,
            version=self.subject.version,
            actor=self.actor,
            if_match=self.if_match,
            now=self.now,
        )
        return self.shown(policy)


class WithdrawView(WeighbridgeView):
    def get_subject(self, ref: str, version: int, tier: str) -> GateTier:
        policy = get_gate(get_workload(ref), version)
        for row in policy.tiers.all():
            if row.tier == tier:
                row.policy = policy
                return row
        raise NotFound(f"Gate v{version} of {policy.workload.ref} has no such tier.")

    def guarded(self, subject: GateTier) -> Workload:
        return subject.policy.workload

    @operation(
        scope=Scope.PLAN_WRITE,
        action="opt_in.withdraw",
        body=ReasonBody,
        answer=GateAnswer,
        problems=(OptInWithdrawn,),
    )
    def post(self) -> Response:
        """Withdraw a tier's opt-in: from the next decision on it is held as a hard cap."""
        policy = self.subject.policy
        withdraw_opt_in(
            number=policy.workload.number,
            version=policy.version,
            tier=self.subject.tier,
            actor=self.actor,
            reason=self.body["reason"],
            now=self.now,
        )
        return self.answer(
            shown_gate(get_gate(policy.workload, policy.version)),
            headers={"ETag": tag_of(policy)},
        )


def shown_gate(policy: GatePolicy, currency: str = "") -> dict[str, Any]:
    return {
        "workload": policy.workload.ref,
        "version": policy.version,
        "state": policy.state,
        "awaiting": awaiting(policy),
        "mode": policy.mode,
        "primary_model": policy.primary_model,
        "degrade_model": policy.degrade_model or None,
        "on_unreachable": policy.on_unreachable,
        "tiers": [_shown_tier(one) for one in policy.tiers.all()],
        "notice": _shown_notice(policy),
        "no_notice_reason": policy.no_notice_reason or None,
        "ends_on": policy.ends_on,
        "spend_limit": _money(policy.spend_limit, 2),
        "currency": currency or numbers.current().currency,
        "thresholds": _shown_thresholds(policy),
        "estimate": policy.estimate.version if policy.estimate else None,
        "sentences": sentences_of(policy),
        "owner_agreed_by": _username(policy.owner_agreed_by),
        "finance_agreed_by": _username(policy.finance_agreed_by),
        "created_by": _username(policy.created_by),
        "created_at": policy.created_at,
        "edited_at": policy.edited_at,
        "shadow_at": policy.shadow_at,
        "activated_at": policy.activated_at,
        "ended_at": policy.ended_at,
    }


def _shown_tier(row: GateTier) -> dict[str, Any]:
    return {
        "tier": row.tier,
        "ceiling_tokens": row.ceiling_tokens,
        "overage": row.overage,
        "metered_opt_in": _shown_opt_in(row.opt_in),
        "overage_limit_tokens": row.overage_limit_tokens,
        "overage_price_per_million": _money(row.overage_price_per_million, 6),
        "ceiling_basis": row.ceiling_basis,
        "allowance": number(row.allowance),
        "amount": _money(row.amount, 2),
        "reason": row.reason or None,
    }


def _shown_opt_in(opt_in: MeteredOptIn | None) -> dict[str, Any] | None:
    """None once it was withdrawn: the tier is held as a hard cap."""
    if opt_in is None or opt_in.withdrawn_at is not None:
        return None
    return {"by": opt_in.by, "at": opt_in.at, "reference": opt_in.reference}


def _shown_notice(policy: GatePolicy) -> Mapping[str, Any] | None:
    if policy.notice_activates_on is None:
        return None
    return {
        "text": policy.notice_text,
        "audience": policy.notice_audience,
        "activates_on": policy.notice_activates_on,
    }


def _shown_thresholds(policy: GatePolicy) -> dict[str, float] | None:
    """Copied at activation; before it there are none of its own."""
    if policy.activated_at is None:
        return None
    return {
        "floor": policy.floor / 1000,
        "notice": policy.notice_at / 1000,
        "banner": policy.banner_at / 1000,
    }


def _money(value: Decimal | None, places: int) -> str | None:
    if value is None:
        return None
    text = f"{value:.{places}f}"
    # Cents at least; a price of a million shows the places that it has.
    head, tail = text[: len(text) - places + 2], text[len(text) - places + 2 :]
    return head + tail.rstrip("0")


def _username(person: Any) -> str | None:
    return person.username if person else None
