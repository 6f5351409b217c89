"""The policy bundle and its acknowledgement."""

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from capacity.api.decisions import caller_of
from capacity.enums import GateMode, OnUnreachable
from capacity.runtime.bundle import acknowledge_bundle, read_bundle
from capacity.selectors.gate_problems import BundleOutdated
from portal.kernel.api.fields import Text
from portal.kernel.api.operations import operation
from portal.kernel.api.serializers import StrictSerializer
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope


class BundleTier(serializers.Serializer[Any]):
    tier = serializers.CharField()
    ceiling_tokens = serializers.IntegerField()
    overage = serializers.CharField(help_text="hard_cap, soft_cap or pay_as_you_go.")
    metered_opt_in = serializers.BooleanField()
    overage_limit_tokens = serializers.IntegerField(allow_null=True)


class BundleThresholds(serializers.Serializer[Any]):
    """Shares of the ceiling."""

    floor = serializers.FloatField()
    notice = serializers.FloatField()
    banner = serializers.FloatField()


class BundleGate(serializers.Serializer[Any]):
    workload = serializers.CharField()
    department = serializers.CharField(allow_null=True)
    version = serializers.IntegerField()
    mode = serializers.ChoiceField(list(GateMode))
    ends_on = serializers.DateField(allow_null=True)
    primary_model = serializers.CharField()
    degrade_model = serializers.CharField(allow_null=True)
    on_unreachable = serializers.ChoiceField(
        list(OnUnreachable), help_text="What to do while nobody can be asked."
    )
    thresholds = BundleThresholds()
    tiers = BundleTier(many=True)


class BundleSwitch(serializers.Serializer[Any]):
    scope = serializers.CharField(help_text="workload, agent, department or all.")
    target = serializers.CharField(allow_blank=True)
    reason = serializers.CharField()
    thrown_at = serializers.DateTimeField()


class BundleLimit(serializers.Serializer[Any]):
    scope = serializers.CharField(help_text="workload, agent or department.")
    target = serializers.CharField()
    period = serializers.CharField(help_text="day or month.")
    amount = serializers.CharField()
    currency = serializers.CharField()


class BundleAnswer(serializers.Serializer[Any]):
    """Policies, switches and limits; no counters."""

    format = serializers.IntegerField()
    time_zone = serializers.CharField()
    workloads = BundleGate(many=True)
    kill_switches = BundleSwitch(many=True)
    spend_limits = BundleLimit(many=True)


class AckBody(StrictSerializer):
    etag = Text(max_length=100, help_text="As the bundle was answered with.")
    runtime = Text(max_length=200, help_text="Which runtime holds it.")


class AckAnswer(serializers.Serializer[Any]):
    etag = serializers.CharField()
    runtime = serializers.CharField()
    at = serializers.DateTimeField()
    versions = serializers.DictField(child=serializers.IntegerField())


class BundleView(WeighbridgeView):
    @operation(scope=Scope.GATES_DECIDE, answer=BundleAnswer)
    def get(self) -> Response:
        """Read all active gates, to decide by while the portal is out of reach.

        With If-None-Match it is 304 while nothing changed.
        """
        bundle = read_bundle(caller_of(self).workloads)
        return self.answer(bundle.document, etag=bundle.etag)


class AckView(WeighbridgeView):
    @operation(
        scope=Scope.GATES_DECIDE,
        action="gate.decide",
        body=AckBody,
        answer=AckAnswer,
        problems=(BundleOutdated,),
    )
    def post(self) -> Response:
        """Acknowledge that a runtime holds the bundle: evidence that gates are enforced."""
        made = acknowledge_bundle(
            etag=self.body["etag"],
            runtime=self.body["runtime"],
            only=caller_of(self).workloads,
            actor=self.actor,
            now=self.now,
        )
        return self.answer(
            {
                "etag": made.etag,
                "runtime": made.runtime,
                "at": made.at,
                "versions": made.versions,
            }
        )
