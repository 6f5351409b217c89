"""The schema against the API, in a house with a plan in it, asked by every kind of person.

`WEIGHBRIDGE_FUZZ_EXAMPLES` examples for each operation; `make soak` asks for the full size.
The kernel's fuzzer asks an empty house; here an address leads somewhere, a version is
named rightly, and what is asked for sometimes happens.
"""

import os
from collections.abc import Iterator
from itertools import cycle
from types import SimpleNamespace
from typing import Any

import pytest
import schemathesis
from django.conf import settings as django_settings
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks

from portal.kernel import clock
from portal.wsgi import application
from tests.conftest import NOW
from tests.kernel.access_matrix import PERSONAS
from tests.kernel.test_access_matrix import built

FULL_SIZE = bool(os.environ.get("WEIGHBRIDGE_SOAK"))
# At full size 200 for each of some fifty operations, beside the edges of each field.
EXAMPLES = int(
    os.environ.get("WEIGHBRIDGE_FUZZ_EXAMPLES") or (200 if FULL_SIZE else 12)
)
# Parts of an address that mean another thing behind each word.
PLACED = ("number", "code")
KEPT = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.response_headers_conformance,
]
CSRF = "a" * 32
schema = schemathesis.openapi.from_wsgi("/api/v1/schema/", application)
# A made-up token would be refused before anything else is looked at.
schema.config.generation.update(with_security_parameters=False)
# Every edge of every field in turn takes minutes.
schema.config.phases.coverage.enabled = FULL_SIZE


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """A request of plain WSGI would close the connection that holds the test's rows."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def world(db: None, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The world of the access matrix, with a session for each persona."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    cache.clear()
    return built()


def signed_in(session: str) -> dict[str, dict[str, str]]:
    if not session:
        return {}
    cookies = {django_settings.SESSION_COOKIE_NAME: session, "csrftoken": CSRF}
    return {"cookies": cookies, "headers": {"X-CSRFToken": CSRF}}


# Each request comes from the next person; who may write comes more often.
OFTEN = ("its owner", "planner", "finance", "committee")
turns = enumerate(cycle((*PERSONAS, *OFTEN, *OFTEN)))


def aim(case: Any, turn: int, world: SimpleNamespace) -> None:
    """Let most addresses lead somewhere, and most changes name the present version."""
    if turn % 4:
        for name in case.path_parameters:
            known = part_of(case.path, name, world)
            case.path_parameters[name] = (
                world.parts.get(name) if known is None else known
            )
    if turn % 3 and "If-Match" in (case.headers or {}):
        case.headers["If-Match"] = "*"


def part_of(path: str, name: str, world: SimpleNamespace) -> Any:
    """What stands at this part of the address; `kind` is the word before it."""
    kind = path.partition(f"/{{{name}}}")[0].rpartition("/")[2]
    return {**world.numbers, **world.codes}.get(kind) if name in PLACED else None


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    # Never shrinking: a request tried again would come from another person.
    phases=(Phase.explicit, Phase.generate),
)
def test_the_api_keeps_its_promises_to_everyone(
    case: Any, world: SimpleNamespace
) -> None:
    turn, persona = next(turns)
    aim(case, turn, world)
    answer = case.call(**signed_in(world.sessions[persona]))

    case.validate_response(answer, checks=KEPT)
