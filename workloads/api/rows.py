"""The plan's rows as the API answers them, read as plain values: no model instances."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from portal.kernel.api.renderers import number
from workloads.api.words import MARKS, STATES
from workloads.enums import Audience, CostGate, EstimateState, Shape, SignRole, Status
from workloads.models import Workload
from workloads.rules.shown import model_tier_of, ref_of
from workloads.selectors.plan_marks import Submitted, submitted_versions

NO_MARKS: Mapping[str, str] = {str(role): "none" for role in SignRole}

_SHOWN = "shown_estimate__"
READ = (
    "number",
    "name",
    "owner__username",
    "owner_text",
    "purpose",
    "department__code",
    "shape",
    "audience",
    "compliance_sensitive",
    "status",
    "requested_status",
    "ship_quarter",
    "primary_model",
    "degrade_model",
    "cost_gate",
    "hours_to_add",
    "proposed_at",
    "status_since",
    "shown_estimate_id",
    "submitted_estimate_id",
    f"{_SHOWN}version",
    f"{_SHOWN}state",
    f"{_SHOWN}declared_tokens_per_user_month",
    f"{_SHOWN}users",
    f"{_SHOWN}sessions_per_user_month",
    f"{_SHOWN}tokens_per_user_month",
    f"{_SHOWN}tokens_per_month",
    f"{_SHOWN}ops_hours_week",
)


class SignoffMarks(serializers.Serializer[Any]):
    """Of the newest submitted version."""

    engineering = serializers.ChoiceField(MARKS)
    finance = serializers.ChoiceField(MARKS)
    ops = serializers.ChoiceField(MARKS)


class ShownEstimate(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    state = serializers.ChoiceField(STATES)
    declared = serializers.BooleanField(
        help_text="The tokens are a declared figure, not the product of its factors."
    )


class WaitingEstimate(serializers.Serializer[Any]):
    version = serializers.IntegerField()


class WorkloadRowAnswer(serializers.Serializer[Any]):
    ref = serializers.CharField()
    name = serializers.CharField()
    owner = serializers.CharField(allow_null=True, help_text="A username.")
    owner_text = serializers.CharField(
        allow_null=True, help_text="As a sheet named the owner, while nobody matches."
    )
    purpose = serializers.CharField()
    department = serializers.CharField(allow_null=True, help_text="A code.")
    shape = serializers.ChoiceField(list(Shape), allow_null=True)
    audience = serializers.ChoiceField(list(Audience))
    compliance_sensitive = serializers.BooleanField()
    status = serializers.ChoiceField(list(Status))
    requested_status = serializers.ChoiceField(
        list(Status), allow_null=True, help_text="What an imported sheet asked for."
    )
    ship_quarter = serializers.CharField(allow_null=True)
    model_tier = serializers.CharField(
        allow_null=True, help_text="Primary and degrade model: `Sonnet→Haiku`."
    )
    cost_gate = serializers.ChoiceField(list(CostGate), allow_null=True)
    hours_to_add = serializers.FloatField(allow_null=True)
    users = serializers.IntegerField(allow_null=True)
    sessions_per_user_month = serializers.FloatField(allow_null=True)
    tokens_per_user_month = serializers.IntegerField(allow_null=True)
    tokens_per_month = serializers.IntegerField(allow_null=True)
    ops_hours_week = serializers.FloatField(allow_null=True)
    estimate = ShownEstimate(
        allow_null=True, help_text="The version whose figures the row shows."
    )
    waiting = WaitingEstimate(
        allow_null=True, help_text="A newer version that waits for its signatures."
    )
    signoffs = SignoffMarks()
    proposed_at = serializers.DateTimeField()
    status_since = serializers.DateTimeField()


Raw = dict[str, Any]


def raw_rows() -> QuerySet[Workload, Raw]:
    return Workload.objects.values(*READ)


def shown_rows(rows: Iterable[Raw], today: date) -> list[Raw]:
    """The rows of an answer; one more query, for the marks of all of them."""
    read = list(rows)
    submitted = submitted_versions(
        [row["submitted_estimate_id"] for row in read if row["submitted_estimate_id"]],
        today,
    )
    return [_shown(row, submitted.get(row["submitted_estimate_id"])) for row in read]


def _shown(row: Raw, submitted: Submitted | None) -> Raw:
    marks = submitted.marks if submitted else NO_MARKS
    return {
        "ref": ref_of(row["number"]),
        "name": row["name"],
        "owner": row["owner__username"],
        "owner_text": row["owner_text"] or None,
        "purpose": row["purpose"],
        "department": row["department__code"],
        "shape": row["shape"] or None,
        "audience": row["audience"],
        "compliance_sensitive": row["compliance_sensitive"],
        "status": row["status"],
        "requested_status": row["requested_status"] or None,
        "ship_quarter": row["ship_quarter"] or None,
        "model_tier": model_tier_of(row["primary_model"], row["degrade_model"]) or None,
        "cost_gate": row["cost_gate"] or None,
        "hours_to_add": number(row["hours_to_add"]),
        "users": row["shown_estimate__users"],
        "sessions_per_user_month": number(
            row["shown_estimate__sessions_per_user_month"]
        ),
        "tokens_per_user_month": row["shown_estimate__tokens_per_user_month"],
        "tokens_per_month": row["shown_estimate__tokens_per_month"],
        "ops_hours_week": number(row["shown_estimate__ops_hours_week"]),
        "estimate": _estimate(row, marks),
        "waiting": _waiting(row, submitted),
        "signoffs": marks,
        "proposed_at": row["proposed_at"],
        "status_since": row["status_since"],
    }


def _estimate(row: Raw, marks: Mapping[str, str]) -> Raw | None:
    version = row["shown_estimate__version"]
    if version is None:
        return None
    state = row["shown_estimate__state"]
    if state == EstimateState.SUBMITTED and set(marks.values()) == {"signed"}:
        state = "signed"
    return {
        "version": version,
        "state": state,
        "declared": row["shown_estimate__declared_tokens_per_user_month"] is not None,
    }


def _waiting(row: Raw, submitted: Submitted | None) -> Raw | None:
    if (
        submitted is None
        or not submitted.is_waiting
        or row["shown_estimate_id"] == row["submitted_estimate_id"]
    ):
        return None
    return {"version": submitted.version}
