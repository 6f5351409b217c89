"""Departments: code, name, head."""

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from portal.kernel.api.etags import etag_of
from portal.kernel.api.fields import Text
from portal.kernel.api.operations import operation
from portal.kernel.api.paging import Listing
from portal.kernel.api.serializers import StrictSerializer
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from portal.kernel.errors import NotFound
from workloads.api.fields import Line, PersonField
from workloads.models import Department
from workloads.services.departments import (
    DepartmentTaken,
    create_department,
    edit_department,
)

READ = (Scope.PLAN_READ, Scope.GOVERNANCE_READ)


class DepartmentEdit(StrictSerializer):
    name = Line(max_length=120)
    head = PersonField(required=False, allow_null=True, help_text="A username.")


class DepartmentBody(DepartmentEdit):
    code = Text(max_length=40)

    def validate_code(self, code: str) -> str:
        return str(serializers.SlugField(max_length=40).run_validation(code))


class DepartmentAnswer(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    head = serializers.CharField(allow_null=True, help_text="A username.")


class DepartmentsView(WeighbridgeView):
    @operation(
        scope=READ,
        answer=DepartmentAnswer,
        listing=Listing(
            ordering={"name": "name", "code": "code"},
            default="name",
            search=("name", "code"),
        ),
    )
    def get(self) -> Response:
        """List the departments."""
        rows = Department.objects.values("code", "name", "head__username")
        return self.page(rows, row=_listed)

    @operation(
        scope=Scope.GOVERNANCE_WRITE,
        action="department.edit",
        body=DepartmentBody,
        answer=DepartmentAnswer,
        status=201,
        problems=(DepartmentTaken,),
    )
    def post(self) -> Response:
        """Add a department."""
        asked = self.body
        department = create_department(
            actor=self.actor,
            code=asked["code"],
            name=asked["name"],
            head=asked.get("head"),
            now=self.now,
        )
        return self.answer(
            _shown(department),
            etag=tag_of(department),
            location=f"/api/v1/departments/{department.code}/",
        )


class DepartmentView(WeighbridgeView):
    def get_subject(self, code: str) -> Department:
        found = Department.objects.select_related("head").filter(code=code).first()
        if found is None:
            raise NotFound(f'There is no department "{code}".')
        return found

    def etag(self, subject: Department) -> str:
        return tag_of(subject)

    @operation(scope=READ, answer=DepartmentAnswer)
    def get(self) -> Response:
        """Read a department."""
        return self.answer(_shown(self.subject), etag=tag_of(self.subject))

    @operation(
        scope=Scope.GOVERNANCE_WRITE,
        action="department.edit",
        body=DepartmentEdit,
        answer=DepartmentAnswer,
        problems=(DepartmentTaken,),
    )
    def patch(self) -> Response:
        """Rename a department, or name its head. Its code stays."""
        asked = self.body
        department = edit_department(
            code=self.subject.code,
            actor=self.actor,
            name=asked.get("name", self.subject.name),
            head=asked.get("head", self.subject.head),
            if_version=self.if_version,
            now=self.now,
        )
        return self.answer(_shown(department), etag=tag_of(department))


def tag_of(department: Department) -> str:
    return etag_of("department", department.code, department.version)


def _shown(department: Department) -> dict[str, Any]:
    head = department.head
    return {
        "code": department.code,
        "name": department.name,
        "head": head.username if head else None,
    }


def _listed(row: dict[str, Any]) -> dict[str, Any]:
    row["head"] = row.pop("head__username")
    return row
