"""Taking a baseline: of which quarter's review, as it opened or closed."""

from django import forms

from workloads.enums import Moment
from workloads.forms.workloads import QuarterField


class BaselineForm(forms.Form):
    quarter = QuarterField(
        max_length=20, label="Quarterly review", help_text="Such as 2026-Q3."
    )
    moment = forms.ChoiceField(
        label="Moment",
        choices=[
            (str(Moment.OPENED), "as it opened"),
            (str(Moment.CLOSED), "as it closed"),
        ],
    )
