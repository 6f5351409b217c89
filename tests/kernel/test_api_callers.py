"""Who calls, with what right, and how often."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from redis.exceptions import ConnectionError as RedisConnectionError

from portal.kernel import clock
from portal.kernel.api import throttling
from portal.kernel.enums import Scope
from portal.kernel.models import ApiToken
from portal.kernel.services.tokens import issue_token
from tests.kernel.conftest import Caller

ANY = "/api/probe/any/"
PEOPLE = "/api/probe/people/"


def issued(user):
    return issue_token(actor=user, user=user, scopes=[Scope.PLAN_READ], now=clock.now())


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"revoked_at": clock.now()}, "token_revoked"),
        (
            {
                "created_at": clock.now() - timedelta(days=2),
                "expires_at": clock.now() - timedelta(days=1),
            },
            "token_expired",
        ),
        ({"digest": "0" * 64}, "invalid_token"),
    ],
)
def test_a_token_that_is_over_says_so(change, code, cast, probe):
    made = issued(cast.nils)
    ApiToken.objects.filter(pk=made.token.pk).update(**change)

    answer = Caller(made.secret)("GET", ANY)

    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert 'error="invalid_token"' in answer["WWW-Authenticate"]


def test_a_token_of_an_account_that_is_off_opens_nothing(cast, probe):
    made = issued(cast.nils)
    cast.nils.is_active = False
    cast.nils.save()

    answer = Caller(made.secret)("GET", ANY)

    assert (answer.status_code, answer.json()["code"]) == (401, "account_inactive")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("Bearer wb_nonsense", "invalid_token"),
        ("Bearer other", "invalid_token"),
        ("Bearer ", "invalid_token"),
        ("bearer wb_\u00ff", "invalid_token"),
        ("Basic c2FyYWg6eA==", "not_signed_in"),
        ("", "not_signed_in"),
    ],
)
def test_what_is_no_token_is_401(header, code, db, probe):
    answer = Client().get(ANY, headers={"Authorization": header})

    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer["WWW-Authenticate"].startswith('Bearer realm="weighbridge"')


def test_a_call_costs_one_query_and_notes_its_use_once_a_minute(cast, probe):
    made = issued(cast.nils)
    call = Caller(made.secret)

    call("GET", ANY)
    noted = ApiToken.objects.get(pk=made.token.pk).last_used_at
    with CaptureQueriesContext(connection) as queries:
        call("GET", ANY)

    assert noted is not None
    assert len(queries) == 1


@pytest.mark.parametrize(
    ("scopes", "status"),
    [
        ((Scope.PLAN_READ,), 200),
        ((Scope.GOVERNANCE_READ,), 200),
        ((Scope.PLAN_WRITE, Scope.USAGE_WRITE), 403),
    ],
)
def test_a_token_reaches_as_far_as_its_scopes(scopes, status, cast, caller_of, probe):
    answer = caller_of(cast.nils, *scopes)("GET", PEOPLE)

    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] == "insufficient_scope"
        assert answer.json()["scope"] == "plan:read or governance:read"
        assert "plan:read" in answer.json()["detail"]


def test_a_session_reads_and_writes_with_its_csrf_token(cast, probe):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.pia, "django.contrib.auth.backends.ModelBackend")
    body = {"name": "x"}

    assert client.get(PEOPLE).status_code == 200
    refused = client.post("/api/probe/things/", body, content_type="application/json")

    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_failed")
    assert probe.done == []

    client.cookies["csrftoken"] = "a" * 32
    taken = client.post(
        "/api/probe/things/",
        body,
        content_type="application/json",
        headers={"X-CSRFToken": "a" * 32},
    )
    assert taken.status_code == 201, taken.content


def test_a_caller_beyond_its_calls_waits(cast, caller_of, probe, settings):
    settings.API_RATE_LIMIT = 3
    call, other = caller_of(cast.nils), caller_of(cast.nils)

    answers = [call("GET", ANY) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[3].json()["code"] == "rate_limited"
    assert 1 <= int(answers[3]["Retry-After"]) <= 60
    assert other("GET", ANY).status_code == 200


def test_without_the_cache_the_process_counts(
    cast, caller_of, probe, settings, monkeypatch
):
    def gone(*_args, **_kwargs):
        tries.append(1)
        raise RedisConnectionError("gone")

    tries: list[int] = []
    settings.API_RATE_LIMIT = 2
    monkeypatch.setattr(throttling, "_own", throttling._OwnCounts())
    monkeypatch.setattr(cache, "incr", gone)
    call = caller_of(cast.nils)

    statuses = [call("GET", ANY).status_code for _ in range(3)]

    assert statuses == [200, 200, 429]
    assert len(tries) == 1
