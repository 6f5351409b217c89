"""`POST /forecast/scenarios/`: what it answers, what it refuses, that it writes nothing."""

import json
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.kernel.enums import Scope
from portal.kernel.models import AuditEntry
from tests.capacity.rates import line, price, staff
from tests.workloads import stories
from workloads.models import Estimate, Workload

pytestmark = pytest.mark.django_db

PATH = "/api/v1/forecast/scenarios/"
ADDED = {
    "ship_quarter": "2026Q3",
    "model_tier": "Sonnet→Haiku",
    "users": 100,
    "sessions_per_user_month": 10,
    "declared_tokens_per_user_month": 100_000,
    "ops_hours_week": 4,
}


@pytest.fixture(autouse=True)
def plan(
    cast: SimpleNamespace, at_now: None, monkeypatch: pytest.MonkeyPatch
) -> SimpleNamespace:
    """W-01 of the spec, committed for this quarter, on one person and two prices."""
    monkeypatch.setitem(stories.COMPLETE, "ops_reason", "It runs by itself.")
    price("Sonnet")
    price("Opus", given="15.00", made="75.00")
    line("inference_endpoint", session="14.00")
    workload = stories.committed(cast)
    for number in (2, 3, 4):
        staff(f"2026Q{number}")
    return SimpleNamespace(workload=workload)


def played(api: Any, **body: Any) -> dict[str, Any]:
    answer = api("nils")("POST", PATH, {"from": "2026-04", "months": 9, **body})
    assert answer.status_code == 200, answer.content
    result: dict[str, Any] = answer.json()
    return result


def refused(api: Any, status: int = 400, **body: Any) -> list[tuple[str, str]]:
    answer = api("nils")("POST", PATH, body)
    assert answer.status_code == status, answer.content
    return [(one["pointer"], one["code"]) for one in answer.json()["errors"]]


# --- What it answers -----------------------------------------------------------------


def test_nothing_changed_is_the_forecast_twice(api: Any) -> None:
    answer = played(api)

    forecast = api("nils")("GET", "/api/v1/forecast/?from=2026-04&months=9").json()
    assert answer["baseline"]["months"] == forecast["months"]
    assert answer["scenario"] == answer["baseline"]
    assert answer["reserve_absorbs"] is True
    assert {one["excess"] for one in answer["quarters"]} == {"0.00"}
    assert answer["monte_carlo"] is None


def test_without_a_body_it_is_twelve_months_from_this_one(api: Any) -> None:
    months = api("nils")("POST", PATH, {}).json()["baseline"]["months"]

    assert [months[0]["month"], months[-1]["month"]] == ["2026-05", "2027-04"]


def test_twice_the_users_stand_beside_the_plan(api: Any) -> None:
    answer = played(api, users_factor={"W-01": 2})

    costs = [
        answer[name]["months"][2]["tokens"]["cost"] for name in ("baseline", "scenario")
    ]
    assert costs == ["13104.00", "26208.00"]
    first = answer["quarters"][0]
    # W-01 ramps 40, 70, 100 %: 27,518.40 of tokens and as much again.
    assert first["tokens"] == "27518.40"
    assert first["ops"] == "0.00"
    assert first["provisional"] is True
    assert answer["reserve_absorbs"] is False
    assert Decimal(first["missing"]) == (
        Decimal(first["excess"]) - Decimal(first["reserve_left"])
    )


def test_every_change_at_once_is_taken(api: Any) -> None:
    answer = played(
        api,
        users_factor={"*": 1.5},
        price_factor={"Opus": 0.9},
        vacancy_hours_week=8,
        slip_quarters={"W-01": 1},
        add=[ADDED],
    )

    april, september = (answer["scenario"]["months"][at] for at in (0, 5))
    assert april["tokens"]["cost"] == "0.00"
    # 6,300 slipped users and 150 added ones, at full adoption: 19,656 and 90 dollars.
    assert september["tokens"]["cost"] == "19746.00"
    assert september["ops"]["ceiling_hours_week"] == 32
    assert answer["baseline"]["months"][0]["ops"]["ceiling_hours_week"] == 40


def test_a_dropped_workload_leaves_an_empty_plan(api: Any) -> None:
    answer = played(api, drop=["W-01"])

    assert answer["scenario"]["months"][8]["tokens"]["tokens"] == 0
    assert answer["reserve_absorbs"] is True


