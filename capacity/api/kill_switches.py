"""Kill switches: thrown, read, and lifted with a reason."""

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from capacity.enums import SwitchScope
from capacity.models import KillSwitch
from capacity.selectors.gate_problems import SwitchLifted, UnknownTarget
from capacity.selectors.gate_targets import LONGEST_TARGET
from capacity.selectors.kill_switches import get_switch, tag_of
from capacity.services.kill_switches import (
    LONGEST_REASON,
    lift_switch,
    require_thrower,
    throw_switch,
)
from portal.kernel.api.fields import Text, Word
from portal.kernel.api.operations import operation
from portal.kernel.api.paging import Filter, Listing
from portal.kernel.api.parameters import Flag, OneOf
from portal.kernel.api.parameters import Text as AnyText
from portal.kernel.api.serializers import StrictSerializer
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope

SCOPES = [(str(scope), str(scope)) for scope in SwitchScope]
LISTED = (
    *("id", "scope", "target", "reason", "thrown_by__username", "thrown_at"),
    *("lifted_by__username", "lifted_at", "lift_reason"),
)


class SwitchBody(StrictSerializer):
    scope = Word(SwitchScope)
    target = Text(
        max_length=LONGEST_TARGET,
        required=False,
        allow_null=True,
        help_text="W-01, an agent's id, a department's code; null for all.",
    )
    reason = Text(max_length=LONGEST_REASON)


class LiftBody(StrictSerializer):
    reason = Text(max_length=LONGEST_REASON)


class SwitchAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    scope = serializers.ChoiceField(SCOPES)
    target = serializers.CharField(allow_null=True, help_text="Null for all.")
    reason = serializers.CharField()
    thrown_by = serializers.CharField(allow_null=True, help_text="A username.")
    thrown_at = serializers.DateTimeField()
    lifted_by = serializers.CharField(allow_null=True, help_text="A username.")
    lifted_at = serializers.DateTimeField(
        allow_null=True, help_text="Null while it stands."
    )
    lift_reason = serializers.CharField()


def _may_throw(view: WeighbridgeView) -> None:
    require_thrower(view.actor, view.peek("scope"), view.peek("target"))


class KillSwitchesView(WeighbridgeView):
    @operation(
        scope=Scope.GOVERNANCE_READ,
        answer=SwitchAnswer,
        listing=Listing(
            ordering={"id": "id", "thrown_at": "thrown_at"},
            default="-id",
            search=("target", "reason"),
            filters={
                "scope": Filter(OneOf(SwitchScope, many=True), "scope"),
                "target": Filter(AnyText(), "target"),
                "standing": Filter(
                    Flag(description="What holds calls now, or what was lifted."),
                    "lifted_at__isnull",
                ),
            },
        ),
    )
    def get(self) -> Response:
        """List kill switches, newest first, lifted ones too."""
        return self.page(KillSwitch.objects.values(*LISTED), row=_listed)

    @operation(
        scope=Scope.GOVERNANCE_WRITE,
        action=_may_throw,
        body=SwitchBody,
        answer=SwitchAnswer,
        status=201,
        or_present=True,
        problems=(UnknownTarget,),
    )
    def post(self) -> Response:
        """Hold every call of a target from the next decision on. One that stands already
        is the answer, with 200."""
        made = throw_switch(
            scope=self.body["scope"],
            target=self.body.get("target"),
            reason=self.body["reason"],
            actor=self.actor,
            now=self.now,
        )
        return self.answer(
            shown(made.row),
            status=201 if made.is_new else 200,
            etag=tag_of(made.row),
            location=f"/api/v1/gates/kill-switches/{made.row.pk}/",
        )


class KillSwitchView(WeighbridgeView):
    def get_subject(self, number: int) -> KillSwitch:
        return get_switch(number)

    def etag(self, subject: KillSwitch) -> str:
        return tag_of(subject)

    def guarded(self, _subject: KillSwitch) -> None:
        return None

    @operation(scope=Scope.GOVERNANCE_READ, answer=SwitchAnswer)
    def get(self) -> Response:
        """Read a kill switch."""
        return self.answer(shown(self.subject), etag=tag_of(self.subject))

    @operation(
        scope=Scope.GOVERNANCE_WRITE,
        action="kill_switch.lift",
        body=LiftBody,
        answer=SwitchAnswer,
        problems=(SwitchLifted,),
    )
    def delete(self) -> Response:
        """Lift a kill switch, with a reason; it stays on record."""
        lifted = lift_switch(
            id=self.subject.pk,
            reason=self.body["reason"],
            actor=self.actor,
            now=self.now,
            if_match=self.if_match,
        )
        return self.answer(shown(lifted), etag=tag_of(lifted))


def shown(switch: KillSwitch) -> dict[str, Any]:
    return {
        "id": switch.pk,
        "scope": switch.scope,
        "target": switch.target or None,
        "reason": switch.reason,
        "thrown_by": switch.thrown_by.username if switch.thrown_by else None,
        "thrown_at": switch.thrown_at,
        "lifted_by": switch.lifted_by.username if switch.lifted_by else None,
        "lifted_at": switch.lifted_at,
        "lift_reason": switch.lift_reason,
    }


def _listed(row: dict[str, Any]) -> dict[str, Any]:
    row["target"] = row["target"] or None
    row["thrown_by"] = row.pop("thrown_by__username")
    row["lifted_by"] = row.pop("lifted_by__username")
    return row
