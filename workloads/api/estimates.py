"""Estimates: versions, drafts, submitting, comparing two versions."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from portal.kernel import clock
from portal.kernel.api.operations import operation
from portal.kernel.api.parameters import Whole
from portal.kernel.api.renderers import number
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from workloads.api.inputs import EstimateBody, InputsAnswer
from workloads.api.signatures import SignatureAnswer, shown_signature
from workloads.api.words import STATES
from workloads.models import INPUT_FIELDS, Estimate, Workload
from workloads.rules.comparison import Comparison, Difference, compare
from workloads.rules.estimates import count_sources, missing_inputs
from workloads.rules.shown import model_tier_of
from workloads.selectors.estimates import (
    budgets_json,
    etag_of,
    get_estimate,
    inputs_if_submitted,
    versions,
)
from workloads.selectors.plan import get_workload
from workloads.selectors.signoffs import shown_state, standing_rows
from workloads.services.errors import (
    DraftExists,
    EstimateIncomplete,
    NotADraft,
    WorkloadRetired,
)
from workloads.services.estimates import edit_draft, open_draft, submit_estimate

HIGHEST_VERSION = 2**31 - 1  # PostgreSQL's integer


class TokensBudget(serializers.Serializer[Any]):
    input_tokens_per_user_month = serializers.IntegerField(allow_null=True)
    output_tokens_per_user_month = serializers.IntegerField(allow_null=True)
    tokens_per_user_month = serializers.IntegerField(allow_null=True)
    tokens_per_month = serializers.IntegerField(allow_null=True)
    cost_per_month = serializers.CharField(allow_null=True)
    currency = serializers.CharField()


class ComputeBudget(serializers.Serializer[Any]):
    peak_concurrent_sessions = serializers.FloatField(allow_null=True)
    cost_per_month = serializers.CharField(allow_null=True)
    currency = serializers.CharField()


class OpsBudget(serializers.Serializer[Any]):
    hours_week = serializers.FloatField(allow_null=True)


class BudgetsAnswer(serializers.Serializer[Any]):
    """Three lines, never one. Null is not yet computed, or not yet stated."""

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
        child=serializers.CharField(), help_text="Inputs that it still lacks."
    )
    declared = serializers.BooleanField()
    model_tier = serializers.CharField(
        allow_null=True, help_text="The workload's, as it was at submit."
    )
    budgets = BudgetsAnswer()
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


class DifferenceAnswer(serializers.Serializer[Any]):
    name = serializers.CharField()
    before = serializers.JSONField()
    after = serializers.JSONField()
    changed = serializers.BooleanField()
    change = serializers.FloatField(allow_null=True, help_text="After less before.")
    ratio = serializers.FloatField(
        allow_null=True, help_text="The change as a share of before: 0.1 is +10 %."
    )


class BudgetDifferences(serializers.Serializer[Any]):
    tokens = DifferenceAnswer(many=True)
    compute = DifferenceAnswer(many=True)
    ops = DifferenceAnswer(many=True)


class ComparisonAnswer(serializers.Serializer[Any]):
    before = serializers.IntegerField(help_text="The version of `with`.")
    after = serializers.IntegerField(help_text="The version of the address.")
    inputs = DifferenceAnswer(many=True)
    budgets = BudgetDifferences()


class EstimatesView(WeighbridgeView):
    def get_subject(self, ref: str) -> Workload:
        return get_workload(ref)

    @operation(scope=Scope.PLAN_READ, answer=EstimatesAnswer)
    def get(self) -> Response:
        """List the versions of a workload's estimate, newest first."""
        today = clock.today(self.now)
        found = versions(self.subject).prefetch_related("contributors")
        return self.answer({"results": [shown_estimate(one, today) for one in found]})

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


class CompareView(OneEstimateView):
    @operation(
        scope=Scope.PLAN_READ,
        answer=ComparisonAnswer,
        parameters={
            "with": Whole(
                1,
                HIGHEST_VERSION,
                required=True,
                description="The version that stands as before.",
            )
        },
    )
    def get(self) -> Response:
        """Set two versions side by side: each input, and what it does to each budget."""
        after = self.subject
        before = get_estimate(after.workload, self.query["with"])
        compared = compare(
            inputs_if_submitted(before),
            inputs_if_submitted(after),
            budgets_before=budgets_json(before),
            budgets_after=budgets_json(after),
        )
        return self.answer(
            {
                "before": before.version,
                "after": after.version,
                **_shown_comparison(compared),
            }
        )


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


def shown_estimate(estimate: Estimate, today: date) -> dict[str, Any]:
    inputs = inputs_if_submitted(estimate)
    submitted_by = estimate.submitted_by
    contributors = sorted(user.username for user in estimate.contributors.all())
    return {
        "workload": estimate.workload.ref,
        "version": estimate.version,
        "state": shown_state(estimate, today),
        "sha256": estimate.sha256 or None,
        "missing": missing_inputs(inputs),
        "declared": estimate.is_declared,
        "model_tier": model_tier_of(inputs.primary_model, inputs.degrade_model) or None,
        **{name: _plain(getattr(estimate, name)) for name in INPUT_FIELDS},
        "note": estimate.note,
        "budgets": _budgets(budgets_json(estimate)),
        "signoffs": [shown_signature(row) for row in standing_rows(estimate)],
        "sources_count": count_sources(inputs),
        "contributors": contributors,
        "created_at": estimate.created_at,
        "submitted_at": estimate.submitted_at,
        "submitted_by": submitted_by.username if submitted_by else None,
    }


def _plain(value: Any) -> Any:
    """Inputs are measures and ratios: JSON numbers."""
    return number(value) if isinstance(value, Decimal) else value


def _budgets(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Money stays a text; sessions and hours are numbers."""
    compute, ops = kept["compute"], kept["ops"]
    sessions = compute["peak_concurrent_sessions"]
    return {
        "tokens": kept["tokens"],
        "compute": {**compute, "peak_concurrent_sessions": _measure(sessions)},
        "ops": {**ops, "hours_week": _measure(ops["hours_week"])},
    }


def _measure(text: str | None) -> float | int | None:
    return None if text is None else number(Decimal(text))


def _shown_comparison(compared: Comparison) -> dict[str, Any]:
    return {
        "inputs": [_shown_difference(one) for one in compared.inputs],
        "budgets": {
            budget: [_shown_difference(one) for one in lines]
            for budget, lines in compared.budgets.items()
        },
    }


def _shown_difference(one: Difference) -> dict[str, Any]:
    return {
        "name": one.name,
        "before": _plain(one.before),
        "after": _plain(one.after),
        "changed": one.changed,
        "change": number(one.change),
        "ratio": number(one.ratio),
    }
