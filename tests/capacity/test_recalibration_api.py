"""Recalibrations by the API: asked for, joined, followed and read."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from capacity.models import RecalibrationRun
from capacity.services.recalibration import run_recalibration
from tests.capacity import recalibration as story
from tests.conftest import NOW
from tests.kernel.conftest import Caller

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v1/recalibrations/"


def test_a_run_is_asked_for_followed_and_read(
    cast: SimpleNamespace, api: Callable[..., Caller]
) -> None:
    workload = story.live(cast)
    story.used(workload, [story.APRIL], users=1600, entered_at=NOW)
    pia = api("pia")

    asked = pia("POST", ADDRESS, {"period": "2026-04"})
    run_id = asked.json()["id"]
    run_recalibration(run_id=run_id, worker="worker", clock=lambda: NOW)
    read = pia("GET", f"{ADDRESS}{run_id}/").json()

    assert asked.status_code == 202
    assert asked["Location"] == f"{ADDRESS}{run_id}/"
    assert (asked.json()["status"], asked.json()["results"]) == ("queued", [])
    assert {name: read[name] for name in ("period", "status", "current")} == {
        "period": "2026-04",
        "status": "complete",
        "current": True,
    }
    assert (read["done"], read["total"], read["calibrated"]) == (1, 1, None)
    [found] = read["results"]
    assert (found["workload"], found["missing"], found["draft"]) == ("W-01", [], None)
    assert found["inputs"]["users"] == {"forecast": 1000, "actual": 1600, "error": 0.6}
    assert found["inputs"]["cached_input_share"] == {
        "forecast": 0,
        "actual": 0,
        "error": None,
    }
    assert found["budgets"] == {
        "tokens": {"forecast": 66_000_000, "actual": 66_000_000, "error": 0}
    }
    assert [line["text"] for line in read["log"]][-1] == (
        "Complete: 1 workload, 1 off by more than the threshold, 0 with missing actuals."
    )


def test_asking_twice_joins_the_open_run(
    cast: SimpleNamespace, api: Callable[..., Caller]
) -> None:
    first = api("pia")("POST", ADDRESS, {"period": "2026Q2"})
    second = api("felix")("POST", ADDRESS, {"period": "2026-Q2"})

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"]
    assert RecalibrationRun.objects.count() == 1


@pytest.mark.parametrize(
    ("period", "status", "code"),
    [
        ("2026Q9", 400, "invalid"),
        ("spring", 400, "invalid"),
        ("", 400, "invalid"),
        ("2030Q1", 409, "period_not_begun"),
    ],
)
def test_what_is_no_period_is_refused_by_name(
    cast: SimpleNamespace,
    api: Callable[..., Caller],
    period: str,
    status: int,
    code: str,
) -> None:
    answer = api("pia")("POST", ADDRESS, {"period": period})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not RecalibrationRun.objects.exists()


def test_runs_are_listed_by_period(
    cast: SimpleNamespace, api: Callable[..., Caller]
) -> None:
    story.live(cast)
    pia = api("pia")
    for period in ("2026-04", "2026Q1"):
        pia("POST", ADDRESS, {"period": period})

    found = pia("GET", f"{ADDRESS}?period=2026-Q1").json()["results"]
    all_of_them = pia("GET", ADDRESS).json()["results"]

    assert [one["period"] for one in found] == ["2026Q1"]
    assert [one["period"] for one in all_of_them] == ["2026Q1", "2026-04"]
    assert found[0]["requested_by"] == "pia"


def test_a_run_that_is_not_there_is_not_found(
    cast: SimpleNamespace, api: Callable[..., Caller]
) -> None:
    assert api("pia")("GET", f"{ADDRESS}99999999999999999999/").status_code == 404
