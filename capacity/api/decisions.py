"""Decisions: may this call run, and on which model. The web server's own door to what the
gate server answers."""

from collections.abc import Callable
from functools import cached_property
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http.response import HttpResponseBase
from rest_framework import serializers
from rest_framework.response import Response

from capacity.formulas.gates import (
    LEVELS,
    Action,
    Counters,
    Held,
    Overage,
    Policy,
    Reason,
    Tier,
    decide,
    month_of,
    newly_due,
)
from capacity.runtime.answers import answer
from capacity.runtime.asking import decide_call
from capacity.runtime.calls import key_of
from capacity.runtime.questions import (
    MOST_EXPECTED,
    Question,
    QuestionBody,
    read_question,
)
from capacity.runtime.reservations import (
    Held as HeldTokens,
)
from capacity.runtime.reservations import (
    extend_reservation,
    release_reservation,
    require_reservation,
)
from capacity.runtime.snapshot import Caller
from capacity.selectors.gate_problems import (
    GateInvalid,
    RequestIdReused,
    UnknownTier,
    UnknownWorkload,
    WorkloadNotBound,
)
from portal.kernel.api.bodies import read_bytes, read_json
from portal.kernel.api.fields import Flag, Integer, MomentField, Text, Word
from portal.kernel.api.operations import operation
from portal.kernel.api.serializers import StrictSerializer
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from portal.kernel.errors import FieldError, NotFound, Unavailable
from workloads.enums import CostGate

MOST_TOKENS = 10**15


class SignalAnswer(serializers.Serializer[Any]):
    level = serializers.ChoiceField(list(LEVELS))
    kind = serializers.ChoiceField(["soft_notice", "banner", "contract_event"])


class DecisionAnswer(serializers.Serializer[Any]):
    """Every decision is 200, a block included. Units: tokens."""

    decision = serializers.UUIDField(
        allow_null=True,
        help_text="None for what was not counted: simulated, or out of reach.",
    )
    action = serializers.ChoiceField(list(Action))
    model = serializers.CharField(allow_null=True, help_text="None for a block.")
    level = serializers.ChoiceField(list(LEVELS), allow_null=True)
    signals = SignalAnswer(many=True, help_text="First spoken by this answer.")
    consumed_tokens = serializers.IntegerField(allow_null=True)
    ceiling_tokens = serializers.IntegerField(allow_null=True)
    consumed = serializers.FloatField(allow_null=True)
    projected = serializers.FloatField(allow_null=True)
    remaining_tokens = serializers.IntegerField(allow_null=True)
    reserved_tokens = serializers.IntegerField(allow_null=True)
    resets_at = serializers.DateTimeField()
    gate_version = serializers.IntegerField(allow_null=True)
    gate = serializers.ChoiceField(list(Held), allow_null=True)
    reason = serializers.CharField()
    reason_code = serializers.ChoiceField(list(Reason))


class DecideView(WeighbridgeView):
    rate_limited = False

    @cached_property
    def question(self) -> Question:
        """Read by what the gate server reads it with."""
        # The same refusals in the same order: type first, then the body.
        read_json(self.plain_request)
        return read_question(read_bytes(self.plain_request))

    def run(self, handler: Callable[[], HttpResponseBase]) -> HttpResponseBase:
        # A decision has a memory of its own; an Idempotency-Key asks it like a request_id.
        _ = self.query, self.question
        return handler()

    @operation(
        scope=Scope.GATES_DECIDE,
        action="gate.decide",
        body=QuestionBody,
        answer=DecisionAnswer,
        problems=(
            UnknownWorkload,
            UnknownTier,
            WorkloadNotBound,
            RequestIdReused,
            Unavailable,
        ),
    )
    def post(self) -> Response:
        """Decide on one call, and reserve what it expects to use.

        The same request_id asks the same question again for 24 hours: the same decision,
        reserved once.
        """
        sent = self.request.headers.get("Idempotency-Key")
        key = key_of(sent) if sent else ""
        caller = caller_of(self)
        return self.answer(decide_call(caller, self.question, self.now, key=key))


