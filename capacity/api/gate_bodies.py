"""What a gate's body takes, and what its answer holds."""

from typing import Any

from rest_framework import serializers

from capacity.enums import CeilingBasis, GateMode, GateState, OnUnreachable
from capacity.rules.gates import MOST_CEILING, MOST_TIERS
from portal.kernel.api.fields import (
    Amount,
    DayField,
    Integer,
    Listed,
    MomentField,
    Number,
    Text,
    Word,
)
from portal.kernel.api.serializers import StrictSerializer
from workloads.api.fields import Line
from workloads.enums import CostGate

# Less than 1 is said by the rules (422), so that every door says it alike.
LEAST_CEILING = -(2**63) + 1


class OptInBody(StrictSerializer):
    by = Line(max_length=200, help_text="Who opted in.")
    at = MomentField(help_text="When they did.")
    reference = Line(max_length=200, help_text="The contract.")


class TierBody(StrictSerializer):
    tier = Text(max_length=60, required=False, help_text="Default `standard`.")
    ceiling_tokens = Integer(
        min_value=LEAST_CEILING,
        required=False,
        allow_null=True,
        help_text="Tokens a user and month. Computed, whatever is sent, where "
        f"`ceiling_basis` is not `fixed`. From 1 to {MOST_CEILING:,}.",
    )
    overage = Word(
        CostGate, required=False, help_text="Left out, the recommended pattern."
    )
    metered_opt_in = OptInBody(
        required=False,
        allow_null=True,
        help_text="Left out, the tier's standing opt-in.",
    )
    overage_limit_tokens = Integer(
        min_value=1,
        max_value=MOST_CEILING,
        required=False,
        allow_null=True,
        help_text="Most tokens over the ceiling, a user and month.",
    )
    overage_price_per_million = Amount(
        places=6, max_value="999999999", required=False, allow_null=True
    )
    ceiling_basis = Word(CeilingBasis, required=False)
    allowance = Number(
        min_value="0.001",
        max_value=100,
        places=3,
        required=False,
        allow_null=True,
        help_text="Times the estimate's tokens, where the basis is `estimate`.",
    )
    amount = Amount(
        required=False,
        allow_null=True,
        help_text="Money a user and month, where the basis is `money`.",
    )
    reason = Text(
        max_length=2000,
        required=False,
        allow_blank=True,
        allow_null=True,
        help_text="Asked for by a soft cap or pay-as-you-go on a free tier, or on a "
        "compliance-sensitive workload.",
    )


class NoticeBody(StrictSerializer):
    text = Text(max_length=2000)
    audience = Line(max_length=200)
    activates_on = DayField(help_text="At least 14 days from now.")


class GateBody(StrictSerializer):
    primary_model = Text(max_length=100, required=False, allow_blank=True)
    degrade_model = Text(
        max_length=100, required=False, allow_blank=True, allow_null=True
    )
    tiers = Listed(TierBody(), max_length=MOST_TIERS, required=False)
    on_unreachable = Word(
        OnUnreachable,
        required=False,
        allow_null=True,
        help_text="Left out, `block` where any tier is a hard cap.",
    )
    notice = NoticeBody(required=False, allow_null=True)
    no_notice_reason = Text(
        max_length=2000, required=False, allow_blank=True, allow_null=True
    )
    mode = Word(GateMode, required=False)
    ends_on = DayField(required=False, allow_null=True)
    spend_limit = Amount(
        required=False, allow_null=True, help_text="A month, while it observes."
    )


class OptInAnswer(serializers.Serializer[Any]):
    by = serializers.CharField()
    at = serializers.DateTimeField()
    reference = serializers.CharField()


class TierAnswer(serializers.Serializer[Any]):
    tier = serializers.CharField()
    ceiling_tokens = serializers.IntegerField()
    overage = serializers.ChoiceField(list(CostGate))
    metered_opt_in = OptInAnswer(
        allow_null=True, help_text="Null once it was withdrawn: a hard cap then."
    )
    overage_limit_tokens = serializers.IntegerField(allow_null=True)
    overage_price_per_million = serializers.CharField(allow_null=True)
    ceiling_basis = serializers.ChoiceField(list(CeilingBasis))
    allowance = serializers.FloatField(allow_null=True)
    amount = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_null=True)


class NoticeAnswer(serializers.Serializer[Any]):
    text = serializers.CharField()
    audience = serializers.CharField()
    activates_on = serializers.DateField()


class ThresholdsAnswer(serializers.Serializer[Any]):
    """Shares of the ceiling, as they stood at activation."""

    floor = serializers.FloatField()
    notice = serializers.FloatField()
    banner = serializers.FloatField()


class GateAnswer(serializers.Serializer[Any]):
    workload = serializers.CharField()
    version = serializers.IntegerField()
    state = serializers.ChoiceField(list(GateState))
    awaiting = serializers.ChoiceField(
        ["owner", "finance"],
        allow_null=True,
        help_text="Whose agreement is left once the other's is given.",
    )
    mode = serializers.ChoiceField(list(GateMode))
    primary_model = serializers.CharField()
    degrade_model = serializers.CharField(allow_null=True)
    on_unreachable = serializers.ChoiceField(list(OnUnreachable))
    tiers = TierAnswer(many=True)
    notice = NoticeAnswer(allow_null=True)
    no_notice_reason = serializers.CharField(allow_null=True)
    ends_on = serializers.DateField(allow_null=True)
    spend_limit = serializers.CharField(allow_null=True)
    currency = serializers.CharField()
    thresholds = ThresholdsAnswer(allow_null=True)
    estimate = serializers.IntegerField(
        allow_null=True, help_text="The version that ceilings were computed from."
    )
    sentences = serializers.ListField(
        child=serializers.CharField(), help_text="One a tier."
    )
    owner_agreed_by = serializers.CharField(allow_null=True)
    finance_agreed_by = serializers.CharField(allow_null=True)
    created_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField()
    shadow_at = serializers.DateTimeField(allow_null=True)
    activated_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
