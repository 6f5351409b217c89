"""The largest inputs that are taken, and growth without end: figures or a refusal, no 500."""

import re
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from tests.capacity.rates import line, price, staff
from tests.workloads import stories
from workloads.models import Workload
from workloads.rules.estimates import MOST_SESSIONS, MOST_USERS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]

SCENARIOS = "/api/v1/forecast/scenarios/"
WEEKLY = [0] * 167 + [1_000_000]
EXTREME: dict[str, Any] = {
    "users": MOST_USERS,
    "sessions_per_user_month": MOST_SESSIONS,
    "declared_tokens_per_user_month": 10**9,
    "ops_hours_week": Decimal("9999.99"),
    "session_minutes": Decimal(10_080),
    "growth_per_month": Decimal(10),
    "profile": WEEKLY,
    "ranges": {"growth_per_month": [-1, 10], "users": [0, MOST_USERS]},
}
FACTORS: dict[str, Any] = {
    **EXTREME,
    "users": 10,
    "sessions_per_user_month": 1,
    "declared_tokens_per_user_month": None,
    "turns_per_session": Decimal(100_000),
    "input_tokens_per_turn": Decimal("99999999.99"),
    "output_tokens_per_turn": Decimal("0.01"),
    "output_multiplier": Decimal(1_000),
    "tool_call_factor": Decimal("999.9999"),
    "retry_factor": Decimal(1),
    "ranges": {
        "input_tokens_per_turn": [0, 10**8],
        "turns_per_session": [0, 10**5],
        "retry_factor": [0, 1000],
        "ops_hours_week": [0, 10**4],
    },
}
NOTHING: dict[str, Any] = {
    **EXTREME,
    "users": 0,
    "sessions_per_user_month": 0,
    "growth_per_month": Decimal(-1),
    "session_minutes": 0,
    "ranges": {},
}
SHRINKS: dict[str, Any] = {
    **EXTREME,
    "growth_per_month": Decimal("-0.9999"),
    "ranges": {"growth_per_month": [-1, -0.5]},
}


@pytest.fixture(
    params=[EXTREME, FACTORS, NOTHING, SHRINKS], ids=["most", "factors", "none", "less"]
)
def plan(
    request: pytest.FixtureRequest,
    cast: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
) -> Workload:
    """One workload at the ends of what an estimate takes, committed for this quarter."""
    price("Sonnet", given="1000000", made="1000000")
    price("Haiku", given="0.01", made="0.01")
    line("inference_endpoint", session="999999.99")
    for name, value in {**request.param, "ops_reason": "It is a test."}.items():
        monkeypatch.setitem(stories.COMPLETE, name, value)
    staff("2026Q2", people="9999")
    return stories.committed(cast)


API_PATHS = (
    "/api/v1/forecast/",
    "/api/v1/forecast/?months=60&by=workload&status=planned",
    "/api/v1/plan/?from=2026Q2&quarters=8",
    "/api/v1/workloads/W-01/",
    "/api/v1/workloads/",
    "/api/v1/workloads/W-01/estimates/1/",
    "/api/v1/overlap/",
)
PAGES = (
    "/",
    "/capacity/?by=workload",
    "/capacity/?quarter=2027Q4&by=workload&status=planned",
    "/capacity/scenarios/",
    "/capacity/scenarios/?months=60&users=1000&price.Sonnet=1000&samples=50",
    "/capacity/rates/",
    "/capacity/actuals/variance/",
    "/capacity/recalibration/",
    "/plan/",
    "/plan/roadmap/?quarters=8",
    "/workloads/W-01/",
    "/workloads/W-01/estimates/1/",
    "/approvals/",
)


def test_the_api_answers_the_largest_inputs(plan: Workload, api: Any) -> None:
    told = {path: api("nils")("GET", path).status_code for path in API_PATHS}

    assert told == dict.fromkeys(API_PATHS, 200)


def test_a_scenario_of_the_largest_inputs_is_sampled(plan: Workload, api: Any) -> None:
    body = {
        "months": 60,
        "users_factor": {"*": 1000},
        "price_factor": {"Sonnet": 1000},
        "slip_quarters": {"W-01": 40},
        "vacancy_hours_week": 10_000,
        "samples": 50,
    }

    slipped = api("nils")("POST", SCENARIOS, body)
    there = api("nils")("POST", SCENARIOS, {**body, "slip_quarters": {}})

    assert (slipped.status_code, there.status_code) == (200, 200), there.content


def test_the_pages_show_the_largest_inputs(
    plan: Workload, cast: SimpleNamespace, client: Any
) -> None:
    client.force_login(cast.sarah)

    pages = {path: client.get(path) for path in PAGES}

    assert {path: one.status_code for path, one in pages.items()} == dict.fromkeys(
        PAGES, 200
    )
    drawn = [words_of(one) for one in pages.values()]
    assert not [text for text in drawn if re.search(r"\b(nan|inf)\b", text)]


def words_of(answer: Any) -> str:
    text: str = answer.content.decode()
    return text.casefold()
