"""Estimates: versions, drafts, submitting, comparing two versions."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from portal.kernel import clock
from portal.kernel.api.operations import operation
from portal.kernel.api.renderers import number
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from workloads.api.inputs import EstimateBody, InputsAnswer
from workloads.api.signatures import SignatureAnswer, shown_signature
from workloads.api.words import STATES
from workloads.models import INPUT_FIELDS, Estimate, Workload
from workloads.rules.estimates import count_sources, missing_inputs
from workloads.rules.shown import model_tier_of
from workloads.selectors.estimates import (
    budgets_json,
    etag_of,
    get_estimate,
    inputs_if_submitted,
    lacks_of,
    versions,
)
from workloads.selectors.plan import get_workload
from workloads.selectors.signoffs import shown_state, standing_rows
from workloads.selectors.sizing import Sizing, sizing_on
from workloads.services.errors import (
    DraftExists,
    EstimateIncomplete,
    NotADraft,
    WorkloadRetired,
)
from workloads.services.estimates import edit_draft, open_draft, submit_estimate

# Versions that were submitted before savings were computed carry none.
NO_SAVINGS = {"batch_saving_per_month": None, "planner_saving_per_month": None}
HIGHEST_VERSION = 2**31 - 1  # PostgreSQL's integer


class TokensBudget(serializers.Serializer[Any]):
    input_tokens_per_user_month = serializers.IntegerField(allow_null=True)
    output_tokens_per_user_month = serializers.IntegerField(allow_null=True)
    tokens_per_user_month = serializers.IntegerField(allow_null=True)
    tokens_per_month = serializers.IntegerField(allow_null=True)
    cost_per_month = serializers.CharField(allow_null=True)
    batch_saving_per_month = serializers.CharField(
        allow_null=True, help_text="What `batch_share` at the batch price would save."
    )
    planner_saving_per_month = serializers.CharField(
        allow_null=True,
        help_text="What `planner_share` on the tier's second model would save.",
    )
    currency = serializers.CharField()


class ComputeBudget(serializers.Serializer[Any]):
    peak_concurrent_sessions = serializers.FloatField(allow_null=True)
    cost_per_month = serializers.CharField(allow_null=True)
    currency = serializers.CharField()


class OpsBudget(serializers.Serializer[Any]):
    hours_week = serializers.FloatField(allow_null=True)


class BudgetsAnswer(serializers.Serializer[Any]):
    """Three lines, never one. Null lacks an input, or a price of its model."""

    tokens = TokensBudget()
    compute = ComputeBudget()
    ops = OpsBudget()


class EstimateAnswer(InputsAnswer):
    workload = serializers.CharField()
    version = serializers.IntegerField()
    state = serializers.ChoiceField(STATES)
    sha256 = serializers.CharField(
        allow_null=True, help_text="What signatures name; null while a draft."
    )
    missing = serializers.ListField(
        child=serializers.CharField(),
        help_text="What submitting would refuse it for: inputs, `model_tier` (its model "
        "has no price in force), `ops_reason` (hours below the guidance).",
    )
    declared = serializers.BooleanField()
    model_tier = serializers.CharField(
        allow_null=True, help_text="The workload's, as it was at submit."
    )
    budgets = BudgetsAnswer()
    rate_card_version = serializers.IntegerField(
        allow_null=True, help_text="What it was priced with; null while a draft."
    )
    numbers_version = serializers.IntegerField(
        allow_null=True, help_text="The model's numbers used; null while a draft."
    )
    signoffs = SignatureAnswer(many=True, help_text="Those that stand.")
    sources_count = serializers.DictField(child=serializers.IntegerField())
    contributors = serializers.ListField(
        child=serializers.CharField(), help_text="Usernames; none of them signs."
    )
    created_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField(allow_null=True)
    submitted_by = serializers.CharField(allow_null=True)


class EstimatesAnswer(serializers.Serializer[Any]):
    results = EstimateAnswer(many=True)


class EstimatesView(WeighbridgeView):
    def get_subject(self, ref: str) -> Workload:
        return get_workload(ref)

    @operation(scope=Scope.PLAN_READ, answer=EstimatesAnswer)
    def get(self) -> Response:
        """List the versions of a workload's estimate, newest first."""
        today = clock.today(self.now)
        sizing = sizing_on(today)
        found = versions(self.subject).prefetch_related("contributors")
        return self.answer(
            {"results": [shown_estimate(one, today, sizing) for one in found]}
        )

    @operation(
        scope=Scope.PLAN_WRITE,
        action="estimate.write",
        body=EstimateBody,
        answer=EstimateAnswer,
        status=201,
        problems=(DraftExists, WorkloadRetired),
    )
    def post(self) -> Response:
        """Open a draft of the next version. It changes nothing until it is submitted."""
        estimate = open_draft(
            number=self.subject.number,
            actor=self.actor,
            changes=self.body,
            now=self.now,
        )
        ref, version = self.subject.ref, estimate.version
        return self.answer(
            fresh(self.subject, version, clock.today(self.now)),
            etag=quoted(etag_of(estimate)),
            location=f"/api/v1/workloads/{ref}/estimates/{version}/",
        )


