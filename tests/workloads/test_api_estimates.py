"""Drafts, versions, submitting and comparing through the API."""

import pytest

from portal.kernel.models import AuditEntry
from tests.conftest import CAST
from tests.workloads import stories
from workloads.enums import SignRole, Status
from workloads.models import Estimate, Workload

pytestmark = pytest.mark.django_db
ALL = "/api/v1/workloads/W-01/estimates/"
ONE = f"{ALL}1/"
EVERYONE = [username for username, *_ in CAST]

FACTORS = {
    "users": 1100,
    "sessions_per_user_month": 42,
    "turns_per_session": 5,
    "input_tokens_per_turn": 3000.5,
    "output_tokens_per_turn": 400,
    "output_multiplier": 1.5,
    "tool_call_factor": 1.2,
    "retry_factor": 1.05,
    "session_minutes": 12,
    "profile": "evenings",
    "ops_hours_week": 4,
    "growth_per_month": 0.02,
    "cached_input_share": 0.3,
    "batch_share": 0.1,
    "planner_share": 0,
    "ops_reason": "",
    "sources": {"users": "observed", "turns_per_session": "pilot"},
    "ranges": {"users": [900, 1300], "growth_per_month": [-0.1, 0.1]},
    "note": "From the pilot.",
}


def codes(answer):
    return [(one["pointer"], one["code"]) for one in answer.json()["errors"]]


@pytest.fixture
def workload(cast):
    return stories.proposed(cast)


# --- A new draft ---------------------------------------------------------------------


def test_a_draft_keeps_every_input_and_sizes_it(workload, api):
    answer = api("sarah")("POST", ALL, FACTORS)

    body = answer.json()
    assert answer.status_code == 201
    assert answer["Location"] == ONE
    assert {name: body[name] for name in FACTORS} == FACTORS
    assert (body["workload"], body["version"], body["state"]) == ("W-01", 1, "draft")
    assert (body["sha256"], body["missing"], body["signoffs"]) == (None, [], [])
    # 42 × 5 × 3000.5 × 1.2 × 1.05 and 42 × 5 × 400 × 1.5 × 1.2 × 1.05
    assert body["budgets"] == {
        "tokens": {
            "input_tokens_per_user_month": 793_932,
            "output_tokens_per_user_month": 158_760,
            "tokens_per_user_month": 952_692,
            "tokens_per_month": 952_692 * 1100,
            "cost_per_month": "4532.12",
            "batch_saving_per_month": "0.00",
            "planner_saving_per_month": "0.00",
            "currency": "USD",
        },
        "compute": {
            "peak_concurrent_sessions": pytest.approx(792 / 13),
            "cost_per_month": "0.00",
            "currency": "USD",
        },
        "ops": {"hours_week": 4},
    }
    assert body["sources_count"] == {
        "pilot": 1,
        "observed": 1,
        "similar": 0,
        "assumed": 11,
    }
    assert body["contributors"] == ["sarah"]
    assert answer["ETag"] == api("nils")("GET", ONE)["ETag"]


def test_an_empty_draft_says_what_it_lacks(workload, api):
    body = api("sarah")("POST", ALL, {}).json()

    assert body["missing"] == [
        "users",
        "sessions_per_user_month",
        "turns_per_session",
        "input_tokens_per_turn",
        "output_tokens_per_turn",
        "ops_hours_week",
    ]
    assert body["session_minutes"] == 10
    assert body["profile"] == "business_hours"
    assert body["budgets"]["tokens"]["tokens_per_month"] is None


def test_declared_tokens_stand_for_the_factors(workload, api):
    body = api("sarah")(
        "POST", ALL, {**stories.COMPLETE, "declared_input_share": 0.8}
    ).json()

    assert (body["declared"], body["missing"]) == (True, [])
    tokens = body["budgets"]["tokens"]
    assert tokens["input_tokens_per_user_month"] == 416_000
    assert tokens["tokens_per_month"] == 520_000 * 4200


def test_a_profile_of_ones_own_is_168_weights(workload, api):
    weights = [0] * 100 + [1.5] * 68

    body = api("sarah")("POST", ALL, {"profile": weights}).json()

    assert body["profile"] == weights


