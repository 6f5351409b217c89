"""Forms of what holds calls at once: kill switches and spend limits."""

from decimal import Decimal

from django import forms

from capacity.enums import LimitPeriod, LimitScope, SwitchScope

LONGEST = 2_000
TARGET = "W-01, a department's code, or an agent's id."


def reason_field(help_text: str, *, required: bool = True) -> forms.CharField:
    return forms.CharField(
        max_length=LONGEST,
        required=required,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=help_text,
    )


class ReasonForm(forms.Form):
    """A reason alone, for what a press ends."""

    reason = reason_field("Kept in the audit trail; others read it.")


class SwitchForm(forms.Form):
    scope = forms.ChoiceField(
        label="What stops",
        choices=[
            (str(SwitchScope.WORKLOAD), "a workload"),
            (str(SwitchScope.AGENT), "an agent"),
            (str(SwitchScope.DEPARTMENT), "a department's workloads"),
            (str(SwitchScope.ALL), "everything"),
        ],
    )
    target = forms.CharField(
        label="Which one",
        required=False,
        max_length=200,
        help_text=f"{TARGET} Empty for everything.",
    )
    reason = reason_field("Why, in a sentence: whoever is held reads it.")


class LimitForm(forms.Form):
    scope = forms.ChoiceField(
        label="Of what",
        choices=[
            (str(LimitScope.WORKLOAD), "a workload"),
            (str(LimitScope.AGENT), "an agent"),
            (str(LimitScope.DEPARTMENT), "a department"),
        ],
    )
    target = forms.CharField(label="Which one", max_length=200, help_text=TARGET)
    period = forms.ChoiceField(
        label="Every",
        choices=[(str(LimitPeriod.DAY), "day"), (str(LimitPeriod.MONTH), "month")],
    )
    amount = forms.DecimalField(
        max_digits=18,
        decimal_places=2,
        help_text="Reached, every call is held until the period ends.",
        widget=forms.NumberInput(attrs={"class": "num", "step": "any"}),
    )
    alert_at = forms.IntegerField(
        label="Alert before it, at",
        min_value=1,
        max_value=100,
        initial=80,
        help_text="Of the amount: its owner or the department's head is told.",
        widget=forms.NumberInput(attrs={"class": "num"}),
    )
    reason = reason_field("Kept with the limit.", required=False)

    def clean_alert_at(self) -> Decimal:
        return Decimal(self.cleaned_data["alert_at"]) / 100
