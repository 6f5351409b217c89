"""Workloads that a scenario adds: an estimate's inputs, sized as if it were submitted."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from capacity.formulas.forecast import Sized
from capacity.selectors.plan import sized_if_shipped
from portal.kernel.errors import FieldError, Invalid
from portal.kernel.models import ModelNumbers
from workloads.models import INPUT_FIELDS
from workloads.rules.estimates import (
    MOST_TOKENS_PER_MONTH,
    TOKEN_FACTORS,
    EstimateInputs,
    missing_inputs,
)
from workloads.selectors.estimates import default_inputs


def added_workloads(
    some: Iterable[Mapping[str, Any]], now: datetime, current: ModelNumbers
) -> tuple[Sized, ...]:
    """Each with a reference of its own, new-1 and on. `Invalid` names what one lacks.

    A member holds inputs of an estimate, `ship_quarter` and `model_tier`.
    """
    sized: list[Sized] = []
    errors: list[FieldError] = []
    for place, values in enumerate(some):
        inputs = _inputs(values)
        found = list(_wrong(inputs))
        errors += [
            FieldError(f"/add/{place}/{name}", code, detail)
            for name, code, detail in found
        ]
        one = sized_if_shipped(
            f"new-{place + 1}",
            inputs,
            values["ship_quarter"],
            now,
            current.fiscal_year_starts,
        )
        if one is None or found:
            continue
        if one.users * one.per_user.total > MOST_TOKENS_PER_MONTH:
            detail = "These inputs give more tokens a month than any platform serves."
            errors.append(FieldError(f"/add/{place}/users", "too_many_tokens", detail))
        sized.append(one)
    if errors:
        told = [f"{error.pointer}: {error.detail}" for error in errors[:3]]
        raise Invalid(" ".join(told), errors=errors)
    return tuple(sized)


def _inputs(values: Mapping[str, Any]) -> EstimateInputs:
    stated = {
        name: value
        for name, value in values.items()
        if name in INPUT_FIELDS and value is not None
    }
    tier = values["model_tier"]
    empty: dict[str, Any] = {**dict.fromkeys(INPUT_FIELDS), "ops_reason": ""}
    return EstimateInputs(
        **{**empty, **default_inputs(), **stated},
        primary_model=tier.primary,
        degrade_model=tier.degrade,
    )


def _wrong(inputs: EstimateInputs) -> Iterable[tuple[str, str, str]]:
    for name in missing_inputs(inputs):
        yield name, "required", "A forecast needs it."
    if inputs.declared_tokens_per_user_month is not None and any(
        getattr(inputs, name) is not None for name in TOKEN_FACTORS
    ):
        yield (
            "declared_tokens_per_user_month",
            "contradictory",
            "Leave it empty, or leave turns and tokens per turn empty.",
        )
