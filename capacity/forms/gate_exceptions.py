"""Forms of exceptions and accounts."""

from typing import Any

from django import forms

from capacity.forms.gate_controls import reason_field


class ExceptionForm(forms.Form):
    """A ceiling of one user's or one account's own, until a day."""

    user = forms.CharField(
        required=False, max_length=100, help_text="The reference, as runtimes send it."
    )
    account = forms.CharField(
        required=False,
        max_length=100,
        help_text="Or an account's id: all of its users.",
    )
    tier = forms.CharField(
        required=False, max_length=60, help_text="Empty for every tier."
    )
    ceiling_tokens = forms.IntegerField(
        min_value=1,
        max_value=10**15,
        label="Ceiling",
        help_text="In place of the tier's, a user and month.",
        widget=forms.NumberInput(attrs={"class": "num"}),
    )
    ends_on = forms.DateField(
        label="Until",
        help_text="The last day, included.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    reason = reason_field("Kept with it; it stands wherever the ceiling does.")


class AccountForm(forms.Form):
    """Who pays for a group of users. The id stays: runtimes send it."""

    code = forms.CharField(
        max_length=100, label="Id", help_text="As runtimes send it, say acme-eu."
    )
    name = forms.CharField(max_length=200)
    owner_email = forms.EmailField(
        label="Owner's e-mail", help_text="Told once when a user nears a ceiling."
    )
    billing_email = forms.EmailField(
        required=False,
        label="Billing administrator's e-mail",
        help_text="Told of metered overage; empty for the owner.",
    )

    def __init__(self, *args: Any, is_new: bool = True, **options: Any) -> None:
        super().__init__(*args, **options)
        if not is_new:
            del self.fields["code"]
