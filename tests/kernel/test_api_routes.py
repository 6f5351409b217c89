"""Default deny, walked over the URL configuration: no route is open by forgetting."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from portal.kernel.api.operations import METHODS, Reach, operation, operation_of
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope

# Every route that answers without a sign-in, and why.
PUBLIC = {
    "livez": "a machine asks",
    "readyz": "a machine asks",
    "metrics": "a machine asks",
    "api/v1/schema/": "describes the API to who has no token yet",
    "api/v1/docs/": "shows the schema",
    "problems/": "explains a refusal, also that of a sign-in",
    "problems/<slug:code>/": "explains a refusal, also that of a sign-in",
    "sign-in/": "the way in",
}


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, path)
        else:
            yield path, pattern


def view_class(pattern: URLPattern) -> Any:
    return getattr(pattern.callback, "cls", None)


def is_public(pattern: URLPattern) -> bool:
    cls = view_class(pattern)
    if isinstance(cls, type) and issubclass(cls, WeighbridgeView):
        handlers = [getattr(cls, name, None) for name in METHODS]
        declared = [operation_of(one) for one in handlers if one is not None]
        return any(one is not None and one.reach is Reach.PUBLIC for one in declared)
    return not getattr(pattern.callback, "login_required", True)


ROUTES = [
    (path, pattern)
    for path, pattern in routes(get_resolver("portal.urls"))
    if not path.startswith("admin/")
]
API = [(path, one) for path, one in ROUTES if path.startswith("api/")]


def test_the_public_routes_are_these_and_no_others():
    assert {path for path, pattern in ROUTES if is_public(pattern)} == set(PUBLIC)


@pytest.mark.parametrize(("path", "pattern"), API, ids=[path for path, _ in API])
def test_every_api_route_declares_whom_it_answers(path, pattern):
    if path == "api/v1/docs/":
        return
    cls = view_class(pattern)

    assert issubclass(cls, WeighbridgeView)
    for name in METHODS:
        handler = getattr(cls, name, None)
        if handler is not None:
            declared = operation_of(handler)
            assert declared is not None
            assert declared.scopes or declared.reach is not None


@pytest.mark.parametrize(
    "path",
    [path for path, pattern in ROUTES if "<" not in path and "(" not in path],
)
def test_a_stranger_gets_no_further_than_the_sign_in(path, db):
    answer = Client(raise_request_exception=False).get(f"/{path}")

    if path in PUBLIC:
        assert answer.status_code in {200, 503}
    elif path.startswith("api/"):
        assert answer.status_code in {401, 405}
        assert answer["WWW-Authenticate"].startswith("Bearer")
    else:
        assert answer.status_code == 302
        assert answer["Location"].startswith("/sign-in/")


def test_a_method_without_a_declaration_cannot_be_written():
    with pytest.raises(TypeError, match="has no @operation"):

        class Open(WeighbridgeView):
            def get(self):
                return None


def test_a_change_without_an_etag_cannot_be_written():
    with pytest.raises(TypeError, match=r"needs an etag\(\)"):

        class Unguarded(WeighbridgeView):
            @operation(scope=Scope.PLAN_WRITE)
            def patch(self):
                return None
