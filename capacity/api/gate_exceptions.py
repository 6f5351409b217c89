"""Exceptions: a temporary ceiling of one user's or one account's own."""

from typing import Any

from django.db.models import Q
from rest_framework import serializers
from rest_framework.response import Response

from capacity.api.gates import ReasonBody
from capacity.models import Account, GateException
from capacity.runtime.references import hashed
from capacity.selectors.gate_exceptions import get_exception, holds_on, tag_of
from capacity.selectors.gate_problems import ExceptionEnded, ExceptionInvalid
from capacity.selectors.user_references import may_see_users, shown_reference
from capacity.services.gate_exceptions import end_exception, grant_exception
from portal.kernel import clock
from portal.kernel.api.fields import DayField, Integer, Text
from portal.kernel.api.operations import operation
from portal.kernel.api.paging import Filter, Listing
from portal.kernel.api.parameters import Flag
from portal.kernel.api.parameters import Text as AnyText
from portal.kernel.api.serializers import StrictSerializer
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from portal.kernel.errors import FieldError, NotFound, Unprocessable
from workloads.api.fields import Line
from workloads.models import Workload
from workloads.rules.shown import ref_of
from workloads.selectors.plan import get_workload, number_of
from workloads.services.errors import WorkloadRetired

READ = (Scope.PLAN_READ, Scope.GOVERNANCE_READ)
WRITE = (Scope.PLAN_WRITE, Scope.GOVERNANCE_WRITE)


class UnknownAccount(Unprocessable):
    code = "unknown_account"
    title = "There is no such account"


class UnknownWorkload(Unprocessable):
    code = "unknown_workload"
    title = "There is no such workload"


class ExceptionBody(StrictSerializer):
    workload = Text(max_length=20, help_text="W-01.")
    tier = Text(
        max_length=60,
        required=False,
        allow_null=True,
        help_text="Left out, every tier.",
    )
    user = Line(
        max_length=100,
        required=False,
        allow_null=True,
        help_text="As runtimes send it. This, or `account`.",
    )
    account = Text(max_length=100, required=False, allow_null=True)
    ceiling_tokens = Integer(min_value=1, help_text="In place of the tier's.")
    reason = Text(max_length=2000)
    ends_on = DayField(help_text="The last day on which it holds.")


class ExceptionAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    workload = serializers.CharField()
    tier = serializers.CharField(allow_null=True, help_text="Null for every tier.")
    user = serializers.CharField(
        allow_null=True, help_text="A short hash for who does not see references."
    )
    account = serializers.CharField(allow_null=True)
    ceiling_tokens = serializers.IntegerField()
    reason = serializers.CharField()
    approved_by = serializers.CharField(allow_null=True, help_text="A username.")
    created_at = serializers.DateTimeField()
    ends_on = serializers.DateField()
    ended_at = serializers.DateTimeField(
        allow_null=True, help_text="When it was taken back before its end."
    )


def _of_workload(ref: str) -> Q:
    return Q(workload__number=number_of(ref) or 0)


