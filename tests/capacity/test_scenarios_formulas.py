"""A changed plan beside the plan: each change, the reserve's verdict, the stress tests."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capacity.formulas.changes import Changes, changed_card, changed_plan, refusals
from capacity.formulas.compute import weights_of
from capacity.formulas.forecast import Numbers, Rates, Sized
from capacity.formulas.lines import ComputeLine, ComputeLines
from capacity.formulas.periods import Period
from capacity.formulas.prices import NoPrice, Price, rate_card
from capacity.formulas.reserve import ops_cost, reserve_of
from capacity.formulas.scenarios import Outcome, Setting, costs_of, play, stress_tests
from capacity.formulas.tokens import TokensPerUserMonth
from portal.kernel.periods import Month, Quarter
from tests.capacity.test_forecast_oracle import (
    MONTHS,
    NUMBERS,
    START,
    random_plan,
)

APRIL = Month(2026, 4)
Q2, Q3, Q4 = (Quarter(2026, number) for number in (2, 3, 4))
PLENTY = Decimal(10) ** 12


def workload(ref: str = "W-01", **values: Any) -> Sized:
    """W-01 of the spec: 4,200 users of 520,000 tokens, three quarters of them input."""
    return Sized(
        **{
            "ref": ref,
            "status": "committed",
            "ships": APRIL,
            "first_quarter": Q2,
            "users": 4200,
            "sessions_per_user_month": Decimal(18),
            "per_user": TokensPerUserMonth(390_000, 130_000),
            "cached_input_share": Decimal(0),
            "growth_per_month": Decimal(0),
            "grows_from": APRIL,
            "session_minutes": Decimal(10),
            "weights": weights_of("business_hours"),
            "ops_hours_week": Decimal(6),
            "model": "Sonnet",
            **values,
        }
    )


def setting(
    *workloads: Sized,
    months: int = 9,
    left: Decimal = PLENTY,
    first: Month = APRIL,
    staffed: dict[Quarter, Decimal] | None = None,
    numbers: Numbers = NUMBERS,
) -> Setting:
    periods = [
        Period(month, Quarter.of(month.first_day))
        for month in (first.plus(later) for later in range(months))
    ]
    card = rate_card(
        [
            (
                "Sonnet",
                Price(date(2026, 1, 1), Decimal(3), Decimal("0.3"), Decimal(15)),
            ),
            ("Opus", Price(date(2026, 1, 1), Decimal(15), Decimal(1), Decimal(75))),
        ],
        aliases={"claude-sonnet": "Sonnet"},
    )
    lines = ComputeLines(
        [ComputeLine("inference_endpoint", date(2026, 1, 1), None, Decimal(14))]
    )
    return Setting(
        workloads,
        periods,
        numbers,
        Rates(card, lines, staffed or {}),
        {period.quarter: left for period in periods},
        Decimal(80),
    )


def tokens_cost(outcome: Outcome) -> list[Decimal]:
    return [month.tokens_cost for month in outcome.scenario]


# --- No change, and each change alone ------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
def test_no_change_is_the_baseline_to_the_last_digit(seed: int) -> None:
    workloads, rates = random_plan(seed)
    periods = [
        Period(month, Quarter.of(month.first_day))
        for month in (START.plus(later) for later in range(MONTHS))
    ]
    nothing_left = {period.quarter: Decimal(0) for period in periods}
    plan = Setting(workloads, periods, NUMBERS, rates, nothing_left, Decimal(80))

    for changes in (
        Changes(),
        Changes(users_factor={"*": Decimal(1)}, price_factor={"Opus": Decimal("1.00")}),
        Changes(slip_quarters={workloads[0].ref: 0}),
    ):
        outcome = play(plan, changes)

        for before, after in zip(outcome.baseline, outcome.scenario, strict=True):
            assert after.by_workload == before.by_workload
            assert after.tokens == before.tokens
            assert after.ops == before.ops
            assert after.compute.cost == before.compute.cost
        assert [one.excess for one in outcome.quarters] == [0] * len(outcome.quarters)
        assert outcome.reserve_absorbs


def test_twice_the_users_are_twice_the_tokens_and_their_cost() -> None:
    outcome = play(setting(workload()), Changes(users_factor={"W-01": Decimal(2)}))

    before, after = outcome.baseline[2], outcome.scenario[2]
    assert (before.tokens_cost, after.tokens_cost) == (
        Decimal("13104.00"),
        Decimal("26208.00"),
    )
    assert after.tokens.total == 2 * before.tokens.total
    assert after.ops.load == before.ops.load


def test_a_workloads_own_factor_stands_before_that_of_all() -> None:
    plan = [workload("W-01"), workload("W-02"), workload("W-03")]

    changed = changed_plan(
        plan, Changes(users_factor={"*": Decimal("1.5"), "W-02": Decimal("0.5")})
    )

    assert [one.users for one in changed] == [6300, 2100, 6300]


def test_users_stay_whole_halves_up() -> None:
    changed = changed_plan(
        [workload(users=5)], Changes(users_factor={"*": Decimal("1.1")})
    )

    assert changed[0].users == 6


def test_a_range_of_users_moves_with_its_factor() -> None:
    ranged = workload(
        ranges={"users": (Decimal(4000), Decimal(5000))},
        inputs={"users": Decimal(4200)},
    )

    (changed,) = changed_plan([ranged], Changes(users_factor={"*": Decimal(2)}))

    assert changed.ranges["users"] == (8000, 10000)


def test_a_dearer_model_is_dearer_by_its_other_names_too() -> None:
    plan = setting(
        workload("W-01", model="claude-sonnet"), workload("W-02", model="Opus")
    )

    outcome = play(plan, Changes(price_factor={"Sonnet": Decimal("1.25")}))

    parts = outcome.scenario[2].by_workload
    assert parts["W-01"].tokens_cost == Decimal("16380.00")
    assert parts["W-02"] == outcome.baseline[2].by_workload["W-02"]


def test_prices_of_a_batch_rise_as_well() -> None:
    batch = Price(date(2026, 1, 1), *(Decimal(n) for n in (3, 1, 15, 2, 8)))

    card = changed_card(rate_card([("Sonnet", batch)]), {"SONNET": Decimal(2)})

    assert card.price("Sonnet", date(2026, 4, 1)) == Price(
        date(2026, 1, 1), *(Decimal(n) for n in (6, 2, 30, 4, 16))
    )


def test_a_slipped_workload_ships_and_ramps_a_quarter_later() -> None:
    plan = setting(workload())

    slipped = play(plan, Changes(slip_quarters={"W-01": 1}))

    assert tokens_cost(slipped)[:3] == [0, 0, 0]
    assert tokens_cost(slipped)[3:] == [
        month.tokens_cost for month in slipped.baseline[:6]
    ]
    assert slipped.scenario[0].ops.load.hours_week == 0
    assert slipped.scenario[3].ops.load.hours_week == 18


def test_a_slipped_workload_grows_from_its_new_ship_month() -> None:
    growing = workload(growth_per_month=Decimal("0.02"))

    (changed,) = changed_plan([growing], Changes(slip_quarters={"W-01": 2}))

    assert (changed.ships, changed.grows_from) == (Month(2026, 10), Month(2026, 10))


def test_slipping_follows_the_fiscal_year() -> None:
    fiscal = workload(ships=Month(2026, 2), first_quarter=Quarter(2026, 1))

    (changed,) = changed_plan([fiscal], Changes(slip_quarters={"W-01": 1}), 2)

    assert changed.ships == Month(2025, 5)


def test_a_dropped_workload_is_as_if_it_had_never_been() -> None:
    both = setting(workload("W-01"), workload("W-02", users=100))

    outcome = play(both, Changes(drop=frozenset({"W-02"})))

    alone = setting(workload("W-01")).forecast()
    assert tokens_cost(outcome) == [month.tokens_cost for month in alone]
    assert outcome.scenario[0].ops.load.hours_week == 18
    assert outcome.baseline[0].ops.load.hours_week == 40


def test_an_added_workload_is_as_if_it_were_in_the_plan() -> None:
    outcome = play(setting(workload("W-01")), Changes(add=(workload("new-1"),)))

    planned = setting(workload("W-01"), workload("new-1")).forecast()
    assert [m.tokens for m in outcome.scenario] == [m.tokens for m in planned]
    assert [m.compute.cost for m in outcome.scenario] == [
        m.compute.cost for m in planned
    ]


# --- A vacancy -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("staffed", "vacancy", "ceiling", "bought"),
    [
        ("1", "10", 30, 0),  # 18 of 40 hours: ten fewer are still enough
        ("1", "30", 10, 8),
        ("1", "400", 0, 18),  # nobody left: every required hour
        ("0.25", "10", 0, 10),  # 8 hours were missing before: not the vacancy's
        (None, "10", None, 10),  # no staffing: no slack to count on
        (None, "40", None, 18),
    ],
)
def test_a_vacancy_lowers_the_ceiling_and_buys_what_it_leaves_undone(
    staffed: str | None, vacancy: str, ceiling: int | None, bought: int
) -> None:
    people = {} if staffed is None else {Q2: Decimal(staffed)}
    plan = setting(workload(), months=3, staffed=people)

    outcome = play(plan, Changes(vacancy_hours_week=Decimal(vacancy)))

    assert outcome.scenario[0].ops.ceiling_hours_week == ceiling
    assert outcome.scenario[0].ops.load == outcome.baseline[0].ops.load
    (verdict,) = outcome.quarters
    assert verdict.bought_hours_week == bought
    assert verdict.excess == bought * 13 * 80


def test_a_vacancy_from_a_quarter_on_spares_those_before() -> None:
    plan = setting(workload(), staffed={Q2: Decimal(1), Q3: Decimal(1)}, months=6)

    outcome = play(plan, Changes(vacancy_hours_week=Decimal(40), vacancy_from=Q3))

    assert [one.excess for one in outcome.quarters] == [0, 6 * 13 * 80]


# --- The reserve's verdict -----------------------------------------------------------


def test_the_reserve_absorbs_up_to_its_last_cent() -> None:
    changes = Changes(users_factor={"*": Decimal(2)})
    excess = play(setting(workload(), months=3), changes).quarters[0].excess

    exactly = play(setting(workload(), months=3, left=excess), changes)
    short = play(setting(workload(), months=3, left=excess - Decimal("0.01")), changes)

    assert exactly.reserve_absorbs
    assert not short.reserve_absorbs
    assert short.quarters[0].missing == Decimal("0.01")


def test_a_saving_in_one_budget_does_not_pay_for_another() -> None:
    """Half as many users who pay three times the price: tokens dearer, compute cheaper."""
    changes = Changes(
        users_factor={"*": Decimal("0.5")}, price_factor={"Sonnet": Decimal(3)}
    )
    (verdict,) = play(setting(workload(), months=3), changes).quarters

    before, after = verdict.baseline, verdict.scenario
    assert after.compute < before.compute
    assert verdict.excess == after.tokens - before.tokens


def test_a_quarter_of_which_two_months_are_forecast_has_two_thirds_of_its_weeks() -> (
    None
):
    months = setting(workload(), first=Month(2026, 5), months=2).forecast()

    whole = setting(workload(), months=3).forecast()
    assert costs_of(whole, Decimal(80)).ops == ops_cost(Decimal(18), Decimal(80))
    assert costs_of(months, Decimal(80)).ops == Decimal("12480.00")


def test_one_short_quarter_is_enough_to_say_no() -> None:
    plan = setting(workload(ships=Month(2026, 7), first_quarter=Q3), months=6)
    plan = replace(plan, reserve_left={Q2: Decimal(0), Q3: Decimal(1)})

    outcome = play(plan, Changes(users_factor={"*": Decimal(3)}))

    assert [one.absorbed for one in outcome.quarters] == [True, False]
    assert not outcome.reserve_absorbs


def test_a_provisional_reserve_absorbs_a_rise_within_its_ratio() -> None:
    plan = setting(workload(), first=Month(2026, 7), months=3)
    held = reserve_of(costs_of(plan.forecast(), Decimal(80)), Decimal("0.175")).amount
    plan = replace(plan, reserve_left={Q3: held})

    def absorbs(factor: str) -> bool:
        return play(
            plan, Changes(price_factor={"Sonnet": Decimal(factor)})
        ).reserve_absorbs

    assert absorbs("1.17")
    assert not absorbs("1.5")


# --- What cannot be --------------------------------------------------------------------


def test_what_the_plan_or_the_card_lacks_is_named_with_its_place() -> None:
    plan = setting(workload("W-01"), workload("W-02", status="live"))
    changes = Changes(
        users_factor={"*": Decimal(2), "W-09": Decimal(2)},
        price_factor={"Nova": Decimal(2)},
        slip_quarters={"W-02": 1, "W-08": 1},
        drop=frozenset({"W-07"}),
        add=(workload("new-1", model="Nova"),),
    )

    found = refusals(changes, plan.workloads, plan.rates.card)

    assert [(one.path, one.code) for one in found] == [
        (("users_factor", "W-09"), "unknown_workload"),
        (("slip_quarters", "W-08"), "unknown_workload"),
        (("drop", "W-07"), "unknown_workload"),
        (("slip_quarters", "W-02"), "already_live"),
        (("price_factor", "Nova"), "unknown_model"),
        (("add", "0", "model_tier"), "unknown_model"),
    ]


def test_a_month_before_every_price_is_named() -> None:
    early = workload("new-1", ships=Month(2025, 12), first_quarter=Quarter(2025, 4))
    plan = setting(workload(), first=Month(2025, 12))

    with pytest.raises(NoPrice) as told:
        play(plan, Changes(add=(early,)))

    assert (told.value.model, told.value.day) == ("Sonnet", date(2025, 12, 1))


# --- The standing stress tests ---------------------------------------------------------


def test_the_three_stress_tests_ask_of_the_dearest_the_largest_and_one_person() -> None:
    # Opus is dearest for one workload; two of Sonnet spend more together.
    plan = setting(
        workload("W-01", users=1000, model="Opus"),
        workload("W-02", users=4200),
        workload("W-03", users=4300),
    )

    tests = stress_tests(plan, plan.forecast(), Q3)

    assert [(one.code, one.subject) for one in tests] == [
        ("twice_the_forecast", "W-01"),
        ("price_rise", "Sonnet"),
        ("vacancy", "2026Q3"),
    ]
    assert tests[0].changes == Changes(users_factor={"W-01": Decimal(2)})
    assert tests[1].changes == Changes(price_factor={"Sonnet": Decimal("1.25")})
    assert tests[2].changes == Changes(vacancy_hours_week=Decimal(40), vacancy_from=Q3)


def test_an_empty_plan_stands_only_the_vacancy() -> None:
    plan = setting(months=3)

    tests = stress_tests(plan, plan.forecast(), Q3)

    assert [one.code for one in tests] == ["vacancy"]
    assert play(plan, tests[0].changes).reserve_absorbs


# --- Properties --------------------------------------------------------------------------

factors = st.decimals(0, 20, places=2)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 30), factors, factors)
def test_more_users_never_cost_less(seed: int, one: Decimal, other: Decimal) -> None:
    workloads, rates = random_plan(seed)
    periods = [Period(START, Quarter.of(START.first_day))]
    plan = Setting(
        workloads, periods, NUMBERS, rates, {periods[0].quarter: PLENTY}, Decimal(80)
    )
    fewer, more = sorted((one, other))

    low, high = (
        play(plan, Changes(users_factor={"*": factor})) for factor in (fewer, more)
    )

    assert low.scenario[0].tokens.total <= high.scenario[0].tokens.total
    assert low.scenario[0].tokens_cost <= high.scenario[0].tokens_cost
    assert low.scenario[0].compute.cost <= high.scenario[0].compute.cost
    assert low.quarters[0].excess <= high.quarters[0].excess


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 30), factors, factors)
def test_a_dearer_model_never_lowers_the_excess(
    seed: int, one: Decimal, other: Decimal
) -> None:
    workloads, rates = random_plan(seed)
    periods = [Period(START, Quarter.of(START.first_day))]
    plan = Setting(
        workloads, periods, NUMBERS, rates, {periods[0].quarter: PLENTY}, Decimal(80)
    )
    cheaper, dearer = sorted((one, other))

    low, high = (
        play(plan, Changes(price_factor={"Sonnet": factor}))
        for factor in (cheaper, dearer)
    )

    assert low.quarters[0].excess <= high.quarters[0].excess


@settings(max_examples=40, deadline=None)
@given(st.decimals(0, 200, places=2), st.decimals(0, 5, places=2))
def test_a_vacancy_never_buys_more_than_it_takes_nor_than_is_required(
    vacancy: Decimal, staffed: Decimal
) -> None:
    plan = setting(workload(), months=3, staffed={Q2: staffed})

    (verdict,) = play(plan, Changes(vacancy_hours_week=vacancy)).quarters

    assert 0 <= verdict.bought_hours_week <= min(vacancy, Decimal(18))
