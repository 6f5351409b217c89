"""Which period to recalibrate."""

from django import forms

from capacity.selectors.recalibration_ground import read_period


class RecalibrationForm(forms.Form):
    period = forms.CharField(
        label="Quarter or month",
        max_length=10,
        help_text="2026-Q2 for all three budgets, 2026-05 for a month's tokens.",
    )

    def clean_period(self) -> str:
        try:
            return str(read_period(self.cleaned_data["period"]))
        except ValueError:
            raise forms.ValidationError(
                "It is neither a quarter like 2026-Q2 nor a month like 2026-05."
            ) from None
