"""The formulas of tokens and ops hours: worked examples, then properties."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capacity.formulas.ops import ops_load
from capacity.formulas.tokens import (
    TokensPerUserMonth,
    declared_tokens,
    tokens_in_month,
    tokens_per_user_month,
)

RAMP = (Decimal("0.40"), Decimal("0.70"), Decimal("1.00"))


def tokens(**factors: str) -> TokensPerUserMonth:
    stated = {
        "sessions_per_user_month": "18",
        "turns_per_session": "8",
        "input_tokens_per_turn": "2500",
        "output_tokens_per_turn": "400",
        "output_multiplier": "1",
        "tool_call_factor": "1",
        "retry_factor": "1",
        **factors,
    }
    return tokens_per_user_month(**{name: Decimal(v) for name, v in stated.items()})


@pytest.mark.parametrize(
    ("factors", "input_tokens", "output_tokens"),
    [
        ({}, 360_000, 57_600),
        ({"output_multiplier": "1.5"}, 360_000, 86_400),
        ({"tool_call_factor": "1.25"}, 450_000, 72_000),
        ({"retry_factor": "1.1"}, 396_000, 63_360),
        ({"tool_call_factor": "1.25", "retry_factor": "1.1"}, 495_000, 79_200),
        ({"sessions_per_user_month": "0"}, 0, 0),
        # Input and output are rounded apart, halves up.
        (
            {
                "sessions_per_user_month": "1",
                "turns_per_session": "1",
                "input_tokens_per_turn": "0.5",
                "output_tokens_per_turn": "1.5",
            },
            1,
            2,
        ),
    ],
)
def test_tokens_per_user_and_month(
    factors: dict[str, str], input_tokens: int, output_tokens: int
) -> None:
    assert tokens(**factors) == TokensPerUserMonth(input_tokens, output_tokens)


@pytest.mark.parametrize(
    ("declared", "share", "parts"),
    [
        (520_000, "0.75", (390_000, 130_000)),
        (3, "0.5", (2, 1)),
        (0, "0.75", (0, 0)),
        (10, "1", (10, 0)),
    ],
)
def test_declared_tokens_are_split_by_their_input_share(
    declared: int, share: str, parts: tuple[int, int]
) -> None:
    assert declared_tokens(declared, Decimal(share)) == TokensPerUserMonth(*parts)


@pytest.mark.parametrize(
    ("month", "expected"),
    [(-1, 0), (0, 873_600_000), (1, 1_528_800_000), (2, 2_184_000_000)],
)
def test_w01_live_in_april_ramps_as_published(month: int, expected: int) -> None:
    assert (
        tokens_in_month(
            users=4200,
            per_user=declared_tokens(520_000, Decimal("0.75")),
            months_since_ship=month,
            months_of_growth=month,
            growth_per_month=Decimal(0),
            ramp=RAMP,
        )
        == expected
    )


def test_growth_compounds_and_never_runs_backwards() -> None:
    def in_month(growing: int) -> int:
        return tokens_in_month(
            users=100,
            per_user=TokensPerUserMonth(750, 250),
            months_since_ship=12,
            months_of_growth=growing,
            growth_per_month=Decimal("0.10"),
            ramp=RAMP,
        )

    assert [in_month(-3), in_month(0), in_month(2)] == [100_000, 100_000, 121_000]


HOURS = st.decimals("0", "500", places=2)
FACTOR = st.decimals("0", "50", places=2)


@given(st.lists(HOURS, min_size=1, max_size=20), st.integers(0, 5))
def test_ops_parts_sum_to_the_whole(stable: list[Decimal], shipping: int) -> None:
    load = ops_load(
        stable_hours_week=sum(stable, Decimal(0)),
        workloads=len(stable),
        shipping=shipping,
        uplift_hours_week=Decimal(12),
        platform_hours_week=Decimal(4),
    )

    assert load.hours_week == load.stable + load.first_quarter + load.platform
    assert load.stable == sum(stable)
    assert load.first_quarter == 12 * shipping
    assert load.platform == (4 if len(stable) > 1 else 0)


@pytest.mark.parametrize(
    ("stable", "shipping", "hours"),
    [
        ([6] * 5, 1, 46),
        ([6, 4], 2, 38),
        ([6, 4, 2, 3], 2, 43),
        ([6], 1, 18),
        ([], 0, 0),
    ],
)
def test_the_published_examples_of_ops_hours(
    stable: list[int], shipping: int, hours: int
) -> None:
    load = ops_load(
        stable_hours_week=Decimal(sum(stable)),
        workloads=len(stable),
        shipping=shipping,
        uplift_hours_week=Decimal(12),
        platform_hours_week=Decimal(4),
    )

    assert load.hours_week == hours


@given(FACTOR, FACTOR, FACTOR)
def test_more_of_a_factor_never_means_fewer_tokens(
    sessions: Decimal, turns: Decimal, more: Decimal
) -> None:
    less = tokens(sessions_per_user_month=str(sessions), turns_per_session=str(turns))
    greater = tokens(
        sessions_per_user_month=str(sessions + more), turns_per_session=str(turns)
    )

    assert greater.total >= less.total
    assert less.total == less.input_tokens + less.output_tokens
