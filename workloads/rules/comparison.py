"""Two versions of an estimate side by side: each input, and each budget. Plain Python."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any

from workloads.rules.estimates import TOKEN_FACTORS, EstimateInputs, format_number

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


# --- What each change does to each budget --------------------------------------------

# The figures in which an effect is told: the budget, and its line.
EFFECT_LINES: tuple[tuple[str, str], ...] = (
    ("tokens", "tokens_per_month"),
    ("tokens", "cost_per_month"),
    ("compute", "peak_concurrent_sessions"),
    ("compute", "cost_per_month"),
    ("ops", "hours_week"),
)
BASIS = (*TOKEN_FACTORS, "declared_tokens_per_user_month", "declared_input_share")
"""Where tokens were declared and now follow from factors, these change as one."""

Effect = Mapping[tuple[str, str], Decimal | None]
"""What one change adds to each figure; None where a figure is missing on either side."""

Figures = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Effects:
    """Each changed input's part, and the part of prices and numbers of the model.

    Inputs are changed one after the other, in the order shown, so that their parts and
    that of the prices add up to the whole difference.
    """

    by_input: Mapping[str, Effect]
    prices: Effect
    whole: Effect


def effects_of(
    before: EstimateInputs,
    after: EstimateInputs,
    *,
    budgets_before: Figures,
    budgets_after: Figures,
    size: Callable[[EstimateInputs], Figures],
) -> Effects:
    """`size` gives the budgets of any inputs at one day's prices; the versions' own were
    perhaps computed at others, and what that makes is the part of the prices."""
    first = last = size(before)
    present, by_input = before, {}
    for name, changes in _steps(before, after):
        present = replace(present, **changes)
        sized = size(present)
        by_input[name] = _between(last, sized)
        last = sized
    return Effects(
        by_input,
        _sum(_between(budgets_before, first), _between(last, budgets_after)),
        _between(budgets_before, budgets_after),
    )


def _steps(
    before: EstimateInputs, after: EstimateInputs
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Changed inputs, each with the values that it brings along."""
    declared = [
        one.declared_tokens_per_user_month is not None for one in (before, after)
    ]
    together = BASIS if declared[0] != declared[1] else ()
    for one in fields(EstimateInputs):
        if getattr(before, one.name) == getattr(after, one.name):
            continue
        if one.name not in together:
            yield one.name, {one.name: getattr(after, one.name)}
        elif one.name == "declared_tokens_per_user_month":
            yield one.name, {name: getattr(after, name) for name in together}


def _between(before: Figures, after: Figures) -> Effect:
    found: dict[tuple[str, str], Decimal | None] = {}
    for budget, line in EFFECT_LINES:
        old, new = _amount(before, budget, line), _amount(after, budget, line)
        found[budget, line] = new - old if old is not None and new is not None else None
    return found


def _sum(first: Effect, second: Effect) -> Effect:
    return {
        line: one + other
        if (one := first[line]) is not None and (other := second[line]) is not None
        else None
        for line in EFFECT_LINES
    }


def _amount(figures: Figures, budget: str, line: str) -> Decimal | None:
    value = figures.get(budget, {}).get(line)
    return None if value is None else Decimal(str(value))
