"""Alerts: what was said about whom, and who has seen it."""

from typing import Any

from django.db.models import Q
from rest_framework import serializers
from rest_framework.response import Response

from capacity.models import Alert
from capacity.runtime.references import hashed
from capacity.selectors.alerts import alert_rows, get_alert, sees_user_of
from capacity.selectors.user_references import SEE, may_see_users, shown_reference
from capacity.services.alerts import acknowledge_alert
from portal.kernel import access
from portal.kernel.api.operations import operation
from portal.kernel.api.paging import Filter, Listing
from portal.kernel.api.parameters import Flag, Matching, MonthName, OneOf, Whole
from portal.kernel.api.parameters import Text as AnyText
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from portal.kernel.errors import NotFound
from workloads.models import Workload
from workloads.rules.shown import ref_of
from workloads.selectors.plan import number_of

READ = (Scope.PLAN_READ, Scope.GATES_DECIDE)
ACKNOWLEDGE = (Scope.GATES_DECIDE, Scope.PLAN_WRITE)
LEVELS = (70, 90, 100)
KINDS = ["soft_notice", "banner", "contract_event"]


class AlertAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    workload = serializers.CharField()
    user = serializers.CharField(
        help_text="A reference; a short hash for those who may not see it."
    )
    tier = serializers.CharField()
    month = serializers.CharField(help_text="2026-05.")
    level = serializers.IntegerField(help_text="70, 90 or 100.")
    kind = serializers.ChoiceField(KINDS)
    at = serializers.DateTimeField()
    account = serializers.CharField(allow_null=True)
    trace_id = serializers.CharField(allow_null=True)
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    acknowledged_by = serializers.CharField(allow_null=True, help_text="A username.")


def _number(ref: str) -> int:
    number = number_of(ref)
    if number is None:
        raise ValueError(ref)
    return number


class AlertsView(WeighbridgeView):
    @operation(
        scope=READ,
        answer=AlertAnswer,
        listing=Listing(
            ordering={"id": "id", "at": "at", "level": "level"},
            default="-id",
            filters={
                "workload": Filter(
                    Matching(_number, "a reference like W-01"), "workload__number"
                ),
                "user": Filter(
                    AnyText(
                        description="A reference, as it was sent or as it is kept."
                    ),
                    lambda user: Q(user_ref__in={user, hashed(user)}),
                ),
                "level": Filter(Whole(70, 100), "level"),
                "kind": Filter(OneOf(KINDS, many=True), "kind"),
                "month": Filter(MonthName(), lambda month: Q(month=month.first_day)),
                "open": Filter(
                    Flag(description="Acknowledged by nobody yet, or by someone."),
                    "acknowledged_at__isnull",
                ),
            },
        ),
    )
    def get(self) -> Response:
        """List what was said, newest first. A bound token reads its workloads'."""
        if self.query["user"] is not None:
            self._require_sight()
        rows = alert_rows()
        bound = _bound_to(self)
        if bound is not None:
            rows = rows.filter(workload__number__in=bound)
        return self.page(rows, row=self._shown)

    def _require_sight(self) -> None:
        """By a reference one finds a user: that is for those who may see references."""
        number = self.query["workload"]
        found = Workload.objects.select_related("owner").filter(number=number).first()
        if not may_see_users(self.actor, found):
            access.require(self.actor, SEE, found)

    def _shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return _row(row, may_see=sees_user_of(self.actor, row))


class AcknowledgeView(WeighbridgeView):
    def get_subject(self, number: int) -> Alert:
        alert = get_alert(number)
        bound = _bound_to(self)
        if bound is not None and alert.workload.number not in bound:
            raise NotFound(f"There is no alert {number}.")
        return alert

    def guarded(self, subject: Alert) -> Workload:
        return subject.workload

    @operation(scope=ACKNOWLEDGE, action="alert.acknowledge", answer=AlertAnswer)
    def post(self) -> Response:
        """Say that it was seen. The first who says so is kept."""
        acknowledge_alert(alert_id=self.subject.pk, actor=self.actor, now=self.now)
        row = alert_rows().get(pk=self.subject.pk)
        return self.answer(_row(row, may_see=sees_user_of(self.actor, row)))


def _bound_to(view: WeighbridgeView) -> set[int | None] | None:
    """Numbers of the workloads that a runtime's token is bound to; none for all."""
    token = view.token
    if token is None or not token.workloads:
        return None
    return {number_of(ref) for ref in token.workloads}


def _row(row: dict[str, Any], *, may_see: bool) -> dict[str, Any]:
    return {
        "id": row["id"],
        "workload": ref_of(row["workload__number"]),
        "user": shown_reference(row["user_ref"], may_see=may_see),
        "tier": row["tier"],
        "month": f"{row['month']:%Y-%m}",
        "level": row["level"],
        "kind": row["kind"],
        "at": row["at"],
        "account": row["account"] or None,
        "trace_id": row["trace_id"] or None,
        "acknowledged_at": row["acknowledged_at"],
        "acknowledged_by": row["acknowledged_by"] or None,
    }
