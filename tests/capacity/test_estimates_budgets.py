"""What inputs come to: three budgets of the steady month, priced on one day."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from capacity.formulas.lines import ComputeLine, ComputeLines
from capacity.formulas.prices import Price, RateCard, rate_card
from capacity.services.estimates import Rates, budgets_of
from workloads.rules.estimates import Budgets, EstimateInputs

DAY = date(2026, 5, 12)
YEAR = date(2025, 1, 1)
SONNET = Price(
    YEAR,
    Decimal("3.00"),
    Decimal("0.30"),
    Decimal("15.00"),
    Decimal("1.50"),
    Decimal("7.50"),
)
HAIKU = Price(YEAR, Decimal("0.80"), Decimal("0.08"), Decimal("4.00"))
ENDPOINT = ComputeLine("inference_endpoint", YEAR, None, Decimal(50))
DATABASE = ComputeLine("vector_database", YEAR, Decimal(900), None)
W01 = EstimateInputs(
    users=4200,
    sessions_per_user_month=Decimal(18),
    turns_per_session=None,
    input_tokens_per_turn=None,
    output_tokens_per_turn=None,
    output_multiplier=Decimal(1),
    tool_call_factor=Decimal(1),
    retry_factor=Decimal(1),
    session_minutes=Decimal(10),
    profile="business_hours",
    ops_hours_week=Decimal(6),
    growth_per_month=Decimal("0.02"),
    cached_input_share=Decimal(0),
    batch_share=Decimal(0),
    planner_share=Decimal(0),
    declared_tokens_per_user_month=520_000,
    declared_input_share=Decimal("0.75"),
    ops_reason="",
    primary_model="Sonnet",
    degrade_model="Haiku",
)
FACTORS = replace(
    W01,
    declared_tokens_per_user_month=None,
    turns_per_session=Decimal(8),
    input_tokens_per_turn=Decimal(2600),
    output_tokens_per_turn=Decimal(350),
)


def card(*more: tuple[str, Price]) -> RateCard:
    return rate_card([("Sonnet", SONNET), ("Haiku", HAIKU), *more])


def sized(inputs: EstimateInputs, prices: RateCard | None = None) -> Budgets:
    lines = ComputeLines((ENDPOINT, DATABASE))
    rates = Rates(prices or card(), lines, Decimal("0.35"), "USD")
    return budgets_of(inputs, day=DAY, rates=rates)


def test_the_first_workload_of_the_plan_comes_to_what_the_model_says():
    found = sized(W01)

    assert found.tokens_per_month == 2_184_000_000
    assert found.tokens_cost_per_month == Decimal("13104.00")
    assert round(found.peak_concurrent_sessions or 0, 2) == Decimal("72.69")
    assert found.compute_cost_per_month == Decimal("4906.73")
    assert found.ops_hours_week == 6


def test_growth_and_adoption_do_not_move_the_steady_month():
    assert sized(replace(W01, growth_per_month=Decimal(0))) == sized(W01)


def test_cached_input_is_taken_off_before_it_is_priced():
    # 18 × 8 × 2,600 input and × 350 output a user.
    found = sized(replace(FACTORS, cached_input_share=Decimal("0.5")))

    # 786.24M at 3.00, as much at 0.30, and 211.68M at 15.00.
    assert found.tokens_cost_per_month == Decimal("5769.79")


def test_a_declared_figure_has_no_cached_part():
    assert sized(replace(W01, cached_input_share=Decimal("0.5"))) == sized(W01)


def test_a_flat_profile_needs_fewer_sessions_at_once():
    found = sized(replace(W01, profile="flat"))

    assert round(found.peak_concurrent_sessions or 0, 2) == Decimal("17.31")


def test_weights_of_its_own_are_normalised():
    weights = [0.0] * 168
    weights[10] = 3.0

    found = sized(replace(W01, profile=weights))

    assert round(found.peak_concurrent_sessions or 0, 2) == Decimal("2907.69")


@pytest.mark.parametrize(
    ("inputs", "lacks"),
    [
        (replace(W01, users=None), {"tokens", "tokens cost", "peak", "compute cost"}),
        (
            replace(FACTORS, turns_per_session=None),
            {"tokens", "tokens cost"},
        ),
        (replace(W01, ops_hours_week=None), {"hours"}),
        (replace(W01, primary_model="Grok"), {"tokens cost"}),
        (replace(W01, primary_model=""), {"tokens cost"}),
    ],
)
def test_a_part_whose_inputs_or_price_are_missing_is_none(inputs, lacks):
    found = sized(inputs)

    figures = {
        "tokens": found.tokens_per_month,
        "tokens cost": found.tokens_cost_per_month,
        "peak": found.peak_concurrent_sessions,
        "compute cost": found.compute_cost_per_month,
        "hours": found.ops_hours_week,
    }
    assert {name for name, figure in figures.items() if figure is None} == lacks


def test_the_price_is_the_one_in_force_on_the_day():
    later = replace_price(SONNET, date(2026, 5, 12), "6.00")
    tomorrow = replace_price(SONNET, date(2026, 5, 13), "9.00")

    found = sized(W01, card(("Sonnet", later), ("Sonnet", tomorrow)))

    assert found.tokens_cost_per_month == Decimal("18018.00")


def test_a_price_that_begins_tomorrow_is_none_today():
    tomorrow = replace_price(SONNET, date(2026, 5, 13), "3.00")

    found = sized(W01, rate_card([("Sonnet", tomorrow)]))

    assert found.tokens_cost_per_month is None


def replace_price(price: Price, day: date, input_price: str) -> Price:
    return replace(price, valid_from=day, input_per_million=Decimal(input_price))


# --- savings -------------------------------------------------------------------------


def test_savings_are_shown_and_never_taken_off():
    shares = {"batch_share": Decimal("0.2"), "planner_share": Decimal("0.5")}

    found = sized(replace(W01, **shares))

    assert found.tokens_cost_per_month == Decimal("13104.00")
    # 1,638M × (3.00 − 1.50) + 546M × (15.00 − 7.50), a fifth of it.
    assert found.batch_saving_per_month == Decimal("1310.40")
    # Half of 13,104.00 − (1,638 × 0.80 + 546 × 4.00).
    assert found.planner_saving_per_month == Decimal("4804.80")


@pytest.mark.parametrize("second", ["", "Grok"])
def test_without_a_priced_second_model_a_planner_saves_nothing(second):
    found = sized(replace(W01, degrade_model=second, planner_share=Decimal("0.5")))

    assert found.planner_saving_per_month == Decimal("0.00")


def test_a_dearer_second_model_saves_nothing():
    dear = replace(W01, primary_model="Haiku", degrade_model="Sonnet")

    found = sized(replace(dear, planner_share=Decimal("0.5")))

    assert found.planner_saving_per_month == Decimal("0.00")


# --- as the API and the hash keep them -----------------------------------------------


def test_money_is_kept_as_a_text_with_its_cents():
    kept = sized(W01).as_json()

    assert kept["tokens"]["cost_per_month"] == "13104.00"
    assert kept["compute"]["cost_per_month"] == "4906.73"
    assert kept["tokens"]["currency"] == kept["compute"]["currency"] == "USD"
