"""The heads of the roadmap: what a quarter's workloads ask for, part by part."""

from types import SimpleNamespace

import pytest

from portal.kernel.periods import Quarter
from tests.workloads import stories
from workloads.selectors.quarters import heads_of

pytestmark = pytest.mark.django_db


def parts(quarter: str) -> dict:
    (head,) = heads_of([Quarter.parse(quarter)])
    return head.as_json()


def plan(cast: SimpleNamespace) -> None:
    """W-01 and W-02 of the real plan, committed for 2026Q2; W-03 and W-04 planned."""
    rows = [
        ("Customer support chat", stories.committed, "2026Q2", (4200, 520_000, 6)),
        ("Internal Q&A over docs", stories.committed, "2026Q2", (1100, 980_000, 4)),
        ("Sales-call summariser", stories.planned, "2026Q3", (280, 1_400_000, 2)),
        ("Code review assistant", stories.planned, "2026Q3", (95, 2_200_000, 3)),
    ]
    for name, story, quarter, (users, tokens, hours) in rows:
        inputs = {
            "users": users,
            "declared_tokens_per_user_month": tokens,
            "ops_hours_week": hours,
        }
        before = dict(stories.COMPLETE)
        stories.COMPLETE.update(inputs)
        try:
            story(cast, name=name, ship_quarter=quarter)
        finally:
            stories.COMPLETE.update(before)


def test_the_real_plan_asks_for_38_hours_in_its_first_quarter(
    cast: SimpleNamespace,
) -> None:
    plan(cast)

    first, second = parts("2026Q2"), parts("2026Q3")

    assert first["ops"] == {
        "hours_week": "38",
        "planned": "0",
        "stable": "10",
        "first_quarter": "24",
        "platform": "4",
        "ceiling_hours_week": None,
        "unknown": [],
    }
    assert (second["ops"]["hours_week"], second["ops"]["planned"]) == ("14", "29")
    # 3,262M a month at full adoption, ramping 40, 70, 100 %: 6.85B in the quarter.
    assert first["tokens"]["tokens"] == 6_850_200_000
    assert first["tokens"]["planned"] == 0
    assert second["tokens"]["planned"] == 1_262_100_000


def test_compute_is_not_yet_computed_and_says_so(cast: SimpleNamespace) -> None:
    plan(cast)

    assert parts("2026Q2")["compute"] == {
        "peak_concurrent_sessions": None,
        "cost": None,
    }


def test_candidates_never_count(cast: SimpleNamespace) -> None:
    workload = stories.proposed(cast)
    stories.signed(workload, cast)

    assert parts("2026Q2")["ops"]["hours_week"] == "0"
    assert parts("2026Q2")["ops"]["planned"] == "0"


@pytest.mark.parametrize("workloads", [1, 3])
def test_heads_take_the_same_queries_whatever_the_rows(
    cast: SimpleNamespace, django_assert_num_queries, workloads: int
) -> None:
    for index in range(workloads):
        stories.planned(cast, name=f"Workload {index}")

    with django_assert_num_queries(3):
        heads_of([Quarter.parse("2026Q2").plus(n) for n in range(4)])
