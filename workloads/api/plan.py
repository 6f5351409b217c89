"""Rows of the plan: list, propose, read, edit."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q
from rest_framework import serializers
from rest_framework.response import Response

from portal.kernel import clock
from portal.kernel.api.etags import etag_of
from portal.kernel.api.fields import Flag, Listed, Number, QuarterField, Text, Word
from portal.kernel.api.operations import operation
from portal.kernel.api.paging import Filter, Listing
from portal.kernel.api.parameters import Flag as FlagParameter
from portal.kernel.api.parameters import OneOf, QuarterName
from portal.kernel.api.parameters import Text as AnyText
from portal.kernel.api.serializers import StrictSerializer
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Role, Scope
from portal.kernel.errors import FieldError
from workloads.api.fields import DepartmentField, Line, ModelTierField, PersonField
from workloads.api.rows import WorkloadRowAnswer, raw_rows, shown_rows
from workloads.enums import Audience, CostGate, Shape, Status
from workloads.models import Workload
from workloads.selectors.lead_times import lead_times_of
from workloads.selectors.plan import get_workload
from workloads.services.errors import (
    GateDecides,
    NameTaken,
    OwnerHasSigned,
    QuarterIsCommitted,
    WorkloadRetired,
)
from workloads.services.plan import edit_workload, propose_workload


class WorkloadBody(StrictSerializer):
    """What may be written; the status is not among it."""

    name = Line(max_length=200)
    owner = PersonField(
        required=False,
        allow_null=True,
        help_text="A username. Left out of a proposal, it is you if you can own one.",
    )
    purpose = Text(max_length=4000, required=False, allow_blank=True)
    department = DepartmentField(required=False, allow_null=True, help_text="A code.")
    shape = Word(Shape, required=False, allow_null=True)
    ship_quarter = QuarterField(required=False, allow_null=True)
    model_tier = ModelTierField(required=False, allow_null=True)
    cost_gate = Word(CostGate, required=False, allow_null=True)
    audience = Word(Audience, required=False)
    compliance_sensitive = Flag(required=False)
    stakeholders = Listed(PersonField(), required=False, max_length=100)
    hours_to_add = Number(
        min_value=0, max_value=100_000, places=2, required=False, allow_null=True
    )


class LinksAnswer(serializers.Serializer[Any]):
    page = serializers.CharField()
    requirements = serializers.CharField()
    transitions = serializers.CharField()
    estimates = serializers.CharField()


class WorkloadAnswer(WorkloadRowAnswer):
    stakeholders = serializers.ListField(child=serializers.CharField())
    lead_time_days = serializers.FloatField(
        allow_null=True, help_text="From proposal to live; null until it went live."
    )
    days_in_status = serializers.DictField(
        child=serializers.FloatField(), help_text="Days spent in each status so far."
    )
    links = LinksAnswer()


LISTING = Listing(
    ordering={
        "ref": "number",
        "name": "name",
        "owner": "owner__username",
        "status": "status",
        "ship_quarter": "ship_quarter",
        "users": "shown_estimate__users",
        "tokens_per_user_month": "shown_estimate__tokens_per_user_month",
        "tokens_per_month": "shown_estimate__tokens_per_month",
        "ops_hours_week": "shown_estimate__ops_hours_week",
        "proposed_at": "proposed_at",
        "status_since": "status_since",
    },
    default="ref",
    key="number",
    search=("name", "purpose", "owner__name", "owner__username", "owner_text"),
    filters={
        "status": Filter(OneOf(Status, many=True), "status"),
        "owner": Filter(AnyText(description="A username."), "owner__username"),
        "department": Filter(AnyText(description="A code."), "department__code"),
        "ship_quarter": Filter(
            QuarterName(), lambda quarter: Q(ship_quarter=str(quarter))
        ),
        "cost_gate": Filter(OneOf(CostGate, many=True), "cost_gate"),
        "audience": Filter(OneOf(Audience), "audience"),
        "shape": Filter(OneOf(Shape, many=True), "shape"),
        "compliance_sensitive": Filter(FlagParameter(), "compliance_sensitive"),
    },
)


class WorkloadsView(WeighbridgeView):
    @operation(scope=Scope.PLAN_READ, answer=WorkloadRowAnswer, listing=LISTING)
    def get(self) -> Response:
        """List the plan's rows, with the figures and marks that the plan page shows."""
        listed = self.page(raw_rows)
        page: dict[str, Any] = listed.data
        page["results"] = shown_rows(page["results"], clock.today(self.now))
        return listed

    @operation(
        scope=Scope.PLAN_WRITE,
        action="workload.propose",
        body=WorkloadBody,
        answer=WorkloadAnswer,
        status=201,
        problems=(NameTaken,),
    )
    def post(self) -> Response:
        """Propose a workload. It starts as a candidate with the next free reference."""
        values = as_values(self.body)
        if "owner" not in values and self.actor.has_role(Role.OWNER):
            values["owner"] = self.actor
        workload = propose_workload(
            actor=self.actor,
            values=values,
            stakeholders=self.body.get("stakeholders", ()),
            now=self.now,
        )
        return self.answer(
            shown_workload(workload, self.now),
            etag=tag_of(workload),
            location=f"/api/v1/workloads/{workload.ref}/",
        )


