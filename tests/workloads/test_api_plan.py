"""The plan's rows through the API: list, propose, read, edit."""

import pytest

from portal.kernel.enums import Scope
from portal.kernel.models import AuditEntry
from tests.conftest import CAST
from tests.workloads import stories
from workloads.models import Department, Workload

pytestmark = pytest.mark.django_db
LIST = "/api/v1/workloads/"
ONE = f"{LIST}W-01/"

PROPOSAL = {
    "name": "Customer support chat",
    "owner": "sarah",
    "purpose": "Answers what customers ask.",
    "shape": "chat",
    "ship_quarter": "2026Q2",
    "model_tier": "Sonnet→Haiku",
    "cost_gate": "soft_cap",
    "audience": "customer",
    "compliance_sensitive": True,
}


def codes(answer):
    return [(one["pointer"], one["code"]) for one in answer.json()["errors"]]


# --- Propose -------------------------------------------------------------------------


def test_a_proposal_becomes_a_candidate_with_a_reference(cast, api):
    Department.objects.create(code="service", name="Customer service")

    answer = api("pia")(
        "POST", LIST, {**PROPOSAL, "department": "service", "stakeholders": ["dana"]}
    )

    assert answer.status_code == 201
    assert answer["Location"] == ONE
    assert answer["ETag"] == '"W-01.1"'
    assert answer.json() == {
        "ref": "W-01",
        "name": "Customer support chat",
        "owner": "sarah",
        "owner_text": None,
        "purpose": "Answers what customers ask.",
        "department": "service",
        "shape": "chat",
        "audience": "customer",
        "compliance_sensitive": True,
        "status": "candidate",
        "requested_status": None,
        "ship_quarter": "2026Q2",
        "model_tier": "Sonnet→Haiku",
        "cost_gate": "soft_cap",
        "hours_to_add": None,
        "users": None,
        "sessions_per_user_month": None,
        "tokens_per_user_month": None,
        "tokens_per_month": None,
        "ops_hours_week": None,
        "estimate": None,
        "waiting": None,
        "signoffs": {"engineering": "none", "finance": "none", "ops": "none"},
        "proposed_at": "2026-05-12T09:00:00Z",
        "status_since": "2026-05-12T09:00:00Z",
        "stakeholders": ["dana"],
        "lead_time_days": None,
        "days_in_status": {"candidate": 0.0},
        "links": {
            "page": "/workloads/W-01/",
            "requirements": "/api/v1/workloads/W-01/requirements/",
            "transitions": "/api/v1/workloads/W-01/transitions/",
            "estimates": "/api/v1/workloads/W-01/estimates/",
        },
    }


def test_a_name_is_enough_and_who_can_own_one_owns_it(cast, api):
    by_owner = api("sarah")("POST", LIST, {"name": "Chat"}).json()
    by_planner = api("pia")("POST", LIST, {"name": "Search"}).json()
    by_choice = api("sarah")("POST", LIST, {"name": "Notes", "owner": None}).json()

    assert [one["owner"] for one in (by_owner, by_planner, by_choice)] == [
        "sarah",
        None,
        None,
    ]
    assert (by_planner["cost_gate"], by_planner["ship_quarter"]) == (None, None)
    assert (by_planner["model_tier"], by_planner["shape"]) == (None, None)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Sonnet->Haiku", ("Sonnet", "Haiku")),
        ("Sonnet→Haiku", ("Sonnet", "Haiku")),
        (" Opus ", ("Opus", "")),
        ("A model no rate card has", ("A model no rate card has", "")),
        ("", ("", "")),
        (None, ("", "")),
    ],
)
def test_a_model_tier_is_read_as_people_type_it(cast, api, typed, kept):
    api("pia")("POST", LIST, {"name": "Chat", "model_tier": typed})

    row = Workload.objects.get()
    assert (row.primary_model, row.degrade_model) == kept


