"""Forms of exceptions and accounts."""

from django import forms

from capacity.forms.gate_controls import reason_field
from capacity.models import Account


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


class AccountForm(forms.ModelForm):
    class Meta:
        model = Account
        fields = ("code", "name", "owner_email", "billing_email")
        labels = {
            "code": "Id",
            "owner_email": "Owner's e-mail",
            "billing_email": "Billing administrator's e-mail",
        }

    def __init__(self, *args: object, is_new: bool = True, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.fields["billing_email"].required = False
        if not is_new:
            del self.fields["code"]
