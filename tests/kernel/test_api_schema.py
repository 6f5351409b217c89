"""The schema says what the endpoints do, and is made without the database."""

import pytest
from django.core.management import call_command
from django.test import Client

SCHEMA = "/api/v1/schema/"


@pytest.fixture(scope="module")
def schema():
    return Client().get(SCHEMA).json()


def test_the_schema_needs_neither_sign_in_nor_database():
    # No `db` fixture: any query would fail this test.
    for form in ("", "?format=json", "?format=yaml"):
        assert Client().get(SCHEMA + form).status_code == 200
    assert Client().get(f"{SCHEMA}?format=xml").status_code == 400


def test_the_schema_is_valid_and_without_warnings(tmp_path):
    target = str(tmp_path / "schema.yml")

    call_command("spectacular", "--validate", "--fail-on-warn", "--file", target)


def test_it_is_openapi_3_1_with_both_ways_to_sign_in(schema):
    assert schema["openapi"].startswith("3.1")
    assert set(schema["components"]["securitySchemes"]) == {"token", "session"}


def test_the_conventions_stand_in_every_operation(schema):
    change = schema["paths"]["/api/v1/numbers/"]["patch"]

    assert set(change["responses"]) == {
        *("200", "400", "401", "403", "404", "409", "412", "413", "415"),
        *("422", "428", "429", "503"),
    }
    parameters = {one["name"]: one for one in change["parameters"]}
    assert parameters["If-Match"]["required"] is True
    assert change["security"] == [{"token": ["governance:write"]}, {"session": []}]
    assert "ETag" in change["responses"]["200"]["headers"]
    problem = change["responses"]["412"]["content"]["application/problem+json"]
    assert problem["schema"]["$ref"].endswith("/Problem")


def test_a_post_takes_a_key_and_a_body_without_other_names(schema):
    make = schema["paths"]["/api/v1/tokens/"]["post"]
    body = schema["components"]["schemas"]["TokenRequestRequest"]

    assert "Idempotency-Key" in {one["name"] for one in make["parameters"]}
    assert set(make["responses"]["201"]["headers"]) >= {"Location"}
    assert body["additionalProperties"] is False
    assert set(body["properties"]) == {"name", "scopes", "workloads", "expires_at"}


def test_a_list_documents_its_paging_and_filters(schema):
    listing = schema["paths"]["/api/v1/audit/"]["get"]

    names = {one["name"] for one in listing["parameters"]}
    assert names >= {"limit", "cursor", "ordering", "actor", "object", "since"}
    page = listing["responses"]["200"]["content"]["application/json"]["schema"]
    assert page["$ref"].endswith("/AuditEntryPage")


def test_the_page_to_try_it_loads_nothing_from_elsewhere(schema):
    page = Client().get("/api/v1/docs/")
    script = Client().get("/api/v1/docs/?script=")
    policy = page["Content-Security-Policy"]

    assert page.status_code == script.status_code == 200
    assert b"http://" not in page.content.replace(b"http://testserver", b"")
    assert b"https://" not in page.content
    assert b"<script>" not in page.content
    # The order of the directives is nobody's promise.
    assert "script-src 'self'" in policy.split("; ")
    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "unsafe-inline" not in Client().get("/problems/")["Content-Security-Policy"]
