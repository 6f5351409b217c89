"""The kernel's own endpoints: me, tokens, numbers, audit."""

import json

import pytest
from django.test import Client

from portal.kernel import clock
from portal.kernel.enums import Scope
from portal.kernel.models import ApiToken, AuditEntry, IdempotentAnswer
from portal.kernel.services import audit

TOKENS = "/api/v1/tokens/"
NUMBERS = "/api/v1/numbers/"
AUDIT = "/api/v1/audit/"


def session_of(user) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def post(client, path, body, **headers):
    return client.post(path, body, content_type="application/json", headers=headers)


# --- me ------------------------------------------------------------------------------


def test_me_names_the_person_and_what_the_token_may(cast, caller_of):
    answer = caller_of(cast.ines, Scope.PLAN_READ)("GET", "/api/v1/me/").json()

    assert answer["username"] == "ines"
    assert answer["roles"] == ["engineering"]
    assert answer["scopes"] == ["plan:read"]
    assert answer["token"]["prefix"].startswith("wb_")


def test_me_in_a_browser_has_all_scopes(cast):
    answer = session_of(cast.clara).get("/api/v1/me/").json()

    assert answer["scopes"] == [str(scope) for scope in Scope]
    assert (answer["token"], answer["committee_function"]) == (None, "chair")


# --- tokens --------------------------------------------------------------------------


def test_a_token_is_shown_once_and_works(cast):
    client = session_of(cast.sarah)

    made = post(client, TOKENS, {"name": "sheet", "scopes": ["plan:read"]})
    read = client.get(made["Location"])
    listed = client.get(TOKENS).json()["results"]

    token = made.json()["token"]
    assert made.status_code == 201
    assert made["ETag"] == read["ETag"]
    assert "token" not in read.json()
    assert [row["name"] for row in listed] == ["sheet"]
    assert token not in json.dumps(listed)
    me = Client().get("/api/v1/me/", headers={"Authorization": f"Bearer {token}"})
    assert me.json()["username"] == "sarah"


def test_a_repeated_request_for_a_token_makes_one_and_keeps_no_secret(cast):
    client = session_of(cast.sarah)
    body = {"scopes": ["plan:read"]}

    first = post(client, TOKENS, body, **{"Idempotency-Key": "k"})
    again = post(client, TOKENS, body, **{"Idempotency-Key": "k"})

    secret = first.json()["token"]
    assert {**first.json(), "token": None} == again.json()
    assert ApiToken.objects.count() == 1
    assert secret.encode() not in bytes(IdempotentAnswer.objects.get().body)


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/scopes", "required"),
        ({"scopes": []}, "/scopes", "empty"),
        ({"scopes": ["plan:all"]}, "/scopes/0", "invalid_choice"),
        ({"scopes": ["plan:read"], "expires_at": "soon"}, "/expires_at", "invalid"),
        ({"scopes": ["plan:read"], "prefix": "wb_"}, "/prefix", "read_only"),
        (
            {"scopes": ["plan:read"], "workloads": ["W-01"]},
            "/workloads",
            "not_a_runtime",
        ),
    ],
)
def test_a_token_is_asked_for_as_the_schema_says(body, pointer, code, cast):
    answer = post(session_of(cast.sarah), TOKENS, body)

    assert answer.status_code == 400
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [
        (pointer, code)
    ]
    assert ApiToken.objects.count() == 0


def test_a_token_is_revoked_with_the_version_that_was_seen(cast):
    client = session_of(cast.sarah)
    made = post(client, TOKENS, {"scopes": ["plan:read"]})
    path, etag = made["Location"], made["ETag"]

    assert client.delete(path).status_code == 428
    assert client.delete(path, headers={"If-Match": '"x"'}).status_code == 412
    assert client.delete(path, headers={"If-Match": etag}).status_code == 204
    assert client.delete(path, headers={"If-Match": etag}).status_code == 412
    assert client.get(path).json()["revoked_at"] is not None


def test_another_persons_token_is_not_visible(cast):
    made = post(session_of(cast.sarah), TOKENS, {"scopes": ["plan:read"]})
    outsider = session_of(cast.marcus)

    assert outsider.get(made["Location"]).status_code == 404
    answer = outsider.delete(made["Location"], headers={"If-Match": made["ETag"]})
    assert answer.status_code == 404
    assert outsider.get(TOKENS).json()["results"] == []


def test_a_token_makes_no_tokens(cast, caller_of):
    answer = caller_of(cast.sarah)("POST", TOKENS, {"scopes": ["plan:read"]})

    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


# --- numbers -------------------------------------------------------------------------


def test_the_numbers_are_read_with_their_version(cast, caller_of):
    answer = caller_of(cast.nils, Scope.GOVERNANCE_READ)("GET", NUMBERS)

    assert answer["ETag"] == '"numbers-1"'.replace("-", ".")
    assert answer.json()["version"] == 1
    assert answer.json()["declared_input_share"] == 0.75
    assert answer.json()["adoption_ramp"] == [0.4, 0.7, 1]


