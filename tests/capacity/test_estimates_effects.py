"""Two versions compared: what each change adds to each budget, and the prices' part."""

from dataclasses import replace
from decimal import Decimal

import pytest

from capacity.enums import ModelClass
from capacity.models import ModelPrice
from tests.capacity.test_estimates_budgets import DAY, FACTORS, SONNET, W01, card, sized
from tests.conftest import NOW
from tests.workloads import stories
from tests.workloads.pages import Reader, words
from workloads.rules.comparison import EFFECT_LINES, effects_of

TOKENS, COST, PEAK, COMPUTE, HOURS = EFFECT_LINES


def size(inputs):
    return sized(inputs).as_json()


def compared(before, after, *, old=None, new=None):
    return effects_of(
        before,
        after,
        budgets_before=old or size(before),
        budgets_after=new or size(after),
        size=size,
    )


def test_each_change_has_its_part_of_each_budget():
    after = replace(W01, users=4620, ops_hours_week=Decimal(8), profile="flat")

    parts = compared(W01, after).by_input

    assert list(parts) == ["users", "profile", "ops_hours_week"]
    assert parts["users"][TOKENS] == 218_400_000
    assert parts["users"][COST] == Decimal("1310.40")
    assert round(parts["users"][PEAK], 2) == Decimal("7.27")
    assert (parts["profile"][COST], parts["profile"][PEAK] < 0) == (0, True)
    assert parts["ops_hours_week"] == {
        TOKENS: 0,
        COST: 0,
        PEAK: 0,
        COMPUTE: 0,
        HOURS: 2,
    }


def test_the_parts_and_the_prices_add_up_to_the_whole():
    before = replace(FACTORS, users=100, cached_input_share=Decimal("0.2"))
    after = replace(
        FACTORS,
        users=333,
        turns_per_session=Decimal("9.5"),
        retry_factor=Decimal("1.07"),
        session_minutes=Decimal(7),
        primary_model="Haiku",
        cached_input_share=Decimal("0.35"),
    )
    dear = replace(sized(before), tokens_cost_per_month=Decimal("999.99"))

    found = compared(before, after, old=dear.as_json())

    for line in EFFECT_LINES:
        parts = [one[line] for one in (*found.by_input.values(), found.prices)]
        assert abs(sum(parts) - found.whole[line]) < Decimal("1e-20")
    assert found.prices[COST] != 0
    assert found.prices[PEAK] == 0


def test_a_declared_figure_that_gives_way_to_factors_is_one_change():
    found = compared(W01, FACTORS)

    assert list(found.by_input) == ["declared_tokens_per_user_month"]
    assert found.by_input["declared_tokens_per_user_month"] == found.whole
    assert found.whole[TOKENS] is not None


def test_what_cannot_be_priced_has_no_effect_in_money():
    found = compared(W01, replace(W01, primary_model="Grok", users=4300))

    assert found.by_input["primary_model"][COST] is None
    assert found.by_input["users"][TOKENS] == 52_000_000
    assert (found.whole[COST], found.prices[COST]) == (None, None)


def test_other_prices_alone_are_the_prices_part():
    later = sized(W01, card(("Sonnet", replace_output("20.00"))))

    found = compared(W01, W01, new=later.as_json())

    assert found.by_input == {}
    assert found.prices[COST] == found.whole[COST] == Decimal("2730.00")


def replace_output(price):
    return replace(SONNET, valid_from=DAY, output_per_million=Decimal(price))


@pytest.mark.django_db
@pytest.mark.usefixtures("at_now")
def test_the_page_tells_inputs_prices_and_the_whole(cast):
    workload = stories.proposed(cast)
    stories.submitted(workload, cast.sarah)
    ModelPrice.objects.create(
        model="Sonnet",
        model_class=ModelClass.STANDARD,
        valid_from=NOW.date(),
        input_per_million=Decimal(3),
        cached_input_per_million=Decimal("0.3"),
        output_per_million=Decimal(20),
        currency="USD",
        entered_at=NOW,
    )
    stories.submitted(workload, cast.sarah, users=4620)

    page = words(Reader(cast)("noor").get("/workloads/W-01/estimates/1/compare/2/"))

    assert "Users + 218M +$1,583 +7.27 0 0" in page
    assert "Prices and numbers of the model 0 +$2,730 0 0 0" in page
    assert "Together + 218M +$4,313 +7.27 0 0" in page