WRONG = [
    ({"users": -1}, ("/users", "min_value")),
    ({"users": 10**9 + 1}, ("/users", "max_value")),
    ({"users": 4.5}, ("/users", "invalid")),
    ({"users": "4,200"}, ("/users", "invalid")),
    ({"users": True}, ("/users", "invalid")),
    ({"sessions_per_user_month": 100_001}, ("/sessions_per_user_month", "max_value")),
    ({"sessions_per_user_month": 1.234}, ("/sessions_per_user_month", "places")),
    ({"ops_hours_week": -0.5}, ("/ops_hours_week", "min_value")),
    ({"cached_input_share": 1.01}, ("/cached_input_share", "max_value")),
    ({"growth_per_month": -1.5}, ("/growth_per_month", "min_value")),
    ({"session_minutes": None}, ("/session_minutes", "null")),
    ({"output_multiplier": 5000}, ("/output_multiplier", "max_value")),
    ({"profile": "lunch"}, ("/profile", "invalid")),
    ({"profile": 7}, ("/profile", "invalid")),
    ({"profile": [1] * 167}, ("/profile", "weights")),
    ({"profile": [0] * 168}, ("/profile", "weights")),
    ({"profile": [-1] * 168}, ("/profile", "weights")),
    ({"profile": ["1"] * 168}, ("/profile", "weights")),
    ({"sources": {"users": "guessed"}}, ("/sources/users", "unknown_source")),
    ({"sources": {"mood": "pilot"}}, ("/sources/mood", "unknown_input")),
    ({"sources": ["pilot"]}, ("/sources", "invalid")),
    ({"sources": {"users": None}}, ("/sources/users", "unknown_source")),
    ({"ranges": {"users": [5]}}, ("/ranges/users", "invalid")),
    ({"ranges": {"users": [9, 5]}}, ("/ranges/users", "low_above_high")),
    ({"ranges": {"users": ["1", "2"]}}, ("/ranges/users", "invalid")),
    ({"ranges": {"users": [-1, 5]}}, ("/ranges/users", "min_value")),
    ({"ranges": {"profile": [1, 5]}}, ("/ranges/profile", "unknown_input")),
    ({"note": "x" * 2001}, ("/note", "max_length")),
    (
        {"declared_tokens_per_user_month": 5, "turns_per_session": 5},
        ("/declared_tokens_per_user_month", "contradictory"),
    ),
    (
        {
            "users": 10**9,
            "sessions_per_user_month": 1,
            "declared_tokens_per_user_month": 10**12,
        },
        ("/users", "too_many_tokens"),
    ),
    ({"version": 4}, ("/version", "read_only")),
    ({"sha256": "0" * 64}, ("/sha256", "read_only")),
    ({"budgets": {}}, ("/budgets", "read_only")),
    ({"tokens": 5}, ("/tokens", "unknown_field")),
]


@pytest.mark.parametrize(("wrong", "error"), WRONG)
def test_an_absurd_input_is_named_and_nothing_is_written(workload, api, wrong, error):
    answer = api("sarah")("POST", ALL, wrong)

    assert answer.status_code == 400
    assert codes(answer) == [error]
    assert not Estimate.objects.exists()


def test_there_is_at_most_one_draft(workload, api):
    api("sarah")("POST", ALL, {})

    answer = api("pia")("POST", ALL, {})

    assert (answer.status_code, answer.json()["code"]) == (409, "draft_exists")
    assert answer.json()["link"] == "/workloads/W-01/estimates/1/"


@pytest.mark.parametrize("person", EVERYONE)
def test_who_may_write_an_estimate(workload, api, person):
    answer = api(person)("POST", ALL, {})

    assert answer.status_code == (201 if person in {"sarah", "pia"} else 403)


# --- Edit and submit -----------------------------------------------------------------


def test_who_edits_a_draft_becomes_a_contributor(workload, cast, api):
    stories.drafted(workload, cast.sarah)
    read = api("pia")("GET", ONE)

    answer = api("pia")("PATCH", ONE, {"users": 5000}, If_Match=read["ETag"])

    assert answer.status_code == 200
    assert answer.json()["users"] == 5000
    assert answer.json()["contributors"] == ["pia", "sarah"]
    assert answer["ETag"] != read["ETag"]
    again = api("pia")("PATCH", ONE, {"users": 1}, If_Match=read["ETag"])
    assert (again.status_code, again.json()["code"]) == (412, "stale")


def test_a_draft_changes_from_declared_to_factors(workload, cast, api):
    stories.drafted(workload, cast.sarah)

    answer = api("sarah")(
        "PATCH",
        ONE,
        {
            "declared_tokens_per_user_month": None,
            "turns_per_session": 5,
            "input_tokens_per_turn": 100,
            "output_tokens_per_turn": 50,
        },
        If_Match="*",
    )

    assert answer.json()["declared"] is False
    assert answer.json()["budgets"]["tokens"]["tokens_per_user_month"] == 13_500


EDIT_ORDER = [
    (None, ONE, None, b"{", 401, "not_signed_in"),
    ("adele", f"{ALL}7/", None, b"{", 404, "not_found"),
    ("adele", ONE, None, b"{", 403, "not_allowed"),
    ("sarah", ONE, None, b"{", 428, "precondition_required"),
    ("sarah", ONE, '"other"', b"{", 412, "stale"),
    ("sarah", ONE, "*", b"{", 400, "malformed"),
    ("sarah", ONE, "*", {"state": "signed"}, 400, "read_only"),
    ("sarah", ONE, "*", {"users": 5000}, 409, "not_a_draft"),
]


@pytest.mark.parametrize(("who", "path", "tag", "body", "status", "code"), EDIT_ORDER)
def test_an_edit_of_a_submitted_version_is_refused_in_one_order(
    workload, cast, api, who, path, tag, body, status, code
):
    stories.submitted(workload, cast.sarah)

    answer = api(who)("PATCH", path, body, **({"If_Match": tag} if tag else {}))

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert Estimate.objects.get().users == 4200


