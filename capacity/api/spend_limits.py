"""Spend limits: set, read with what was spent, and ended with a reason."""

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from capacity.enums import LimitPeriod, LimitScope
from capacity.models import SpendLimit
from capacity.selectors.gate_problems import LimitEnded, UnknownTarget
from capacity.selectors.gate_targets import LONGEST_TARGET
from capacity.selectors.spend_limits import get_limit, spent_against, tag_of
from capacity.services.spend_limits import (
    ALERT_AT,
    LONGEST_REASON,
    MOST_AMOUNT,
    PLACES_OF_ALERT,
    end_limit,
    require_limiter,
    set_limit,
)
from portal.kernel.api.fields import Amount, Number, Text, Word
from portal.kernel.api.operations import operation
from portal.kernel.api.paging import Filter, Listing
from portal.kernel.api.parameters import Flag, OneOf
from portal.kernel.api.parameters import Text as AnyText
from portal.kernel.api.renderers import number
from portal.kernel.api.serializers import StrictSerializer
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from portal.kernel.selectors import numbers

READ = (Scope.PLAN_READ, Scope.GOVERNANCE_READ)
SCOPES = [(str(scope), str(scope)) for scope in LimitScope]
LISTED = (
    *("id", "scope", "target", "period", "amount", "alert_at", "reason"),
    *("set_by__username", "set_at", "ended_by__username", "ended_at"),
)


class LimitBody(StrictSerializer):
    scope = Word(LimitScope)
    target = Text(
        max_length=LONGEST_TARGET,
        help_text="W-01, an agent's id, or a department's code.",
    )
    period = Word(LimitPeriod)
    amount = Amount(max_value=MOST_AMOUNT, help_text="In the organisation's currency.")
    alert_at = Number(
        min_value=0,
        max_value=1,
        places=PLACES_OF_ALERT,
        required=False,
        help_text="Share of the amount; 0.80 when left out.",
    )
    reason = Text(max_length=LONGEST_REASON, required=False, allow_blank=True)


class EndBody(StrictSerializer):
    reason = Text(max_length=LONGEST_REASON)


class LimitRowAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    scope = serializers.ChoiceField(SCOPES)
    target = serializers.CharField()
    period = serializers.ChoiceField(list(LimitPeriod))
    amount = serializers.CharField()
    currency = serializers.CharField()
    alert_at = serializers.FloatField()
    reason = serializers.CharField()
    set_by = serializers.CharField(allow_null=True, help_text="A username.")
    set_at = serializers.DateTimeField()
    ended_by = serializers.CharField(allow_null=True, help_text="A username.")
    ended_at = serializers.DateTimeField(
        allow_null=True, help_text="Null while it stands."
    )


class LimitAnswer(LimitRowAnswer):
    spent = serializers.CharField(
        help_text="In the running day or month: settled usage and what is reserved."
    )
    reserved = serializers.CharField()
    reached = serializers.BooleanField()


def _may_limit(view: WeighbridgeView) -> None:
    require_limiter(view.actor, view.peek("scope"), view.peek("target"))


def _may_end(view: WeighbridgeView) -> None:
    require_limiter(view.actor, view.subject.scope, view.subject.target)


class SpendLimitsView(WeighbridgeView):
    @operation(
        scope=READ,
        answer=LimitRowAnswer,
        listing=Listing(
            ordering={"id": "id", "target": "target", "amount": "amount"},
            default="-id",
            search=("target", "reason"),
            filters={
                "scope": Filter(OneOf(LimitScope, many=True), "scope"),
                "target": Filter(AnyText(), "target"),
                "period": Filter(OneOf(LimitPeriod), "period"),
                "standing": Filter(
                    Flag(description="What holds now, or what has ended."),
                    "ended_at__isnull",
                ),
            },
        ),
    )
    def get(self) -> Response:
        """List spend limits, newest first, ended ones too."""
        currency = numbers.current().currency

        def row(one: dict[str, Any]) -> dict[str, Any]:
            return _listed(one, currency)

        return self.page(SpendLimit.objects.values(*LISTED), row=row)

    @operation(
        scope=Scope.GOVERNANCE_WRITE,
        action=_may_limit,
        body=LimitBody,
        answer=LimitAnswer,
        status=201,
        or_present=True,
        problems=(UnknownTarget,),
    )
    def post(self) -> Response:
        """Set the most that a target may cost a day or month. It takes the place of the
        one that stands; an equal one is the answer, with 200."""
        asked = {"alert_at": ALERT_AT, **self.body}
        made = set_limit(actor=self.actor, now=self.now, **asked)
        return self.answer(
            self.shown(made.row),
            status=201 if made.is_new else 200,
            etag=tag_of(made.row),
            location=f"/api/v1/gates/spend-limits/{made.row.pk}/",
        )

    def shown(self, limit: SpendLimit) -> dict[str, Any]:
        return shown(limit, self.now)


class SpendLimitView(WeighbridgeView):
    def get_subject(self, number: int) -> SpendLimit:
        return get_limit(number)

    def etag(self, subject: SpendLimit) -> str:
        return tag_of(subject)

    @operation(scope=READ, answer=LimitAnswer)
    def get(self) -> Response:
        """Read a spend limit and what its running period has cost."""
        answer = shown(self.subject, self.now)
        return self.answer(answer, etag=tag_of(self.subject))

    @operation(
        scope=Scope.GOVERNANCE_WRITE,
        action=_may_end,
        body=EndBody,
        answer=LimitAnswer,
        problems=(LimitEnded,),
    )
    def delete(self) -> Response:
        """End a spend limit, with a reason; it stays on record."""
        ended = end_limit(
            id=self.subject.pk,
            reason=self.body["reason"],
            actor=self.actor,
            now=self.now,
            if_match=self.if_match,
        )
        return self.answer(shown(ended, self.now), etag=tag_of(ended))


def shown(limit: SpendLimit, now: Any) -> dict[str, Any]:
    spent = spent_against([limit], now)[0]
    row = {name: getattr(limit, name, None) for name in LISTED}
    row["set_by__username"] = limit.set_by.username if limit.set_by else None
    row["ended_by__username"] = limit.ended_by.username if limit.ended_by else None
    return {
        **_listed(row, numbers.current().currency),
        "spent": f"{spent.total:.2f}",
        "reserved": f"{spent.reserved:.2f}",
        "reached": spent.is_reached,
    }


def _listed(row: dict[str, Any], currency: str) -> dict[str, Any]:
    return {
        **{name: value for name, value in row.items() if "__" not in name},
        "amount": f"{row['amount']:.2f}",
        "currency": currency,
        "alert_at": number(row["alert_at"]),
        "set_by": row["set_by__username"],
        "ended_by": row["ended_by__username"],
    }
