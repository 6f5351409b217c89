"""Two versions of an estimate side by side: each input, and each budget. Plain Python."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from workloads.rules.estimates import EstimateInputs, format_number

# The lines of each budget that are compared, in the order shown.
BUDGET_LINES: Mapping[str, tuple[str, ...]] = {
    "tokens": ("tokens_per_user_month", "tokens_per_month", "cost_per_month"),
    "compute": ("peak_concurrent_sessions", "cost_per_month"),
    "ops": ("hours_week",),
}


@dataclass(frozen=True)
class Difference:
    """One figure in both versions.

    `change` is after less before, where both are numbers; `ratio` is the change as a share
    of before (0.1 is a tenth more), None where before is 0 or unknown.
    """

    name: str
    before: Any
    after: Any
    change: Decimal | None
    ratio: Decimal | None

    @property
    def changed(self) -> bool:
        return bool(self.before != self.after)


@dataclass(frozen=True)
class Comparison:
    """Every input in the order shown, and the lines of the three budgets, kept apart."""

    inputs: tuple[Difference, ...]
    budgets: Mapping[str, tuple[Difference, ...]]


def compare(
    before: EstimateInputs,
    after: EstimateInputs,
    *,
    budgets_before: Mapping[str, Mapping[str, Any]],
    budgets_after: Mapping[str, Mapping[str, Any]],
) -> Comparison:
    """What changed from one version to another, and what it does to each budget.

    The budgets come as an estimate keeps them: numbers, or numbers as texts.
    """
    return Comparison(
        inputs=tuple(
            difference(one.name, getattr(before, one.name), getattr(after, one.name))
            for one in fields(EstimateInputs)
        ),
        budgets={
            budget: tuple(
                difference(line, _figure(old.get(line)), _figure(new.get(line)))
                for line in lines
            )
            for budget, lines in BUDGET_LINES.items()
            for old, new in [(budgets_before[budget], budgets_after[budget])]
        },
    )


def difference(name: str, before: Any, after: Any) -> Difference:
    """6 and 6.00 are the same figure; a text is compared as it is."""
    old, new = _number(before), _number(after)
    change = new - old if old is not None and new is not None else None
    return Difference(
        name=name,
        before=before if old is None else old,
        after=after if new is None else new,
        change=change,
        ratio=change / old if change is not None and old else None,
    )


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        return None
    return Decimal(format_number(Decimal(value)))


def _figure(value: Any) -> Any:
    """A budget's figure as a number: decimals are kept as texts in it."""
    return Decimal(value) if isinstance(value, str) else value