def test_the_three_stress_tests_are_answered_each_time(api: Any) -> None:
    tests = played(api)["stress_tests"]

    assert [(one["test"], one["subject"]) for one in tests] == [
        ("twice_the_forecast", "W-01"),
        ("price_rise", "Sonnet"),
        ("vacancy", "2026Q3"),
    ]
    # The vacancy begins in the coming quarter; then six hours a week are to be bought.
    hours = [one["bought_hours_week"] for one in tests[2]["quarters"]]
    assert hours == [0, 6, 6]


def test_planned_workloads_count_where_they_are_asked_for(api: Any, cast: Any) -> None:
    stories.planned(cast, name="Second", ship_quarter="2026Q3")
    body = {"from": "2026-04", "months": 9, "users_factor": {"W-02": 2}}

    without = api("nils")("POST", PATH, body)
    counted = api("nils")("POST", f"{PATH}?status=planned", body)

    assert without.status_code == 400
    assert counted.json()["scenario"]["months"][8]["tokens"]["cost"] == "39312.00"


# --- Monte Carlo ---------------------------------------------------------------------


def test_samples_give_three_percentiles_a_month_and_a_probability(api: Any) -> None:
    answer = played(api, samples=2_000, seed=7)["monte_carlo"]

    assert (answer["samples"], answer["seed"]) == (2_000, 7)
    assert 0 <= answer["probability_reserve_absorbs"] <= 1
    assert len(answer["months"]) == 9
    costs = answer["months"][8]["tokens"]["cost"]
    assert (
        Decimal("9172.80")
        < Decimal(costs["p10"])
        < Decimal(costs["p50"])
        < Decimal(costs["p90"])
        < Decimal("19656.00")
    )


def test_the_same_seed_gives_the_same_answer(api: Any) -> None:
    one, again, other = (
        played(api, samples=500, seed=seed)["monte_carlo"]["months"]
        for seed in (7, 7, 8)
    )

    assert one == again
    assert one != other


def test_the_ranges_of_an_estimate_are_sampled(api: Any, plan: Any, cast: Any) -> None:
    certain = stories.submitted(
        plan.workload, cast.sarah, ranges={"users": [4200, 4200]}
    )
    Workload.objects.filter(pk=plan.workload.pk).update(shown_estimate=certain)

    band = played(api, samples=50)["monte_carlo"]["months"][8]["tokens"]["cost"]

    assert band == {"p10": "13104.00", "p50": "13104.00", "p90": "13104.00"}


# --- What it refuses -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"users_factor": {"W-99": 2}}, [("/users_factor/W-99", "unknown_workload")]),
        ({"drop": ["W-99"]}, [("/drop/W-99", "unknown_workload")]),
        ({"slip_quarters": {"W-99": 1}}, [("/slip_quarters/W-99", "unknown_workload")]),
        ({"price_factor": {"Nova": 2}}, [("/price_factor/Nova", "unknown_model")]),
        ({"users_factor": {"W-01": -1}}, [("/users_factor/W-01", "min_value")]),
        ({"users_factor": {"*": 1001}}, [("/users_factor/*", "max_value")]),
        ({"users_factor": {"W-01": "2"}}, [("/users_factor/W-01", "invalid")]),
        ({"users_factor": [2]}, [("/users_factor", "invalid")]),
        ({"price_factor": {"Opus": -0.1}}, [("/price_factor/Opus", "min_value")]),
        ({"slip_quarters": {"W-01": -1}}, [("/slip_quarters/W-01", "min_value")]),
        ({"slip_quarters": {"W-01": 1.5}}, [("/slip_quarters/W-01", "invalid")]),
        ({"vacancy_hours_week": -1}, [("/vacancy_hours_week", "min_value")]),
        ({"months": 61}, [("/months", "max_value")]),
        ({"months": 0}, [("/months", "min_value")]),
        ({"samples": 100_001}, [("/samples", "max_value")]),
        ({"samples": 0}, [("/samples", "min_value")]),
        ({"seed": -1}, [("/seed", "min_value")]),
        ({"from": "May"}, [("/from", "invalid")]),
        ({"from": "2099-01"}, [("/from", "out_of_range")]),
        ({"user_factor": {}}, [("/user_factor", "unknown_field")]),
        ({"reserve_absorbs": True}, [("/reserve_absorbs", "read_only")]),
        (
            {"add": [{**ADDED, "model_tier": "Nova"}]},
            [("/add/0/model_tier", "unknown_model")],
        ),
        (
            {"add": [ADDED, {"ship_quarter": "2026Q3", "model_tier": "Opus"}]},
            [
                ("/add/1/users", "required"),
                ("/add/1/sessions_per_user_month", "required"),
                ("/add/1/turns_per_session", "required"),
                ("/add/1/input_tokens_per_turn", "required"),
                ("/add/1/output_tokens_per_turn", "required"),
                ("/add/1/ops_hours_week", "required"),
            ],
        ),
        (
            {"add": [{**ADDED, "turns_per_session": 4}]},
            [("/add/0/declared_tokens_per_user_month", "contradictory")],
        ),
        (
            {
                "add": [
                    {
                        **ADDED,
                        "users": 10**9,
                        "declared_tokens_per_user_month": 10**12,
                    }
                ]
            },
            [("/add/0/users", "too_many_tokens")],
        ),
        ({"add": [{**ADDED, "users": -1}]}, [("/add/0/users", "min_value")]),
        (
            {"add": [{"users": 1}]},
            [("/add/0/ship_quarter", "required"), ("/add/0/model_tier", "required")],
        ),
    ],
)
def test_a_change_that_cannot_be_is_named_with_its_reason(
    api: Any, body: dict[str, Any], errors: list[tuple[str, str]]
) -> None:
    assert sorted(refused(api, **body)) == sorted(errors)


