"""A week that costs too much: when it is an alert, and what it is made of."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from capacity.formulas.weekly import PARTS, UsageWeek, weekly_alert
from capacity.selectors.token_alerts import likely_loops, weekly_alerts
from tests.capacity import actual_stories as told
from tests.capacity import rates
from tests.workloads.stories import proposed

SONNET, HAIKU = ("sonnet", "output"), ("haiku", "output")
TODAY = date(2026, 5, 12)
BEFORE = UsageWeek(
    users=10,
    sessions=100,
    turns=400,
    retries=40,
    tokens={SONNET: 1_000, HAIKU: 1_000},
    money={SONNET: Decimal(15), HAIKU: Decimal(5)},
)


def parts(week: UsageWeek) -> dict[str, Decimal]:
    alert = weekly_alert(week, [BEFORE] * 4)
    assert alert is not None
    assert sum(alert.parts.values()) == alert.cost - alert.before
    return {name: part for name, part in alert.parts.items() if part}


def scaled(by: int, week: UsageWeek = BEFORE) -> dict:
    return {
        "tokens": {key: count * by for key, count in week.tokens.items()},
        "money": {key: spent * by for key, spent in week.money.items()},
    }


def test_the_border_is_one_and_a_half_times_the_mean() -> None:
    at = replace(BEFORE, money={SONNET: Decimal(30)}, tokens={SONNET: 2_000})
    over = replace(BEFORE, money={SONNET: Decimal("30.01")}, tokens={SONNET: 2_000})

    assert weekly_alert(at, [BEFORE] * 4) is None
    assert weekly_alert(over, [BEFORE] * 4) is not None


def test_with_fewer_weeks_or_none_that_cost_there_is_no_alert() -> None:
    dear = replace(BEFORE, **scaled(10))

    assert weekly_alert(dear, [BEFORE] * 3) is None
    assert weekly_alert(dear, [UsageWeek(0, 0, 0, 0)] * 4) is None


@pytest.mark.parametrize(
    ("week", "expected"),
    [
        (
            UsageWeek(20, 200, 800, 80, **scaled(2)),
            {"users": Decimal("20.00")},
        ),
        (
            UsageWeek(10, 200, 800, 80, **scaled(2)),
            {"sessions_per_user": Decimal("20.00")},
        ),
        (
            UsageWeek(10, 100, 400, 40, **scaled(2)),
            {"tokens_per_session": Decimal("20.00")},
        ),
        # 1.1 → 2.2 turns a turn.
        (UsageWeek(10, 100, 400, 480, **scaled(2)), {"retries": Decimal("20.00")}),
        (
            UsageWeek(10, 100, 400, 40, {SONNET: 2_000}, {SONNET: Decimal("30.20")}),
            {"model_mix": Decimal("10.00"), "price": Decimal("0.20")},
        ),
        (
            replace(BEFORE, money={SONNET: Decimal(30), HAIKU: Decimal(10)}),
            {"price": Decimal("20.00")},
        ),
        # A model that nobody used before is priced as it is now: a matter of mix.
        (
            replace(
                BEFORE,
                tokens={("opus", "output"): 2_000},
                money={("opus", "output"): Decimal(60)},
            ),
            {"model_mix": Decimal("40.00")},
        ),
    ],
)
def test_the_change_is_told_by_what_changed(
    week: UsageWeek, expected: dict[str, Decimal]
) -> None:
    assert parts(week) == expected


def test_parts_sum_to_the_change_when_everything_moves() -> None:
    week = UsageWeek(
        33,
        171,
        977,
        311,
        {SONNET: 7_001, HAIKU: 333},
        {SONNET: Decimal("123.456789"), HAIKU: Decimal("1.005")},
    )

    assert set(parts(week)) == set(PARTS)


def test_what_was_not_counted_is_carried_by_the_next_part() -> None:
    week = UsageWeek(0, 0, 0, 0, **scaled(3))

    assert sum(parts(week).values()) == Decimal("40.00")


# --- From usage ----------------------------------------------------------------------


@pytest.mark.django_db
def test_a_dear_week_of_a_workload_is_an_alert(cast: SimpleNamespace) -> None:
    rates.price("Sonnet", given="3.00", made="15.00")
    chat, other = proposed(cast), proposed(cast, name="Q&A")
    for weeks in range(6):
        day = f"{date(2026, 3, 30) + timedelta(days=7 * weeks)}"
        tokens = 9_000_000 if weeks == 5 else 1_000_000
        told.used(chat, day, output_tokens=tokens)
        told.used(other, day, output_tokens=1_000_000)
    # This week is not over.
    told.used(chat, "2026-05-11", output_tokens=99_000_000)

    (alert,) = weekly_alerts(TODAY)

    assert (alert.ref, alert.week, alert.ratio) == ("W-01", "2026-W19", 9)
    assert (alert.told.cost, alert.told.before) == (135, 15)
    assert alert.told.parts["tokens_per_session"] == 120


@pytest.mark.django_db
def test_a_new_workload_has_no_weeks_to_compare_with(cast: SimpleNamespace) -> None:
    rates.price("Sonnet")
    chat = proposed(cast)
    for day, tokens in (("2026-04-13", 1), ("2026-04-20", 1), ("2026-05-04", 10**9)):
        told.used(chat, day, output_tokens=tokens)

    assert weekly_alerts(TODAY) == []


@pytest.mark.django_db
def test_days_with_too_many_tool_calls_a_session_are_likely_loops(
    cast: SimpleNamespace,
) -> None:
    chat = proposed(cast)
    told.used(chat, "2026-05-04", "at-the-limit", sessions=2, tool_calls=100)
    told.used(chat, "2026-05-04", "over", sessions=2, tool_calls=101)
    told.used(chat, "2026-05-05", "far-over", sessions=1, tool_calls=400)
    told.used(chat, "2026-04-01", "long-ago", sessions=1, tool_calls=400)

    found = likely_loops(TODAY)

    assert [(one.user_ref, f"{one.calls_per_session}") for one in found] == [
        ("far-over", "400.0"),
        ("over", "50.5"),
    ]
