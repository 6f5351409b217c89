"""A signature as the API answers it."""

from typing import Any

from rest_framework import serializers

from portal.kernel.api.renderers import day_text
from workloads.enums import SignRole, Verdict
from workloads.models import Signoff


class SignatureAnswer(serializers.Serializer[Any]):
    role = serializers.ChoiceField(list(SignRole))
    verdict = serializers.ChoiceField(list(Verdict))
    by = serializers.CharField(help_text="A username.")
    on_behalf_of = serializers.CharField(
        allow_null=True, help_text="For whom a deputy signed."
    )
    at = serializers.DateTimeField()
    attested = serializers.BooleanField(
        help_text="Brought in from minutes of a decision taken elsewhere."
    )
    lapses_on = serializers.DateField(
        allow_null=True, help_text="Its last day; null for a refusal."
    )
    reason = serializers.CharField()


def shown_signature(signoff: Signoff) -> dict[str, Any]:
    principal = signoff.on_behalf_of
    return {
        "role": signoff.role,
        "verdict": signoff.verdict,
        "by": signoff.signer.username,
        "on_behalf_of": principal.username if principal else None,
        "at": signoff.at,
        "attested": signoff.attested,
        "lapses_on": day_text(signoff.lapses_on),
        "reason": signoff.reason,
    }
