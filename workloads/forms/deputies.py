"""The form by which a signer names a deputy."""

from typing import Any

from django import forms

from portal.kernel.enums import Role
from portal.kernel.models import User
from workloads.enums import SignRole
from workloads.forms.workloads import PersonChoice


def _day(**options: Any) -> forms.DateField:
    return forms.DateField(
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options
    )


class DeputyForm(forms.Form):
    role = forms.ChoiceField(label="Signature")
    deputy = PersonChoice(
        queryset=User.objects.none(),
        empty_label="choose a person",
        help_text="Signs in their own name, marked as for you.",
    )
    from_day = _day(label="From")
    until = _day(label="Until", help_text="The last day, included.")

    def __init__(self, data: Any = None, *, signer: User) -> None:
        super().__init__(data)
        self.fields["role"].choices = [  # type: ignore[attr-defined]
            (str(role), f"{role}: {role.budget}")
            for role in SignRole
            if signer.has_role(str(role))
        ]
        self.fields["deputy"].queryset = (  # type: ignore[attr-defined]
            User.objects.filter(is_active=True)
            .exclude(pk=signer.pk)
            .exclude(roles__contains=[str(Role.RUNTIME)])
            .order_by("name", "username")
        )