WRONG = [
    ({"name": ""}, ("/name", "blank")),
    ({"name": "x" * 201}, ("/name", "max_length")),
    ({"name": "two\nlines"}, ("/name", "control_character")),
    ({"name": 7}, ("/name", "invalid")),
    ({"owner": "nobody"}, ("/owner", "unknown_person")),
    ({"owner": {"username": "sarah"}}, ("/owner", "invalid")),
    ({"department": "nowhere"}, ("/department", "unknown_department")),
    ({"shape": "triangle"}, ("/shape", "invalid_choice")),
    ({"cost_gate": "soft-cap"}, ("/cost_gate", "invalid_choice")),
    ({"ship_quarter": "2026Q5"}, ("/ship_quarter", "invalid")),
    ({"model_tier": "a→b→c"}, ("/model_tier", "not_a_model_tier")),
    ({"model_tier": "→Haiku"}, ("/model_tier", "not_a_model_tier")),
    ({"audience": None}, ("/audience", "null")),
    ({"compliance_sensitive": "yes"}, ("/compliance_sensitive", "invalid")),
    ({"compliance_sensitive": 1}, ("/compliance_sensitive", "invalid")),
    ({"stakeholders": ["sarah", "nobody"]}, ("/stakeholders/1", "unknown_person")),
    ({"hours_to_add": -1}, ("/hours_to_add", "min_value")),
    ({"hours_to_add": 1e40}, ("/hours_to_add", "max_value")),
    ({"hours_to_add": "6"}, ("/hours_to_add", "invalid")),
    ({"status": "live"}, ("/status", "read_only")),
    ({"ref": "W-99"}, ("/ref", "read_only")),
    ({"owner_text": "Tom"}, ("/owner_text", "read_only")),
    ({"tokens_per_month": 5}, ("/tokens_per_month", "read_only")),
    ({"budget": 5}, ("/budget", "unknown_field")),
]


@pytest.mark.parametrize(("wrong", "error"), WRONG)
def test_a_wrong_field_is_named_and_nothing_is_written(cast, api, wrong, error):
    answer = api("pia")("POST", LIST, {**PROPOSAL, **wrong})

    assert answer.status_code == 400
    assert codes(answer) == [error]
    assert not Workload.objects.exists()
    assert not AuditEntry.objects.filter(action="workload.proposed").exists()


def test_a_person_without_an_active_account_cannot_be_named(cast, api):
    cast.marcus.is_active = False
    cast.marcus.save()

    answer = api("pia")("POST", LIST, {"name": "Chat", "owner": "marcus"})

    assert codes(answer) == [("/owner", "unknown_person")]


def test_a_taken_name_is_a_conflict_whatever_its_case(cast, api):
    stories.proposed(cast)

    answer = api("pia")("POST", LIST, {"name": "CUSTOMER support chat"})

    assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")
    assert answer.json()["link"] == "/workloads/W-01/"


WHO_PROPOSES = {"sarah", "marcus", "pia"}
EVERYONE = [username for username, *_ in CAST]


@pytest.mark.parametrize("person", EVERYONE)
def test_who_may_propose(cast, api, person):
    answer = api(person)("POST", LIST, {"name": "Chat"})

    assert answer.status_code == (201 if person in WHO_PROPOSES else 403)
    assert Workload.objects.count() == (person in WHO_PROPOSES)


