"""Two versions side by side: each input, and what it does to each budget."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from workloads.rules.comparison import compare, difference
from workloads.rules.estimates import EstimateInputs

BEFORE = EstimateInputs(
    users=4200,
    sessions_per_user_month=Decimal("18.00"),
    turns_per_session=None,
    input_tokens_per_turn=None,
    output_tokens_per_turn=None,
    output_multiplier=Decimal(1),
    tool_call_factor=Decimal(1),
    retry_factor=Decimal(1),
    session_minutes=Decimal(10),
    profile="business_hours",
    ops_hours_week=Decimal(6),
    growth_per_month=Decimal(0),
    cached_input_share=Decimal(0),
    batch_share=Decimal(0),
    planner_share=Decimal(0),
    declared_tokens_per_user_month=520_000,
    declared_input_share=Decimal("0.75"),
    ops_reason="",
)


def budgets(tokens: int | None, hours: str, cost: str | None = None) -> dict[str, Any]:
    return {
        "tokens": {
            "tokens_per_user_month": tokens,
            "tokens_per_month": None if tokens is None else tokens * 4200,
            "cost_per_month": cost,
        },
        "compute": {"peak_concurrent_sessions": None, "cost_per_month": None},
        "ops": {"hours_week": hours},
    }


CASES = [
    # before, after, change, ratio
    (10, 11, Decimal(1), Decimal("0.1")),
    (10, 5, Decimal(-5), Decimal("-0.5")),
    (0, 5, Decimal(5), None),
    (None, 5, None, None),
    (5, None, None, None),
    (None, None, None, None),
    (Decimal("6.00"), Decimal(6), Decimal(0), Decimal(0)),
    ("evenings", "flat", None, None),
    ("5", "6", None, None),
    ([1.0], [2.0], None, None),
]


@pytest.mark.parametrize(("before", "after", "change", "ratio"), CASES)
def test_a_difference_is_told_where_both_are_numbers(before, after, change, ratio):
    found = difference("x", before, after)

    assert (found.change, found.ratio) == (change, ratio)
    assert found.changed is (before != after)


def test_every_input_stands_there_and_only_what_changed_is_changed():
    after = replace(BEFORE, users=4620, profile="flat", ops_reason="Two regions.")

    compared = compare(
        BEFORE,
        after,
        budgets_before=budgets(520_000, "6"),
        budgets_after=budgets(520_000, "6"),
    )

    assert [one.name for one in compared.inputs if one.changed] == [
        "users",
        "profile",
        "ops_reason",
    ]
    assert len(compared.inputs) == 22


def test_the_budgets_are_compared_line_by_line_and_never_blended():
    compared = compare(
        BEFORE,
        BEFORE,
        budgets_before=budgets(520_000, "6", "1200.50"),
        budgets_after=budgets(572_000, "7.5", "1320.55"),
    )

    told = {
        (budget, one.name): (one.change, one.ratio)
        for budget, lines in compared.budgets.items()
        for one in lines
    }
    assert told == {
        ("tokens", "tokens_per_user_month"): (Decimal(52_000), Decimal("0.1")),
        ("tokens", "tokens_per_month"): (Decimal(218_400_000), Decimal("0.1")),
        ("tokens", "cost_per_month"): (
            Decimal("120.05"),
            Decimal("120.05") / Decimal("1200.50"),
        ),
        ("compute", "peak_concurrent_sessions"): (None, None),
        ("compute", "cost_per_month"): (None, None),
        ("ops", "hours_week"): (Decimal("1.5"), Decimal("0.25")),
    }


def test_a_budget_that_is_not_computed_yet_has_no_change():
    compared = compare(
        BEFORE,
        BEFORE,
        budgets_before=budgets(None, "6"),
        budgets_after=budgets(520_000, "6"),
    )

    first = compared.budgets["tokens"][0]
    assert (first.before, first.after, first.change) == (None, 520_000, None)
