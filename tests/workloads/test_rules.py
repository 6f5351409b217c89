"""The plan's pure rules, as tables; and the one writer of each status column."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from workloads.enums import Status
from workloads.lifecycle import STEPS, road_to, step_between
from workloads.rules.estimates import (
    EstimateInputs,
    content_of,
    format_number,
    missing_inputs,
    sha256_of,
)
from workloads.rules.working_days import working_days_between
from workloads.services.lifecycle import MOVES

LEGAL = {
    ("candidate", "planned"),
    ("planned", "committed"),
    ("committed", "live"),
    ("live", "retired"),
    ("planned", "candidate"),
    ("committed", "planned"),
    ("candidate", "retired"),
    ("planned", "retired"),
    ("committed", "retired"),
}


@pytest.mark.parametrize("source", list(Status))
@pytest.mark.parametrize("target", list(Status))
def test_the_lifecycle_has_these_steps_and_no_others(
    source: Status, target: Status
) -> None:
    assert (step_between(source, target) is not None) == (
        (str(source), str(target)) in LEGAL
    )


def test_the_state_machine_knows_every_step() -> None:
    assert set(MOVES) == {(step.source, step.target) for step in STEPS}


@pytest.mark.parametrize(
    ("target", "road"),
    [
        ("planned", ["planned"]),
        ("committed", ["planned", "committed"]),
        ("live", ["planned", "committed", "live"]),
        ("retired", ["retired"]),
        ("candidate", []),
    ],
)
def test_the_road_to_a_status(target: str, road: list[str]) -> None:
    assert [str(status) for status in road_to(Status(target))] == road


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2026-03-27", "2026-04-09", 9),  # Friday to the Thursday after next
        ("2026-05-15", "2026-05-18", 1),  # Friday to Monday
        ("2026-05-16", "2026-05-17", 0),  # a weekend
        ("2026-05-11", "2026-05-18", 5),
        ("2026-05-11", "2026-05-11", 0),
        ("2026-05-12", "2026-05-11", 0),
    ],
)
def test_working_days_leave_out_weekends(start: str, end: str, days: int) -> None:
    counted = working_days_between(date.fromisoformat(start), date.fromisoformat(end))

    assert counted == days


@pytest.mark.parametrize(
    ("written", "shown"),
    [("6.00", "6"), ("0.10", "0.1"), ("1E+3", "1000"), ("0", "0"), ("-0.50", "-0.5")],
)
def test_a_number_hashes_alike_however_it_was_written(written: str, shown: str) -> None:
    assert format_number(Decimal(written)) == shown


# What writes a status column, and the only modules that may.
WRITERS = {
    r"\.(to_(planned|committed|live|retired)|back_to_(candidate|planned))\(\)": set(),
    r"getattr\(workload, MOVES": {"workloads/services/lifecycle.py"},
    # A proposal of ceilings has a state of its own, which no estimate knows.
    r"update\(state=(?!ProposalState)": {"workloads/services/estimates.py"},
    r"estimate\.state = ": {"workloads/services/estimates.py"},
    r"update\(signed_at=": {
        "workloads/services/signoffs.py",
        "workloads/services/signoff_ends.py",
    },
    # A recalibration has a status of its own, which no workload knows.
    r"(update|create)\([^)]*\bstatus=(?!RunStatus)": set(),
}


@pytest.mark.parametrize("pattern", WRITERS)
def test_each_status_has_one_writer(pattern: str) -> None:
    root = Path(__file__).resolve().parents[2]
    found = {
        str(path.relative_to(root))
        for app in ("portal", "workloads", "capacity", "governance")
        for path in (root / app).rglob("*.py")
        if "migrations" not in path.parts
        and re.search(pattern, path.read_text(encoding="utf-8"))
        and "models" not in path.parts
    }

    assert found == WRITERS[pattern]


def inputs(**stated: object) -> EstimateInputs:
    one = Decimal(1)
    return EstimateInputs(
        **{
            "users": 4200,
            "sessions_per_user_month": Decimal(18),
            "turns_per_session": None,
            "input_tokens_per_turn": None,
            "output_tokens_per_turn": None,
            "output_multiplier": one,
            "tool_call_factor": one,
            "retry_factor": one,
            "session_minutes": Decimal(10),
            "profile": "business_hours",
            "ops_hours_week": Decimal(6),
            "growth_per_month": Decimal(0),
            "cached_input_share": Decimal(0),
            "batch_share": Decimal(0),
            "planner_share": Decimal(0),
            "declared_tokens_per_user_month": 520_000,
            "declared_input_share": Decimal("0.75"),
            "ops_reason": "",
            **stated,
        }
    )


FACTORS = {
    "declared_tokens_per_user_month": None,
    "turns_per_session": Decimal(8),
    "input_tokens_per_turn": Decimal(2500),
    "output_tokens_per_turn": Decimal(400),
}


@pytest.mark.parametrize(
    ("stated", "missing"),
    [
        ({}, ()),
        (FACTORS, ()),
        ({"users": None}, ("users",)),
        ({"ops_hours_week": None}, ("ops_hours_week",)),
        ({"sessions_per_user_month": None}, ("sessions_per_user_month",)),
        ({**FACTORS, "turns_per_session": None}, ("turns_per_session",)),
        (
            {"declared_tokens_per_user_month": None},
            ("turns_per_session", "input_tokens_per_turn", "output_tokens_per_turn"),
        ),
        # Zero is a statement, not a gap.
        ({"users": 0, "ops_hours_week": Decimal(0)}, ()),
    ],
)
def test_what_a_complete_estimate_still_needs(
    stated: dict[str, object], missing: tuple[str, ...]
) -> None:
    assert missing_inputs(inputs(**stated)) == missing


def test_the_hash_covers_inputs_and_budgets() -> None:
    same = content_of(inputs(), ref="W-01", version=1, budgets={"ops": 6})
    for other in (
        content_of(inputs(users=5), ref="W-01", version=1, budgets={"ops": 6}),
        content_of(inputs(), ref="W-02", version=1, budgets={"ops": 6}),
        content_of(inputs(), ref="W-01", version=2, budgets={"ops": 6}),
        content_of(inputs(), ref="W-01", version=1, budgets={"ops": 7}),
    ):
        assert sha256_of(other) != sha256_of(same)
    assert sha256_of(dict(reversed(same.items()))) == sha256_of(same)
