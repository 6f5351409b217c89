"""The decision as the specification's tables have it, with every boundary."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from capacity.formulas.gates import (
    Action,
    Counters,
    Held,
    Overage,
    Policy,
    Reason,
    Stop,
    Thresholds,
    Tier,
    decide,
    decide_unreachable,
    level_of,
    month_of,
    newly_due,
    nothing_decides,
)

POLICY = Policy(3, "Sonnet", "Haiku")
CEILING = 100_000
UTC_ZONE = ZoneInfo("UTC")
SWITCH = Stop(Held.KILL_SWITCH, Reason.KILL_SWITCH, "It is off.")
LIMIT = Stop(Held.SPEND_LIMIT, Reason.SPEND_LIMIT, "It is spent.")


def on(day: int, month: int = 6, year: int = 2026):
    return month_of(datetime(year, month, day, 12, tzinfo=UTC), UTC_ZONE)


def asked(overage=Overage.HARD_CAP, settled=0, reserved=0, **more):
    tier = Tier(
        more.pop("ceiling", CEILING),
        overage,
        more.pop("opted_in", True),
        more.pop("overage_limit", None),
    )
    counters = Counters(settled, reserved, more.pop("was_over", False))
    return decide(more.pop("policy", POLICY), tier, counters, on(15), **more)


@pytest.mark.parametrize(
    ("settled", "day", "level"),
    [
        # The specification's own examples: a month of 30 days.
        (49_999, 3, None),
        (50_000, 15, 90),
        (50_000, 20, 70),
        (60_000, 30, None),
        (72_000, 29, 70),
        (100_000, 30, 100),
        # The floor, from both sides, at any pace.
        (49_999, 1, None),
        (50_000, 1, 90),
        # 0.70 and 0.90 exactly, and a token below.
        (70_000, 30, 70),
        (69_999, 30, None),
        (90_000, 30, 90),
        (89_999, 30, 70),
        (63_000, 27, 70),
        (62_999, 27, None),
        (60_000, 20, 90),
        (59_999, 20, 70),
        # 1.00 by the counter itself, on any day; the pace alone never says 100.
        (99_999, 30, 90),
        (99_999, 1, 90),
        (100_000, 1, 100),
        (0, 30, None),
    ],
)
def test_a_level_is_true_from_its_own_boundary_on(settled, day, level):
    assert level_of(settled, CEILING, on(day)) == level


@pytest.mark.parametrize(
    ("month", "day", "settled", "level"),
    [
        # February: 28 days, and 29 in a leap year.
        (on(28, 2), 28, 70_000, 70),
        (on(14, 2), 14, 50_000, 90),
        (on(20, 2), 20, 50_000, 70),
        (on(20, 2), 20, 49_999, None),
        (on(29, 2, 2028), 29, 69_999, None),
        (on(29, 2, 2028), 29, 70_000, 70),
        (on(31, 1), 31, 69_999, None),
        (on(31, 1), 31, 70_000, 70),
    ],
)
def test_the_pace_is_that_of_the_months_own_days(month, day, settled, level):
    assert (month.day, level_of(settled, CEILING, month)) == (day, level)


@pytest.mark.parametrize(
    ("at", "zone", "day", "first_day", "resets_at"),
    [
        ("2026-06-30T23:30:00+00:00", "UTC", 30, "2026-06-01", "2026-07-01T00:00:00"),
        # Already July there.
        (
            "2026-06-30T23:30:00+00:00",
            "Europe/Berlin",
            1,
            "2026-07-01",
            "2026-07-31T22:00:00",
        ),
        # Still June there.
        (
            "2026-07-01T02:00:00+00:00",
            "America/New_York",
            30,
            "2026-06-01",
            "2026-07-01T04:00:00",
        ),
        # The clocks change in October: the next month begins in winter time.
        (
            "2026-10-31T12:00:00+00:00",
            "Europe/Berlin",
            31,
            "2026-10-01",
            "2026-10-31T23:00:00",
        ),
        ("2026-12-31T23:59:59+00:00", "UTC", 31, "2026-12-01", "2027-01-01T00:00:00"),
        ("2028-02-29T00:00:00+00:00", "UTC", 29, "2028-02-01", "2028-03-01T00:00:00"),
    ],
)
def test_a_month_is_the_organisations(at, zone, day, first_day, resets_at):
    month = month_of(datetime.fromisoformat(at), ZoneInfo(zone))

    assert (month.day, month.first_day) == (day, first_day)
    assert month.resets_at == datetime.fromisoformat(f"{resets_at}+00:00")


@pytest.mark.parametrize(
    ("level", "passed", "due"),
    [
        (None, [], (None, [])),
        (70, [], (70, [70])),
        (70, [70], (None, [])),
        # Skipped over: marked as passed, never sent late.
        (90, [], (90, [70, 90])),
        (100, [], (100, [70, 90, 100])),
        (100, [70], (100, [90, 100])),
        (100, [70, 90, 100], (None, [])),
        # Paced lower again: nothing speaks twice.
        (70, [70, 90], (None, [])),
    ],
)
def test_each_level_speaks_once(level, passed, due):
    assert newly_due(level, frozenset(passed)) == due


@pytest.mark.parametrize(
    ("settled", "reserved", "expected", "over"),
    [
        # Without announced tokens a reached ceiling is enough.
        (99_999, 0, None, False),
        (100_000, 0, None, True),
        (90_000, 9_999, None, False),
        (90_000, 10_000, None, True),
        (100_000, 0, 0, True),
        # Announced ones must fit.
        (99_000, 0, 1_000, False),
        (99_001, 0, 1_000, True),
        (90_000, 9_000, 1_000, False),
        (90_000, 9_001, 1_000, True),
        (0, 0, 100_000, False),
        (0, 0, 100_001, True),
    ],
)
def test_over_is_what_does_not_fit(settled, reserved, expected, over):
    verdict = asked(settled=settled, reserved=reserved, expected=expected)

    assert verdict.over is over
    assert verdict.action == (Action.BLOCK if over else Action.ALLOW)


@pytest.mark.parametrize(
    ("overage", "opted_in", "action", "model"),
    [
        (Overage.HARD_CAP, False, Action.BLOCK, None),
        (Overage.SOFT_CAP, False, Action.DEGRADE, "Haiku"),
        (Overage.PAY_AS_YOU_GO, True, Action.METER, "Sonnet"),
        # A withdrawn opt-in leaves a hard cap.
        (Overage.PAY_AS_YOU_GO, False, Action.BLOCK, None),
    ],
)
def test_at_the_ceiling_the_overage_pattern_decides(overage, opted_in, action, model):
    verdict = asked(overage, settled=CEILING, expected=1, opted_in=opted_in)

    assert (verdict.action, verdict.model) == (action, model)
    assert (verdict.held, verdict.reason_code) == (
        Held.TIER_CEILING,
        Reason.OVER_CEILING,
    )
    # Degraded and metered calls reserve nothing.
    assert (verdict.reserves, verdict.level) == (0, 100)


@pytest.mark.parametrize(
    ("settled", "expected", "action"),
    [
        (109_000, 1_000, Action.METER),
        (109_001, 1_000, Action.BLOCK),
        (109_999, None, Action.METER),
        (110_000, None, Action.BLOCK),
    ],
)
def test_metering_ends_at_its_own_limit(settled, expected, action):
    verdict = asked(
        Overage.PAY_AS_YOU_GO,
        settled=settled,
        expected=expected,
        overage_limit=10_000,
    )

    assert verdict.action == action


def test_a_refusal_names_gate_settled_reserved_and_the_reset():
    verdict = asked(settled=95_000, reserved=4_500, expected=1_000, name="gate v3")

    assert verdict.reason == (
        "Over the ceiling of gate v3: 95,000 settled and 4,500 reserved of 100,000"
        " tokens. 1,000 more do not fit. The call is held. It resets on"
        " 2026-07-01 00:00 UTC."
    )


@pytest.mark.parametrize(
    ("model", "action", "answered"),
    [
        (None, Action.ALLOW, "Sonnet"),
        ("", Action.ALLOW, "Sonnet"),
        ("Sonnet", Action.ALLOW, "Sonnet"),
        ("sonnet", Action.ALLOW, "Sonnet"),
        # The budget model asked for while allowed is allowed.
        ("Haiku", Action.ALLOW, "Haiku"),
        ("Opus", Action.BLOCK, None),
    ],
)
def test_a_model_that_is_asked_for_is_judged(model, action, answered):
    verdict = asked(model=model)

    assert (verdict.action, verdict.model) == (action, answered)


@pytest.mark.parametrize(
    ("more", "held"),
    [
        ({"stop": SWITCH, "model": "Opus", "settled": CEILING}, Held.KILL_SWITCH),
        ({"model": "Opus", "settled": CEILING}, Held.MODEL_POLICY),
        ({"stop": LIMIT, "settled": CEILING}, Held.SPEND_LIMIT),
        ({"settled": CEILING}, Held.TIER_CEILING),
        ({}, None),
    ],
)
def test_the_strictest_wins_and_is_named(more, held):
    assert asked(**more).held == held


def test_an_allowed_call_reserves_what_it_expects():
    verdict = asked(settled=40_000, reserved=10_000, expected=2_000)

    assert (verdict.reserves, verdict.remaining_tokens) == (2_000, 48_000)
    assert (verdict.consumed, verdict.projected) == (0.4, 0.8)


def test_what_is_left_is_never_below_zero():
    assert asked(Overage.SOFT_CAP, settled=250_000).remaining_tokens == 0


def test_the_first_answer_that_was_over_makes_100_true():
    before = asked(settled=99_500, expected=400)
    over = asked(settled=99_500, expected=600)
    after = asked(settled=99_500, expected=400, was_over=True)

    assert [one.level for one in (before, over, after)] == [90, 100, 100]


def test_a_version_that_observes_holds_nothing_and_says_nothing():
    watching = Policy(1, "Sonnet", "", observes=True)

    verdict = asked(settled=CEILING * 9, expected=5_000, policy=watching)

    assert (verdict.action, verdict.level) == (Action.ALLOW, None)
    assert (verdict.reserves, verdict.over) == (5_000, False)


def test_thresholds_are_those_of_the_version():
    own = Thresholds(floor=600, notice=800, banner=950)

    assert level_of(59_999, CEILING, on(1), own) is None
    assert level_of(80_000, CEILING, on(30), own) == 70
    assert level_of(95_000, CEILING, on(30), own) == 90


def test_without_a_gate_there_is_no_ceiling_to_name():
    verdict = nothing_decides(Stop(Held.NO_ACTIVE_GATE, Reason.RETIRED, "Retired."))

    assert (verdict.action, verdict.remaining_tokens) == (Action.BLOCK, None)


@pytest.mark.parametrize(
    ("allows", "more", "action", "reason"),
    [
        (True, {}, Action.ALLOW, Reason.UNREACHABLE),
        (False, {}, Action.BLOCK, Reason.UNREACHABLE),
        (True, {"stop": SWITCH}, Action.BLOCK, Reason.KILL_SWITCH),
        (True, {"model": "Opus"}, Action.BLOCK, Reason.MODEL_NOT_IN_POLICY),
    ],
)
def test_out_of_reach_the_policy_says_what_happens(allows, more, action, reason):
    verdict = decide_unreachable(POLICY, allows=allows, **more)

    assert (verdict.action, verdict.reason_code) == (action, reason)
    assert verdict.reserves == 0
