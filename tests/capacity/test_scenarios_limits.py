"""How much one answer of a scenario computes: months × samples × uncertain inputs."""

from types import SimpleNamespace
from typing import Any

import pytest

from capacity.formulas.monte_carlo import monte_carlo, samples_within
from tests.capacity.test_scenarios_api import ADDED, PATH, plan
from tests.workloads.pages import Reader, words

__all__ = ["plan"]

pytestmark = pytest.mark.django_db

RANGES = {
    "users": [50, 200],
    "sessions_per_user_month": [5, 20],
    "declared_tokens_per_user_month": [50_000, 200_000],
    "session_minutes": [5, 20],
    "growth_per_month": [0, 0.1],
    "ops_hours_week": [2, 8],
}


def many(samples: int, added: int = 20) -> dict[str, Any]:
    """The longest scenario: sixty months, as many added workloads as there may be."""
    return {
        "months": 60,
        "add": [{**ADDED, "ranges": RANGES}] * added,
        "samples": samples,
    }


def test_more_samples_than_one_answer_draws_are_refused_with_how_many(api: Any) -> None:
    answer = api("nils")("POST", PATH, many(100_000))

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "too_many_samples")
    # W-01's users, and six inputs of each of the twenty.
    assert problem["detail"].startswith(
        "60 months × 100,000 samples × 121 uncertain inputs are more figures"
    )
    assert problem["most_samples"] == 400_000_000 // (60 * (30 + 121)) == 44_150
    assert f"at most {problem['most_samples']:,} samples" in problem["detail"]


@pytest.mark.parametrize(("samples", "status"), [(44_150, 200), (44_151, 422)])
def test_what_is_allowed_is_drawn_to_the_last_sample(
    api: Any, monkeypatch: pytest.MonkeyPatch, samples: int, status: int
) -> None:
    drawn: list[int] = []

    def run(_setting: Any, _changes: Any, *, samples: int, seed: int) -> Any:
        drawn.append(samples)
        return monte_carlo(_setting, _changes, samples=10, seed=seed)

    monkeypatch.setattr("capacity.selectors.scenarios.monte_carlo", run)

    assert api("nils")("POST", PATH, many(samples)).status_code == status
    assert drawn == ([samples] if status == 200 else [])


def test_a_small_plan_takes_all_samples_over_all_months() -> None:
    """The spec's 60 months and 100,000 samples, for some thirty uncertain inputs."""
    assert samples_within(60, 36) == 100_000
    assert samples_within(12, 300) == 100_000
    assert samples_within(12, 2_000) == 16_420


def test_the_page_says_how_many_samples_there_may_be(
    cast: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("capacity.formulas.monte_carlo.MOST_FIGURES", 1_000_000)

    page = words(Reader(cast)("sarah").get("/capacity/scenarios/"))

    assert "12 months × 10,000 samples × 1 uncertain inputs are more figures" in page
    assert "Ask for at most 2,688 samples, or for fewer months" in page
