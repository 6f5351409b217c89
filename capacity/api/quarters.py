"""Closing a quarter's actuals, and opening them again."""

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from capacity.rules.actuals.entries import LONGEST_REASON
from capacity.selectors.problems import NotRecalibrated, QuarterNotEnded, QuarterOpen
from capacity.selectors.quarters_state import QuarterState, state_of
from capacity.services.quarters import close_quarter, reopen_quarter
from portal.kernel.api.fields import Text
from portal.kernel.api.operations import operation
from portal.kernel.api.serializers import StrictSerializer
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from portal.kernel.errors import NotFound
from portal.kernel.periods import Quarter


class CloseBody(StrictSerializer):
    reason = Text(max_length=LONGEST_REASON, required=False, allow_blank=True)


class ReopenBody(StrictSerializer):
    reason = Text(max_length=LONGEST_REASON)


class QuarterAnswer(serializers.Serializer[Any]):
    quarter = serializers.CharField()
    state = serializers.ChoiceField(["open", "closed", "reopened"])
    closes_on = serializers.DateField(
        help_text="From this day it takes no entries, unless it is opened again."
    )
    by = serializers.CharField(allow_null=True, help_text="A username.")
    at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField()


class _QuarterView(WeighbridgeView):
    def get_subject(self, quarter: str) -> Quarter:
        try:
            return Quarter.parse(quarter)
        except ValueError as unknown:
            raise NotFound(f"{unknown}") from unknown

    def guarded(self, _subject: Quarter) -> None:
        return None


class QuarterView(_QuarterView):
    @operation(scope=Scope.PLAN_READ, answer=QuarterAnswer)
    def get(self) -> Response:
        """Whether a quarter takes entries."""
        return self.answer(_shown(state_of(self.subject, self.now)))


class CloseView(_QuarterView):
    @operation(
        scope=Scope.PLAN_WRITE,
        action="quarter.close",
        body=CloseBody,
        answer=QuarterAnswer,
        problems=(QuarterNotEnded, NotRecalibrated),
    )
    def post(self) -> Response:
        """Close a quarter that has ended and is recalibrated; a closed one stays so."""
        made = close_quarter(
            actor=self.actor,
            quarter=self.subject,
            reason=self.body.get("reason", ""),
            now=self.now,
        )
        return self.answer(_shown(made.row))


class ReopenView(_QuarterView):
    @operation(
        scope=Scope.PLAN_WRITE,
        action="quarter.close",
        body=ReopenBody,
        answer=QuarterAnswer,
        problems=(QuarterOpen,),
    )
    def post(self) -> Response:
        """Let a closed quarter take entries until its next complete recalibration."""
        made = reopen_quarter(
            actor=self.actor,
            quarter=self.subject,
            reason=self.body["reason"],
            now=self.now,
        )
        return self.answer(_shown(made.row))


def _shown(state: QuarterState) -> dict[str, Any]:
    event = state.event
    words = "closed" if state.is_closed else "reopened" if state.is_reopened else "open"
    return {
        "quarter": str(state.quarter),
        "state": words,
        "closes_on": state.closes_on,
        "by": event.entered_by.username if event and event.entered_by else None,
        "at": event.entered_at if event else None,
        "reason": event.reason if event else "",
    }
