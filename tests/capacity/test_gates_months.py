"""A month under a gate: what is said and done as tokens grow, told by the one decision."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from capacity.formulas.gate_months import Pace, days_in, month_under, spread, turned
from capacity.formulas.gates import Action, Overage, Policy, Tier
from capacity.views.gate_drawing import HIGHEST, AtCeiling, draw

UTC = ZoneInfo("UTC")
APRIL = date(2026, 4, 1)
POLICY = Policy(3, "Sonnet", "Haiku")
SOFT = Tier(100_000, Overage.SOFT_CAP)


def flat(day: int, tokens: int, days: int = 30) -> list[int]:
    """Nothing until `day`, then these tokens and no more."""
    return [0] * (day - 1) + [tokens] * (days - day + 1)


def spoken(used: list[int], first: date = APRIL) -> list[tuple[int, int]]:
    days = month_under(POLICY, SOFT, used, first=first, zone=UTC)
    return [(one.day, one.speaks) for one in days if one.speaks]


# Page 30's worked examples: a user who then uses nothing more.
@pytest.mark.parametrize(
    ("day", "tokens", "expected"),
    [
        (3, 49_999, []),
        (15, 50_000, [(15, 90)]),
        (20, 50_000, [(20, 70)]),
        (30, 60_000, []),
        (29, 72_000, [(29, 70)]),
        (30, 100_000, [(30, 100)]),
    ],
)
def test_each_level_is_spoken_on_the_day_that_it_comes_true(
    day: int, tokens: int, expected: list[tuple[int, int]]
) -> None:
    assert spoken(flat(day, tokens)) == expected


def test_a_level_speaks_once_and_what_is_skipped_never() -> None:
    days = month_under(POLICY, SOFT, flat(10, 120_000), first=APRIL, zone=UTC)

    assert [one.speaks for one in days if one.speaks] == [100]
    first = turned(days)
    assert first is not None
    assert (first.day, first.verdict.action) == (10, Action.DEGRADE)


def test_a_month_of_february_has_its_own_days() -> None:
    february = date(2028, 2, 1)

    used = spread(112_000, Pace.SPEEDS_UP, february)

    assert len(used) == days_in(february) == 29
    assert used[-1] == 112_000
    assert spoken(used, february)[-1][1] == 100


@pytest.mark.parametrize("pace", list(Pace))
def test_a_made_up_user_uses_what_was_asked_and_never_less_than_before(
    pace: Pace,
) -> None:
    used = spread(777_777, pace, APRIL)

    assert used == sorted(used)
    assert (len(used), used[-1]) == (30, 777_777)


def test_an_observed_month_holds_nobody() -> None:
    policy = Policy(1, "Sonnet", "", observes=True)

    days = month_under(policy, SOFT, flat(2, 900_000), first=APRIL, zone=UTC)

    assert turned(days) is None
    assert not any(one.speaks for one in days)


def test_the_drawing_turns_its_line_where_the_gate_does() -> None:
    used = spread(112_000, Pace.SPEEDS_UP, APRIL)
    days = month_under(POLICY, SOFT, used, first=APRIL, zone=UTC)

    drawn = draw(
        days,
        first=APRIL,
        thresholds=POLICY.thresholds,
        ceiling=SOFT.ceiling,
        over=AtCeiling("soft cap", "Haiku from here"),
    )

    assert [mark.level for mark in drawn.marks] == [70, 90, 100]
    assert drawn.marks[-1].title.endswith("soft cap")
    assert drawn.turned
    assert drawn.used.rpartition(" ")[2] == drawn.turned.partition(" ")[0]
    assert drawn.ends[0].words == "100 % · 100k"


def test_a_line_far_over_the_ceiling_stays_in_the_drawing() -> None:
    days = month_under(POLICY, SOFT, flat(1, 10**9), first=APRIL, zone=UTC)

    drawn = draw(
        days,
        first=APRIL,
        thresholds=POLICY.thresholds,
        ceiling=SOFT.ceiling,
        over=AtCeiling("soft cap", "Haiku from here"),
    )

    heights = [float(point.split(",")[1]) for point in drawn.used.split()]
    assert min(heights) >= drawn.top
    assert HIGHEST > 1
