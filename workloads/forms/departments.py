"""A department: its code, its name, its head."""

from typing import Any

from django import forms

from portal.kernel.models import User
from portal.kernel.pages.seen import SeenVersion
from workloads.forms.workloads import PersonChoice
from workloads.models import Department


class DepartmentForm(forms.Form):
    code = forms.SlugField(
        max_length=40,
        help_text="Short, for addresses and programs: customer-support. It stays.",
    )
    name = forms.CharField(max_length=120)
    head = PersonChoice(
        queryset=User.objects.none(),
        required=False,
        empty_label="nobody yet",
        help_text="Decides its budget, limits and waves.",
    )
    if_version = SeenVersion()

    def __init__(
        self, data: Any = None, *, department: Department | None = None
    ) -> None:
        super().__init__(data, initial=_initial(department))
        self.fields["head"].queryset = User.objects.filter(  # type: ignore[attr-defined]
            is_active=True
        ).order_by("name", "username")
        if department is not None:
            # The code is an address: it does not change.
            del self.fields["code"]


def _initial(department: Department | None) -> dict[str, Any]:
    if department is None:
        return {}
    return {
        "name": department.name,
        "head": department.head_id,
        "if_version": department.version,
    }
