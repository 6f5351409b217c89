"""Where calendars bite: 29 February, the edges of quarters, a price that changes inside one."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from capacity.formulas.compute import weights_of
from capacity.formulas.forecast import MonthForecast, Rates, Sized, forecast
from capacity.formulas.lines import ComputeLine, ComputeLines
from capacity.formulas.periods import Period
from capacity.formulas.prices import Price, rate_card
from capacity.formulas.tokens import TokensPerUserMonth
from portal.kernel.periods import Month, Quarter
from tests.capacity.test_forecast_oracle import NUMBERS

CHEAP, DEAR = Decimal("3.00"), Decimal("6.00")


def workload(**changes: Any) -> Sized:
    """W-01 of the published plan, live since long before."""
    values: dict[str, Any] = {
        "ref": "W-01",
        "status": "live",
        "ships": Month(2026, 4),
        "first_quarter": Quarter(2026, 2),
        "users": 4_200,
        "sessions_per_user_month": Decimal(18),
        "per_user": TokensPerUserMonth(390_000, 130_000),
        "cached_input_share": Decimal(0),
        "growth_per_month": Decimal(0),
        "grows_from": Month(2026, 4),
        "session_minutes": Decimal(10),
        "weights": weights_of("business_hours"),
        "ops_hours_week": Decimal(6),
        "model": "Sonnet",
    }
    return Sized(**{**values, **changes})


def months(
    some: list[Sized],
    first: Month,
    count: int,
    *,
    prices: tuple[tuple[date, Decimal], ...] = ((date(2026, 1, 1), CHEAP),),
    lines: tuple[ComputeLine, ...] = (),
    starts: int = 1,
) -> list[MonthForecast]:
    card = rate_card(
        ("Sonnet", Price(begins, amount, Decimal("0.30"), Decimal("15.00")))
        for begins, amount in prices
    )
    periods = [
        Period(month, Quarter.of(month.first_day, starts))
        for month in (first.plus(later) for later in range(count))
    ]
    return forecast(
        some, periods, numbers=NUMBERS, rates=Rates(card, ComputeLines(lines))
    )


def test_the_published_first_quarter_of_w01() -> None:
    quarter = months([workload()], Month(2026, 4), 3)

    assert [month.tokens.total for month in quarter] == [
        873_600_000,
        1_528_800_000,
        2_184_000_000,
    ]
    assert quarter[-1].tokens_cost == Decimal("13104.00")
    assert [month.ops.load.hours_week for month in quarter] == [Decimal(18)] * 3


def test_february_is_a_month_like_others_in_a_leap_year_and_beside_one() -> None:
    for year in (2027, 2028):
        january, february, march = months([workload()], Month(year, 1), 3)

        assert january.tokens == february.tokens == march.tokens
        assert february.tokens_cost == Decimal("13104.00")


def test_a_price_from_29_february_counts_from_march_on() -> None:
    changed = ((date(2026, 1, 1), CHEAP), (date(2028, 2, 29), DEAR))

    february, march = months([workload()], Month(2028, 2), 2, prices=changed)

    assert (february.tokens_cost, march.tokens_cost) == (
        Decimal("13104.00"),
        Decimal("18018.00"),
    )


@pytest.mark.parametrize(
    ("begins", "costs"),
    [
        (date(2026, 8, 1), ["13104.00", "18018.00", "18018.00"]),
        (date(2026, 8, 2), ["13104.00", "13104.00", "18018.00"]),
        (date(2026, 8, 31), ["13104.00", "13104.00", "18018.00"]),
        (date(2026, 9, 30), ["13104.00", "13104.00", "13104.00"]),
    ],
)
def test_a_price_inside_a_quarter_counts_from_the_next_first_of_a_month(
    begins: date, costs: list[str]
) -> None:
    changed = ((date(2026, 1, 1), CHEAP), (begins, DEAR))

    quarter = months([workload()], Month(2026, 7), 3, prices=changed)

    assert [month.tokens_cost for month in quarter] == [Decimal(cost) for cost in costs]


def test_a_compute_line_inside_a_quarter_counts_from_the_next_first_of_a_month() -> (
    None
):
    lines = (
        ComputeLine("observability", date(2026, 1, 1), Decimal(260), None),
        ComputeLine("observability", date(2026, 8, 15), Decimal(340), None),
    )

    quarter = months([workload()], Month(2026, 7), 3, lines=lines)

    assert [month.compute.fixed_cost for month in quarter] == [260, 260, 340]


@pytest.mark.parametrize(
    ("live", "first", "hours"),
    [
        (Month(2026, 6), Quarter(2026, 2), {"2026Q2": 18, "2026Q3": 6}),
        (Month(2026, 7), Quarter(2026, 3), {"2026Q2": 0, "2026Q3": 18}),
    ],
)
def test_the_first_quarter_is_the_one_of_going_live(
    live: Month, first: Quarter, hours: dict[str, int]
) -> None:
    one = workload(ships=live, first_quarter=first, grows_from=live)

    june, july = months([one], Month(2026, 6), 2)

    assert june.ops.load.hours_week == hours["2026Q2"]
    assert july.ops.load.hours_week == hours["2026Q3"]


def test_the_month_of_retirement_counts_and_its_quarter_with_it() -> None:
    one = workload(retired=Month(2026, 8))

    july, august, september, october = months([one], Month(2026, 7), 4)

    assert [m.tokens.total > 0 for m in (july, august, september, october)] == [
        True,
        True,
        False,
        False,
    ]
    assert september.ops.load.hours_week == 6
    assert october.ops.load.hours_week == 0


def test_quarters_follow_the_fiscal_year() -> None:
    """A year that starts in February: January belongs to the quarter before."""
    one = workload(
        ships=Month(2026, 2),
        first_quarter=Quarter.of(date(2026, 2, 1), 2),
        grows_from=Month(2026, 2),
    )

    april, may = months([one], Month(2026, 4), 2, starts=2)

    assert (april.ops.load.hours_week, may.ops.load.hours_week) == (18, 6)


def test_growth_runs_over_the_new_year_and_29_february() -> None:
    one = workload(growth_per_month=Decimal("0.05"), grows_from=Month(2027, 12))

    december, january, february, march = months([one], Month(2027, 12), 4)

    assert [m.tokens.total for m in (december, january, february, march)] == [
        2_184_000_000,
        2_293_200_000,
        2_407_860_000,
        2_528_253_000,
    ]
