"""Forms of success criteria and of proofs that a workload is ready for production."""

from decimal import Decimal
from typing import Any

from django import forms

from portal.kernel.pages.seen import SeenStamp
from workloads.enums import ReadinessCheck
from workloads.forms.figures import QuantityField

CHECK_WORDS = {
    ReadinessCheck.LOAD_TEST: "Load test",
    ReadinessCheck.EDGE_CASES: "Edge and failure cases tested",
    ReadinessCheck.PIPELINE_DOCUMENTED: "Data pipeline documented",
    ReadinessCheck.AUDIT_SEEN: "Audit trail seen",
    ReadinessCheck.ROLLBACK_REHEARSED: "Rollback rehearsed",
}
MOST_TIMES = 999


def _day(**options: Any) -> forms.DateField:
    return forms.DateField(
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options
    )


class CriterionForm(forms.Form):
    metric = forms.CharField(
        max_length=200, help_text="What is measured, such as: minutes saved per chat."
    )
    baseline = forms.CharField(max_length=200, help_text="What it is today.")
    target = forms.CharField(max_length=200, help_text="What it must be.")
    due_on = _day(label="By", help_text="The day on which it is looked at.")
    seen = SeenStamp()


class ReadinessForm(forms.Form):
    item = forms.ChoiceField(
        label="Proof", choices=[(str(one), CHECK_WORDS[one]) for one in ReadinessCheck]
    )
    link = forms.URLField(
        max_length=500,
        assume_scheme="https",
        help_text="Where it can be read: a report, a run, a page.",
    )
    done_on = _day(label="Done on")
    load_test_factor = QuantityField(
        most=MOST_TIMES,
        label="Load",
        help_text="Load test only: as a multiple of the forecast peak.",
    )
    seen = SeenStamp()

    def clean(self) -> dict[str, Any]:
        cleaned = dict(super().clean() or self.cleaned_data)
        if cleaned.get("item") != ReadinessCheck.LOAD_TEST:
            cleaned["load_test_factor"] = None
        elif cleaned.get("load_test_factor") == Decimal(0):
            self.add_error("load_test_factor", "0 is no load. State it, or leave it.")
        return cleaned