class SimulationBody(StrictSerializer):
    """A policy, a consumption and an instant; nothing is stored or counted."""

    ceiling_tokens = Integer(min_value=1, max_value=MOST_TOKENS)
    overage = Word(CostGate)
    metered_opt_in = Flag(
        required=False, help_text="Without it pay-as-you-go holds like a hard cap."
    )
    primary_model = Text(max_length=100)
    degrade_model = Text(
        max_length=100, required=False, allow_null=True, allow_blank=True
    )
    consumed_tokens = Integer(min_value=0, max_value=MOST_TOKENS)
    at = MomentField()
    reserved_tokens = Integer(
        min_value=0, max_value=MOST_TOKENS, required=False, help_text="Open elsewhere."
    )
    expected_tokens = Integer(
        min_value=0, max_value=MOST_EXPECTED, required=False, allow_null=True
    )
    overage_limit_tokens = Integer(
        min_value=0, max_value=MOST_TOKENS, required=False, allow_null=True
    )
    model = Text(max_length=100, required=False, allow_null=True, allow_blank=True)


class SimulateView(WeighbridgeView):
    rate_limited = False

    @operation(
        scope=Scope.GATES_DECIDE,
        body=SimulationBody,
        answer=DecisionAnswer,
        problems=(GateInvalid,),
    )
    def post(self) -> Response:
        """Ask what a gate would answer. Nothing changes.

        `signals` are those that would be spoken if none had been this month.
        """
        body = self.body
        degrade = body.get("degrade_model") or ""
        if body["overage"] == Overage.SOFT_CAP and not degrade:
            detail = "A soft cap needs a model to degrade to."
            raise GateInvalid(
                detail, errors=[FieldError("/degrade_model", "required", detail)]
            )
        tier = Tier(
            body["ceiling_tokens"],
            Overage(body["overage"]),
            bool(body.get("metered_opt_in")),
            body.get("overage_limit_tokens"),
        )
        month = month_of(body["at"], ZoneInfo(str(settings.ORGANISATION_TIME_ZONE)))
        before = body.get("reserved_tokens", 0)
        verdict = decide(
            Policy(None, body["primary_model"], degrade),
            tier,
            Counters(body["consumed_tokens"], before),
            month,
            expected=body.get("expected_tokens"),
            model=body.get("model"),
            name="this policy",
        )
        due, _ = newly_due(verdict.level, frozenset())
        return self.answer(
            answer(
                None,
                verdict,
                month,
                settled=body["consumed_tokens"],
                reserved=before,
                ceiling=tier.ceiling,
                version=None,
                spoken=() if due is None else (due,),
            )
        )


class ReservationAnswer(serializers.Serializer[Any]):
    decision = serializers.UUIDField()
    tokens = serializers.IntegerField(help_text="Held on, or let go.")
    lapses_at = serializers.DateTimeField(allow_null=True)


class _ReservationView(WeighbridgeView):
    rate_limited = False

    def get_subject(self, decision: UUID) -> UUID:
        caller = caller_of(self)
        return require_reservation(
            decision, lambda ref: not caller.workloads or ref in caller.workloads
        )

    def told(self, held: HeldTokens) -> Response:
        return self.answer(
            {
                "decision": held.decision,
                "tokens": held.tokens,
                "lapses_at": held.lapses_at,
            }
        )


class ExtendView(_ReservationView):
    @operation(
        scope=Scope.GATES_DECIDE,
        action="gate.decide",
        answer=ReservationAnswer,
        problems=(NotFound,),
    )
    def post(self) -> Response:
        """Hold a reservation for another ten minutes."""
        return self.told(extend_reservation(decision=self.subject, now=self.now))


class ReleaseView(_ReservationView):
    @operation(scope=Scope.GATES_DECIDE, action="gate.decide", answer=ReservationAnswer)
    def post(self) -> Response:
        """Let a reservation go: the call was cancelled."""
        return self.told(release_reservation(decision=self.subject))


def caller_of(view: WeighbridgeView) -> Caller:
    """The one who asks. Requests of a browser's session are remembered by its user."""
    token = view.token
    if token is None:
        return Caller(-view.actor.pk, roles=tuple(view.actor.roles))
    return Caller(token.pk, token.prefix, workloads=frozenset(token.workloads))