class OneEstimateView(WeighbridgeView):
    """An address that names one version; its ETag covers inputs and budgets."""

    def get_subject(self, ref: str, version: int) -> Estimate:
        return estimate_of(ref, version)

    def guarded(self, subject: Estimate) -> Workload:
        return subject.workload

    def etag(self, subject: Estimate) -> str:
        return quoted(etag_of(subject))

    @property
    def hash_seen(self) -> str | None:
        """The hash that If-Match named, to be compared again under the lock.

        The base has compared it by now, so it is the present one, or `*`.
        """
        if self.if_match is None or self.if_match.strip() == "*":
            return None
        return etag_of(self.subject)


class EstimateView(OneEstimateView):
    @operation(scope=Scope.PLAN_READ, answer=EstimateAnswer)
    def get(self) -> Response:
        """Read one version: its inputs, its budgets, its signatures."""
        # No 304: signatures are not part of what the ETag covers.
        return self.answer(
            shown_estimate(self.subject, clock.today(self.now)),
            headers={"ETag": self.etag(self.subject)},
        )

    @operation(
        scope=Scope.PLAN_WRITE,
        action="estimate.write",
        body=EstimateBody,
        answer=EstimateAnswer,
        problems=(NotADraft, WorkloadRetired),
    )
    def patch(self) -> Response:
        """Edit a draft. Whoever changes an input is a contributor and cannot sign it."""
        estimate = edit_draft(
            number=self.subject.workload.number,
            version=self.subject.version,
            actor=self.actor,
            changes=self.body,
            if_match=self.hash_seen,
            now=self.now,
        )
        return _answered(self, estimate)


class SubmitView(OneEstimateView):
    @operation(
        scope=Scope.PLAN_WRITE,
        action="estimate.submit",
        answer=EstimateAnswer,
        problems=(NotADraft, EstimateIncomplete, WorkloadRetired),
    )
    def post(self) -> Response:
        """Freeze a complete draft and lay it before the three signers.

        The version before it is superseded, and a planned workload is a candidate again.
        """
        estimate = submit_estimate(
            number=self.subject.workload.number,
            version=self.subject.version,
            actor=self.actor,
            if_match=self.hash_seen,
            now=self.now,
        )
        return _answered(self, estimate)


def _answered(view: OneEstimateView, estimate: Estimate) -> Response:
    today = clock.today(view.now)
    return view.answer(
        fresh(estimate.workload, estimate.version, today),
        headers={"ETag": quoted(etag_of(estimate))},
    )


def estimate_of(ref: str, version: int) -> Estimate:
    """The version that an address names. NotFound."""
    return get_estimate(get_workload(ref), min(version, HIGHEST_VERSION))


def quoted(sha256: str) -> str:
    return f'"{sha256}"'


def fresh(workload: Workload, version: int, today: date) -> dict[str, Any]:
    """A version as it stands in the database now."""
    return shown_estimate(get_estimate(workload, version), today)


def shown_estimate(
    estimate: Estimate, today: date, sizing: Sizing | None = None
) -> dict[str, Any]:
    """A draft is priced at the rates of today; a list passes one sizing for all."""
    sizing = sizing or sizing_on(today)
    inputs = inputs_if_submitted(estimate)
    lacks = lacks_of(estimate, sizing)
    submitted_by = estimate.submitted_by
    contributors = sorted(user.username for user in estimate.contributors.all())
    return {
        "workload": estimate.workload.ref,
        "version": estimate.version,
        "state": shown_state(estimate, today),
        "sha256": estimate.sha256 or None,
        "missing": [*missing_inputs(inputs), *(one.field for one in lacks)],
        "declared": estimate.is_declared,
        "model_tier": model_tier_of(inputs.primary_model, inputs.degrade_model) or None,
        **{name: plain(getattr(estimate, name)) for name in INPUT_FIELDS},
        "note": estimate.note,
        "budgets": _budgets(budgets_json(estimate, sizing)),
        "rate_card_version": estimate.rate_card_version,
        "numbers_version": estimate.numbers_version,
        "signoffs": [shown_signature(row) for row in standing_rows(estimate)],
        "sources_count": count_sources(inputs),
        "contributors": contributors,
        "created_at": estimate.created_at,
        "submitted_at": estimate.submitted_at,
        "submitted_by": submitted_by.username if submitted_by else None,
    }


def plain(value: Any) -> Any:
    """Inputs are measures and ratios: JSON numbers."""
    return number(value) if isinstance(value, Decimal) else value


def _budgets(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Money stays a text; sessions and hours are numbers."""
    compute, ops = kept["compute"], kept["ops"]
    sessions = compute["peak_concurrent_sessions"]
    return {
        "tokens": {**NO_SAVINGS, **kept["tokens"]},
        "compute": {**compute, "peak_concurrent_sessions": _measure(sessions)},
        "ops": {**ops, "hours_week": _measure(ops["hours_week"])},
    }


def _measure(text: str | None) -> float | int | None:
    return None if text is None else number(Decimal(text))
