"""What is observed multiplies back to what was used, and errors are what they say."""

import random
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import pytest

from capacity.formulas.compute import NAMED
from capacity.formulas.forecast import Numbers, Sized
from capacity.formulas.lines import ComputeLines
from capacity.formulas.recalibration import (
    Compared,
    compare_inputs,
    observed,
    off_inputs,
    rounded,
    written,
)
from capacity.formulas.recalibration_budgets import (
    Actuals,
    Subject,
    Terms,
    compare_workload,
    weeks_of,
)
from capacity.formulas.recalibration_drafts import observed_inputs
from capacity.formulas.tokens import TokensPerUserMonth, tokens_per_user_month
from portal.kernel.periods import Month, Quarter

Q2 = Quarter(2026, 2)
THRESHOLD = Decimal("0.20")


@dataclass(frozen=True)
class Used:
    users: int = 1000
    sessions: int = 10_000
    turns: int = 50_000
    retries: int = 5_000
    tool_calls: int = 10_000
    input_tokens: int = 52_800_000
    cached_input_tokens: int = 0
    output_tokens: int = 13_200_000


def some_month(chance: random.Random) -> Used:
    users = chance.randint(1, 50_000)
    sessions = users * chance.randint(1, 40)
    turns = sessions * chance.randint(1, 30) + chance.randint(0, 7)
    given = turns * chance.randint(1, 9_000)
    return Used(
        users,
        sessions,
        turns,
        chance.randint(0, turns),
        chance.randint(0, 3 * turns),
        given,
        chance.randint(0, given),
        turns * chance.randint(0, 3_000),
    )


