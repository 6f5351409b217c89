"""The API of actuals and quarters: who may, what is answered, what is refused."""

from typing import Any

import pytest

from portal.kernel.enums import Scope
from tests.capacity import actual_stories as told
from tests.workloads.stories import proposed

pytestmark = pytest.mark.django_db

V1 = "/api/v1/"
AMOUNT = {"month": "2026-04", "line": "orchestration", "amount": "800.00"}
HOURS = {"workload": None, "week": "2026-W17", "category": "on_call", "hours": 6.5}
TOKENS = {"month": "2026-04", "workload": "W-01", **told.TOKENS}


def test_an_amount_is_entered_and_read_back(api: Any) -> None:
    made = api("ines")("POST", f"{V1}actuals/compute/", AMOUNT)
    again = api("ines")("POST", f"{V1}actuals/compute/", AMOUNT)

    assert (made.status_code, again.status_code) == (201, 200)
    body = made.json()
    assert {k: v for k, v in body.items() if k != "id"} == {
        "month": "2026-04",
        "line": "orchestration",
        "amount": "800.00",
        "currency": "USD",
        "peak_concurrent_sessions": None,
        "corrects": None,
        "corrected_by": None,
        "reason": "",
        "entered_by": "ines",
        "entered_at": "2026-05-12T09:00:00Z",
    }
    listed = api("nils", Scope.PLAN_READ)("GET", f"{V1}actuals/compute/")
    assert listed.json()["results"] == [body]


def test_a_peak_is_a_number_without_money(api: Any) -> None:
    body = {"month": "2026-04", "peak_concurrent_sessions": 72.69}

    made = api("ines")("POST", f"{V1}actuals/compute/", body).json()

    assert (made["peak_concurrent_sessions"], made["amount"], made["line"]) == (
        *(72.69, None, None),
    )


def test_a_correction_stands_and_the_first_is_kept(api: Any) -> None:
    ines = api("ines", Scope.ACTUALS_WRITE)
    first = ines("POST", f"{V1}actuals/compute/", AMOUNT).json()
    body = {**AMOUNT, "amount": "810.00", "corrects": first["id"], "reason": "invoice"}

    second = ines("POST", f"{V1}actuals/compute/", body).json()
    third = ines("POST", f"{V1}actuals/compute/", {**body, "amount": "820.00"})

    assert (second["corrects"], second["reason"]) == (first["id"], "invoice")
    assert (third.status_code, third.json()["code"]) == (409, "already_corrected")
    for query, ids in (
        ("?standing=true", [second["id"]]),
        ("?standing=false", [first["id"]]),
        ("?month=2026-05", []),
        ("?line=orchestration&ordering=id", [first["id"], second["id"]]),
        ("?search=invoice", [second["id"]]),
    ):
        rows = ines("GET", f"{V1}actuals/compute/{query}").json()["results"]
        assert [row["id"] for row in rows] == ids, query


def test_hours_answer_with_month_and_quarter_of_the_thursday(
    api: Any, cast: Any
) -> None:
    proposed(cast)
    noor = api("noor")
    body = {**HOURS, "workload": "w1", "week": "2026-W14"}

    made = noor("POST", f"{V1}actuals/ops/", body)
    noor("POST", f"{V1}actuals/ops/", HOURS)

    assert made.status_code == 201
    told_ = {k: made.json()[k] for k in ("workload", "month", "quarter", "hours")}
    assert told_ == {
        "workload": "W-01",
        "month": "2026-04",
        "quarter": "2026Q2",
        "hours": 6.5,
    }
    platform = noor("GET", f"{V1}actuals/ops/?workload=platform").json()["results"]
    assert [row["workload"] for row in platform] == [None]


def test_tokens_are_refused_where_events_tell_the_month(api: Any, cast: Any) -> None:
    told.used(proposed(cast), "2026-04-02")

    answer = api("felix")("POST", f"{V1}actuals/tokens/", TOKENS)
    other = api("felix")("POST", f"{V1}actuals/tokens/", {**TOKENS, "month": "2026-05"})

    assert (answer.status_code, answer.json()["code"]) == (409, "usage_events")
    assert (other.status_code, other.json()["turns"]) == (201, 1600)


