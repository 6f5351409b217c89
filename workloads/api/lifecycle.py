"""The road of a workload: what is missing, asking for it, and the steps themselves."""

from typing import Any, NamedTuple

from rest_framework import serializers
from rest_framework.response import Response

from portal.kernel import clock
from portal.kernel.api.fields import Text, Word
from portal.kernel.api.operations import operation
from portal.kernel.api.parameters import Flag, OneOf
from portal.kernel.api.serializers import StrictSerializer
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from portal.kernel.errors import NotFound
from workloads.api.plan import WorkloadAnswer, shown_workload, tag_of
from workloads.enums import Status
from workloads.lifecycle import next_status
from workloads.models import Workload
from workloads.rules.requirements import Requirement, StepRequest, all_met
from workloads.selectors.people import (
    barred_from_signing,
    people_with_a_say,
    who_can_mend,
)
from workloads.selectors.plan import get_workload
from workloads.selectors.requirements import requirements_for, road_for
from workloads.services.errors import (
    AlreadyAsked,
    IllegalTransition,
    RequirementsNotMet,
)
from workloads.services.lifecycle import advance, require_step
from workloads.services.reminders import NothingToAsk, ask_for_requirement


class RequirementAnswer(serializers.Serializer[Any]):
    code = serializers.CharField()
    met = serializers.BooleanField()
    message = serializers.CharField()
    link = serializers.CharField(help_text="Where it is mended.")
    to = serializers.ChoiceField(
        list(Status), required=False, help_text="With `road=true`."
    )
    who = serializers.CharField(
        required=False, help_text="Who can mend it; with `road=true`."
    )
    waited_days = serializers.IntegerField(
        required=False,
        allow_null=True,
        help_text="Days it has waited, null where it is met; with `road=true`.",
    )


class RequirementsAnswer(serializers.Serializer[Any]):
    to = serializers.ChoiceField(list(Status))
    met = serializers.BooleanField()
    requirements = RequirementAnswer(many=True)


class AskedAnswer(serializers.Serializer[Any]):
    code = serializers.CharField()
    asked = serializers.ListField(
        child=serializers.CharField(), help_text="Usernames of who was reminded."
    )
    at = serializers.DateTimeField()


class Transition(StrictSerializer):
    to = Word(Status)
    reason = Text(max_length=2000, required=False, allow_blank=True)


class RequirementsView(WeighbridgeView):
    def get_subject(self, ref: str) -> Workload:
        return get_workload(ref)

    @operation(
        scope=Scope.PLAN_READ,
        answer=RequirementsAnswer,
        parameters={
            "to": OneOf(
                Status, description="The status asked about; without it the next one."
            ),
            "road": Flag(
                default=False,
                description="Those of every status before it as well, each with who"
                " can mend it and for how many days it has waited.",
            ),
        },
    )
    def get(self) -> Response:
        """Read what a status asks for, met or not, whatever the present one is."""
        workload = self.subject
        to = self.query["to"] or next_status(Status(workload.status))
        road = self.query["road"]
        found = (
            road_for(workload, to=to, now=self.now)
            if road
            else requirements_for(workload, step=StepRequest(to=to), now=self.now)
        )
        shown = (
            self._with_people(workload, found)
            if road
            else [item.as_json() for item in found]
        )
        return self.answer({"to": to, "met": all_met(found), "requirements": shown})

    def _with_people(
        self, workload: Workload, found: list[Requirement]
    ) -> list[dict[str, Any]]:
        people, barred = people_with_a_say(), barred_from_signing(workload)
        return [
            {
                **item.as_json(),
                "to": item.to,
                "who": who_can_mend(item, workload, people, barred),
                "waited_days": self._waited(item),
            }
            for item in found
        ]

    def _waited(self, item: Requirement) -> int | None:
        if item.met or item.since is None:
            return None
        return (clock.today(self.now) - clock.today(item.since)).days


class Asked(NamedTuple):
    workload: Workload
    code: str


class AskView(WeighbridgeView):
    def get_subject(self, ref: str, code: str) -> Asked:
        workload = get_workload(ref)
        road = road_for(workload, to=Status.LIVE, now=self.now)
        if code not in {requirement.code for requirement in road}:
            raise NotFound(f'No requirement is called "{code}".')
        return Asked(workload, code)

    def guarded(self, subject: Asked) -> Workload:
        return subject.workload

    @operation(
        scope=Scope.PLAN_WRITE,
        action="requirement.ask",
        answer=AskedAnswer,
        problems=(NothingToAsk, AlreadyAsked),
    )
    def post(self) -> Response:
        """Remind by mail whoever can mend a requirement; once a day and code."""
        reminder = ask_for_requirement(
            number=self.subject.workload.number,
            code=self.subject.code,
            actor=self.actor,
            now=self.now,
        )
        asked = reminder.asked.order_by("username").values_list("username", flat=True)
        return self.answer(
            {"code": reminder.code, "asked": list(asked), "at": reminder.at}
        )


def _may_step(view: WeighbridgeView) -> None:
    """403 comes before the body is judged, so the step is looked up as it was sent."""
    to = view.peek("to")
    known = Status(to) if isinstance(to, str) and to in set(Status) else None
    require_step(view.subject, known, view.actor)


class TransitionsView(WeighbridgeView):
    def get_subject(self, ref: str) -> Workload:
        return get_workload(ref)

    def etag(self, subject: Workload) -> str:
        return tag_of(subject)

    @operation(
        scope=Scope.PLAN_WRITE,
        action=_may_step,
        body=Transition,
        answer=WorkloadAnswer,
        problems=(RequirementsNotMet, IllegalTransition),
    )
    def post(self) -> Response:
        """Move a workload to another status, where its requirements are met.

        409 `requirements_not_met` carries the same `requirements` as the list of them.
        """
        workload = advance(
            number=self.subject.number,
            to=self.body["to"],
            actor=self.actor,
            reason=self.body.get("reason", ""),
            if_version=self.if_version,
            now=self.now,
        )
        return self.answer(
            shown_workload(workload, self.now), headers={"ETag": tag_of(workload)}
        )
