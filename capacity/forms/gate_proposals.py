"""Accepting proposed ceilings: lower ones need a notice, or a reason for none."""

from typing import Any

from django import forms

from capacity.forms.gate_controls import reason_field
from capacity.rules.gates import NOTICE_DAYS

PARTS = ("notice_text", "notice_audience", "notice_activates_on")


class AcceptForm(forms.Form):
    """All empty where no tier in use gets stricter."""

    notice_text = reason_field(
        "Only where a tier in use gets stricter.", required=False
    )
    notice_audience = forms.CharField(
        required=False, max_length=200, label="Who is told"
    )
    notice_activates_on = forms.DateField(
        required=False,
        label="Of which day",
        help_text=f"At least {NOTICE_DAYS} days from now.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    no_notice_reason = reason_field("In place of a notice.", required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["notice_text"].label = "Notice to users"
        self.fields["no_notice_reason"].label = "Or: why nobody is told"

    def clean(self) -> dict[str, Any]:
        sent: dict[str, Any] = self.cleaned_data
        if any(sent.get(name) for name in PARTS):
            for name in PARTS:
                if not sent.get(name) and name not in self.errors:
                    self.add_error(name, "A notice needs its text, audience and day.")
        return sent

    def values(self) -> dict[str, Any]:
        sent = self.cleaned_data
        values: dict[str, Any] = {"no_notice_reason": sent["no_notice_reason"]}
        if sent["notice_text"]:
            values["notice"] = {
                "text": sent["notice_text"],
                "audience": sent["notice_audience"],
                "activates_on": sent["notice_activates_on"],
            }
        return values
