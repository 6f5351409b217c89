"""Which single move makes an over-full quarter fit: the real plan, and the edges."""

from decimal import Decimal

import pytest

from workloads.rules.moves import Move, QuarterLoad, Shipping, moves_that_fit

UPLIFT = Decimal(12)
W03 = Shipping("W-03", "planned", Decimal(2), UPLIFT)
W04 = Shipping("W-04", "planned", Decimal(3), UPLIFT)


def quarter(name, hours, ceiling=40, workloads=4, platform=4):
    return QuarterLoad(
        name,
        Decimal(hours),
        None if ceiling is None else Decimal(ceiling),
        workloads,
        Decimal(platform),
    )


def test_either_workload_of_the_real_plan_mends_its_third_quarter():
    quarters = [quarter("2026-Q3", 43), quarter("2026-Q4", 19)]

    moves = moves_that_fit(quarters, 0, [W04, W03])

    assert moves == [
        Move("W-04", "planned", "2026-Q4", Decimal(28), Decimal(31)),
        Move("W-03", "planned", "2026-Q4", Decimal(29), Decimal(31)),
    ]


def test_a_full_quarter_is_passed_over_for_the_next_one_that_has_room():
    quarters = [
        quarter("2026-Q3", 43),
        quarter("2026-Q4", 30),
        quarter("2027-Q1", 28),
    ]

    (move,) = moves_that_fit(quarters, 0, [W04])

    assert (move.to, move.there) == ("2027-Q1", Decimal(40))


def test_nothing_moves_into_a_quarter_without_a_ceiling():
    quarters = [quarter("2026-Q3", 43), quarter("2026-Q4", 0, ceiling=None)]

    assert moves_that_fit(quarters, 0, [W04]) == []


def test_a_move_that_leaves_the_quarter_over_full_is_no_way_out():
    quarters = [quarter("2026-Q3", 80), quarter("2026-Q4", 19)]

    assert moves_that_fit(quarters, 0, [W03, W04]) == []


def test_the_platform_hours_go_when_one_workload_is_left():
    quarters = [
        quarter("2026-Q3", 45, ceiling=28, workloads=2),
        quarter("2026-Q4", 19),
    ]

    (move,) = moves_that_fit(quarters, 0, [W04])

    assert move.here == Decimal(45 - 3 - 12 - 4)


@pytest.mark.parametrize(
    ("hours", "ceiling", "over"), [(43, 40, 3), (40, 40, 0), (19, 40, 0), (43, None, 0)]
)
def test_a_quarter_is_over_by_what_passes_its_ceiling(hours, ceiling, over):
    assert quarter("2026-Q3", hours, ceiling).over == over
