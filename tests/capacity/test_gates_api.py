"""Gates, opt-ins, proposals, exceptions and accounts through the API."""

import pytest

from capacity.models import Account, GateException, GatePolicy
from capacity.services.gate_proposals import propose_ceilings
from tests.capacity import gates
from tests.conftest import NOW
from tests.workloads import stories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
GATES = "/api/v1/workloads/W-01/gates/"
ONE = f"{GATES}1/"
EXCEPTIONS = "/api/v1/gates/exceptions/"
ACCOUNTS = "/api/v1/accounts/"
BODY = {
    "primary_model": "Sonnet",
    "degrade_model": "Haiku",
    "tiers": [{"tier": "standard", "ceiling_tokens": 780_000, "overage": "soft_cap"}],
}
OPT_IN = {
    "by": "Jo Berg",
    "at": "2026-05-01T09:00:00Z",
    "reference": "MSA-17",
}


@pytest.fixture
def workload(cast):
    return stories.proposed(cast)


def drafted(api, **changes):
    made = api("pia")("POST", GATES, {**BODY, **changes})
    assert made.status_code == 201
    return made


def test_a_draft_answers_with_version_state_and_tag(workload, api):
    made = drafted(api)

    body = made.json()
    assert (body["version"], body["state"], body["awaiting"]) == (1, "draft", None)
    assert made["Location"] == ONE
    assert body["tiers"] == [
        {
            "tier": "standard",
            "ceiling_tokens": 780_000,
            "overage": "soft_cap",
            "metered_opt_in": None,
            "overage_limit_tokens": None,
            "overage_price_per_million": None,
            "ceiling_basis": "fixed",
            "allowance": None,
            "amount": None,
            "reason": None,
        }
    ]
    assert (body["on_unreachable"], body["mode"]) == ("allow", "enforce")
    read = api("nils")("GET", ONE)
    assert (read.json(), read["ETag"]) == (body, made["ETag"])
    assert api("nils")("GET", GATES).json()["results"] == [body]


def test_an_opt_in_is_shown_as_it_was_sent(workload, api):
    tier = {
        "tier": "team",
        "ceiling_tokens": 5,
        "overage": "pay_as_you_go",
        "metered_opt_in": OPT_IN,
        "overage_limit_tokens": 1_000,
        "overage_price_per_million": "9.50",
    }
    body = drafted(api, tiers=[tier]).json()

    assert {name: body["tiers"][0][name] for name in tier} == tier


def test_a_body_that_fails_is_422_with_pointers(workload, api):
    answer = api("pia")("POST", GATES, {**BODY, "degrade_model": None})

    body = answer.json()
    assert (answer.status_code, body["code"]) == (422, "invalid_gate")
    assert [(one["pointer"], one["code"]) for one in body["errors"]] == [
        ("/degrade_model", "nothing_to_degrade_to")
    ]
    assert not GatePolicy.objects.exists()


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"state": "active"}, 400, "read_only"),
        ({"version": 7}, 400, "read_only"),
        ({"thresholds": {"floor": 0.1}}, 400, "read_only"),
        ({"ceiling": 1}, 400, "unknown_field"),
        ({"tiers": "all"}, 400, "invalid"),
        ({"tiers": [{"overage": "none"}]}, 400, "invalid"),
        ({"mode": "shadow"}, 400, "invalid"),
        ({"notice": {"text": "t"}}, 400, "invalid"),
    ],
)
def test_a_body_that_cannot_be_read_is_400(workload, api, change, status, code):
    answer = api("pia")("POST", GATES, {**BODY, **change})

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_edit_needs_the_tag_that_was_read(workload, api):
    tag = drafted(api)["ETag"]
    tighter = {"tiers": [{**BODY["tiers"][0], "ceiling_tokens": 5_000}]}

    bare = api("pia")("PATCH", ONE, tighter)
    fine = api("pia")("PATCH", ONE, tighter, If_Match=tag)
    late = api("pia")("PATCH", ONE, tighter, If_Match=tag)

    assert [one.status_code for one in (bare, fine, late)] == [428, 200, 412]
    assert fine.json()["tiers"][0]["ceiling_tokens"] == 5_000
    assert fine["ETag"] != tag


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"notice": {"text": "t"}}, "/notice/audience"),
        (
            {
                "tiers": [
                    {
                        "overage": "pay_as_you_go",
                        "ceiling_tokens": 5,
                        "metered_opt_in": {"by": "Jo", "at": "2026-05-01T09:00:00Z"},
                    }
                ]
            },
            "/tiers/0/metered_opt_in/reference",
        ),
    ],
)
def test_parts_of_an_edit_are_whole(workload, api, change, pointer):
    drafted(api)

    answer = api("pia")("PATCH", ONE, change, If_Match="*")

    assert answer.status_code == 422
    assert pointer in [one["pointer"] for one in answer.json()["errors"]]


