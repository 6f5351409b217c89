"""The numbers of the model in the admin: a change is the next version."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from portal.kernel import clock
from portal.kernel.admin.base import HouseAdmin
from portal.kernel.admin.forms import VersionedForm
from portal.kernel.models import ModelNumbers
from portal.kernel.selectors import numbers
from portal.kernel.services.numbers import NUMBERS, change_numbers

ABOUT = ("version", "changed_at", "changed_by")


class NumbersForm(VersionedForm):
    written = NUMBERS
    guarded = ("version",)

    because = forms.CharField(
        label="Reason",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Everybody counts with these numbers, so the trail keeps why.",
    )

    class Meta:
        model = ModelNumbers
        fields = list(NUMBERS)

    def run(self, changes: dict[str, Any]) -> ModelNumbers:
        return change_numbers(
            actor=self.actor,
            changes=changes,
            reason=self.cleaned_data["because"],
            if_version=self.cleaned_data["seen_version"],
            now=clock.now(),
        )


@admin.register(ModelNumbers)
class ModelNumbersAdmin(HouseAdmin):
    form = NumbersForm
    change_action = "numbers.change"
    form_only = ("because", "seen_version")
    list_display = ("called", "changed_at", "changed_by", "reason")
    list_filter = ("changed_at",)
    list_select_related = ("changed_by",)
    search_fields = ("reason", "changed_by__username", "changed_by__name")
    ordering = ("-version",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*ABOUT, "reason", *NUMBERS, "because", "seen_version"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*ABOUT, "reason"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only the newest version has a next one. A post on an earlier one goes to the
        use case, which says what became of it meanwhile."""
        may = super().has_change_permission(request, obj)
        if obj is None or request.method == "POST":
            return may
        return may and obj.version == numbers.current().version

    def save_words(self, obj: ModelNumbers) -> str:
        return f"Save as version {obj.version + 1}"

    def trail_of(self, obj: ModelNumbers) -> str:
        return "setting/numbers"

    @admin.display(description="Version", ordering="version")
    def called(self, obj: ModelNumbers) -> str:
        return str(obj)
