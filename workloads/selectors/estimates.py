"""Reads of estimates: their inputs as plain values, and their versions."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from portal.kernel.errors import NotFound
from portal.kernel.selectors import numbers
from workloads.enums import EstimateState
from workloads.models import INPUT_FIELDS, Estimate, Workload
from workloads.rules.estimates import EstimateInputs, Lack, content_of, sha256_of
from workloads.selectors.signoffs import prefetch_signoffs
from workloads.selectors.sizing import Sizing, unpriced

PRICED = ("tokens", "compute")


def inputs_of(estimate: Estimate) -> EstimateInputs:
    """What a version states, as plain values."""
    return EstimateInputs(
        **{name: getattr(estimate, name) for name in INPUT_FIELDS},
        primary_model=estimate.primary_model,
        degrade_model=estimate.degrade_model,
    )


def inputs_if_submitted(estimate: Estimate) -> EstimateInputs:
    """The same, where a draft already has the models that it would be submitted with."""
    inputs = inputs_of(estimate)
    if estimate.state != EstimateState.DRAFT:
        return inputs
    workload = estimate.workload
    return replace(
        inputs,
        primary_model=workload.primary_model,
        degrade_model=workload.degrade_model,
    )


def budgets_json(estimate: Estimate, sizing: Sizing) -> Mapping[str, Any]:
    """Frozen at submit; computed from the inputs, at the prices of today, in a draft."""
    if estimate.budgets is not None:
        frozen: Mapping[str, Any] = estimate.budgets
        return frozen
    return sizing.budgets(inputs_if_submitted(estimate)).as_json()


def lacks_of(estimate: Estimate, sizing: Sizing) -> tuple[Lack, ...]:
    """What a draft needs besides its inputs; a submitted version was complete."""
    if estimate.state != EstimateState.DRAFT:
        return ()
    return sizing.lacks(estimate.workload, inputs_if_submitted(estimate))


def is_priced(estimate: Estimate) -> bool:
    """Whether all three budgets were frozen with it.

    Versions that were submitted before there were prices carry no cost.
    """
    frozen = estimate.budgets or {}
    costs = (frozen.get(name, {}).get("cost_per_month") for name in PRICED)
    return all(cost is not None for cost in costs)


def content_sha256(estimate: Estimate, budgets: Mapping[str, Any]) -> str:
    """The hash that signatures name; for a draft, the mark that edits compare."""
    return sha256_of(
        content_of(
            inputs_of(estimate),
            ref=estimate.workload.ref,
            version=estimate.version,
            budgets=budgets,
        )
    )


def etag_of(estimate: Estimate) -> str:
    """Covers inputs and budgets, not signatures.

    Of a draft, what follows from its inputs alone: a price that finance enters meanwhile
    is no edit that somebody could overwrite.
    """
    if estimate.sha256:
        return estimate.sha256
    return content_sha256(estimate, unpriced(inputs_of(estimate)).as_json())


def versions(workload: Workload) -> QuerySet[Estimate]:
    """All versions of a workload, newest first, with signatures and authors."""
    return (
        Estimate.objects.filter(workload=workload)
        .select_related("workload", "created_by", "submitted_by")
        .prefetch_related(prefetch_signoffs("signoffs"))
        .order_by("-version")
    )


def get_estimate(workload: Workload, version: int) -> Estimate:
    found = versions(workload).filter(version=version).first()
    if found is None:
        raise NotFound(f"{workload.ref} has no estimate v{version}.")
    # One instance of the row, so that a use case sees its own changes of it.
    found.workload = workload
    return found


def default_inputs() -> dict[str, Any]:
    """What an input takes when nobody states it; such inputs are marked assumed."""
    current = numbers.current()
    return {
        "output_multiplier": Decimal(1),
        "tool_call_factor": Decimal(1),
        "retry_factor": Decimal(1),
        "session_minutes": current.default_session_minutes,
        "profile": current.default_profile,
        "growth_per_month": Decimal(0),
        "cached_input_share": Decimal(0),
        "batch_share": Decimal(0),
        "planner_share": Decimal(0),
        "declared_input_share": current.declared_input_share,
        "sources": {},
        "ranges": {},
    }


def inputs_to_go_on_from(
    workload: Workload, defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """What the next version states until somebody changes it."""
    newest = workload.submitted_estimate
    if newest is None:
        return dict(defaults)
    return {name: getattr(newest, name) for name in INPUT_FIELDS}


def is_waiting_unsigned(workload: Workload) -> bool:
    """Whether a newer version waits while the row shows signed figures."""
    submitted = workload.submitted_estimate
    return (
        submitted is not None
        and submitted.state == EstimateState.SUBMITTED
        and workload.shown_estimate_id != submitted.pk
    )
