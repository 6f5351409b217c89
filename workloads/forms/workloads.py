"""The row of the plan as a form: proposing it and editing it."""

from typing import Any

from django import forms
from django.db.models import Q

from portal.kernel.enums import Role
from portal.kernel.formats import quarter as quarter_words
from portal.kernel.models import User
from portal.kernel.pages.seen import SeenVersion
from portal.kernel.periods import Quarter
from workloads.enums import Audience, CostGate, Shape
from workloads.forms.figures import QuantityField
from workloads.models import Department, Workload

SHAPE_WORDS = {
    Shape.CHAT: "chat",
    Shape.RETRIEVAL_QA: "retrieval Q&A",
    Shape.SUMMARISATION: "summarisation",
    Shape.CODE: "code",
    Shape.DRAFTING: "drafting",
    Shape.EXTRACTION: "extraction",
    Shape.WORKFLOW_AUTOMATION: "workflow automation",
    Shape.OWN: "a shape of its own",
}
MOST_HOURS = 999_999


class PersonChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.display_name)


class PeopleChoice(forms.ModelMultipleChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.display_name)


class QuarterField(forms.CharField):
    """2026-Q2, 2026Q2 and Q2-2026 are one quarter; kept as 2026Q2."""

    def clean(self, value: Any) -> str:
        text = str(super().clean(value) or "").strip()
        if not text:
            return ""
        try:
            return str(Quarter.parse(text))
        except ValueError as bad:
            raise forms.ValidationError(
                f"“{text}” is not a quarter; write it as 2026-Q2."
            ) from bad

    def prepare_value(self, value: Any) -> Any:
        return quarter_words(value) if value else value


class WorkloadForm(forms.Form):
    name = forms.CharField(
        max_length=200, label="Workload", help_text="What it is called in the plan."
    )
    purpose = forms.CharField(
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One sentence: what it does, for whom.",
    )
    owner = PersonChoice(
        queryset=User.objects.none(),
        required=False,
        empty_label="nobody yet",
        help_text="Estimates it, moves it, and never signs it.",
    )
    department = forms.ModelChoiceField(
        queryset=Department.objects.all(), required=False, empty_label="none"
    )
    ship_quarter = QuarterField(
        max_length=20,
        required=False,
        help_text="Such as 2026-Q2.",
        widget=forms.TextInput(attrs={"list": "quarters"}),
    )
    shape = forms.ChoiceField(
        required=False,
        choices=[("", "not said"), *((str(s), w) for s, w in SHAPE_WORDS.items())],
        help_text="What it does; the guidance on ops hours goes by it.",
    )
    audience = forms.ChoiceField(choices=[(str(one), str(one)) for one in Audience])
    compliance_sensitive = forms.BooleanField(required=False)
    primary_model = forms.CharField(
        max_length=100, required=False, help_text="Such as Sonnet."
    )
    degrade_model = forms.CharField(
        max_length=100,
        required=False,
        help_text="Serves past the ceiling, where there is one.",
    )
    cost_gate = forms.ChoiceField(
        required=False,
        choices=[("", "none yet"), *((str(one), one.sheet) for one in CostGate)],
        help_text="Without one its cost has no bound, and it cannot be committed.",
    )
    hours_to_add = QuantityField(
        most=MOST_HOURS, help_text="What people spent to add it to the platform."
    )
    stakeholders = PeopleChoice(
        queryset=User.objects.none(),
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 6}),
        help_text="Ctrl or Cmd picks several.",
    )
    if_version = SeenVersion()

    def __init__(self, data: Any = None, *, workload: Workload | None = None) -> None:
        super().__init__(data, initial=values_of(workload) if workload else None)
        self.workload = workload
        people = people_for(workload)
        for name in ("owner", "stakeholders"):
            self.fields[name].queryset = people  # type: ignore[attr-defined]
        if workload and workload.owner_text:
            self.fields[
                "owner"
            ].help_text = (
                f"A sheet named “{workload.owner_text}”; no one account matches."
            )

        if workload and workload.gate_decides:
            for name in ("primary_model", "degrade_model", "cost_gate"):
                self.fields[name].disabled = True
                self.fields[name].help_text = "Its gate says it."

    def clean(self) -> dict[str, Any]:
        cleaned = dict(super().clean() or self.cleaned_data)
        if cleaned.get("degrade_model") and not cleaned.get("primary_model"):
            self.add_error(
                "degrade_model", "It degrades from a primary model; name that first."
            )
        return cleaned

    def values(self) -> dict[str, Any]:
        """The row's fields; stakeholders and version are asked for apart."""
        apart = {"stakeholders", "if_version"}
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if name not in apart
        }


def values_of(workload: Workload) -> dict[str, Any]:
    names = [name for name in WorkloadForm.base_fields if name != "if_version"]
    values = {name: getattr(workload, name) for name in names if name != "stakeholders"}
    return {
        **values,
        "stakeholders": list(workload.stakeholders.all()),
        "if_version": workload.version,
    }


def people_for(workload: Workload | None) -> Any:
    """Active people, and whoever is named already; service accounts own nothing."""
    named = Q(is_active=True) & ~Q(roles__contains=[str(Role.RUNTIME)])
    if workload is not None and workload.owner_id:
        named |= Q(pk=workload.owner_id)
    return User.objects.filter(named).order_by("name", "username")
