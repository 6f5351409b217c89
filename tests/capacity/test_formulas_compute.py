"""Peaks over the week and the hours of people: worked examples, then properties."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capacity.formulas.compute import (
    Demand,
    capacity_sessions,
    demand,
    peaks,
    variable_cost,
    weights_of,
    workload_cost,
)
from capacity.formulas.ops import ops_load
from capacity.formulas.people import percentile, shared_forecast, spread, unique_users
from capacity.formulas.staffing import (
    HiddenFactors,
    LoggedQuarter,
    ceiling_hours_week,
    full_time_equivalents,
    hours_missing,
    learned_factors,
    load,
    lowest,
    staffing_curve,
)

HEADROOM = Decimal("0.35")
SESSIONS = st.decimals("0", "10000000", places=2)
PROFILES = st.one_of(
    st.sampled_from(["business_hours", "evenings", "flat"]),
    st.lists(st.integers(0, 1000), min_size=168, max_size=168).filter(any).map(tuple),
)


def asked(sessions: Decimal, profile: str | tuple[int, ...]) -> Demand:
    return demand(
        sessions_per_month=sessions,
        session_minutes=Decimal(10),
        weights=weights_of(profile),
    )


def test_the_published_peak_of_w01() -> None:
    week = peaks([asked(Decimal(75_600), "business_hours")])

    assert f"{week.platform:.2f}" == "72.69"
    assert week.hour == 9
    assert capacity_sessions(week.platform, HEADROOM) == 99
    assert workload_cost(week.platform, HEADROOM, Decimal(10)) == Decimal("981.35")
    assert variable_cost(99, Decimal(10)) == Decimal("990.00")


@pytest.mark.parametrize(
    ("profile", "hours", "share"),
    [("business_hours", 40, "1/40"), ("evenings", 35, "1/35"), ("flat", 168, "1/168")],
)
def test_named_profiles_weigh_their_hours_alike(
    profile: str, hours: int, share: str
) -> None:
    weights = weights_of(profile)

    assert sum(1 for number in weights.numbers if number) == hours
    assert float(weights.highest) == pytest.approx(float(Fraction(share)))


@pytest.mark.parametrize(
    "profile",
    [
        "lunch",
        (),
        (1,) * 167,
        (0,) * 168,
        (-1, *(1,) * 167),
        (float("nan"), *(1,) * 167),
    ],
)
def test_what_is_no_profile_is_refused(profile: str | tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"profile|Weights|weights"):
        weights_of(profile)


def test_sharing_saves_what_peaks_at_different_hours() -> None:
    week = peaks(
        [
            asked(Decimal(75_600), "business_hours"),
            asked(Decimal(75_600), "evenings"),
        ]
    )

    # One fills the day, the other the evening: together the higher of the two.
    assert week.platform == asked(Decimal(75_600), "evenings").peak
    assert week.sum_of_peaks > week.platform
    assert f"{week.saved_by_sharing:.2f}" == "72.69"  # the day's peak, nothing more


@settings(deadline=None)
@given(st.lists(st.tuples(SESSIONS, PROFILES), max_size=6))
def test_the_platform_peak_equals_the_fractions(
    workloads: list[tuple[Decimal, str | tuple[int, ...]]],
) -> None:
    week = peaks([asked(sessions, profile) for sessions, profile in workloads])

    by_hour = [Fraction(0)] * 168
    for sessions, profile in workloads:
        numbers = [Fraction(one) for one in weights_of(profile).numbers]
        at_once = Fraction(sessions) * Fraction(12, 52) * Fraction(10, 60)
        for hour, number in enumerate(numbers):
            by_hour[hour] += at_once * number / sum(numbers)
    assert abs(Fraction(week.platform) - max(by_hour)) < Fraction(1, 10**40)
    bought = max(by_hour) * Fraction("1.35")
    assert capacity_sessions(week.platform, HEADROOM) == -(-bought // 1)
    assert Fraction(week.platform) - Fraction(week.sum_of_peaks) < Fraction(1, 10**40)


# --- People's hours ------------------------------------------------------------------


def test_the_published_ops_hours_as_people() -> None:
    hours = ops_load(
        stable_hours_week=Decimal(30),
        workloads=5,
        shipping=1,
        uplift_hours_week=Decimal(12),
        platform_hours_week=Decimal(4),
    ).hours_week

    assert hours == 46
    assert full_time_equivalents(hours, Decimal(40)) == Fraction("1.15")


@pytest.mark.parametrize(
    ("required", "people", "share", "over"),
    [("38", "1", "0.95", "0"), ("43", "1", "1.075", "3"), ("0", "1", "0", "0")],
)
def test_load_and_hours_missing(
    required: str, people: str, share: str, over: str
) -> None:
    ceiling = ceiling_hours_week(Decimal(people), Decimal(40))

    assert load(Decimal(required), ceiling) == Fraction(share)
    assert hours_missing(Decimal(required), ceiling) == Decimal(over)


def test_nobody_staffed_has_no_load() -> None:
    assert load(Decimal(5), Decimal(0)) is None
    assert hours_missing(Decimal(5), Decimal(0)) == 5


def test_too_few_people_cost_more_than_enough() -> None:
    curve = staffing_curve(
        [Decimal(level) for level in (0, 20, 40, 46, 60)],
        required_hours_week=Decimal(46),
        factors=HiddenFactors(),
        ops_hour_price=Decimal(80),
    )

    assert [point.hidden_hours_week for point in curve] == [138, 78, 18, 0, 0]
    assert curve[1].cost_week == Decimal("7840.00")
    assert lowest(curve).staffed_hours_week == 46


def test_hidden_hours_are_learned_from_quarters_that_were_short() -> None:
    enough = LoggedQuarter(Decimal(30), Decimal(40), Decimal(9), Decimal(9))
    short = LoggedQuarter(Decimal(50), Decimal(40), Decimal(20), Decimal(5))

    assert learned_factors([enough]) == HiddenFactors()
    assert learned_factors([enough, short]) == HiddenFactors(Decimal(2), Decimal("0.5"))


# --- Users ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("percent", "value"), [(1, 1), (50, 5), (90, 9), (91, 10), (99, 10), (100, 10)]
)
def test_percentiles_by_nearest_rank(percent: int, value: int) -> None:
    assert percentile(range(1, 11), percent) == value


def test_the_spread_behind_a_mean() -> None:
    told = spread([10] * 98 + [510, 5_000])

    assert told is not None
    assert (told.p50, told.p90, told.p99) == (10, 10, 510)
    assert told.mean == Fraction(6_490, 100)
    assert told.share_of_top_1_percent == Fraction(5_000, 6_490)
    assert told.share_of_top_10_percent == Fraction(5_590, 6_490)
    assert spread([]) is None


def test_unique_users_are_bounded_by_the_plan() -> None:
    bounds = unique_users([4200, 1100, 280, 95])

    assert (bounds.at_least, bounds.at_most) == (4200, 5675)
    assert unique_users([]).at_most == 0


def test_a_shared_share_is_carried_to_the_forecast() -> None:
    users = {"W-01": 4000, "W-02": 1000}
    ahead = {"W-01": 5000, "W-02": 1200}

    assert shared_forecast(250, users, ahead, ("W-01", "W-02")) == 300
