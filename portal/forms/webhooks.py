from typing import Any

from django import forms

from portal.kernel.enums import EventKind
from portal.kernel.models import WebhookSubscription
from portal.kernel.models.webhooks import LONGEST_DESCRIPTION, LONGEST_URL
from portal.kernel.pages.seen import SeenVersion

KIND_WORDS = {
    EventKind.WORKLOAD_TRANSITIONED: "a workload moved",
    EventKind.SIGNOFF_GIVEN: "a signature was given",
    EventKind.GATE_ACTIVATED: "a version of a gate became active",
    EventKind.KILL_SWITCH_CHANGED: "a kill switch was thrown or lifted",
    EventKind.GATE_THRESHOLD: "a user reached 70, 90 or 100 % of a ceiling",
    EventKind.DECISION_RECORDED: "the committee recorded a decision",
    EventKind.ANTIPATTERN_DETECTED: "an anti-pattern was detected",
    EventKind.RECALIBRATION_FINISHED: "a recalibration finished",
}


class WebhookForm(forms.Form):
    url = forms.CharField(
        max_length=LONGEST_URL,
        label="Address",
        help_text="It begins with https and is outside of this network.",
    )
    description = forms.CharField(
        max_length=LONGEST_DESCRIPTION, required=False, label="What it is for"
    )
    kinds = forms.MultipleChoiceField(
        choices=[(str(kind), f"{kind}: {KIND_WORDS[kind]}") for kind in EventKind],
        widget=forms.CheckboxSelectMultiple,
        label="Told of",
    )


class EditWebhookForm(WebhookForm):
    is_active = forms.BooleanField(required=False, label="Switched on")
    seen = SeenVersion()

    def changes(self) -> dict[str, Any]:
        return {
            name: self.cleaned_data[name]
            for name in ("url", "description", "kinds", "is_active")
        }


def values_of(subscription: WebhookSubscription) -> dict[str, Any]:
    return {
        "url": subscription.url,
        "description": subscription.description,
        "kinds": subscription.kinds,
        "is_active": subscription.is_active,
        "seen": subscription.version,
    }
