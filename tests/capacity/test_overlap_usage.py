"""Unique users and those that two workloads share: bounds first, then from usage."""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest

from capacity.enums import GateState
from capacity.formulas.people import equalled
from capacity.models import GatePolicy, UsageDay
from capacity.selectors.actuals import usage_by_month
from capacity.selectors.overlap import spreads
from capacity.services.partitions import ensure_usage_months
from portal.kernel.periods import Month
from tests.capacity.rates import price
from tests.workloads import stories
from workloads.models import Workload

pytestmark = pytest.mark.django_db

PATH = "/api/v1/overlap/"


def use(
    workload: Workload, user: str, tokens: int, day: str = "2026-05-04", **values: str
) -> None:
    """`tokens` of input on one day."""
    UsageDay.objects.create(
        day=date.fromisoformat(day),
        workload=workload,
        tier=values.get("tier", "standard"),
        user_ref=user,
        model=values.get("model", "Sonnet"),
        calls=1,
        input_tokens=tokens,
    )


@pytest.fixture
def two(
    cast: SimpleNamespace, at_now: None, monkeypatch: pytest.MonkeyPatch
) -> tuple[Workload, Workload]:
    price("Sonnet")
    monkeypatch.setitem(stories.COMPLETE, "ops_reason", "They run by themselves.")
    ensure_usage_months([Month(2026, 4), Month(2026, 5)])
    return (
        stories.committed(cast, ship_quarter="2026Q2"),
        stories.committed(cast, name="Another", ship_quarter="2026Q2"),
    )


def read(api, query: str = "?month=2026-05"):
    answer = api("pia")("GET", f"{PATH}{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_before_there_is_usage_the_plan_gives_bounds_and_says_so(two, api):
    assert read(api) == {
        "month": "2026-05",
        "source": "plan",
        "unique_users": None,
        "bounds": {"at_least": 4200, "at_most": 8400},
        "workloads": [],
        "pairs": [],
        "spread": [],
        "heavy_in_several": None,
    }


def test_a_person_in_two_workloads_is_one_and_shared_by_the_pair(two, api):
    chat, other = two
    for day in ("2026-05-04", "2026-05-05"):
        use(chat, "a", 100, day)
        use(chat, "b", 100, day)
    use(other, "b", 50)
    use(other, "c", 50)
    use(other, "d", 50, "2026-04-30")

    told = read(api)

    assert (told["source"], told["unique_users"]) == ("usage", 3)
    assert told["workloads"] == [
        {"workload": "W-01", "users": 2},
        {"workload": "W-02", "users": 2},
    ]
    assert told["pairs"] == [{"workloads": ["W-01", "W-02"], "shared_users": 1}]


def test_workloads_that_share_nobody_stand_with_0(two, api):
    chat, other = two
    use(chat, "a", 100)
    use(other, "b", 100)

    assert read(api)["pairs"][0]["shared_users"] == 0


def test_spend_of_those_who_are_heavy_in_two_workloads(two, api):
    chat, other = two
    for n in range(20):
        use(chat, f"u{n:02}", 1_000_000 + n)
        use(other, f"u{n:02}", 1_000_000 + n)
    use(chat, "u19", 2_000_000, "2026-05-05")

    # Two of twenty are a tenth: u18 and u19, in both.
    heavy = read(api)["heavy_in_several"]

    assert heavy["users"] == 2
    assert heavy["tokens"] == 4 * 1_000_000 + 2 * 18 + 2 * 19 + 2_000_000
    assert heavy["cost"] == "18.00"


def test_a_model_without_a_price_leaves_their_spend_unknown(two, api):
    for workload in two:
        use(workload, "a", 10, model="Homegrown")

    assert read(api)["heavy_in_several"]["cost"] is None


def test_the_spread_behind_the_mean_is_by_workload(two):
    chat, _ = two
    for n in range(1, 101):
        use(chat, f"u{n}", n * 10)

    (found,) = spreads(Month(2026, 5)).values()

    assert (found.users, found.p50, found.p90, found.p99) == (100, 500, 900, 990)
    assert found.mean == 505


def test_sums_above_64_bits_are_answered(two, api):
    most = 2**63 - 1
    for workload in two:
        for day in ("2026-05-04", "2026-05-05"):
            use(workload, "a", most, day)
    UsageDay.objects.update(output_tokens=most)

    heavy = read(api)["heavy_in_several"]
    found = spreads(Month(2026, 5))["W-01"]
    usage = usage_by_month([Month(2026, 5)])["W-01", Month(2026, 5)]

    assert heavy["tokens"] == 8 * most
    assert (found.p50, found.mean) == (4 * most, 4 * most)
    assert usage.tokens == 4 * most


def test_overlap_takes_the_same_queries_whatever_was_used(
    two, api, django_assert_num_queries
):
    pia = api("pia")
    pia("GET", PATH)
    for n in range(3):
        use(two[0], f"u{n}", 10)

    with django_assert_num_queries(10):
        pia("GET", f"{PATH}?month=2026-05")


# --- What users at P99 would cost ----------------------------------------------------


def ungated() -> None:
    GatePolicy.objects.filter(state=GateState.ACTIVE).update(state=GateState.SUPERSEDED)


def test_a_month_at_p99_and_the_budgets_that_it_equals(two, api):
    chat, other = two
    ungated()
    for n in range(1, 101):
        use(chat, f"u{n}", n * 10_000_000)
    use(other, "u1", 1_000_000)

    chats, others = read(api)["spread"]

    # Users of 10 to 1,000 million: 50,500 million tokens at 3.00 are 151,500; all at P99,
    # which is 990 million, 99,000 million.
    assert chats["p99"] == 990_000_000
    assert chats["mean"] == 505_000_000
    assert chats["exposure"]["cost"] == "297000.00"
    assert chats["exposure"]["equals"] == ["W-02"]
    forecast = api("pia")("GET", "/api/v1/forecast/?from=2026-05&months=1&by=workload")
    budgets = {
        one["workload"]: one["tokens"]["cost"]
        for one in forecast.json()["months"][0]["workloads"]
    }
    assert chats["exposure"]["budgets"] == budgets["W-02"]
    # One user is the mean and P99 both: the month as it was, less than any other budget.
    assert others["exposure"] == {
        "cost": "3.00",
        "equals": [],
        "budgets": "0.00",
        "currency": "USD",
    }


def test_an_active_gate_holds_the_cost_so_that_nothing_is_exposed(
    two, api, monkeypatch
):
    for workload in two:
        use(workload, "u1", 1_000_000)
    monkeypatch.setattr(
        "capacity.selectors.exposure.with_active_gate", lambda: frozenset({"W-01"})
    )

    held, exposed = read(api)["spread"]

    assert held["exposure"] is None
    assert exposed["exposure"]["cost"] == "3.00"


def test_a_model_without_a_price_leaves_the_exposure_unknown(two, api):
    use(two[0], "u1", 10, model="Homegrown")
    assert read(api)["spread"][0]["exposure"] is None  # An active gate holds the cost.
    ungated()

    (found,) = read(api)["spread"]

    assert found["exposure"]["cost"] is None


def test_budgets_that_an_amount_equals_are_the_dearest_that_fit() -> None:
    budgets = {name: Decimal(cost) for name, cost in BUDGETS.items()}

    assert equalled(Decimal(100), budgets) == ("W-02", "W-04")
    assert equalled(Decimal(1000), budgets) == ("W-03", "W-02", "W-04", "W-01")
    assert equalled(Decimal(5), budgets) == ()


BUDGETS = {"W-01": 30, "W-02": 60, "W-03": 500, "W-04": 40, "W-05": 0}
