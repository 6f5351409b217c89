from typing import Any

from django import forms

from portal.kernel.enums import CommitteeFunction, Role
from portal.kernel.pages.seen import SeenStamp
from portal.kernel.pages.words import ROLE_WORDS

_ROLES = [(str(role), ROLE_WORDS[role].capitalize()) for role in Role]
_FUNCTIONS = [("", "—"), *((str(one), str(one)) for one in CommitteeFunction)]


class AccountForm(forms.Form):
    """What an administrator changes; the username stays, as the audit trail names it."""

    name = forms.CharField(max_length=200, required=False)
    email = forms.EmailField(required=False, label="E-mail")
    roles = forms.MultipleChoiceField(
        choices=_ROLES, widget=forms.CheckboxSelectMultiple, required=False
    )
    committee_function = forms.ChoiceField(
        choices=_FUNCTIONS,
        required=False,
        help_text="For committee members: chair, secretary or member.",
    )


class EditAccountForm(AccountForm):
    seen = SeenStamp()

    def changes(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in AccountForm.base_fields}


class NewAccountForm(AccountForm):
    username = forms.CharField(max_length=150, help_text="Typed to sign in.")
    password = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        required=False,
        strip=False,
        help_text="Ten characters or more. Without one nobody can sign in with it.",
    )
    field_order = ["username", "name", "email", "roles", "committee_function"]


class PasswordForm(forms.Form):
    password = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        label="New password",
        strip=False,
        help_text="Ten characters or more, and not one that everybody uses.",
    )


class OwnPasswordForm(PasswordForm):
    present = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        label="Present password",
        strip=False,
    )
    field_order = ["present", "password"]
