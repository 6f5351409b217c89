"""A fuzzer driven by the schema: no 5xx, no undocumented status, no broken promise."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks

from portal.kernel import clock
from portal.kernel.enums import Scope
from portal.kernel.services.tokens import issue_token
from portal.wsgi import application

EXAMPLES = 8
KEPT = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.response_headers_conformance,
]

schema = schemathesis.openapi.from_wsgi("/api/v1/schema/", application)
# Every value of every parameter in turn takes minutes; random ones find the same.
schema.config.phases.coverage.enabled = False


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """A request of plain WSGI would close the connection that holds the test's rows."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    cache.clear()
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def token_of(person: Any) -> dict[str, Any]:
    issued = issue_token(actor=person, user=person, scopes=Scope, now=clock.now())
    return {"headers": {"Authorization": f"Bearer {issued.secret}"}}


def session_of(person: Any) -> dict[str, Any]:
    client = Client()
    client.force_login(person, "django.contrib.auth.backends.ModelBackend")
    mark = "a" * 32
    session = client.cookies["sessionid"].value
    return {
        "headers": {"X-CSRFToken": mark},
        "cookies": {"sessionid": session, "csrftoken": mark},
    }


CALLERS = [("clara", session_of), ("adele", token_of)]


@pytest.mark.parametrize(("who", "signed_in"), CALLERS)
@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
def test_the_api_keeps_what_its_schema_promises(
    case: Any, who: str, signed_in: Callable[[Any], dict[str, Any]], cast: Any
) -> None:
    # The fuzzer makes one up from the security scheme; it would win over the session.
    (case.headers or {}).pop("Authorization", None)

    answer = case.call(**signed_in(getattr(cast, who)))

    case.validate_response(answer, checks=KEPT)