def test_digits_beyond_those_of_a_rounding_are_decimal_places_too(api: Any) -> None:
    """Grown over years exactly, they would have more digits than a figure can hold."""
    barely = "1." + "0" * 50 + "1"
    added = json.dumps({**ADDED, "growth_per_month": 7}).replace(
        ": 7}", f": {barely}}}"
    )
    body = f'{{"from": "2040-01", "add": [{added}], "users_factor": {{"*": {barely}}}}}'

    answer = api("nils")("POST", PATH, body.encode())

    assert answer.status_code == 400, answer.content
    assert {(one["pointer"], one["code"]) for one in answer.json()["errors"]} == {
        ("/add/0/growth_per_month", "places"),
        ("/users_factor/*", "places"),
    }


def test_tokens_that_outgrow_a_computers_number_are_answered_in_full(api: Any) -> None:
    body = {
        "from": "2026-04",
        "months": 60,
        "add": [
            {
                **ADDED,
                "users": 10**7,
                "declared_tokens_per_user_month": 10**11,
                "growth_per_month": 10,
            }
        ],
        "samples": 10,
    }

    answer = api("nils")("POST", PATH, body)

    assert answer.status_code == 200, answer.content
    last = answer.json()["scenario"]["months"][-1]
    assert last["tokens"]["tokens"] > 10**70


def test_a_live_workload_cannot_slip(api: Any, cast: Any) -> None:
    stories.live(cast, name="Second")

    assert refused(api, slip_quarters={"W-02": 1}) == [
        ("/slip_quarters/W-02", "already_live")
    ]


def test_a_rate_card_with_a_gap_names_model_and_month(api: Any) -> None:
    price("Nova", valid_from="2026-09-01")

    answer = api("nils")(
        "POST", PATH, {"from": "2026-04", "add": [{**ADDED, "model_tier": "Nova"}]}
    )

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "no_price")
    assert (problem["model"], problem["month"]) == ("Nova", "2026-07")


def test_a_program_without_the_scope_is_refused(api: Any) -> None:
    answer = api("nils", Scope.USAGE_WRITE)("POST", PATH, {})

    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


# --- It writes nothing -----------------------------------------------------------------


def test_no_statement_writes_and_the_plan_is_as_it_was(api: Any) -> None:
    api("nils")  # the token is made before
    body = {
        "users_factor": {"*": 3},
        "price_factor": {"Sonnet": 2},
        "slip_quarters": {"W-01": 2},
        "vacancy_hours_week": 40,
        "add": [ADDED],
        "samples": 100,
        "seed": 1,
    }
    before = (
        list(Workload.objects.values()),
        list(Estimate.objects.values()),
        AuditEntry.objects.count(),
    )
    played(api)  # the token's own last use is noted now, once a while

    with CaptureQueriesContext(connection) as captured:
        played(api, **body)

    verbs = {query["sql"].split()[0].upper() for query in captured.captured_queries}
    assert verbs <= {"SELECT", "SAVEPOINT", "RELEASE"}
    assert before == (
        list(Workload.objects.values()),
        list(Estimate.objects.values()),
        AuditEntry.objects.count(),
    )


def test_the_number_of_queries_does_not_grow_with_the_plan(api: Any, cast: Any) -> None:
    def queries() -> int:
        played(api)
        with CaptureQueriesContext(connection) as captured:
            played(api, samples=10)
        return len(captured)

    with_one = queries()
    stories.committed(cast, name="Second", ship_quarter="2026Q3")
    stories.committed(cast, name="Third", ship_quarter="2026Q4")

    assert queries() == with_one
