"""Negative, absurd and contradictory inputs: the field and the reason, nothing written."""

from typing import Any

import pytest

from portal.kernel.models import AuditEntry
from tests.workloads import stories
from tests.workloads.pages import Reader, words
from workloads.models import Estimate

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
ALL = "/api/v1/workloads/W-01/estimates/"
COMPLETE = {**stories.COMPLETE}
PREVIEW = "/workloads/W-01/estimates/preview/"
TYPED = {
    "basis": "declared",
    "users": "4200",
    "sessions_per_user_month": "18",
    "declared_tokens_per_user_month": "520k",
    "session_minutes": "10",
    "profile": "business_hours",
    "ops_hours_week": "6",
}

BAD: list[tuple[dict[str, Any], str]] = [
    # what is sent, the field that the refusal names
    ({"users": -1}, "/users"),
    ({"users": 10**18}, "/users"),
    ({"declared_tokens_per_user_month": 10**18}, "/declared_tokens_per_user_month"),
    ({"sessions_per_user_month": -0.5}, "/sessions_per_user_month"),
    ({"ops_hours_week": 10**9}, "/ops_hours_week"),
    ({"session_minutes": 10_081}, "/session_minutes"),
    ({"cached_input_share": 1.01}, "/cached_input_share"),
    ({"batch_share": -0.1}, "/batch_share"),
    ({"planner_share": 2}, "/planner_share"),
    ({"profile": [1.0] * 167}, "/profile"),
    ({"profile": [0] * 168}, "/profile"),
    ({"turns_per_session": 5}, "/declared_tokens_per_user_month"),
    ({"users": 10**9, "declared_tokens_per_user_month": 10**12}, "/users"),
]


@pytest.mark.parametrize(("sent", "pointer"), BAD)
def test_a_bad_input_names_its_field_and_writes_nothing(cast, api, sent, pointer):
    stories.proposed(cast)

    answer = api("sarah")("POST", ALL, {**COMPLETE, **sent})

    errors = answer.json()["errors"]
    assert answer.status_code == 400
    assert pointer in {one["pointer"] for one in errors}
    assert all(one["detail"] for one in errors)
    assert not Estimate.objects.exists()
    assert not AuditEntry.objects.filter(action__startswith="estimate.").exists()


def test_an_unknown_model_is_said_before_anyone_submits(cast, api):
    stories.proposed(cast, primary_model="Grok", degrade_model="")

    made = api("sarah")("POST", ALL, COMPLETE).json()
    refused = api("sarah")("POST", f"{ALL}1/submit/")

    assert made["missing"] == ["model_tier"]
    assert made["budgets"]["tokens"]["cost_per_month"] is None
    assert refused.status_code == 409
    body = refused.json()
    assert (body["code"], body["missing"]) == ("estimate_incomplete", ["model_tier"])
    assert body["errors"][0]["code"] == "no_price"
    assert "The rate card has no price of Grok." in body["detail"]


def test_the_preview_tells_of_an_unknown_model_and_who_prices_it(cast):
    stories.proposed(cast, primary_model="Grok", degrade_model="")

    page = words(Reader(cast)("sarah").post(PREVIEW, TYPED))

    assert "No cost: Grok has no price" in page
    assert "No price The rate card has no price of Grok. The finance lead can" in page
    assert "It can be submitted." not in page


def test_the_preview_says_that_a_figure_is_a_slip(cast):
    stories.proposed(cast)
    absurd = {"users": "1000000000", "declared_tokens_per_user_month": "1000000000000"}

    shown = Reader(cast)("sarah").post(PREVIEW, {**TYPED, **absurd})

    assert shown.status_code == 200
    assert "tokens a month is above the most" in words(shown)


def test_the_preview_asks_for_a_reason_and_weighs_it_against_the_plan(cast):
    stories.committed(cast)
    stories.proposed(cast, name="Reviews", shape="code", ship_quarter="2026Q2")
    typed = {**TYPED, "declared_tokens_per_user_month": "1.4M"}

    shown = Reader(cast)("sarah").post(PREVIEW.replace("W-01", "W-02"), typed)

    page = words(shown)
    assert 'class="stack tight asks-reason"' in shown.content.decode()
    assert "Reason asked 6 h/week is below the guidance of 10 to 12" in page
    # 6 + 6 stable, twice 12 in the first quarter, 4 for the platform.
    assert "With it committed: 40 of 4,000 h/week, 18 without" in page
    assert "forecast at 520k tokens per user and month: 62.9 % too small" in page
