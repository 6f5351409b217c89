"""Prices, reserve, traps and variance: worked examples, then properties."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capacity.formulas.prices import (
    NoPrice,
    Price,
    RateCard,
    batch_saving,
    cost,
    exact_cost,
    planner_saving,
    rate_card,
)
from capacity.formulas.reserve import (
    QuarterCosts,
    by_month,
    excess,
    ops_cost,
    reserve_of,
)
from capacity.formulas.tokens import Tokens
from capacity.formulas.traps import averaging_trap, floor_trap
from capacity.formulas.variance import Line, outlook, variance

APRIL = date(2026, 4, 1)
NEW_YEAR = date(2026, 1, 1)
SONNET = Price(NEW_YEAR, Decimal("3.00"), Decimal("0.30"), Decimal("15.00"))
OPUS = Price(NEW_YEAR, Decimal("15.00"), Decimal("1.50"), Decimal("75.00"))
HAIKU = Price(NEW_YEAR, Decimal("0.80"), Decimal("0.08"), Decimal("4.00"))
W01 = Tokens(1_638_000_000, 0, 546_000_000)

MONEY = st.decimals("0", "1000000", places=2)
TOKENS = st.builds(
    lambda given, cached, made: Tokens(given, min(given, cached), made),
    st.integers(0, 10**15),
    st.integers(0, 10**15),
    st.integers(0, 10**15),
)


def card(*prices: tuple[str, Price]) -> RateCard:
    return rate_card(prices or [("Sonnet", SONNET), ("Opus", OPUS), ("Haiku", HAIKU)])


def test_the_published_cost_of_w01() -> None:
    assert cost(W01, SONNET) == Decimal("13104.00")


def test_cached_tokens_are_taken_off_the_input_before_pricing() -> None:
    tokens = Tokens(1_000_000, 400_000, 0)

    assert cost(tokens, SONNET) == Decimal("1.92")  # 0.6 × 3.00 + 0.4 × 0.30


@given(TOKENS)
def test_cost_is_exact_before_its_cents(tokens: Tokens) -> None:
    fresh = tokens.input_tokens - tokens.cached_input_tokens
    expected = (
        Fraction(fresh) * Fraction("3.00")
        + Fraction(tokens.cached_input_tokens) * Fraction("0.30")
        + Fraction(tokens.output_tokens) * 15
    ) / 1_000_000

    assert Fraction(exact_cost(tokens, SONNET)) == expected
    assert isinstance(cost(tokens, SONNET), Decimal)


@given(TOKENS, TOKENS)
def test_cost_is_additive_and_never_falls_with_more_tokens(
    one: Tokens, other: Tokens
) -> None:
    both = exact_cost(one + other, SONNET)

    assert both == exact_cost(one, SONNET) + exact_cost(other, SONNET)
    assert both >= exact_cost(one, SONNET)


@pytest.mark.parametrize(
    ("day", "price"),
    [
        (date(2026, 1, 1), "3.00"),
        (date(2026, 2, 28), "3.00"),
        (date(2026, 3, 1), "2.50"),
        (date(2030, 1, 1), "2.50"),
    ],
)
def test_the_price_in_force_is_the_newest_that_has_begun(day: date, price: str) -> None:
    cheaper = Price(date(2026, 3, 1), Decimal("2.50"), Decimal("0.25"), Decimal("12"))
    dated = card(("Sonnet", cheaper), ("Sonnet", SONNET))

    assert dated.price("sonnet", day).input_per_million == Decimal(price)


def test_a_gap_names_model_day_and_the_day_on_which_prices_begin() -> None:
    with pytest.raises(NoPrice) as told:
        card().price("Sonnet", date(2025, 12, 31))

    assert (told.value.model, told.value.day, told.value.begins) == (
        "Sonnet",
        date(2025, 12, 31),
        NEW_YEAR,
    )
    with pytest.raises(NoPrice) as told:
        card().price("Gemma", NEW_YEAR)
    assert told.value.begins is None


def test_an_alias_reads_as_its_model() -> None:
    known = rate_card([("Sonnet", SONNET)], aliases={"sonnet-4-5": "Sonnet"})

    assert known.price("Sonnet-4-5", NEW_YEAR) is SONNET


def test_batches_and_a_cheaper_planner_save() -> None:
    halved = Price(
        NEW_YEAR,
        Decimal(3),
        Decimal("0.3"),
        Decimal(15),
        batch_input_per_million=Decimal("1.5"),
        batch_output_per_million=Decimal("7.5"),
    )

    assert batch_saving(W01, halved, Decimal("0.2")) == Decimal("1310.40")
    assert batch_saving(W01, SONNET, Decimal("0.2")) == 0
    # Haiku costs 3,494.40 where Sonnet costs 13,104.00.
    assert planner_saving(W01, SONNET, HAIKU, Decimal("0.5")) == Decimal("4804.80")
    assert planner_saving(W01, HAIKU, SONNET, Decimal("0.5")) == 0


# --- Reserve -------------------------------------------------------------------------


def test_the_reserve_is_a_share_of_each_budget() -> None:
    ops = ops_cost(Decimal(38), Decimal(80))
    parts = reserve_of(
        QuarterCosts(Decimal("8128"), Decimal("41101"), ops), Decimal("0.175")
    )

    assert ops == Decimal("39520.00")
    assert parts.from_compute == Decimal("1422.40")
    assert parts.from_tokens == Decimal("7192.68")
    assert parts.from_ops == Decimal("6916.00")
    assert parts.amount == parts.from_compute + parts.from_tokens + parts.from_ops


@pytest.mark.parametrize("ratio", ["0.1499", "0.2001", "0", "1"])
def test_a_reserve_outside_its_range_is_refused(ratio: str) -> None:
    costs = QuarterCosts(Decimal(1), Decimal(1), Decimal(1))

    with pytest.raises(ValueError, match="15 to 20"):
        reserve_of(costs, Decimal(ratio))


@given(MONEY)
def test_the_months_of_a_reserve_sum_to_it(amount: Decimal) -> None:
    assert sum(by_month(amount)) == amount


@pytest.mark.parametrize(
    ("scenario", "over"),
    [((12, 10, 10), 2), ((12, 5, 10), 2), ((5, 5, 5), 0), ((11, 12, 13), 6)],
)
def test_a_saving_in_one_budget_pays_for_no_other(
    scenario: tuple[int, int, int], over: int
) -> None:
    ten = QuarterCosts(Decimal(10), Decimal(10), Decimal(10))

    assert excess(ten, QuarterCosts(*map(Decimal, scenario))) == over


# --- Traps ---------------------------------------------------------------------------

PLAN = [(4200, 520_000), (1100, 980_000)]


@pytest.mark.parametrize(
    ("own", "short"), [(1_400_000, "56.0"), (2_200_000, "72.0"), (615_472, "0.0")]
)
def test_the_published_averaging_trap(own: int, short: str) -> None:
    trap = averaging_trap(own, PLAN)

    assert trap is not None
    assert trap.tokens_per_user_month == 615_472
    assert f"{float(trap.undersized_by) * 100:.1f}" == short


@pytest.mark.parametrize(("own", "others"), [(1_400_000, []), (0, PLAN), (5, [(0, 9)])])
def test_nothing_is_averaged_where_there_is_nothing_to_average(
    own: int, others: list[tuple[int, int]]
) -> None:
    assert averaging_trap(own, others) is None


def test_the_floor_trap_prices_all_on_the_dearest_model() -> None:
    w04 = Tokens(156_750_000, 0, 52_250_000)
    floor = floor_trap([("Sonnet", W01), ("Opus", w04)], card(), APRIL)

    assert floor is not None
    assert floor.model == "Opus"
    assert floor.cost == Decimal("13104.00") + cost(w04, OPUS)
    assert floor.cost_on_dearest == cost(W01, OPUS) + cost(w04, OPUS)
    assert floor.saved == Decimal("52416.00")
    assert floor_trap([], card(), APRIL) is None


# --- Variance ------------------------------------------------------------------------

QUANTITY = st.integers(0, 10**12)
UNIT = st.decimals("0", "100", places=6)
LINES = st.lists(
    st.tuples(st.builds(Line, QUANTITY, UNIT), st.builds(Line, QUANTITY, UNIT)),
    max_size=8,
)


def test_a_variance_is_split_into_volume_mix_and_price() -> None:
    split = variance(
        [
            (Line(100, Decimal(2)), Line(150, Decimal(2))),
            (Line(100, Decimal(4)), Line(50, Decimal(5))),
        ]
    )

    # 200 forecast units at a mean of 3, 200 used: no volume; dearer ones were fewer.
    assert split.volume == 0
    assert split.mix == Decimal("-100.00")
    assert split.price == Decimal("50.00")
    assert split.difference == Decimal("-50.00")


@given(LINES)
def test_the_parts_of_a_variance_sum_to_it(lines: list[tuple[Line, Line]]) -> None:
    split = variance(lines)

    assert split.volume + split.mix + split.price == split.difference


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        ([None, None, None, None], 400),
        ([Decimal(120), None, None, None], 480),
        ([Decimal(50), Decimal(100), None, None], 300),
        ([Decimal(90), Decimal(90), Decimal(90), Decimal(90)], 360),
    ],
)
def test_the_outlook_carries_the_pace_to_the_end(
    actual: list[Decimal | None], expected: int
) -> None:
    assert outlook(actual, [Decimal(100)] * 4) == expected
