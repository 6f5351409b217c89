"""A hundred random plans against an oracle that knows nothing but fractions.

The oracle is written from the published formulas and shares no code with the product: every
figure is a `Fraction` until its one rounding.
"""

import random
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from capacity.formulas.compute import weights_of
from capacity.formulas.forecast import (
    MonthForecast,
    Numbers,
    Rates,
    Sized,
    forecast,
)
from capacity.formulas.lines import ComputeLine, ComputeLines
from capacity.formulas.periods import Month as AnyMonth
from capacity.formulas.periods import Period
from capacity.formulas.prices import NoPrice, Price, rate_card
from capacity.formulas.tokens import TokensPerUserMonth
from portal.kernel.periods import Month, Quarter

PLANS = range(100)
MODELS = ("Sonnet", "Opus", "Haiku")
NUMBERS = Numbers(
    ramp=(Decimal("0.40"), Decimal("0.70"), Decimal("1.00")),
    headroom=Decimal("0.35"),
    first_quarter_uplift_hours_week=Decimal(12),
    platform_hours_week=Decimal(4),
    hours_per_full_time_equivalent=Decimal(40),
)
START = Month(2027, 11)  # runs over a new year and over 29 February 2028
MONTHS = 9


def half_up(value: Fraction) -> int:
    return int((value + Fraction(1, 2)) // 1)


def cents(value: Fraction) -> Decimal:
    return Decimal(half_up(value * 100)) / 100


def random_price(chance: random.Random, begins: date) -> Price:
    return Price(
        begins,
        Decimal(chance.randint(0, 3_000)) / 100,
        Decimal(chance.randint(0, 300)) / 1000,
        Decimal(chance.randint(0, 9_000)) / 100,
    )


def random_plan(seed: int) -> tuple[list[Sized], Rates]:
    chance = random.Random(seed)  # noqa: S311 - a plan, not a secret
    workloads = []
    for number in range(1, chance.randint(2, 7)):
        ships = START.plus(chance.randint(-14, 5))
        quarter = Quarter.of(ships.first_day)
        profile: Any = chance.choice(["business_hours", "evenings", "flat", None])
        if profile is None:
            profile = (1, *(chance.randint(0, 50) for _ in range(167)))
        workloads.append(
            Sized(
                ref=f"W-{number:02}",
                status="live",
                ships=ships,
                first_quarter=quarter,
                users=chance.randint(0, 20_000),
                sessions_per_user_month=Decimal(chance.randint(0, 9_000)) / 100,
                per_user=TokensPerUserMonth(
                    chance.randint(0, 3_000_000), chance.randint(0, 500_000)
                ),
                cached_input_share=Decimal(chance.randint(0, 10_000)) / 10_000,
                growth_per_month=Decimal(chance.randint(-500, 900)) / 10_000,
                grows_from=ships.plus(chance.randint(0, 6)),
                session_minutes=Decimal(chance.randint(1, 9_000)) / 100,
                weights=weights_of(profile),
                ops_hours_week=Decimal(chance.randint(0, 4_000)) / 100,
                model=chance.choice(MODELS),
                retired=chance.choice([None, None, ships.plus(chance.randint(0, 9))]),
            )
        )
    # One price changes inside a quarter, one between two months.
    prices = [
        (model, random_price(chance, begins))
        for model in MODELS
        for begins in (date(2026, 1, 1), date(2027, 12, 15), date(2028, 3, 1))
    ]
    lines = ComputeLines(
        [
            ComputeLine("observability", date(2026, 1, 1), Decimal("812.34"), None),
            ComputeLine("observability", date(2028, 2, 1), Decimal("900.01"), None),
            ComputeLine(
                "inference_endpoint",
                date(2026, 1, 1),
                None,
                Decimal(chance.randint(0, 9_999)) / 100,
            ),
        ]
    )
    staffed = {Quarter(2028, 1): Decimal("1.5")}
    return workloads, Rates(rate_card(prices), lines, staffed)


def factor_of(one: Sized, month: AnyMonth) -> Fraction:
    since = month.index - one.ships.index
    if since < 0 or (one.retired is not None and month.index > one.retired.index):
        return Fraction(0)
    ramp = [Fraction(2, 5), Fraction(7, 10)][since] if since < 2 else Fraction(1)
    growing = max(0, month.index - one.grows_from.index)
    return ramp * (1 + Fraction(one.growth_per_month)) ** growing


def price_of(rates: Rates, model: str, month: AnyMonth) -> Price:
    dated = rates.card.prices[model.casefold()]
    return [one for one in dated if one.valid_from <= month.first_day][-1]


def tokens_and_cost(
    one: Sized, month: AnyMonth, rates: Rates
) -> tuple[int, int, int, Decimal]:
    factor = factor_of(one, month)
    given = half_up(one.users * one.per_user.input_tokens * factor)
    made = half_up(one.users * one.per_user.output_tokens * factor)
    cached = half_up(given * Fraction(one.cached_input_share))
    price = price_of(rates, one.model, month)
    cost = (
        (given - cached) * Fraction(price.input_per_million)
        + cached * Fraction(price.cached_input_per_million)
        + made * Fraction(price.output_per_million)
    ) / 1_000_000
    return given, cached, made, cents(cost)


def at_once_by_hour(one: Sized, month: AnyMonth) -> list[Fraction]:
    monthly = one.users * Fraction(one.sessions_per_user_month) * factor_of(one, month)
    weekly = monthly * 12 / 52
    whole = sum(Fraction(number) for number in one.weights.numbers)
    return [
        weekly * Fraction(number) / whole * Fraction(one.session_minutes) / 60
        for number in one.weights.numbers
    ]


def period_of(month: Month) -> Period:
    return Period(month, Quarter.of(month.first_day))


def computed(seed: int) -> tuple[list[Sized], Rates, list[MonthForecast]]:
    workloads, rates = random_plan(seed)
    months = [period_of(START.plus(later)) for later in range(MONTHS)]
    return (
        workloads,
        rates,
        forecast(workloads, months, numbers=NUMBERS, rates=rates),
    )


@pytest.mark.parametrize("seed", PLANS)
def test_tokens_and_their_cost_equal_the_oracle(seed: int) -> None:
    workloads, rates, result = computed(seed)

    for month in result:
        there = [one for one in workloads if factor_of(one, month.month)]
        expected = [tokens_and_cost(one, month.month, rates) for one in there]
        assert month.tokens.input_tokens == sum(one[0] for one in expected)
        assert month.tokens.cached_input_tokens == sum(one[1] for one in expected)
        assert month.tokens.output_tokens == sum(one[2] for one in expected)
        assert month.tokens_cost == sum((one[3] for one in expected), Decimal(0))
        for workload, (given, _, made, cost) in zip(there, expected, strict=True):
            part = month.by_workload[workload.ref]
            assert (part.tokens.total, part.tokens_cost) == (given + made, cost)


@pytest.mark.parametrize("seed", PLANS)
def test_peaks_and_compute_equal_the_oracle(seed: int) -> None:
    workloads, rates, result = computed(seed)

    for month in result:
        hours = [
            at_once_by_hour(one, month.month)
            for one in workloads
            if factor_of(one, month.month)
        ]
        platform = max((sum(hour) for hour in zip(*hours, strict=True)), default=0)
        per_session = rates.lines.per_session(month.month.first_day)
        sessions = int(-(-platform * Fraction("1.35") // 1))
        fixed = "900.01" if month.month.index >= Month(2028, 2).index else "812.34"

        assert month.compute.capacity_sessions == sessions
        assert month.compute.variable_cost == sessions * per_session
        assert month.compute.fixed_cost == Decimal(fixed)
        assert abs(
            Fraction(month.compute.peaks.sum_of_peaks)
            - sum((max(one) for one in hours), Fraction(0))
        ) < Fraction(1, 10**40)


@pytest.mark.parametrize("seed", PLANS)
def test_hours_of_people_equal_the_oracle(seed: int) -> None:
    workloads, _, result = computed(seed)

    for month in result:
        quarter = Quarter.of(month.month.first_day)
        first = quarter.months()[0]
        there = [
            one
            for one in workloads
            if one.first_quarter <= quarter
            and (one.retired is None or one.retired.index >= first.index)
        ]
        expected = (
            sum((one.ops_hours_week for one in there), Decimal(0))
            + 12 * sum(one.first_quarter == quarter for one in there)
            + (4 if len(there) > 1 else 0)
        )
        assert month.ops.load.hours_week == expected
        ceiling = 60 if quarter == Quarter(2028, 1) else None
        assert month.ops.ceiling_hours_week == ceiling


@pytest.mark.parametrize("seed", PLANS)
def test_parts_sum_to_the_whole(seed: int) -> None:
    _, _, result = computed(seed)

    for month in result:
        parts = month.by_workload.values()
        assert month.tokens_cost == sum((one.tokens_cost for one in parts), Decimal(0))
        assert month.tokens.total == sum(one.tokens.total for one in parts)
        assert month.compute.cost == (
            month.compute.variable_cost + month.compute.fixed_cost
        )


def test_a_month_before_every_price_names_model_and_day() -> None:
    workloads, rates = random_plan(3)
    one = workloads[0]
    late = Price(date(2099, 1, 1), Decimal(3), Decimal(1), Decimal(15))
    too_new = Rates(rate_card([(one.model, late)]), rates.lines)
    month = Month.from_index(one.ships.index)

    with pytest.raises(NoPrice) as told:
        forecast([one], [period_of(month)], numbers=NUMBERS, rates=too_new)

    assert (told.value.model, told.value.day) == (one.model, one.ships.first_day)
