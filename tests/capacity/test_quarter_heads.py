"""The heads of the roadmap: what a quarter's workloads ask for, part by part."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from portal.kernel.periods import Quarter
from tests.capacity.rates import price, staff
from tests.conftest import NOW
from tests.workloads import stories
from workloads.enums import Status
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
            "ops_reason": "It runs by itself.",
        }
        with stories.stating(inputs):
            story(cast, name=name, ship_quarter=quarter)


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
        "ceiling_hours_week": "4000",
        "unknown": [],
    }
    assert (second["ops"]["hours_week"], second["ops"]["planned"]) == ("14", "29")
    # 3,262M a month at full adoption, ramping 40, 70, 100 %: 6.85B in the quarter.
    assert first["tokens"]["tokens"] == 6_850_200_000
    assert first["tokens"]["planned"] == 0
    assert second["tokens"]["planned"] == 1_262_100_000


def test_compute_is_sized_in_the_busiest_month_of_a_quarter(
    cast: SimpleNamespace,
) -> None:
    plan(cast)

    first = parts("2026Q2")["compute"]

    # 18 sessions of 10 minutes a user: 75,600 and 19,800 a month in business hours.
    assert first == {
        "peak_concurrent_sessions": "91.73",
        "planned": "0.00",
        "capacity_sessions": 124,
        "cost": "0.00",
        "currency": "USD",
    }
    assert parts("2026Q3")["compute"]["planned"] == "6.49"


def test_tokens_have_a_cost_where_every_model_has_a_price(
    cast: SimpleNamespace,
) -> None:
    plan(cast)

    assert parts("2026Q2")["tokens"]["cost"] == "41101.20"
    assert parts("2024Q4")["tokens"]["cost"] == "0"


def test_without_a_price_tokens_and_sessions_are_sized_all_the_same(
    cast: SimpleNamespace,
) -> None:
    price("Opus")
    price("Sonnet", "2026-05-01")
    plan(cast)

    first, second = parts("2026Q2"), parts("2026Q3")

    assert (first["tokens"]["cost"], first["tokens"]["tokens"]) == (None, 6_850_200_000)
    assert first["compute"]["capacity_sessions"] == 124
    assert second["tokens"]["cost"] == "58716.00"


def test_the_ceiling_is_the_people_staffed_less_the_vacancies(
    cast: SimpleNamespace,
) -> None:
    plan(cast)
    staff("2026Q2", "1.00")
    staff("2026Q3", "9.00")
    staff("2026Q3", "1.25", "0.25")

    ceilings = [parts(f"2026Q{n}")["ops"]["ceiling_hours_week"] for n in (2, 3, 4)]

    assert ceilings == ["40", "40", None]


def test_an_empty_plan_has_its_ceilings_all_the_same(db: None) -> None:
    staff("2026Q2", "1.50")

    assert parts("2026Q2")["ops"]["ceiling_hours_week"] == "60"
    assert parts("2026Q2")["ops"]["hours_week"] == "0"


def test_what_was_retired_counts_up_to_the_quarter_of_its_end(
    cast: SimpleNamespace,
) -> None:
    workload = stories.live(cast, ship_quarter="2026Q2")
    stories.committed(cast, name="Another", ship_quarter="2026Q2")
    moved = {"to": Status.RETIRED, "actor": cast.sarah, "reason": "Replaced."}
    stories.moved(workload, **moved, now=NOW + timedelta(days=90))

    hours = [parts(f"2026Q{n}")["ops"]["hours_week"] for n in (2, 3, 4)]

    assert hours == ["40", "16", "6"]


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

    with django_assert_num_queries(6):
        heads_of([Quarter.parse("2026Q2").plus(n) for n in range(4)])
