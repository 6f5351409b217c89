"""Success criteria, and proofs of production readiness."""

from typing import Any, NamedTuple

from rest_framework import serializers
from rest_framework.response import Response

from portal.kernel.api.etags import etag_of
from portal.kernel.api.fields import DayField, Number, Text, Word
from portal.kernel.api.operations import operation
from portal.kernel.api.paging import Listing
from portal.kernel.api.renderers import number
from portal.kernel.api.serializers import StrictSerializer
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from portal.kernel.errors import NotFound
from workloads.api.fields import Line, Measure
from workloads.enums import ReadinessCheck
from workloads.models import SuccessCriterion, Workload
from workloads.selectors.plan import get_workload
from workloads.services.criteria import (
    MetricTaken,
    edit_criterion,
    record_readiness,
    remove_criterion,
    write_criterion,
)
from workloads.services.errors import WorkloadRetired

CRITERION = (
    "id",
    "metric",
    "baseline",
    "target",
    "due_on",
    "written_by__username",
    "written_at",
)
PROOF = (
    "item",
    "link",
    "done_on",
    "load_test_factor",
    "recorded_by__username",
    "recorded_at",
)


class Criterion(StrictSerializer):
    metric = Line(max_length=200)
    baseline = Measure(help_text="Where it stands, in words or as a number.")
    target = Measure(help_text="Where it should stand.")
    due_on = DayField()


class CriterionAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    metric = serializers.CharField()
    baseline = serializers.CharField()
    target = serializers.CharField()
    due_on = serializers.DateField()
    written_by = serializers.CharField()
    written_at = serializers.DateTimeField()


class Proof(StrictSerializer):
    item = Word(ReadinessCheck)
    link = Text(max_length=500, help_text="An http or https address.")
    done_on = DayField(help_text="A day that is past, or today.")
    load_test_factor = Number(
        min_value=0,
        max_value=100,
        places=2,
        required=False,
        allow_null=True,
        help_text="Of a load test: the load as a multiple of the forecast peak.",
    )


class ProofAnswer(serializers.Serializer[Any]):
    item = serializers.ChoiceField(list(ReadinessCheck))
    link = serializers.CharField()
    done_on = serializers.DateField()
    load_test_factor = serializers.FloatField(allow_null=True)
    recorded_by = serializers.CharField()
    recorded_at = serializers.DateTimeField()


class CriteriaView(WeighbridgeView):
    def get_subject(self, ref: str) -> Workload:
        return get_workload(ref)

    @operation(
        scope=Scope.PLAN_READ,
        answer=CriterionAnswer,
        listing=Listing(ordering={"due_on": "due_on", "id": "id"}, default="due_on"),
    )
    def get(self) -> Response:
        """List a workload's success criteria."""
        return self.page(self.subject.criteria.values(*CRITERION), row=_listed)

    @operation(
        scope=Scope.PLAN_WRITE,
        action="criteria.edit",
        body=Criterion,
        answer=CriterionAnswer,
        status=201,
        problems=(WorkloadRetired,),
    )
    def post(self) -> Response:
        """Write a criterion, or rewrite the one of the same metric."""
        criterion = write_criterion(
            number=self.subject.number, actor=self.actor, now=self.now, **self.body
        )
        ref = self.subject.ref
        return self.answer(
            _shown(criterion),
            etag=tag_of(criterion),
            location=f"/api/v1/workloads/{ref}/success-criteria/{criterion.pk}/",
        )


class OneCriterion(NamedTuple):
    workload: Workload
    criterion: SuccessCriterion


class CriterionView(WeighbridgeView):
    def get_subject(self, ref: str, number: int) -> OneCriterion:
        workload = get_workload(ref)
        found = next((one for one in workload.criteria.all() if one.pk == number), None)
        if found is None:
            raise NotFound(f"{workload.ref} has no success criterion {number}.")
        return OneCriterion(workload, found)

    def guarded(self, subject: OneCriterion) -> Workload:
        return subject.workload

    def etag(self, subject: OneCriterion) -> str:
        return tag_of(subject.criterion)

    @operation(scope=Scope.PLAN_READ, answer=CriterionAnswer)
    def get(self) -> Response:
        """Read a success criterion."""
        criterion = self.subject.criterion
        return self.answer(_shown(criterion), etag=tag_of(criterion))

    @operation(
        scope=Scope.PLAN_WRITE,
        action="criteria.edit",
        body=Criterion,
        answer=CriterionAnswer,
        problems=(WorkloadRetired, MetricTaken),
    )
    def patch(self) -> Response:
        """Edit a success criterion."""
        criterion = edit_criterion(
            number=self.subject.workload.number,
            criterion_id=self.subject.criterion.pk,
            actor=self.actor,
            changes=self.body,
            if_written_at=self._written_at,
            now=self.now,
        )
        return self.answer(_shown(criterion), etag=tag_of(criterion))

    @operation(
        scope=Scope.PLAN_WRITE,
        action="criteria.edit",
        status=204,
        problems=(WorkloadRetired,),
    )
    def delete(self) -> Response:
        """Take a success criterion back."""
        remove_criterion(
            number=self.subject.workload.number,
            criterion_id=self.subject.criterion.pk,
            actor=self.actor,
            if_written_at=self._written_at,
            now=self.now,
        )
        return self.answer()

    @property
    def _written_at(self) -> Any:
        """Of the criterion that If-Match named; None for `*`."""
        if (self.if_match or "").strip() == "*":
            return None
        return self.subject.criterion.written_at


class ReadinessView(WeighbridgeView):
    def get_subject(self, ref: str) -> Workload:
        return get_workload(ref)

    @operation(
        scope=Scope.PLAN_READ,
        answer=ProofAnswer,
        listing=Listing(ordering={"item": "item"}, default="item", key="item"),
    )
    def get(self) -> Response:
        """List the proofs of production readiness; five items are asked for."""
        return self.page(self.subject.readiness.values(*PROOF), row=_listed_proof)

    @operation(
        scope=Scope.PLAN_WRITE,
        action="readiness.edit",
        body=Proof,
        answer=ProofAnswer,
        status=201,
        problems=(WorkloadRetired,),
    )
    def post(self) -> Response:
        """Record one proof, or replace the earlier one of the same item."""
        proof = record_readiness(
            number=self.subject.number, actor=self.actor, now=self.now, **self.body
        )
        return self.answer(
            {
                "item": proof.item,
                "link": proof.link,
                "done_on": proof.done_on,
                "load_test_factor": number(proof.load_test_factor),
                "recorded_by": proof.recorded_by.username,
                "recorded_at": proof.recorded_at,
            },
            location=f"/api/v1/workloads/{self.subject.ref}/production-readiness/",
        )


def tag_of(criterion: SuccessCriterion) -> str:
    """A rewriting is a later moment, to the microsecond."""
    return etag_of("criterion", criterion.pk, f"{criterion.written_at:%Y%m%d%H%M%S%f}")


def _shown(criterion: SuccessCriterion) -> dict[str, Any]:
    return {
        "id": criterion.pk,
        "metric": criterion.metric,
        "baseline": criterion.baseline,
        "target": criterion.target,
        "due_on": criterion.due_on,
        "written_by": criterion.written_by.username,
        "written_at": criterion.written_at,
    }


def _listed(row: dict[str, Any]) -> dict[str, Any]:
    row["written_by"] = row.pop("written_by__username")
    return row


def _listed_proof(row: dict[str, Any]) -> dict[str, Any]:
    row["recorded_by"] = row.pop("recorded_by__username")
    row["load_test_factor"] = number(row["load_test_factor"])
    return row
