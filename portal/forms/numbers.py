from decimal import Decimal
from typing import Any

from django import forms

from portal.kernel.enums import Profile
from portal.kernel.formats import in_full
from portal.kernel.models import ModelNumbers
from portal.kernel.pages.seen import SeenVersion
from portal.kernel.services.numbers import NUMBERS

UNITS = {
    "default_session_minutes": "minutes",
    "first_quarter_uplift_hours_week": "h/week",
    "platform_hours_week": "h/week",
    "hours_per_full_time_equivalent": "h/week",
    "signature_validity_quarters": "quarters",
    "signature_reminder_days": "days",
    "signer_reminder_working_days": "working days",
    "deputy_reminder_working_days": "working days",
    "load_test_peak_factor": "times",
    "ops_hour_price": "an hour",
    "quarter_closes_after_days": "days",
    "loop_tool_calls": "tool calls",
}


class NumbersForm(forms.ModelForm):
    reason = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Everybody counts with these numbers, so the trail keeps why.",
    )
    if_version = SeenVersion()

    class Meta:
        model = ModelNumbers
        fields = list(NUMBERS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in NUMBERS:
            # 6 and not 6.00: the places of the column are nobody's concern.
            self.initial[name] = _typed(self.initial[name])
            field = self.fields[name]
            if isinstance(field, forms.IntegerField | forms.DecimalField):
                field.widget.attrs |= {"class": "num", "inputmode": "decimal"}
            if isinstance(field, forms.TypedChoiceField):
                field.choices = [(str(one), words_of(one)) for one in Profile]

    def changes(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in NUMBERS}

    # The use case validates the version it writes; this form only reads what was typed.
    def _post_clean(self) -> None:
        return None


def _typed(value: Any) -> Any:
    if isinstance(value, list):
        return ",".join(_typed(item) for item in value)
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value


def words_of(value: Any) -> str:
    """A number as the page shows it."""
    if isinstance(value, list):
        return ", ".join(words_of(item) for item in value)
    if isinstance(value, int | Decimal):
        return in_full(value)
    return str(value).replace("_", " ")
