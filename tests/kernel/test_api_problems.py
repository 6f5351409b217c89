"""Whatever goes wrong is a problem with a code, a request id, and none of our secrets."""

import pytest
from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError,
)
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404  # noqa: TID251 - raised on purpose
from rest_framework import exceptions

from portal.kernel.errors import Conflict, FieldError, Invalid, Stale, Unavailable

RAISES = "/api/probe/raises/"


class StaleEstimate(Stale):
    code = "stale_estimate"
    title = "A newer version was submitted"


RAISED = [
    (Conflict("It is live."), 409, "conflict", "It is live."),
    (StaleEstimate("You saw v2."), 412, "stale_estimate", "You saw v2."),
    (Unavailable("Busy."), 503, "unavailable", "Busy."),
    (Http404("secret"), 404, "not_found", None),
    (PermissionDenied("secret"), 403, "not_allowed", None),
    (SuspiciousOperation("secret"), 400, "malformed", None),
    (RequestDataTooBig("secret"), 413, "too_large", None),
    (ValidationError("Too short."), 400, "invalid", "Too short."),
    (exceptions.ParseError("Cut off."), 400, "malformed", "Cut off."),
    (exceptions.UnsupportedMediaType("a/b"), 415, "unsupported_media_type", None),
    (exceptions.Throttled(wait=7), 429, "rate_limited", None),
    (exceptions.NotAuthenticated(), 401, "not_signed_in", None),
    (exceptions.APIException("secret"), 500, "server_error", None),
    (OperationalError("secret"), 503, "unavailable", None),
    (InterfaceError("secret"), 503, "unavailable", None),
    (IntegrityError("secret"), 500, "server_error", None),
    (DataError("secret"), 500, "server_error", None),
    (RuntimeError("secret"), 500, "server_error", None),
    (RecursionError("secret"), 500, "server_error", None),
]


@pytest.mark.parametrize(
    ("error", "status", "code", "detail"),
    RAISED,
    ids=[f"{type(error).__name__} {code}" for error, _, code, _ in RAISED],
)
def test_an_exception_is_told_as_a_problem(
    error, status, code, detail, cast, caller_of, probe, monkeypatch
):
    monkeypatch.setattr(probe.RaisesView, "error", error)

    answer = caller_of(cast.nils)("GET", RAISES, X_Request_ID="request-1")

    told = answer.json()
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert (told["code"], told["status"]) == (code, status)
    assert told["type"] == f"/problems/{code}/"
    assert told["instance"] == RAISES
    assert told["request_id"] == answer["X-Request-ID"] == "request-1"
    assert told["detail"] == detail or detail is None
    assert b"secret" not in answer.content
    assert answer.has_header("Retry-After") == (status in {429, 503})
    assert answer.has_header("WWW-Authenticate") == (status == 401)


def test_a_problem_carries_its_fields_and_its_own_members(
    cast, caller_of, probe, monkeypatch
):
    error = Invalid(
        "Two numbers are missing.",
        errors=[FieldError("/users", "required", "It is missing.")],
        extra={"missing": ["users"], "code": "not mine to set"},
        link="/workloads/W-01/",
    )
    monkeypatch.setattr(probe.RaisesView, "error", error)

    told = caller_of(cast.nils)("GET", RAISES).json()

    assert told["errors"] == [
        {"pointer": "/users", "code": "required", "detail": "It is missing."}
    ]
    assert told["missing"] == ["users"]
    assert told["link"] == "/workloads/W-01/"
    assert told["code"] == "invalid"


def test_a_model_names_its_fields(cast, caller_of, probe, monkeypatch):
    error = ValidationError({"name": [ValidationError("Too long.", code="max")]})
    monkeypatch.setattr(probe.RaisesView, "error", error)

    told = caller_of(cast.nils)("GET", RAISES).json()

    assert told["errors"] == [
        {"pointer": "/name", "code": "max", "detail": "Too long."}
    ]


STATEMENTS = [
    ("INSERT INTO portal_user SELECT * FROM portal_user", 409, "already_exists"),
    (
        "SET CONSTRAINTS ALL IMMEDIATE; DELETE FROM portal_user WHERE username = 'nils'",
        409,
        "in_use",
    ),
    ("UPDATE portal_apitoken SET scopes = '{x}'", 422, "out_of_bounds"),
    ("UPDATE portal_user SET name = NULL", 422, "out_of_bounds"),
    ("UPDATE portal_modelnumbers SET reason = 'x'", 409, "refused_by_database"),
    ("TRUNCATE portal_modelnumbers", 409, "refused_by_database"),
    ("UPDATE portal_user SET name = repeat('x', 999)", 400, "invalid"),
    ("SELECT 99999999999::int", 400, "invalid"),
    ("SELECT 1 / 0", 400, "invalid"),
    (
        "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$",
        503,
        "unavailable",
    ),
    (
        "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$",
        503,
        "unavailable",
    ),
    (
        "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '57P01'; END $$",
        503,
        "unavailable",
    ),
    ("SELECT * FROM nowhere", 500, "server_error"),
]


@pytest.mark.parametrize(("statement", "status", "code"), STATEMENTS)
def test_what_the_database_refuses_is_a_persons_conflict(
    statement, status, code, cast, caller_of, probe, monkeypatch
):
    monkeypatch.setattr(probe.SqlView, "statement", statement)

    answer = caller_of(cast.nils)("GET", "/api/probe/sql/")

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert b"portal_" not in answer.content


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nowhere/", 404, "not_found"),
        ("GET", "/api/nowhere", 404, "not_found"),
        ("POST", "/api/v1/tokens", 404, "not_found"),
        ("GET", "/api/v1/me/%00", 404, "not_found"),
        ("GET", "/api/v1/me/?a=%00", 400, "malformed"),
        ("GET", "/api/v1/tokens/" + "9" * 30 + "/", 401, "not_signed_in"),
        ("TRACE", "/api/v1/me/", 401, "not_signed_in"),
    ],
)
def test_no_answer_of_the_api_is_a_page(method, path, status, code, db, client):
    client.raise_request_exception = False

    answer = client.generic(method, path)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"


def test_every_kind_of_problem_has_its_page(db, client):
    for code in ("stale", "insufficient_scope", "unknown_field"):
        page = client.get(f"/problems/{code}/")
        assert page.status_code == 200
        assert code in page.content.decode()

    assert client.get("/problems/nonsense/").status_code == 404
    assert "idempotency_key_reused" in client.get("/problems/").content.decode()
