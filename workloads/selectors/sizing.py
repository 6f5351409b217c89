"""The capacity model as the plan asks it: what inputs come to, and what they lack."""

from datetime import date
from typing import Any, Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string

from workloads.models import Workload
from workloads.rules.estimates import Budgets, EstimateInputs, Lack


class Sizing(Protocol):
    """What estimates come to at the prices in force on one day.

    Rates and numbers of the model are read once, when the first of them is needed; one
    request, or one use case, passes one sizing on to whatever it calls.
    """

    @property
    def rate_card_version(self) -> int: ...

    def budgets(self, inputs: EstimateInputs) -> Budgets:
        """All three; None where inputs, or a price, are missing."""
        ...

    def lacks(self, workload: Workload, inputs: EstimateInputs) -> tuple[Lack, ...]:
        """What a complete estimate needs besides its inputs: a priced model, a reason."""
        ...


def sizing_on(day: date) -> Sizing:
    """By the capacity model that the settings name."""
    return cast("Sizing", _model()(day))


def unpriced(inputs: EstimateInputs) -> Budgets:
    """Tokens and hours, which follow from the inputs alone: nothing is read."""
    budgets: Budgets = _model().unpriced(inputs)
    return budgets


def _model() -> Any:
    return import_string(settings.ESTIMATE_BUDGETS)