def test_the_same_key_proposes_once(cast, api):
    first = api("pia")("POST", LIST, PROPOSAL, Idempotency_Key="k-1")
    again = api("pia")("POST", LIST, PROPOSAL, Idempotency_Key="k-1")
    other = api("pia")("POST", LIST, {"name": "Search"}, Idempotency_Key="k-1")

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again["Idempotency-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert Workload.objects.count() == 1


# --- Read ----------------------------------------------------------------------------


def test_a_row_shows_figures_marks_and_the_waiting_version(cast, api):
    workload = stories.committed(cast)
    estimate = stories.submitted(workload, cast.sarah, users=5000)
    stories.press(estimate, cast.ines, stories.SignRole.ENGINEERING)

    row = api("adele")("GET", ONE).json()

    assert row["users"] == 4200
    assert row["sessions_per_user_month"] == 18
    assert row["tokens_per_user_month"] == 520_000
    assert row["tokens_per_month"] == 4200 * 520_000
    assert row["ops_hours_week"] == 6
    assert row["estimate"] == {"version": 1, "state": "superseded", "declared": True}
    assert row["waiting"] == {"version": 2}
    assert row["signoffs"] == {
        "engineering": "signed",
        "finance": "waiting",
        "ops": "waiting",
    }


def test_a_version_with_three_signatures_is_signed(cast, api):
    stories.signed(stories.proposed(cast), cast)

    row = api("adele")("GET", ONE).json()

    assert row["estimate"] == {"version": 1, "state": "signed", "declared": True}
    assert row["waiting"] is None


@pytest.mark.parametrize("ref", ["W-01", "w-1", "W01", "W-0001"])
def test_a_reference_is_read_as_people_type_it(cast, api, ref):
    stories.proposed(cast)

    assert api("nils")("GET", f"{LIST}{ref}/").json()["ref"] == "W-01"


@pytest.mark.parametrize("ref", ["W-02", "W-00", "7x", "W-99999999999", "%00", "é"])
def test_another_reference_is_not_found(cast, api, ref):
    stories.proposed(cast)

    answer = api("nils")("GET", f"{LIST}{ref}/")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_signature_shows_though_the_etag_is_the_same(cast, api):
    estimate = stories.submitted(stories.proposed(cast), cast.sarah)
    before = api("nils")("GET", ONE)
    stories.press(estimate, cast.ines, stories.SignRole.ENGINEERING)

    after = api("nils")("GET", ONE, If_None_Match=before["ETag"])

    assert after["ETag"] == before["ETag"]
    assert after.status_code == 200
    assert after.json()["signoffs"]["engineering"] == "signed"


# --- Edit ----------------------------------------------------------------------------


def test_an_edit_changes_what_it_names_and_nothing_else(cast, api):
    before = stories.proposed(cast)

    answer = api("sarah")(
        "PATCH",
        ONE,
        {"purpose": "Answers.", "ship_quarter": None, "stakeholders": ["nils"]},
        If_Match='"W-01.1"',
    )

    assert answer.status_code == 200
    assert answer["ETag"] == '"W-01.2"'
    body = answer.json()
    assert (body["purpose"], body["ship_quarter"]) == ("Answers.", None)
    assert (body["name"], body["model_tier"]) == (before.name, "Sonnet→Haiku")
    assert body["stakeholders"] == ["nils"]
    entry = AuditEntry.objects.get(action="workload.edited")
    assert entry.source == "api"
    assert set(entry.after) == {"purpose", "ship_quarter", "stakeholders"}


def test_an_edit_without_a_change_leaves_the_version(cast, api):
    stories.proposed(cast)

    answer = api("sarah")("PATCH", ONE, {"cost_gate": "soft_cap"}, If_Match='"W-01.1"')

    assert answer["ETag"] == '"W-01.1"'
    assert not AuditEntry.objects.filter(action="workload.edited").exists()


# Each row mends what the one above was refused for.
ORDER = [
    (None, f"{LIST}W-09/", None, b"{", 401, "not_signed_in"),
    ("adele", f"{LIST}W-09/", None, b"{", 404, "not_found"),
    ("adele", ONE, None, b"{", 403, "not_allowed"),
    ("sarah", ONE, None, b"{", 428, "precondition_required"),
    ("sarah", ONE, '"W-01.7"', b"{", 412, "stale"),
    ("sarah", ONE, '"W-01.1"', b"{", 400, "malformed"),
    ("sarah", ONE, '"W-01.1"', {"status": "live"}, 400, "read_only"),
    ("sarah", ONE, '"W-01.1"', {"colour": "red"}, 400, "unknown_field"),
    ("sarah", ONE, '"W-01.1"', {"name": "Search"}, 409, "name_taken"),
    ("sarah", ONE, '"W-01.1"', {"name": "Chat"}, 200, None),
]


@pytest.mark.parametrize(("who", "path", "tag", "body", "status", "code"), ORDER)
def test_an_edit_is_refused_in_one_order(cast, api, who, path, tag, body, status, code):
    stories.proposed(cast)
    stories.proposed(cast, name="Search", owner=cast.marcus)

    answer = api(who)("PATCH", path, body, **({"If_Match": tag} if tag else {}))

    assert (answer.status_code, answer.json().get("code")) == (status, code)
    assert Workload.objects.filter(version__gt=1).count() == (status == 200)


@pytest.mark.parametrize("person", EVERYONE)
def test_who_may_edit(cast, api, person):
    stories.proposed(cast)

    answer = api(person)("PATCH", ONE, {"purpose": "New."}, If_Match="*")

    assert answer.status_code == (200 if person in {"sarah", "pia"} else 403)


def test_a_token_that_reads_cannot_write(cast, api):
    stories.proposed(cast)
    reader = api("sarah", Scope.PLAN_READ)

    assert reader("GET", ONE).status_code == 200
    answer = reader("PATCH", ONE, {"purpose": "New."}, If_Match="*")
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


def test_the_ship_quarter_of_a_committed_row_stays(cast, api):
    stories.committed(cast)

    answer = api("sarah")("PATCH", ONE, {"ship_quarter": "2026Q3"}, If_Match="*")

    assert (answer.status_code, answer.json()["code"]) == (409, "quarter_is_committed")
