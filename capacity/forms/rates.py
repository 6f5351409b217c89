"""The forms of "Rates and staffing": a price, a compute line, people, the reserve.

Fields are called what the use cases call them, so that a refusal finds its field.
"""

from decimal import Decimal
from typing import Any

from django import forms

from capacity.enums import KNOWN_LINES, Budget, ModelClass
from workloads.forms.workloads import QuarterField

REASON_OF_A_RATE = "Why it changes; it stands in the history."


def _day(help_text: str) -> forms.DateField:
    return forms.DateField(
        label="Valid from",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=help_text,
    )


def _amount(
    label: str, *, places: int = 6, required: bool = True
) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, max_digits=18, decimal_places=places, required=required
    )


def _reason(help_text: str, *, required: bool = False) -> forms.CharField:
    return forms.CharField(
        max_length=2_000,
        required=required,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=help_text,
    )


class PriceForm(forms.Form):
    model = forms.CharField(max_length=100, help_text="As estimates name it: Sonnet.")
    valid_from = _day(
        "Forecasts take it from the first day of a month on, usage from its day."
    )
    input_per_million = _amount("Input")
    cached_input_per_million = _amount("Cached input")
    output_per_million = _amount("Output")
    batch_input_per_million = _amount("Input in batches", required=False)
    batch_output_per_million = _amount("Output in batches", required=False)
    aliases = forms.CharField(
        max_length=2_000,
        required=False,
        label="Also called",
        help_text="Names that runtimes report, with commas. Empty: as before.",
    )
    reason = _reason(REASON_OF_A_RATE)

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        # Its name is a word of Python's own.
        self.fields["class"] = forms.ChoiceField(
            choices=[(str(one), str(one)) for one in ModelClass]
        )
        self.order_fields(["model", "class"])

    def clean_aliases(self) -> list[str] | None:
        """None where nothing is typed: the model keeps those it has."""
        typed = str(self.cleaned_data["aliases"])
        return [one.strip() for one in typed.split(",") if one.strip()] or None


class LineForm(forms.Form):
    line = forms.CharField(
        max_length=60,
        help_text=f"{', '.join(KNOWN_LINES)}, or a name of your own.",
    )
    valid_from = _day("It counts from the first day of a month on.")
    amount_per_month = _amount("A month", places=2, required=False)
    amount_per_session_month = _amount("A session and month", required=False)
    reason = _reason(REASON_OF_A_RATE)


class StaffingForm(forms.Form):
    quarter = QuarterField(max_length=20, help_text="Such as 2026-Q3.")
    full_time_equivalents = forms.DecimalField(
        max_digits=18,
        decimal_places=2,
        label="Full-time equivalents",
        help_text="To raise them is a staffing decision of the committee.",
    )
    vacancies = forms.DecimalField(
        max_digits=18,
        decimal_places=2,
        required=False,
        help_text="Of these, unfilled. Empty: as many as before.",
    )
    reason = _reason("For a quarter's first row, and for a lowering.")


class _DecidedForm(forms.Form):
    quarter = QuarterField(max_length=20, help_text="Such as 2026-Q3.")
    decision = forms.CharField(
        max_length=20, help_text="The committee's decision: D-12."
    )


class ReserveForm(_DecidedForm):
    percent = forms.DecimalField(
        max_digits=18,
        decimal_places=2,
        label="Share of the three budgets",
        help_text="15 to 20 %. Once fixed, a new share rebalances it.",
    )
    reason = _reason("What it was decided for.")

    def ratio(self) -> Decimal:
        return Decimal(self.cleaned_data["percent"]) / 100


class DrawForm(_DecidedForm):
    amount = _amount("Amount", places=2)
    budget = forms.ChoiceField(choices=[(str(one), str(one)) for one in Budget])
    reason = _reason("What it pays for.", required=True)
