"""Samples of a plan: one stream for a seed, the forecast where nothing is uncertain."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from capacity.formulas import monte_carlo as module
from capacity.formulas.changes import Changes
from capacity.formulas.compute import weights_of
from capacity.formulas.draws import Stream, draws_of
from capacity.formulas.forecast import Sized
from capacity.formulas.monte_carlo import MonteCarlo, monte_carlo
from capacity.formulas.periods import Period
from capacity.formulas.prices import NoPrice
from capacity.formulas.scenarios import Setting, play
from capacity.formulas.tokens import TokensPerUserMonth, tokens_per_user_month
from portal.kernel.periods import Month, Quarter
from tests.capacity.test_forecast_oracle import MONTHS, NUMBERS, START, random_plan
from tests.capacity.test_scenarios_formulas import PLENTY, Q2, setting, workload

INPUTS = {
    "users": Decimal(4200),
    "sessions_per_user_month": Decimal(18),
    "turns_per_session": Decimal(8),
    "input_tokens_per_turn": Decimal(2000),
    "output_tokens_per_turn": Decimal(300),
    "output_multiplier": Decimal("1.5"),
    "tool_call_factor": Decimal("1.2"),
    "retry_factor": Decimal("1.05"),
    "session_minutes": Decimal(10),
    "ops_hours_week": Decimal(6),
    "growth_per_month": Decimal("0.02"),
    "declared_input_share": Decimal("0.75"),
}
CERTAIN = {"users": (Decimal(4200), Decimal(4200))}


def stated(**ranges: tuple[float, float]) -> Sized:
    """A workload by the formula, with ranges of these inputs and certain users."""
    factors = {
        name: INPUTS[name]
        for name in (
            "sessions_per_user_month",
            "turns_per_session",
            "input_tokens_per_turn",
            "output_tokens_per_turn",
            "output_multiplier",
            "tool_call_factor",
            "retry_factor",
        )
    }
    return workload(
        per_user=tokens_per_user_month(**factors),
        growth_per_month=INPUTS["growth_per_month"],
        inputs=INPUTS,
        ranges=CERTAIN
        | {
            name: (Decimal(str(low)), Decimal(str(high)))
            for name, (low, high) in ranges.items()
        },
    )


def sampled(
    plan: Setting, changes: Changes | None = None, **options: Any
) -> MonteCarlo:
    return monte_carlo(
        plan, changes or Changes(), **{"samples": 2_000, "seed": 7, **options}
    )


# --- The stream ------------------------------------------------------------------------


def test_draws_stand_by_reference_then_by_name() -> None:
    ranges = {"ops_hours_week": (Decimal(4), Decimal(8)), "growth_per_month": (0, 1)}
    plan = [
        workload("W-100"),
        workload("W-12", ranges=ranges, inputs=INPUTS),
        workload("W-02"),
    ]

    assert [(one.ref, one.name) for one in draws_of(plan)] == [
        ("W-02", "users"),
        ("W-12", "growth_per_month"),
        ("W-12", "ops_hours_week"),
        ("W-12", "users"),
        ("W-100", "users"),
    ]


def test_users_lie_from_seven_tenths_to_half_as_many_again_without_a_range() -> None:
    (draw,) = draws_of([workload(users=1000)])

    assert (draw.low, draw.mode, draw.high) == (700, 1000, 1500)


def test_a_range_that_leaves_its_input_out_is_widened_to_it() -> None:
    ranges = {"users": (Decimal(5000), Decimal(6000))}

    (draw,) = draws_of([workload(ranges=ranges)])

    assert (draw.low, draw.mode, draw.high) == (4200, 4200, 6000)


def test_the_samples_are_those_of_numpys_own_generator() -> None:
    """PCG64, one stretch of the stream an input, triangular by the inverse."""
    draws = draws_of([workload("W-01"), workload("W-02", users=10)])
    random = np.random.Generator(np.random.PCG64(7))
    expected = [
        random.triangular(one.low, one.mode, one.high, size=1_000) for one in draws
    ]

    ((_, rows),) = Stream(draws, 1_000, 7).chunks(1_000)

    assert np.array_equal(rows, expected)


@pytest.mark.parametrize("most", [1, 7, 333, 999])
def test_a_stream_is_the_same_however_much_is_taken_at_a_time(most: int) -> None:
    draws = draws_of([workload("W-01"), workload("W-02"), workload("W-03")])
    ((_, whole),) = Stream(draws, 1_000, 3).chunks(1_000)

    chunks = list(Stream(draws, 1_000, 3).chunks(most))

    assert np.array_equal(np.hstack([rows for _, rows in chunks]), whole)


def test_the_same_seed_gives_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = setting(stated(turns_per_session=(4, 12)), workload("W-02"))
    first = sampled(plan)
    monkeypatch.setattr(module, "HELD", 5_000)  # in many chunks

    again = sampled(plan)

    assert again == first
    assert sampled(plan, seed=8) != first


# --- Nothing uncertain: the forecast -----------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
def test_without_chance_every_percentile_is_the_forecast(seed: int) -> None:
    workloads, rates = random_plan(seed)
    certain = [
        replace(one, ranges={"users": (Decimal(one.users), Decimal(one.users))})
        for one in workloads
    ]
    periods = [
        Period(month, Quarter.of(month.first_day))
        for month in (START.plus(later) for later in range(MONTHS))
    ]
    nothing_left = {period.quarter: Decimal(0) for period in periods}
    plan = Setting(certain, periods, NUMBERS, rates, nothing_left, Decimal(80))

    result = sampled(plan, samples=3)

    for month, forecast in zip(result.months, plan.forecast(), strict=True):
        for band, exact in (
            (month.tokens_cost, forecast.tokens_cost),
            (month.compute_cost, forecast.compute.cost),
            (month.capacity_sessions, Decimal(forecast.compute.capacity_sessions)),
            (month.ops_hours_week, forecast.ops.load.hours_week),
        ):
            assert band.p10 == band.p50 == band.p90
            # Cents are rounded per workload in the forecast, and once in a sample.
            assert abs(band.p50 - exact) <= Decimal("0.05")
    assert result.probability == 1


RANGED = (
    "sessions_per_user_month",
    "turns_per_session",
    "input_tokens_per_turn",
    "output_tokens_per_turn",
    "output_multiplier",
    "tool_call_factor",
    "retry_factor",
    "session_minutes",
    "ops_hours_week",
    "growth_per_month",
)


def test_ranges_without_width_give_the_forecast() -> None:
    ends = {name: (float(INPUTS[name]),) * 2 for name in RANGED}
    plan = setting(stated(**ends))

    result = sampled(plan, samples=5)

    for month, forecast in zip(result.months, plan.forecast(), strict=True):
        assert abs(month.tokens_cost.p50 - forecast.tokens_cost) <= Decimal("0.02")
        assert month.compute_cost.p50 == forecast.compute.cost
        assert month.ops_hours_week.p50 == forecast.ops.load.hours_week


# --- Each input moves its budget -----------------------------------------------------------

MOVES = {
    "sessions_per_user_month": {"tokens_cost", "compute_cost"},
    "turns_per_session": {"tokens_cost"},
    "input_tokens_per_turn": {"tokens_cost"},
    "output_tokens_per_turn": {"tokens_cost"},
    "output_multiplier": {"tokens_cost"},
    "tool_call_factor": {"tokens_cost"},
    "retry_factor": {"tokens_cost"},
    "session_minutes": {"compute_cost"},
    "ops_hours_week": {"ops_hours_week"},
    "growth_per_month": {"tokens_cost", "compute_cost"},
}


@pytest.mark.parametrize(("name", "moved"), MOVES.items())
def test_a_range_spreads_the_budgets_that_its_input_enters(
    name: str, moved: set[str]
) -> None:
    value = float(INPUTS[name])
    plan = setting(stated(**{name: (value / 2, value * 2)}))

    month = sampled(plan).months[8]

    spread = {
        budget
        for budget in ("tokens_cost", "compute_cost", "ops_hours_week")
        if getattr(month, budget).p10 < getattr(month, budget).p90
    }
    assert spread == moved


def test_a_declared_figure_is_sampled_whole_and_split_by_its_share() -> None:
    inputs = {
        "declared_tokens_per_user_month": Decimal(520_000),
        "declared_input_share": Decimal("0.75"),
    }
    ends = {"declared_tokens_per_user_month": (Decimal(260_000), Decimal(780_000))}
    declared = workload(inputs=inputs, ranges=CERTAIN | ends)

    band = sampled(setting(declared), samples=20_000).months[2].tokens_cost

    # Symmetric about 13,104; the tenth percentile of the triangle is 0.5 + √0.05 of it.
    expected = [0.5 + 0.05**0.5, 1.0, 1.5 - 0.05**0.5]
    for figure, share in zip(band, expected, strict=True):
        assert float(figure) == pytest.approx(13_104 * share, rel=0.01)


def test_a_month_of_samples_equals_a_plain_loop_over_them() -> None:
    """An oracle: each sample forecast on its own, by the exact formulas."""
    plan = setting(
        stated(turns_per_session=(4, 12), growth_per_month=(-0.05, 0.1)),
        workload("W-02", users=900, weights=weights_of("evenings")),
    )
    draws = draws_of(plan.workloads)
    ((_, rows),) = Stream(draws, 60, 7).chunks(60)
    costs = [_alone(plan, draws, row) for row in rows.T]
    expected = np.percentile(np.array(costs), [10, 50, 90], axis=0)

    result = sampled(plan, samples=60)

    for at, month in enumerate(result.months):
        tokens, compute = (expected[:, at, budget] for budget in (0, 1))
        assert [float(one) for one in month.tokens_cost] == pytest.approx(
            tokens, rel=1e-3
        )
        assert [float(one) for one in month.compute_cost] == pytest.approx(
            compute, rel=1e-2
        )


def _alone(plan: Setting, draws: Any, row: Any) -> list[list[float]]:
    values = {(one.ref, one.name): float(x) for one, x in zip(draws, row, strict=True)}
    turns = Decimal(values["W-01", "turns_per_session"])
    first = replace(
        plan.workloads[0],
        per_user=tokens_per_user_month(
            turns_per_session=turns,
            **{
                name: INPUTS[name] for name in RANGED[:7] if name != "turns_per_session"
            },
        ),
        growth_per_month=round(Decimal(values["W-01", "growth_per_month"]), 9),
    )
    # Whole users, which samples are not: hence the tolerances.
    second = replace(plan.workloads[1], users=round(values["W-02", "users"]))
    months = replace(plan, workloads=[first, second]).forecast()
    return [[float(one.tokens_cost), float(one.compute.cost)] for one in months]


# --- The probability ---------------------------------------------------------------------


def test_the_probability_is_the_share_of_samples_that_the_reserve_absorbs() -> None:
    """One workload, one month, one price: the reserve holds up to a known share of users."""
    plan = setting(workload(), first=Month(2026, 9), months=1, left=Decimal("1310.40"))
    plan = replace(plan, rates=replace(plan.rates, lines=type(plan.rates.lines)()))

    result = sampled(plan, samples=50_000)

    # 10 % more users cost 10 % more tokens. P(users ≤ 1.1) of the triangle 0.7, 1, 1.5.
    expected = 1 - (1.5 - 1.1) ** 2 / (0.8 * 0.5)
    assert float(result.probability) == pytest.approx(expected, abs=0.01)
    assert result.probability == Fraction(result.held, 50_000)


def test_more_reserve_never_lowers_the_probability() -> None:
    plan = setting(stated(turns_per_session=(4, 12)), workload("W-02"), months=3)

    held = [
        sampled(replace(plan, reserve_left={Q2: Decimal(left)})).held
        for left in (0, 1_000, 10_000, 100_000)
    ]

    assert held == sorted(held)
    assert held[0] < held[-1]


def test_a_sample_is_judged_against_the_plan_without_the_change() -> None:
    plan = setting(replace(workload(), ranges=CERTAIN), months=3, left=Decimal(1))

    assert sampled(plan).probability == 1
    assert sampled(plan, Changes(users_factor={"*": Decimal(2)})).probability == 0
    assert sampled(plan, Changes(users_factor={"*": Decimal("0.5")})).probability == 1


@pytest.mark.parametrize("staffed", [None, "0.25", "1", "5"])
def test_a_vacancy_is_judged_as_the_scenario_judges_it(staffed: str | None) -> None:
    people = {} if staffed is None else {Q2: Decimal(staffed)}
    certain = setting(replace(workload(), ranges=CERTAIN), months=3, staffed=people)
    changes = Changes(vacancy_hours_week=Decimal(30))
    excess = play(certain, changes).quarters[0].excess

    for left, holds in ((excess, 1), (excess - 1, 0)):
        plan = replace(certain, reserve_left={Q2: left})
        if left >= 0:
            assert sampled(plan, changes).probability == holds


# --- Edges -------------------------------------------------------------------------------


@pytest.mark.parametrize("samples", [0, -1, 100_001])
def test_too_few_and_too_many_samples_are_refused(samples: int) -> None:
    with pytest.raises(ValueError, match="Samples are 1 to 100000"):
        sampled(setting(workload()), samples=samples)


def test_an_empty_plan_costs_its_fixed_lines() -> None:
    result = sampled(setting(months=3))

    assert [month.tokens_cost.p90 for month in result.months] == [0, 0, 0]
    assert result.probability == 1


def test_a_workload_counts_from_its_ship_month_to_its_last() -> None:
    short = workload(ships=Month(2026, 5), retired=Month(2026, 6))

    result = sampled(setting(short, months=4))

    assert [month.tokens_cost.p50 > 0 for month in result.months] == [
        False,
        True,
        True,
        False,
    ]


def test_a_month_without_a_price_is_named() -> None:
    plan = setting(
        workload(ships=Month(2025, 11), first_quarter=Quarter(2025, 4)),
        first=Month(2025, 11),
    )

    with pytest.raises(NoPrice) as told:
        sampled(plan)

    assert str(told.value.day) == "2025-11-01"


def test_absurd_numbers_stay_numbers() -> None:
    plan = setting(
        workload(users=10**9, per_user=TokensPerUserMonth(10**12, 0)), left=PLENTY
    )

    result = sampled(plan, Changes(users_factor={"*": Decimal(1000)}))

    assert result.months[2].tokens_cost.p50 > 10**18
    assert result.probability == 0
