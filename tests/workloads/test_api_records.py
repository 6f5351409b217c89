"""Criteria, readiness, baselines, departments and deputies through the API."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.kernel.models import AuditEntry
from tests.conftest import CAST
from tests.workloads import stories
from workloads.models import (
    Department,
    Deputy,
    PlanBaseline,
    ReadinessItem,
    SuccessCriterion,
)

pytestmark = pytest.mark.django_db
EVERYONE = [username for username, *_ in CAST]
CRITERIA = "/api/v1/workloads/W-01/success-criteria/"
READINESS = "/api/v1/workloads/W-01/production-readiness/"
BASELINES = "/api/v1/plan/baselines/"
DEPARTMENTS = "/api/v1/departments/"
DEPUTIES = "/api/v1/deputies/"

CRITERION = {
    "metric": "Minutes saved per chat",
    "baseline": "0",
    "target": "6",
    "due_on": "2026-09-30",
}
PROOF = {
    "item": "load_test",
    "link": "https://wiki.example.com/load",
    "done_on": "2026-05-01",
}


def told(answer):
    return answer.status_code, answer.json().get("code")


def codes(answer):
    return [(one["pointer"], one["code"]) for one in answer.json()["errors"]]


# --- Success criteria ----------------------------------------------------------------


def test_a_criterion_is_written_listed_edited_and_taken_back(cast, api):
    stories.proposed(cast)
    made = api("sarah")("POST", CRITERIA, CRITERION)
    path = made["Location"]

    edited = api("pia")("PATCH", path, {"target": 8}, If_Match=made["ETag"])
    stale = api("pia")("PATCH", path, {"target": "9"}, If_Match='"criterion.1"')

    assert made.status_code == 201
    assert (made.json()["written_by"], made.json()["baseline"]) == ("sarah", "0")
    assert edited.status_code == 200
    assert (edited.json()["target"], edited.json()["written_by"]) == ("8", "pia")
    assert told(stale) == (412, "stale")
    listed = api("nils")("GET", CRITERIA).json()["results"]
    assert listed == [api("nils")("GET", path).json()]
    removed = api("sarah")("DELETE", path, If_Match="*")
    assert removed.status_code == 204
    assert told(api("nils")("GET", path)) == (404, "not_found")


def test_a_criterion_may_not_take_the_metric_of_another(cast, api):
    stories.proposed(cast)
    api("sarah")("POST", CRITERIA, CRITERION)
    other = api("sarah")("POST", CRITERIA, {**CRITERION, "metric": "Contacts"})

    answer = api("sarah")(
        "PATCH", other["Location"], {"metric": CRITERION["metric"]}, If_Match="*"
    )

    assert told(answer) == (409, "metric_taken")


def test_a_number_is_a_measure(cast, api):
    stories.proposed(cast)

    made = api("sarah")("POST", CRITERIA, {**CRITERION, "baseline": 0.12, "target": 3})

    assert (made.json()["baseline"], made.json()["target"]) == ("0.12", "3")


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"metric": ""}, ("/metric", "blank")),
        ({"baseline": None}, ("/baseline", "null")),
        ({"target": True}, ("/target", "invalid")),
        ({"target": ["6"]}, ("/target", "invalid")),
        ({"due_on": "30.9.2026"}, ("/due_on", "invalid")),
        ({"due_on": "2026-02-30"}, ("/due_on", "invalid")),
        ({"id": 4}, ("/id", "read_only")),
        ({"owner": "x"}, ("/owner", "unknown_field")),
    ],
)
def test_a_wrong_criterion_is_refused(cast, api, wrong, error):
    stories.proposed(cast)

    answer = api("sarah")("POST", CRITERIA, {**CRITERION, **wrong})

    assert (answer.status_code, codes(answer)) == (400, [error])
    assert not SuccessCriterion.objects.exists()


@pytest.mark.parametrize("person", EVERYONE)
def test_who_may_write_criteria_and_proofs(cast, api, person):
    stories.proposed(cast)
    may = person in {"sarah", "pia"}

    assert api(person)("POST", CRITERIA, CRITERION).status_code == (201 if may else 403)
    assert api(person)("POST", READINESS, PROOF).status_code == (201 if may else 403)


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_of_criteria_asks_a_fixed_number_of_times(cast, api, rows):
    stories.proposed(cast)
    for number in range(rows):
        api("sarah")("POST", CRITERIA, {**CRITERION, "metric": f"Metric {number}"})
    caller = api("nils")
    caller("GET", CRITERIA)

    with CaptureQueriesContext(connection) as asked:
        answer = caller("GET", CRITERIA)

    assert len(answer.json()["results"]) == rows
    # The token, the workload and its two prefetches, the page.
    assert len(asked) == 5


# --- Production readiness ------------------------------------------------------------


def test_a_proof_is_recorded_once_an_item(cast, api):
    stories.proposed(cast)
    api("sarah")("POST", READINESS, PROOF)

    made = api("sarah")("POST", READINESS, {**PROOF, "load_test_factor": 2.5})

    assert made.status_code == 201
    assert made.json()["load_test_factor"] == 2.5
    listed = api("nils")("GET", READINESS).json()["results"]
    assert listed == [made.json()]


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"item": "prayer"}, ("/item", "invalid_choice")),
        ({"link": "javascript:alert(1)"}, ("/link", "invalid")),
        ({"link": "wiki"}, ("/link", "invalid")),
        ({"done_on": "2026-05-13"}, ("/done_on", "in_the_future")),
        ({"load_test_factor": -1}, ("/load_test_factor", "min_value")),
    ],
)
def test_a_wrong_proof_is_refused(cast, api, wrong, error):
    stories.proposed(cast)

    answer = api("sarah")("POST", READINESS, {**PROOF, **wrong})

    assert (answer.status_code, codes(answer)) == (400, [error])
    assert not ReadinessItem.objects.exists()


# --- Baselines and the roadmap -------------------------------------------------------


def test_two_baselines_are_compared(cast, api):
    workload = stories.planned(cast)
    first = api("clara")("POST", BASELINES, {"quarter": "2026Q2", "moment": "opened"})
    stories.with_criterion(workload, cast.sarah)
    stories.staffed(cast, workload.ship_quarter)
    stories.gated(workload, cast)
    stories.moved(workload, stories.Status.COMMITTED, cast.sarah)
    stories.proposed(cast, name="Search")
    api("clara")("POST", BASELINES, {"quarter": "2026Q2", "moment": "closed"})

    compared = api("nils")("GET", f"{BASELINES}2/compare/?with=1").json()

    assert first.status_code == 201
    assert first["Location"] == f"{BASELINES}1/"
    frozen = first.json()["rows"][0]
    assert (frozen["status"], frozen["ops_hours_week"]) == ("planned", 6)
    assert compared["quarters"]["after"][0]["ops"]["hours_week"] == 18
    assert (compared["before"]["number"], compared["after"]["number"]) == (1, 2)
    assert [(row["ref"], row["change"]) for row in compared["rows"]] == [
        ("W-01", "changed"),
        ("W-02", "added"),
    ]
    assert compared["rows"][0]["changes"] == {"status": ["planned", "committed"]}
    listed = api("nils")("GET", BASELINES).json()["results"]
    assert [one["number"] for one in listed] == [2, 1]
    assert api("nils")("GET", f"{BASELINES}1/").json() == first.json()


@pytest.mark.parametrize(
    ("who", "body", "status", "code"),
    [
        (None, {}, 401, "not_signed_in"),
        ("pia", {}, 403, "not_allowed"),
        ("clara", {}, 400, "invalid"),
        ("clara", {"quarter": "2026Q2", "moment": "noon"}, 400, "invalid"),
        ("clara", {"quarter": 2026, "moment": "opened"}, 400, "invalid"),
    ],
)
def test_a_baseline_is_refused(cast, api, who, body, status, code):
    assert told(api(who)("POST", BASELINES, body)) == (status, code)
    assert not PlanBaseline.objects.exists()


@pytest.mark.parametrize(
    ("path", "status"),
    [("9/", 404), ("9/compare/?with=1", 404), ("1/compare/", 400)],
)
def test_a_baseline_that_is_not_there(cast, api, path, status):
    api("clara")("POST", BASELINES, {"quarter": "2026Q2", "moment": "opened"})

    assert api("nils")("GET", f"{BASELINES}{path}").status_code == status


def test_the_roadmap_tells_quarters_and_rows(cast, api):
    stories.committed(cast)
    stories.proposed(cast, name="Later", ship_quarter="2027Q3")
    stories.proposed(cast, name="Some day", ship_quarter="")

    answer = api("nils")("GET", "/api/v1/plan/?from=2026Q2&quarters=2").json()

    heads = answer["quarters"]
    assert [head["quarter"] for head in heads] == ["2026Q2", "2026Q3"]
    assert heads[0]["tokens"]["tokens"] > 0
    # 6 stable hours and 12 of its first quarter; the platform's come with a second.
    assert heads[0]["ops"]["hours_week"] == 18
    # The story staffs a hundred people of 40 hours; nobody staffed the next quarter.
    assert heads[0]["ops"]["ceiling_hours_week"] == 4_000
    assert heads[1]["ops"]["ceiling_hours_week"] is None
    assert [row["ref"] for row in answer["rows"]] == ["W-01", "W-03"]


@pytest.mark.parametrize("query", ["?quarters=0", "?quarters=99", "?from=soon"])
def test_a_roadmap_of_nonsense_is_refused(cast, api, query):
    assert api("nils")("GET", f"/api/v1/plan/{query}").status_code == 400


@pytest.mark.parametrize("rows", [1, 3])
def test_the_roadmap_asks_a_fixed_number_of_times(cast, api, rows):
    for number in range(rows):
        stories.planned(cast, name=f"Workload {number}")
    caller = api("nils")
    caller("GET", "/api/v1/plan/")

    with CaptureQueriesContext(connection) as asked:
        caller("GET", "/api/v1/plan/?from=2026Q2&quarters=8")

    # The token; numbers, plan, prices, lines and people of the heads; rows and marks.
    assert len(asked) == 10


# --- Departments ---------------------------------------------------------------------


def test_a_department_is_added_and_renamed(cast, api):
    body = {"code": "service", "name": "Customer service", "head": "dana"}
    made = api("clara")("POST", DEPARTMENTS, body)

    edited = api("ada")(
        "PATCH", made["Location"], {"name": "Service"}, If_Match=made["ETag"]
    )

    assert (made.status_code, made.json()) == (201, body)
    assert edited.json() == {"code": "service", "name": "Service", "head": "dana"}
    assert edited["ETag"] != made["ETag"]
    assert api("nils")("GET", DEPARTMENTS).json()["results"] == [edited.json()]
    again = api("ada")("PATCH", made["Location"], {"head": None}, If_Match=made["ETag"])
    assert told(again) == (412, "stale")


@pytest.mark.parametrize(
    ("who", "body", "status", "code"),
    [
        (None, {}, 401, "not_signed_in"),
        ("dana", {}, 403, "not_allowed"),
        ("clara", {}, 400, "invalid"),
        ("clara", {"code": "a b", "name": "x"}, 400, "invalid"),
        ("clara", {"code": "x", "name": "x", "head": "nobody"}, 400, "invalid"),
        ("clara", {"code": "it", "name": "x"}, 409, "department_taken"),
        ("clara", {"code": "x", "name": "INFORMATION"}, 409, "department_taken"),
    ],
)
def test_a_department_is_refused(cast, api, who, body, status, code):
    Department.objects.create(code="it", name="Information")

    assert told(api(who)("POST", DEPARTMENTS, body)) == (status, code)
    assert Department.objects.count() == 1


def test_the_code_of_a_department_stays(cast, api):
    Department.objects.create(code="it", name="Information")

    answer = api("clara")("PATCH", f"{DEPARTMENTS}it/", {"code": "x"}, If_Match="*")

    assert told(answer) == (400, "read_only")
    assert told(api("nils")("GET", f"{DEPARTMENTS}hr/")) == (404, "not_found")


# --- Deputies ------------------------------------------------------------------------

DEPUTY = {
    "role": "finance",
    "deputy": "clara",
    "from": "2026-05-12",
    "until": "2026-05-30",
}


def test_a_signer_names_a_deputy_and_takes_them_back(cast, api):
    made = api("felix")("POST", DEPUTIES, DEPUTY)

    assert made.status_code == 201
    assert made.json() == {
        "id": Deputy.objects.get().pk,
        "signer": "felix",
        **DEPUTY,
    }
    path = made["Location"]
    assert api("nils")("GET", DEPUTIES).json()["results"] == [made.json()]
    assert api("nils")("GET", path)["ETag"] == made["ETag"]
    assert told(api("clara")("DELETE", path)) == (403, "not_allowed")
    assert told(api("felix")("DELETE", path)) == (428, "precondition_required")
    ended = api("felix")("DELETE", path, If_Match=made["ETag"])
    assert ended.status_code == 204
    entries = AuditEntry.objects.filter(action__startswith="deputy.").order_by("id")
    assert [one.action for one in entries] == ["deputy.named", "deputy.ended"]


@pytest.mark.parametrize(
    ("who", "changes", "status", "code"),
    [
        (None, {}, 401, "not_signed_in"),
        ("pia", {}, 403, "not_allowed"),
        ("noor", {"deputy": "nobody"}, 403, "not_allowed"),
        ("felix", {"deputy": "nobody"}, 400, "invalid"),
        ("felix", {"deputy": "felix"}, 400, "invalid"),
        ("felix", {"until": "2026-05-01"}, 400, "invalid"),
        ("felix", {"from": "2026-06-01"}, 400, "invalid"),
        ("felix", {"role": "sales"}, 400, "invalid"),
        ("felix", {"signer": "noor"}, 400, "read_only"),
    ],
)
def test_a_deputy_is_refused(cast, api, who, changes, status, code):
    assert told(api(who)("POST", DEPUTIES, {**DEPUTY, **changes})) == (status, code)
    assert not Deputy.objects.exists()


@pytest.mark.parametrize(
    "path", [CRITERIA, READINESS, "/api/v1/workloads/W-01/estimates/"]
)
def test_a_record_of_no_workload_is_not_found(cast, api, path):
    assert told(api("sarah")("GET", path)) == (404, "not_found")
    assert told(api("adele")("POST", path, {})) == (404, "not_found")