class ExceptionsView(WeighbridgeView):
    @operation(
        scope=READ,
        answer=ExceptionAnswer,
        parameters={
            "standing": Flag(default=False, description="Those that hold today alone.")
        },
        listing=Listing(
            ordering={"created_at": "created_at", "ends_on": "ends_on"},
            default="-created_at",
            filters={
                "workload": Filter(AnyText(description="W-01."), _of_workload),
                "account": Filter(AnyText(description="Its id."), "account__code"),
            },
        ),
    )
    def get(self) -> Response:
        """List the exceptions of all gates, newest first."""
        rows = GateException.objects.all()
        if self.query["standing"]:
            rows = rows.filter(holds_on(clock.today(self.now)))
        sees_all = may_see_users(self.actor)
        own = self.actor.pk
        return self.page(
            rows.values(
                "id",
                "workload__number",
                "workload__owner_id",
                "tier",
                "user_ref",
                "account__code",
                "ceiling_tokens",
                "reason",
                "approved_by__username",
                "created_at",
                "ends_on",
                "ended_at",
            ),
            row=lambda row: _listed(
                row, may_see=sees_all or row["workload__owner_id"] == own
            ),
        )

    @operation(
        scope=WRITE,
        action="gate_exception.grant",
        body=ExceptionBody,
        answer=ExceptionAnswer,
        status=201,
        problems=(ExceptionInvalid, UnknownAccount, UnknownWorkload, WorkloadRetired),
    )
    def post(self) -> Response:
        """Raise a ceiling for one user or one account, until a day."""
        asked = self.body
        values = {
            **asked,
            "user_ref": hashed(asked["user"]) if asked.get("user") else "",
            "account": _account(asked.get("account")),
        }
        row = grant_exception(
            number=_workload(asked["workload"]).number,
            actor=self.actor,
            values=values,
            now=self.now,
        )
        return self.answer(
            _shown(row, self),
            etag=tag_of(row),
            location=f"/api/v1/gates/exceptions/{row.pk}/",
        )


class ExceptionView(WeighbridgeView):
    def get_subject(self, number: int) -> GateException:
        return get_exception(number)

    def guarded(self, subject: GateException) -> Workload:
        return subject.workload

    def etag(self, subject: GateException) -> str:
        return tag_of(subject)

    @operation(scope=READ, answer=ExceptionAnswer)
    def get(self) -> Response:
        """Read an exception."""
        # No 304: who sees the reference depends on who asks.
        return self.answer(
            _shown(self.subject, self), headers={"ETag": tag_of(self.subject)}
        )

    @operation(
        scope=WRITE,
        action="gate_exception.grant",
        body=ReasonBody,
        answer=ExceptionAnswer,
        problems=(ExceptionEnded,),
    )
    def delete(self) -> Response:
        """Take an exception back before its end. It stays on record."""
        row = end_exception(
            exception_id=self.subject.pk,
            actor=self.actor,
            reason=self.body["reason"],
            if_match=self.if_match,
            now=self.now,
        )
        return self.answer(_shown(row, self), headers={"ETag": tag_of(row)})


def _workload(ref: str) -> Workload:
    try:
        return get_workload(ref)
    except NotFound as missing:
        error = FieldError("/workload", "unknown_workload", missing.detail)
        raise UnknownWorkload(missing.detail, errors=[error]) from None


def _account(code: str | None) -> Account | None:
    if not code:
        return None
    found = Account.objects.filter(code=code).first()
    if found is None:
        detail = f'There is no account "{code}".'
        error = FieldError("/account", "unknown_account", detail)
        raise UnknownAccount(detail, errors=[error])
    return found


def _shown(row: GateException, view: WeighbridgeView) -> dict[str, Any]:
    approved_by = row.approved_by
    return _listed(
        {
            "id": row.pk,
            "workload__number": row.workload.number,
            "tier": row.tier,
            "user_ref": row.user_ref,
            "account__code": row.account.code if row.account else None,
            "ceiling_tokens": row.ceiling_tokens,
            "reason": row.reason,
            "approved_by__username": approved_by.username if approved_by else None,
            "created_at": row.created_at,
            "ends_on": row.ends_on,
            "ended_at": row.ended_at,
        },
        may_see=may_see_users(view.actor, row.workload),
    )


def _listed(row: dict[str, Any], *, may_see: bool) -> dict[str, Any]:
    user = row["user_ref"]
    return {
        "id": row["id"],
        "workload": ref_of(row["workload__number"]),
        "tier": row["tier"] or None,
        "user": shown_reference(user, may_see=may_see) if user else None,
        "account": row["account__code"],
        "ceiling_tokens": row["ceiling_tokens"],
        "reason": row["reason"],
        "approved_by": row["approved_by__username"],
        "created_at": row["created_at"],
        "ends_on": row["ends_on"],
        "ended_at": row["ended_at"],
    }