@pytest.mark.parametrize("seed", range(100))
def test_the_product_of_what_was_observed_is_the_mean_month_exactly(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same months each time
    months = [some_month(chance) for _ in range(chance.randint(1, 3))]

    seen = observed(months)

    given = Fraction(sum(one.input_tokens for one in months), len(months))
    made = Fraction(sum(one.output_tokens for one in months), len(months))
    calls = (
        seen.users
        * seen.sessions_per_user_month
        * seen.turns_per_session
        * seen.tool_call_factor
        * seen.retry_factor
    )
    assert calls * seen.input_tokens_per_turn == given
    assert calls * seen.output_tokens_per_turn * seen.output_multiplier == made
    assert seen.users * seen.tokens_per_user_month == given + made
    cached = Fraction(sum(one.cached_input_tokens for one in months), len(months))
    assert given * seen.cached_input_share == cached


@pytest.mark.parametrize("seed", range(50))
def test_a_draft_of_what_was_observed_forecasts_it_within_its_rounding(
    seed: int,
) -> None:
    """Two decimals of sessions and turns, four of factors: each within half of the last."""
    month = some_month(random.Random(seed))  # noqa: S311
    seen = observed([month])
    kept = {
        name: {"actual": written(getattr(seen, name))}
        for name in (
            *("users", "sessions_per_user_month", "turns_per_session"),
            *("input_tokens_per_turn", "output_tokens_per_turn", "output_multiplier"),
            *("tool_call_factor", "retry_factor", "cached_input_share"),
        )
    }

    drafted = observed_inputs(kept)

    inputs = dict(drafted)
    users = inputs.pop("users")
    inputs.pop("cached_input_share")
    per_user = tokens_per_user_month(**inputs)
    slack = sum(
        Fraction(1, 2 * 10**places) / (Fraction(drafted[name]) or 1)
        for name, places in (
            ("sessions_per_user_month", 2),
            ("turns_per_session", 2),
            ("input_tokens_per_turn", 2),
            ("tool_call_factor", 4),
            ("retry_factor", 4),
        )
    )
    assert users == month.users
    error = abs(Fraction(users * per_user.input_tokens, month.input_tokens) - 1)
    assert error <= 2 * slack + Fraction(users, month.input_tokens)


def test_the_worked_example() -> None:
    """3 months of 1,000 users × 10 × 5 × (800 + 200) × 1.2 × 1.1."""
    seen = observed([Used()] * 3)

    assert {name: getattr(seen, name) for name in seen.__slots__} == {
        "users": 1000,
        "sessions_per_user_month": 10,
        "turns_per_session": 5,
        "input_tokens_per_turn": 800,
        "output_tokens_per_turn": 200,
        "tool_call_factor": Fraction(6, 5),
        "retry_factor": Fraction(11, 10),
        "cached_input_share": 0,
        "tokens_per_user_month": 66_000,
        "input_share": Fraction(4, 5),
        "output_multiplier": 1,
    }


def test_where_there_is_nothing_to_divide_by_nothing_is_observed() -> None:
    seen = observed([Used(0, 0, 0, 0, 0, 0, 0, 0)])

    assert seen.users == 0
    assert {seen.sessions_per_user_month, seen.turns_per_session} == {None}
    assert {seen.input_tokens_per_turn, seen.cached_input_share} == {None}


@pytest.mark.parametrize(
    ("forecast", "actual", "error", "is_off"),
    [
        (100, 120, "0.2", False),
        (100, Fraction(1200001, 10000), "0.200001", True),
        (100, 80, "-0.2", False),
        (100, 79, "-0.21", True),
        (0, 5, None, False),
        (None, 5, None, False),
        (5, None, None, False),
        (Decimal("0.5"), Decimal("0.5"), "0", False),
    ],
)
def test_an_error_is_off_above_the_threshold_either_way(
    forecast: object, actual: object, error: str | None, is_off: bool
) -> None:
    compared = Compared(forecast, actual)  # type: ignore[arg-type]

    assert compared.as_json()["error"] == error
    assert compared.is_off(THRESHOLD) is is_off


def test_output_is_judged_with_its_multiplier() -> None:
    """200 hidden twice over is 600 a turn: neither the output nor its factor is off."""
    stated = {"output_tokens_per_turn": Decimal(200), "output_multiplier": Decimal(3)}
    seen = observed([Used(output_tokens=3 * 13_200_000)])

    compared = compare_inputs(stated, seen, adopted=1)

    assert compared["output_tokens_per_turn"].error == 2
    assert off_inputs(compared, THRESHOLD) == ()


@pytest.mark.parametrize(
    ("value", "places", "expected"),
    [
        (Fraction(1, 2), 0, "1"),
        (Fraction(-1, 2), 0, "-1"),
        (Fraction(2, 3), 4, "0.6667"),
        (Decimal("2.345"), 2, "2.35"),
        (7, 2, "7.00"),
    ],
)
def test_a_figure_is_rounded_half_up(value: object, places: int, expected: str) -> None:
    assert str(rounded(value, places)) == expected  # type: ignore[arg-type]


def test_a_week_belongs_to_the_month_of_its_thursday() -> None:
    assert [weeks_of([month]) for month in Q2.months()] == [5, 4, 4]
    assert weeks_of(Q2.months()) == 13
    assert weeks_of(Quarter(2026, 1).months()) == 13
    assert weeks_of(Quarter(2026, 4).months()) == 14


# --- Against a forecast with ramp and growth -----------------------------------------


def subject(ships: Month, growth: str = "0") -> Subject:
    per_user = TokensPerUserMonth(52_800, 13_200)
    sized = Sized(
        ref="W-01",
        status="live",
        ships=ships,
        first_quarter=Quarter.of(ships.first_day),
        users=1000,
        sessions_per_user_month=Decimal(10),
        per_user=per_user,
        cached_input_share=Decimal(0),
        growth_per_month=Decimal(growth),
        grows_from=ships,
        session_minutes=Decimal(10),
        weights=NAMED["business_hours"],
        ops_hours_week=Decimal(6),
        model="Sonnet",
    )
    return Subject("W-01", ships.first_day, None, sized, {"users": 1000})


def terms(quarter: Quarter | None = Q2) -> Terms:
    numbers = Numbers(
        ramp=(Decimal("0.40"), Decimal("0.70"), Decimal("1.00")),
        headroom=Decimal("0.35"),
        first_quarter_uplift_hours_week=Decimal(12),
        platform_hours_week=Decimal(4),
        hours_per_full_time_equivalent=Decimal(40),
    )
    return Terms(Q2.months(), quarter, numbers, ComputeLines(), THRESHOLD)


def actuals(*users: int) -> Actuals:
    usage = {
        ("W-01", month): Used(users=count)
        for month, count in zip(Q2.months(), users, strict=False)
    }
    return Actuals(usage=usage, ops={}, compute={})


def test_users_who_come_as_the_ramp_says_are_not_off() -> None:
    found = compare_workload(subject(Month(2026, 4)), actuals(400, 700, 1000), terms())

    assert found.inputs["users"] == Compared(Fraction(700), Fraction(700))
    assert found.off == ()
    assert found.budgets["tokens"].forecast == 26_400_000 + 46_200_000 + 66_000_000


def test_growth_is_part_of_the_forecast() -> None:
    """10 % a month since January: 1.1³ to 1.1⁵ of a thousand users, in the mean 1,468.5."""
    found = compare_workload(
        subject(Month(2026, 1), "0.10"), actuals(1331, 1464, 1611), terms()
    )

    assert written(found.inputs["users"].forecast) == "1468.536667"
    assert written(found.inputs["users"].actual) == "1468.666667"
    assert found.off == ()


def test_a_first_quarter_expects_its_uplift() -> None:
    assert compare_workload(subject(Month(2026, 4)), actuals(), terms()).budgets[
        "ops"
    ].forecast == Decimal(18)
    assert compare_workload(subject(Month(2026, 1)), actuals(), terms()).budgets[
        "ops"
    ].forecast == Decimal(6)


def test_a_month_without_usage_leaves_the_quarter_missing() -> None:
    found = compare_workload(subject(Month(2026, 1)), actuals(1000, 1000), terms())

    assert found.missing == ("tokens", "compute", "ops")
    assert found.budgets["tokens"] == Compared(198_000_000, None)
    assert found.inputs["users"].actual is None
    assert found.off == ()


def test_a_month_is_compared_in_tokens_alone() -> None:
    found = compare_workload(
        subject(Month(2026, 1)), actuals(1000, 1000, 1000), terms(None)
    )

    assert (list(found.budgets), found.missing) == (["tokens"], ())


def test_a_declared_figure_is_replaced_by_factors_where_turns_are_known() -> None:
    declared = {"declared_tokens_per_user_month": {"actual": "66000"}}
    factors = {
        "turns_per_session": {"actual": "5"},
        "input_tokens_per_turn": {"actual": "800"},
        "output_tokens_per_turn": {"actual": "200"},
    }
    unknown = {name: {"actual": None} for name in factors}

    assert observed_inputs({**declared, **factors}) == {
        "turns_per_session": Decimal("5.00"),
        "input_tokens_per_turn": Decimal("800.00"),
        "output_tokens_per_turn": Decimal("200.00"),
        "declared_tokens_per_user_month": None,
    }
    assert observed_inputs({**declared, **unknown}) == {
        "declared_tokens_per_user_month": 66000
    }