def test_an_active_version_is_not_a_draft(workload, api):
    drafted(api)
    first = api("felix")("POST", f"{ONE}activate/")
    second = api("sarah")("POST", f"{ONE}activate/")
    answer = api("pia")("PATCH", ONE, {"degrade_model": "Opus"}, If_Match="*")

    assert (first.json()["state"], first.json()["awaiting"]) == ("draft", "owner")
    assert (second.json()["state"], second.json()["awaiting"]) == ("active", None)
    assert second.json()["thresholds"] == {"floor": 0.5, "notice": 0.7, "banner": 0.9}
    assert (answer.status_code, answer.json()["code"]) == (409, "not_a_draft")


@pytest.mark.parametrize(
    ("presses", "code"),
    [
        (["pia"], "not_allowed"),
        (["sarah", "sarah"], "already_agreed"),
        (["sarah", "felix", "felix"], "already_active"),
    ],
)
def test_activation_is_refused_with_its_code(workload, api, presses, code):
    drafted(api)
    answers = [api(person)("POST", f"{ONE}activate/") for person in presses]

    assert answers[-1].json()["code"] == code


def test_a_shadow_decides_beside_the_active_version(workload, api):
    drafted(api)

    answer = api("pia")("POST", f"{ONE}shadow/")

    assert (answer.status_code, answer.json()["state"]) == (200, "shadow")


def test_a_withdrawn_opt_in_is_null(workload, api):
    tier = {"overage": "pay_as_you_go", "ceiling_tokens": 5, "metered_opt_in": OPT_IN}
    drafted(api, tiers=[tier])
    path = f"{ONE}opt-ins/standard/withdraw/"

    refused = api("pia")("POST", path, {"reason": "r"})
    gone = api("felix")("POST", path, {"reason": "The contract ended."})
    again = api("felix")("POST", path, {"reason": "Again."})
    missing = api("felix")("POST", f"{ONE}opt-ins/team/withdraw/", {"reason": "r"})

    assert refused.status_code == 403
    assert gone.json()["tiers"][0]["metered_opt_in"] is None
    assert (again.status_code, again.json()["code"]) == (409, "not_opted_in")
    assert missing.status_code == 404


def test_model_tier_and_cost_gate_are_read_only_from_then_on(workload, api):
    path = "/api/v1/workloads/W-01/"
    free = api("pia")("PATCH", path, {"cost_gate": "hard_cap"}, If_Match="*")
    drafted(api)
    held = api("pia")("PATCH", path, {"cost_gate": "soft_cap"}, If_Match="*")
    tier = api("pia")("PATCH", path, {"model_tier": "Opus"}, If_Match="*")

    assert free.json()["cost_gate"] == "hard_cap"
    assert (held.status_code, held.json()["code"]) == (400, "read_only")
    assert tier.json()["errors"][0]["pointer"] == "/model_tier"
    assert api("pia")("GET", path).json()["cost_gate"] == "soft_cap"


@pytest.mark.parametrize("path", [f"{GATES}9/", "/api/v1/workloads/W-99/gates/"])
def test_what_is_not_there_is_404(workload, api, path):
    assert api("nils")("GET", path).status_code == 404


# --- Proposals -----------------------------------------------------------------------


@pytest.fixture
def proposal(cast, workload):
    """The ceiling rests on v1; v2 is signed and asks for more."""
    stories.signed(workload, cast)
    tier = {"tier": "standard", "overage": "soft_cap", "ceiling_basis": "estimate"}
    gates.activated(workload, cast, tiers=[tier])
    stories.signed(workload, cast, declared_tokens_per_user_month=600_000)
    [made] = propose_ceilings(now=NOW)
    return made


def test_a_proposal_is_accepted_into_a_draft(cast, api, proposal):
    listed = api("nils")("GET", f"{GATES}proposals/").json()["results"]

    answer = api("pia")("POST", f"{GATES}proposals/{proposal}/accept/", {})

    assert listed[0]["ceilings"] == [
        {
            "tier": "standard",
            "basis": "estimate",
            "ceiling_tokens": 780_000,
            "proposed_tokens": 900_000,
            "formula": "600,000 × 1.5, up to a whole 1,000",
        }
    ]
    assert (answer.status_code, answer.json()["version"]) == (201, 2)
    assert answer.json()["tiers"][0]["ceiling_tokens"] == 900_000
    assert GatePolicy.objects.get(version=1).state == "active"
    again = api("pia")("POST", f"{GATES}proposals/{proposal}/refuse/", {"reason": "r"})
    assert (again.status_code, again.json()["code"]) == (409, "proposal_decided")