def test_submitting_freezes_a_version(workload, cast, api):
    stories.drafted(workload, cast.sarah)
    read = api("sarah")("GET", ONE)

    answer = api("sarah")("POST", f"{ONE}submit/", If_Match=read["ETag"])

    body = answer.json()
    assert answer.status_code == 200
    assert (body["state"], body["submitted_by"]) == ("submitted", "sarah")
    assert answer["ETag"] == f'"{body["sha256"]}"'
    assert body["model_tier"] == "Sonnet→Haiku"
    assert AuditEntry.objects.get(action="estimate.submitted").after == {
        "version": 1,
        "sha256": body["sha256"],
    }


def test_a_version_that_lacks_inputs_is_not_submitted(workload, api):
    api("sarah")("POST", ALL, {"users": 5})

    answer = api("sarah")("POST", f"{ONE}submit/")

    body = answer.json()
    assert (answer.status_code, body["code"]) == (409, "estimate_incomplete")
    assert body["missing"][0] == "sessions_per_user_month"
    assert body["link"] == "/workloads/W-01/estimates/1/"


@pytest.mark.parametrize(
    ("who", "tag", "status", "code"),
    [
        (None, None, 401, "not_signed_in"),
        ("ines", None, 403, "not_allowed"),
        ("sarah", '"other"', 412, "stale"),
        ("sarah", None, 409, "not_a_draft"),
    ],
)
def test_submitting_twice_is_refused(workload, cast, api, who, tag, status, code):
    stories.submitted(workload, cast.sarah)
    headers = {"If_Match": tag} if tag else {}

    answer = api(who)("POST", f"{ONE}submit/", **headers)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_submitting_takes_a_planned_workload_back(cast, api):
    stories.drafted(stories.planned(cast), cast.sarah, users=5000)

    api("sarah")("POST", f"{ALL}2/submit/")

    assert Workload.objects.get().status == Status.CANDIDATE
    states = [
        (one["version"], one["state"])
        for one in api("nils")("GET", ALL).json()["results"]
    ]
    assert states == [(2, "submitted"), (1, "superseded")]


def test_a_retired_workload_takes_no_estimate(cast, api):
    stories.moved(stories.proposed(cast), Status.RETIRED, cast.sarah, "Dropped.")

    answer = api("sarah")("POST", ALL, {})

    assert (answer.status_code, answer.json()["code"]) == (409, "workload_retired")


# --- Read and compare ----------------------------------------------------------------


def test_a_signature_is_told_with_whom_and_until_when(workload, cast, api):
    estimate = stories.submitted(workload, cast.sarah)
    stories.press(estimate, cast.felix, SignRole.FINANCE)

    body = api("nils")("GET", ONE).json()

    assert body["signoffs"] == [
        {
            "role": "finance",
            "verdict": "approve",
            "by": "felix",
            "on_behalf_of": None,
            "at": "2026-05-12T09:00:00Z",
            "attested": False,
            "lapses_on": "2026-12-31",
            "reason": "",
        }
    ]


@pytest.mark.parametrize("version", ["0", "2", "999999999999999999999"])
def test_another_version_is_not_found(workload, cast, api, version):
    stories.drafted(workload, cast.sarah)

    answer = api("nils")("GET", f"{ALL}{version}/")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_two_versions_side_by_side(cast, api):
    stories.drafted(stories.planned(cast), cast.sarah, users=4620, ops_hours_week=5)

    answer = api("nils")("GET", f"{ALL}2/compare/?with=1").json()

    assert (answer["before"], answer["after"]) == (1, 2)
    changed = [one for one in answer["inputs"] if one["changed"]]
    assert changed[0] == {
        "name": "users",
        "before": 4200,
        "after": 4620,
        "changed": True,
        "change": 420,
        "ratio": 0.1,
        "effects": {
            "tokens": {"tokens_per_month": 420 * 520_000, "cost_per_month": "1310.40"},
            "compute": {
                "peak_concurrent_sessions": pytest.approx(7.2692307692),
                "cost_per_month": "0.00",
            },
            "ops": {"hours_week": 0},
        },
    }
    assert [one["name"] for one in changed] == ["users", "ops_hours_week"]
    budgets = {
        (budget, one["name"]): one["change"]
        for budget, lines in answer["budgets"].items()
        for one in lines
        if one["changed"]
    }
    assert budgets == {
        ("tokens", "tokens_per_month"): 420 * 520_000,
        ("tokens", "cost_per_month"): 1310.4,
        ("compute", "peak_concurrent_sessions"): pytest.approx(7.2692307692),
        ("ops", "hours_week"): -1,
    }
    assert [one["effects"] for one in answer["inputs"] if not one["changed"]] == (
        [None] * 20
    )
    assert answer["prices"]["tokens"] == {
        "tokens_per_month": 0,
        "cost_per_month": "0.00",
    }


@pytest.mark.parametrize(
    ("query", "status"),
    [("", 400), ("?with=0", 400), ("?with=x", 400), ("?with=9", 404)],
)
def test_a_comparison_needs_a_version_that_is_there(workload, cast, api, query, status):
    stories.drafted(workload, cast.sarah)

    assert api("nils")("GET", f"{ONE}compare/{query}").status_code == status
