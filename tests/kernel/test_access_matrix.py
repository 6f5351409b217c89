"""Role × route × owner: every address and method, asked by each kind of person.

Generated from the URL configuration; the table says what must come out of each cell.
"""

import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.views import View

from portal.kernel import clock
from portal.kernel.api.operations import METHODS, operation_of
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from portal.kernel.models import User
from portal.kernel.services.tokens import issue_token
from tests.conftest import NOW
from tests.kernel.access_matrix import PERSONAS, REFERENCE, TABLE, Cell
from tests.kernel.access_world import built
from workloads.models import Workload

PAGE_METHODS = ("GET", "POST")
OUTSIDE = frozenset({401, 403, 404})
# Tells that a part of the house is down, which in a test it may be.
MAY_FAIL = frozenset({"readyz"})
# Whoever is signed in is sent elsewhere, whatever the method.
REDIRECTS = frozenset({"sign-in/", "workloads/"})


# --- What is there -------------------------------------------------------------------


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, path)
        else:
            yield path, pattern


# The admin is a house of its own, with tests of its own; an address that is only named
# yet answers nobody.
ROUTES = {
    path: pattern
    for path, pattern in routes(get_resolver("portal.urls"))
    if not path.startswith("admin/")
    and getattr(pattern.callback, "view_class", None) is not View
}


def methods_of(pattern: URLPattern) -> set[str]:
    """Of an API view, those it declares; of a page, all that a browser sends."""
    view = getattr(pattern.callback, "cls", None)
    if not (isinstance(view, type) and issubclass(view, WeighbridgeView)):
        return set(PAGE_METHODS)
    return {name.upper() for name in METHODS if operation_of(getattr(view, name, None))}


DECLARED = {(cell.route, cell.method) for cell in TABLE}


def test_every_route_is_in_the_table():
    assert sorted(set(ROUTES) - {cell.route for cell in TABLE}) == []


def test_the_table_has_no_route_that_is_gone():
    assert sorted({cell.route for cell in TABLE} - set(ROUTES)) == []


def test_every_method_of_the_api_is_in_the_table():
    asked = {
        (path, method)
        for path, pattern in ROUTES.items()
        if path.startswith("api/")
        for method in methods_of(pattern)
    }
    shown = {("api/v1/docs/", "GET"), ("api/v1/docs/", "POST")}
    declared = {one for one in DECLARED if one[0].startswith("api/")}
    assert asked - shown == declared - shown


@pytest.fixture
def world(db: None, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Built once for all cells; whatever a question changes is undone behind it."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    cache.clear()
    return built()


# --- Asking --------------------------------------------------------------------------


def address(cell: Cell, world: SimpleNamespace) -> str:
    if cell.route == REFERENCE:
        return "/W-01"

    def part(found: re.Match[str]) -> str:
        name = found[1]
        kind = cell.route[: found.start()].rstrip("/").rpartition("/")[2]
        known = world.codes.get(kind) if name == "code" else None
        if name == "number":
            known = world.numbers[kind]
        return str(cell.path.get(name, known or world.parts[name]))

    return "/" + re.sub(r"<\w+:(\w+)>", part, cell.route) + cell.query


def asked(cell: Cell, world: SimpleNamespace, persona: str) -> Any:
    body: Any = dict(cell.body)
    kind = "application/x-www-form-urlencoded"
    if cell.route.startswith("api/"):
        body, kind = json.dumps(body), "application/json"
    # A client of its own: a sign-out would last for all that follows.
    client = Client(raise_request_exception=False)
    if world.sessions[persona]:
        client.cookies[settings.SESSION_COOKIE_NAME] = world.sessions[persona]
    with transaction.atomic():
        answer = client.generic(cell.method, address(cell, world), body or b"", kind)
        if answer.streaming:
            b"".join(answer.streaming_content)
        transaction.set_rollback(True)
    return answer


def gets_in(answer: Any) -> bool:
    to_the_sign_in = answer.status_code == 302 and answer["Location"].startswith(
        "/sign-in/?"
    )
    return answer.status_code not in OUTSIDE and not to_the_sign_in


def test_exactly_these_get_in_at_each_cell(world: SimpleNamespace) -> None:
    wrong = {}
    for cell in TABLE:
        answers = {persona: asked(cell, world, persona) for persona in PERSONAS}
        inside = {persona for persona, answer in answers.items() if gets_in(answer)}
        failed = {
            persona: answer.status_code
            for persona, answer in answers.items()
            if answer.status_code == 405 or answer.status_code >= 500
        }
        if inside != cell.who or (failed and cell.route not in MAY_FAIL):
            wrong[str(cell)] = {
                "gets in": sorted(inside - cell.who),
                "is kept out": sorted(cell.who - inside),
                "fails": failed,
            }

    assert wrong == {}, "\n".join(f"{k} {v}" for k, v in wrong.items())


def test_a_method_that_is_not_in_the_table_answers_nobody(
    world: SimpleNamespace,
) -> None:
    answered = {
        (route, method, persona): answer.status_code
        for route in ROUTES
        if route not in REDIRECTS
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        for persona in ("its owner", "planner", "superuser")
        if (route, method) not in DECLARED
        for answer in [asked(Cell(route, method, frozenset()), world, persona)]
        if answer.status_code != HTTPStatus.METHOD_NOT_ALLOWED
    }

    assert answered == {}
    assert Workload.objects.count() == 3


# --- Tokens: a scope for each method, and no other ------------------------------------

SCOPED = [
    (path, method.upper(), declared)
    for path, pattern in ROUTES.items()
    if path.startswith("api/")
    for method in METHODS
    for declared in [
        operation_of(getattr(getattr(pattern.callback, "cls", None), method, None))
    ]
    if declared is not None and declared.scopes
]


def test_a_token_needs_the_scope_of_what_it_asks(world: SimpleNamespace) -> None:
    nobody = User.objects.get(username="nils")
    tokens = {
        scope: issue_token(actor=nobody, user=nobody, scopes=[scope], now=NOW).secret
        for scope in Scope
    }
    wrong = set()
    for route, method, declared in SCOPED:
        path = address(Cell(route, method, frozenset()), world)
        for scope, secret in tokens.items():
            with transaction.atomic():
                answer = Client(raise_request_exception=False).generic(
                    method, path, headers={"Authorization": f"Bearer {secret}"}
                )
                transaction.set_rollback(True)
            lacks = b"insufficient_scope" in answer.content
            if lacks is (scope in declared.scopes):
                wrong.add((route, method, str(scope)))

    assert wrong == set()
