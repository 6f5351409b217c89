"""Twenty years from today, and no further: one bound for whatever names a period."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from capacity.services.reserve import fix_reserve
from capacity.services.staffing import raise_staffing
from portal.kernel.errors import Invalid
from portal.kernel.periods import Month, Quarter, beyond_reach
from tests.capacity.rates import price, staff
from tests.conftest import NOW
from tests.workloads import stories
from tests.workloads.pages import Reader, words
from tests.workloads.test_api_imports import HEAD, send

HERE = Quarter(2026, 2)
NEAREST = (("2006Q2", True), ("2006Q1", False), ("2046Q2", True), ("2046Q3", False))
WHY = "It lies more than 20 years from 2026Q2."


@pytest.mark.parametrize(("name", "is_near"), NEAREST)
def test_a_quarter_lies_within_twenty_years(name: str, is_near: bool) -> None:
    assert beyond_reach(Quarter.parse(name), HERE) == ("" if is_near else WHY)


def test_a_month_lies_within_twenty_years() -> None:
    here = Month(2026, 5)
    told = [
        beyond_reach(Month.parse(name), here)
        for name in ("2006-05", "2046-05", "2006-04", "2046-06")
    ]

    assert told == ["", "", *["It lies more than 20 years from 2026-05."] * 2]


def _told(answer: Any) -> list[tuple[str, str]]:
    return [(one["pointer"], one["code"]) for one in answer.json()["errors"]]


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "is_near"), [*NEAREST, ("2099Q4", False)])
def test_the_roadmap_is_read_within_reach(api: Any, name: str, is_near: bool) -> None:
    answer = api("nils")("GET", f"/api/v1/plan/?from={name}&quarters=16")

    assert answer.status_code == (200 if is_near else 400)
    if not is_near:
        assert _told(answer) == [("?from", "out_of_range")]


@pytest.mark.django_db
@pytest.mark.usefixtures("at_now")
@pytest.mark.parametrize("page", ["/plan/roadmap/?from=", "/capacity/?quarter="])
@pytest.mark.parametrize(("name", "is_near"), [*NEAREST, ("2099Q4", False)])
def test_a_page_says_so(
    cast: SimpleNamespace, page: str, name: str, is_near: bool
) -> None:
    answer = Reader(cast)("sarah").get(f"{page}{name}")

    assert answer.status_code == (200 if is_near else 400)
    assert (WHY in words(answer)) is not is_near


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("who", "path", "body", "pointer"),
    [
        (
            "noor",
            "/api/v1/staffing/",
            {"quarter": "2046Q3", "full_time_equivalents": 1, "reason": "As planned."},
            "/quarter",
        ),
        (
            "clara",
            "/api/v1/plan/baselines/",
            {"quarter": "2046Q3", "moment": "opened"},
            "/quarter",
        ),
        (
            "ines",
            "/api/v1/actuals/compute/",
            {"month": "2006-04", "peak_concurrent_sessions": 1},
            "/month",
        ),
        (
            "noor",
            "/api/v1/actuals/ops/",
            {"workload": None, "week": "2001-W02", "category": "platform", "hours": 1},
            "/week",
        ),
        ("pia", "/api/v1/recalibrations/", {"period": "2006Q1"}, "/period"),
        (
            "pia",
            "/api/v1/workloads/",
            {"name": "A chat", "ship_quarter": "2046Q3"},
            "/ship_quarter",
        ),
        ("felix", "/api/v1/quarters/2000Q1/reopen/", {"reason": "Why."}, "/quarter"),
    ],
)
def test_what_is_entered_lies_within_reach(
    api: Any, who: str, path: str, body: dict[str, Any], pointer: str
) -> None:
    answer = api(who)("POST", path, body)

    assert answer.status_code == 400, answer.content
    assert _told(answer) == [(pointer, "out_of_range")]


@pytest.mark.django_db
def test_the_last_quarter_in_reach_takes_people(api: Any) -> None:
    body = {"full_time_equivalents": 1, "reason": "As planned."}

    answer = api("noor")("POST", "/api/v1/staffing/", {"quarter": "2046Q2", **body})

    assert answer.status_code == 201, answer.content


@pytest.mark.django_db
def test_a_committee_fixes_and_raises_nothing_out_of_reach(
    cast: SimpleNamespace,
) -> None:
    price("Sonnet")
    far = Quarter.parse("2046Q3")

    with pytest.raises(Invalid, match=WHY):
        fix_reserve(
            actor=cast.clara,
            quarter=far,
            ratio=Decimal("0.175"),
            decision="D-1",
            now=NOW,
        )
    with pytest.raises(Invalid, match=WHY):
        raise_staffing(
            quarter=far,
            full_time_equivalents=Decimal(2),
            decision="D-1",
            actor=None,
            now=NOW,
        )


@pytest.mark.django_db
def test_a_workload_is_not_moved_out_of_reach(api: Any, cast: SimpleNamespace) -> None:
    stories.proposed(cast)

    answer = api("pia")(
        "PATCH", "/api/v1/workloads/W-01/", {"ship_quarter": "2046Q3"}, if_match="*"
    )

    assert answer.status_code == 400, answer.content
    assert _told(answer) == [("/ship_quarter", "out_of_range")]


@pytest.mark.django_db
def test_a_row_of_a_sheet_says_so(api: Any) -> None:
    rows = ["W-01,A chat,,,,,,,,,Q3-2046", "W-02,B chat,,,,,,,,,Q2-2046"]

    answer = send(api, "\n".join([HEAD, *rows]), query="?dry_run=true")

    first, second = answer.json()["rows"]
    assert [one["code"] for one in first["errors"]] == ["out_of_range"]
    assert (first["verdict"], second["verdict"]) == ("error", "create")


@pytest.mark.django_db
@pytest.mark.usefixtures("at_now")
def test_decades_of_growth_are_refused_with_a_sentence(
    api: Any, cast: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1,000 % a month for twenty years: no number tells it."""
    price("Sonnet")
    staff("2026Q2", people="100")
    monkeypatch.setitem(stories.COMPLETE, "growth_per_month", Decimal(10))
    monkeypatch.setitem(stories.COMPLETE, "ops_reason", "It runs by itself.")
    stories.committed(cast)
    nils = api("nils")
    calls = [
        ("GET", "/api/v1/forecast/?from=2045-01"),
        ("POST", "/api/v1/forecast/scenarios/", {"from": "2045-01", "samples": 10}),
        ("GET", "/api/v1/plan/?from=2045Q1"),
    ]

    for call in calls:
        problem = nils(*call).json()
        assert (problem["status"], problem["code"]) == (409, "growth_out_of_reach")
        assert "W-01 grows by 1,000 % a month" in problem["detail"]
    for page in (
        "/capacity/?quarter=2045Q1",
        "/plan/roadmap/?from=2045Q1",
        "/capacity/scenarios/?from=2045-01",
    ):
        answer = Reader(cast)("sarah").get(page)
        assert answer.status_code in (200, 409)
        assert "W-01 grows by 1,000 % a month" in words(answer)