def test_a_proposal_is_refused_with_a_reason(cast, api, proposal):
    path = f"{GATES}proposals/{proposal}/refuse/"
    nobody = api("felix")("POST", path, {"reason": "r"})
    bare = api("pia")("POST", path, {})

    answer = api("sarah")("POST", path, {"reason": "A quiet month."})

    assert (nobody.status_code, bare.status_code) == (403, 400)
    assert (answer.json()["state"], answer.json()["reason"]) == (
        "refused",
        "A quiet month.",
    )


# --- Exceptions ----------------------------------------------------------------------

RAISE = {
    "workload": "W-01",
    "user": "u-17",
    "ceiling_tokens": 1_000_000,
    "reason": "Quarter end.",
    "ends_on": "2026-06-30",
}


@pytest.fixture
def gated(cast, workload):
    return gates.activated(workload, cast, **gates.one_tier())


def test_finance_raises_a_ceiling_and_takes_it_back(gated, api):
    made = api("felix")("POST", EXCEPTIONS, RAISE)
    path = made["Location"]
    bare = api("felix")("DELETE", path, {"reason": "Over."})
    gone = api("felix")("DELETE", path, {"reason": "Over."}, If_Match=made["ETag"])
    again = api("felix")("DELETE", path, {"reason": "Over."}, If_Match="*")

    assert (made.status_code, made.json()["user"]) == (201, "u-17")
    assert [bare.status_code, gone.status_code, again.status_code] == [428, 200, 409]
    assert gone.json()["ended_at"] == "2026-05-12T09:00:00Z"
    assert GateException.objects.count() == 1


def test_who_does_not_see_references_sees_a_short_hash(gated, api):
    api("felix")("POST", EXCEPTIONS, RAISE)

    shown = {
        person: api(person)("GET", EXCEPTIONS).json()["results"][0]["user"]
        for person in ("noor", "sarah", "nils", "marcus")
    }

    assert (shown["noor"], shown["sarah"]) == ("u-17", "u-17")
    assert shown["nils"] == shown["marcus"] != "u-17"


@pytest.mark.parametrize("person", ["sarah", "pia", "noor", "clara", "ada"])
def test_finance_alone_raises_a_ceiling(gated, api, person):
    assert api(person)("POST", EXCEPTIONS, RAISE).status_code == 403


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"workload": "W-99"}, "unknown_workload"),
        ({"user": None, "account": "acme"}, "unknown_account"),
        ({"user": None}, "one_of"),
        ({"tier": "team"}, "unknown_tier"),
        ({"ceiling_tokens": 780_000}, "not_a_raise"),
        ({"ends_on": "2026-05-11"}, "out_of_range"),
        ({"ends_on": "2027-05-14"}, "out_of_range"),
    ],
)
def test_a_raise_that_makes_no_sense_is_422(gated, api, change, code):
    answer = api("felix")("POST", EXCEPTIONS, {**RAISE, **change})

    assert answer.status_code == 422
    assert [one["code"] for one in answer.json()["errors"]] == [code]
    assert not GateException.objects.exists()


# --- Accounts ------------------------------------------------------------------------

ACME = {
    "id": "acme",
    "name": "ACME Ltd",
    "owner_email": "jo@acme.example",
    "billing_administrator": "bills@acme.example",
}


def test_an_account_is_added_read_and_changed(cast, api):
    made = api("felix")("POST", ACCOUNTS, ACME)
    twice = api("felix")("POST", ACCOUNTS, ACME)
    path = f"{ACCOUNTS}acme/"
    change = {"billing_administrator": None}
    changed = api("ada")("PATCH", path, change, If_Match=made["ETag"])
    late = api("ada")("PATCH", path, {"name": "x"}, If_Match=made["ETag"])

    assert made.status_code == 201
    assert {name: made.json()[name] for name in ACME} == ACME
    assert (twice.status_code, twice.json()["code"]) == (409, "account_taken")
    assert changed.json()["billing_administrator"] is None
    assert late.status_code == 412
    assert api("nils")("GET", ACCOUNTS).json()["results"][0]["id"] == "acme"


@pytest.mark.parametrize(
    ("person", "status"),
    [("felix", 201), ("ada", 201), ("sarah", 403), ("pia", 403), ("noor", 403)],
)
def test_finance_and_an_administrator_keep_accounts(cast, api, person, status):
    assert api(person)("POST", ACCOUNTS, ACME).status_code == status


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"id": "with space"}, "/id"),
        ({"owner_email": "nobody"}, "/owner_email"),
        ({"billing_administrator": "nobody"}, "/billing_administrator"),
        ({"name": ""}, "/name"),
    ],
)
def test_an_account_that_cannot_be_told_is_400(cast, api, change, pointer):
    answer = api("felix")("POST", ACCOUNTS, {**ACME, **change})

    assert answer.status_code == 400
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]
    assert not Account.objects.exists()