class WorkloadView(WeighbridgeView):
    def get_subject(self, ref: str) -> Workload:
        return get_workload(ref)

    def etag(self, subject: Workload) -> str:
        return tag_of(subject)

    @operation(scope=Scope.PLAN_READ, answer=WorkloadAnswer)
    def get(self) -> Response:
        """Read a workload."""
        # No 304: a signature changes the marks and not the row's version.
        return self.answer(
            shown_workload(self.subject, self.now),
            headers={"ETag": tag_of(self.subject)},
        )

    @operation(
        scope=Scope.PLAN_WRITE,
        action="workload.edit",
        body=WorkloadBody,
        answer=WorkloadAnswer,
        problems=(NameTaken, QuarterIsCommitted, OwnerHasSigned, WorkloadRetired),
    )
    def patch(self) -> Response:
        """Edit a workload. Its status changes by a transition only.

        Once it has a gate, `model_tier` and `cost_gate` are the gate's to say.
        """
        if self.subject.gate_decides:
            _require_not_of_the_gate(self.body)
        workload = edit_workload(
            number=self.subject.number,
            actor=self.actor,
            changes=as_values(self.body),
            stakeholders=self.body.get("stakeholders"),
            if_version=self.if_version,
            now=self.now,
        )
        return self.answer(shown_workload(workload, self.now), etag=tag_of(workload))


def _require_not_of_the_gate(body: Mapping[str, Any]) -> None:
    """Named at all, as every member that cannot be written: 400."""
    errors = [
        FieldError(f"/{name}", "read_only", "The gate says it; it cannot be written.")
        for name in ("model_tier", "cost_gate")
        if name in body
    ]
    if errors:
        raise GateDecides("The gate says model tier and cost gate.", errors=errors)


def tag_of(workload: Workload) -> str:
    return etag_of(workload.ref, workload.version)


def as_values(body: Mapping[str, Any]) -> dict[str, Any]:
    """A body's values as the use case takes them: an empty text where nothing is set."""
    values = {name: body[name] for name in body if name != "stakeholders"}
    if "model_tier" in values:
        tier = values.pop("model_tier")
        values["primary_model"], values["degrade_model"] = tier or ("", "")
    for name in ("shape", "cost_gate", "ship_quarter"):
        if name in values:
            values[name] = str(values[name] or "")
    return values


def shown_workload(workload: Workload, now: datetime) -> dict[str, Any]:
    """A workload as it stands in the database now, with its days and links."""
    [row] = shown_rows(raw_rows().filter(pk=workload.pk), clock.today(now))
    lead_time = lead_times_of(workload, now)
    people = workload.stakeholders.order_by("username")
    base = f"/api/v1/workloads/{workload.ref}/"
    return {
        **row,
        "stakeholders": list(people.values_list("username", flat=True)),
        "lead_time_days": lead_time.days_to_live,
        "days_in_status": lead_time.days_in_status,
        "links": {
            "page": f"/workloads/{workload.ref}/",
            "requirements": f"{base}requirements/",
            "transitions": f"{base}transitions/",
            "estimates": f"{base}estimates/",
        },
    }