def test_the_committee_changes_a_number_with_a_reason(cast, caller_of):
    call = caller_of(cast.clara)
    body = {"signature_validity_quarters": 3, "reason": "Prices move slower."}

    changed = call("PATCH", NUMBERS, body, If_Match='"numbers.1"')
    late = call("PATCH", NUMBERS, body, If_Match='"numbers.1"')

    assert changed.status_code == 200
    assert changed.json()["signature_validity_quarters"] == 3
    assert changed.json()["changed_by"] == "clara"
    assert changed["ETag"] == '"numbers.2"'
    assert late.status_code == 412


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"fiscal_year_starts": 13, "reason": "x"}, "/fiscal_year_starts"),
        ({"fiscal_year_starts": "4", "reason": "x"}, "/fiscal_year_starts"),
        ({"default_profile": "nights", "reason": "x"}, "/default_profile"),
        ({"adoption_ramp": [], "reason": "x"}, "/adoption_ramp"),
        ({"adoption_ramp": [2], "reason": "x"}, "/adoption_ramp/0"),
        ({"currency": "usd", "reason": "x"}, "/currency"),
        ({"currency": "EUR"}, "/reason"),
        ({"version": 7, "reason": "x"}, "/version"),
        ({"speed": 7, "reason": "x"}, "/speed"),
    ],
)
def test_a_number_outside_its_bounds_is_refused(body, pointer, cast, caller_of):
    answer = caller_of(cast.clara)("PATCH", NUMBERS, body, If_Match="*")

    assert answer.status_code in {400, 422}
    if pointer != "/currency":
        assert pointer in [error["pointer"] for error in answer.json()["errors"]]


@pytest.mark.parametrize("name", ["ada", "pia", "felix", "adele"])
def test_nobody_else_changes_numbers(name, cast, caller_of):
    body = {"currency": "EUR", "reason": "x"}
    call = caller_of(getattr(cast, name))

    assert call("PATCH", NUMBERS, body, If_Match="*").status_code == 403


# --- audit ---------------------------------------------------------------------------


@pytest.fixture
def trail(cast):
    for number in range(3):
        audit.record(
            "workload.edited",
            f"workload/W-0{number}",
            actor=cast.pia if number else None,
            now=clock.now(),
            before={"users": 1},
            after={"users": 2},
            reason="Pilot grew.",
        )
    return AuditEntry.objects.count()


def test_the_trail_is_read_newest_first(trail, cast, caller_of):
    answer = caller_of(cast.nils)("GET", f"{AUDIT}?action=workload.edited").json()

    rows = answer["results"]
    assert [row["object"] for row in rows] == [
        "workload/W-02",
        "workload/W-01",
        "workload/W-00",
    ]
    assert [row["actor"] for row in rows] == ["pia", "pia", None]
    assert rows[0]["previous_hash"] == rows[1]["hash"]
    assert set(rows[0]) >= {"id", "at", "before", "after", "reason", "source"}


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("object=W-01", 1),
        ("object=workload/W-01", 1),
        ("actor=pia&action=workload.edited", 2),
        ("action=nothing.happened", 0),
        ("since=2099-01-01", 0),
        ("until=2020-01-01T00:00:00Z", 0),
        ("since=2020-01-01T00:00:00%2B02:00&action=workload.edited", 3),
    ],
)
def test_the_trail_is_filtered(query, count, trail, cast, caller_of):
    answer = caller_of(cast.nils)("GET", f"{AUDIT}?{query}").json()

    assert len(answer["results"]) == count


@pytest.mark.parametrize(
    ("name", "status"),
    [("adele", 200), ("clara", 200), ("ada", 200), ("pia", 403), ("nils", 403)],
)
def test_the_export_is_for_those_who_answer_for_it(
    name, status, trail, cast, caller_of
):
    answer = caller_of(getattr(cast, name))("GET", f"{AUDIT}?format=jsonl")

    assert answer.status_code == status
    if status == 200:
        lines = answer.getvalue().splitlines()
        ids = [json.loads(line)["id"] for line in lines]
        assert ids == sorted(ids)
        # The token that asked was issued in the trail, too.
        assert len(ids) == trail + 1
        assert answer["Content-Type"] == "application/jsonl"


def test_the_chain_is_checked_against_a_checkpoint(trail, cast, caller_of):
    call = caller_of(cast.adele)

    checkpoint = call("GET", f"{AUDIT}checkpoint/").json()
    plain = call("GET", f"{AUDIT}verify/").json()
    against = call("POST", f"{AUDIT}verify/", checkpoint).json()
    forged = call("POST", f"{AUDIT}verify/", {**checkpoint, "id": 999})

    assert plain["whole"] is True
    assert plain["last_hash"] == checkpoint["hash"]
    assert against == plain
    assert forged.status_code == 400
    assert caller_of(cast.nils)("GET", f"{AUDIT}checkpoint/").status_code == 403
