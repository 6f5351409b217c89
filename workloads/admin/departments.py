"""Departments in the admin."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from portal.kernel import clock
from portal.kernel.admin.base import HouseAdmin
from portal.kernel.admin.forms import VersionedForm
from workloads.models import Department
from workloads.services.departments import create_department, edit_department


class DepartmentForm(VersionedForm):
    written = ("code", "name", "head")

    class Meta:
        model = Department
        fields = ["code", "name", "head"]

    def run(self, changes: dict[str, Any]) -> Department:
        name, head = self.cleaned_data["name"], self.cleaned_data["head"]
        if self.instance.pk is None:
            return create_department(
                actor=self.actor,
                code=self.cleaned_data["code"],
                name=name,
                head=head,
                now=clock.now(),
            )
        return edit_department(
            code=self.instance.code,
            actor=self.actor,
            name=name,
            head=head,
            if_version=self.cleaned_data["seen_version"],
            now=clock.now(),
        )


@admin.register(Department)
class DepartmentAdmin(HouseAdmin):
    form = DepartmentForm
    add_action = change_action = "department.edit"
    form_only = ("seen_version",)
    fields = ("code", "name", "head", "seen_version")
    list_display = ("name", "code", "head")
    list_select_related = ("head",)
    list_filter = (("head", admin.EmptyFieldListFilter),)
    search_fields = ("code", "name", "head__username", "head__name")
    ordering = ("name",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # Addresses and sheets name the code, so it stays.
        return ["code"] if obj is not None else []

    def trail_of(self, obj: Department) -> str:
        return f"department/{obj.code}"