BAD: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("ines", "compute", {**AMOUNT, "amount": "-1.00"}, "/amount", "min_value"),
    ("ines", "compute", {**AMOUNT, "amount": 800}, "/amount", "invalid"),
    ("ines", "compute", {**AMOUNT, "amount": "1e400"}, "/amount", "invalid"),
    ("ines", "compute", {**AMOUNT, "amount": "9" * 17}, "/amount", "max_value"),
    ("ines", "compute", {**AMOUNT, "month": "2026-13"}, "/month", "invalid"),
    ("ines", "compute", {**AMOUNT, "month": "2026-06"}, "/month", "in_the_future"),
    ("ines", "compute", {**AMOUNT, "line": "gpu"}, "/line", "unknown_line"),
    ("ines", "compute", {"month": "2026-04"}, "/amount", "amount_or_peak"),
    ("ines", "compute", {**AMOUNT, "corrects": 7}, "/corrects", "unknown_entry"),
    ("ines", "compute", {**AMOUNT, "id": 7}, "/id", "read_only"),
    ("ines", "compute", {**AMOUNT, "cost": 7}, "/cost", "unknown_field"),
    ("noor", "ops", {**HOURS, "week": "2026-W54"}, "/week", "invalid"),
    ("noor", "ops", {**HOURS, "week": "17"}, "/week", "invalid"),
    ("noor", "ops", {**HOURS, "week": "2026-W30"}, "/week", "in_the_future"),
    ("noor", "ops", {**HOURS, "hours": -0.5}, "/hours", "min_value"),
    ("noor", "ops", {**HOURS, "hours": 10**18}, "/hours", "max_value"),
    ("noor", "ops", {**HOURS, "category": "tea"}, "/category", "invalid_choice"),
    ("noor", "ops", {**HOURS, "workload": "W-99"}, "/workload", "unknown_workload"),
    ("noor", "ops", {**HOURS, "workload": "chat"}, "/workload", "unknown_workload"),
    ("felix", "tokens", {**TOKENS, "turns": 10**18}, "/turns", "max_value"),
    ("felix", "tokens", {**TOKENS, "turns": 1.5}, "/turns", "invalid"),
    ("felix", "tokens", {**TOKENS, "workload": None}, "/workload", "null"),
]


@pytest.mark.parametrize(("who", "kind", "body", "pointer", "code"), BAD)
def test_a_bad_body_names_field_and_reason(
    api: Any, cast: Any, who: str, kind: str, body: Any, pointer: str, code: str
) -> None:
    proposed(cast)

    answer = api(who)("POST", f"{V1}actuals/{kind}/", body)

    assert answer.status_code == 400, answer.json()
    found = {(one["pointer"], one["code"]) for one in answer.json()["errors"]}
    assert (pointer, code) in found


def test_a_nul_byte_reaches_no_table(api: Any) -> None:
    body = {**AMOUNT, "line": "orch\x00estration"}

    answer = api("ines")("POST", f"{V1}actuals/compute/", body)

    assert answer.status_code == 400


@pytest.mark.parametrize("kind", ["compute", "ops", "tokens"])
def test_scopes_are_those_of_actuals(api: Any, kind: str) -> None:
    path = f"{V1}actuals/{kind}/"

    assert api("felix", Scope.PLAN_WRITE)("POST", path, {}).status_code == 403
    assert api("felix", Scope.PLAN_WRITE)("GET", path).status_code == 403
    assert api("felix", Scope.PLAN_READ)("GET", path).status_code == 200
    assert api(None)("GET", path).status_code == 401


# --- Quarters ------------------------------------------------------------------------


def test_finance_closes_and_opens_a_quarter(api: Any) -> None:
    felix = api("felix")
    closed = felix("GET", f"{V1}quarters/2026Q1/").json()
    reopened = felix("POST", f"{V1}quarters/2026Q1/reopen/", {"reason": "late bill"})
    early = felix("POST", f"{V1}quarters/2026Q1/close/", {"reason": "done"})
    told.recalibrated("2026Q1")
    running = felix("POST", f"{V1}quarters/2026Q2/close/", {"reason": "done"})

    assert (closed["state"], closed["closes_on"]) == ("closed", "2026-04-30")
    assert reopened.json() == {
        "quarter": "2026Q1",
        "state": "reopened",
        "closes_on": "2026-04-30",
        "by": "felix",
        "at": "2026-05-12T09:00:00Z",
        "reason": "late bill",
    }
    assert (early.status_code, early.json()["code"]) == (409, "not_recalibrated")
    assert (running.status_code, running.json()["code"]) == (409, "quarter_not_ended")


@pytest.mark.parametrize(
    ("path", "status"),
    [("2026Q5", 404), ("2026", 404), ("x", 404), ("2026-Q1", 400), ("2026Q2", 400)],
)
def test_a_quarter_is_named_and_opened_with_a_reason(
    api: Any, path: str, status: int
) -> None:
    answer = api("felix")("POST", f"{V1}quarters/{path}/reopen/", {"reason": " "})

    assert answer.status_code == status


def test_an_open_quarter_is_not_opened(api: Any) -> None:
    answer = api("felix")("POST", f"{V1}quarters/2026Q2/reopen/", {"reason": "why"})

    assert (answer.status_code, answer.json()["code"]) == (409, "quarter_open")
