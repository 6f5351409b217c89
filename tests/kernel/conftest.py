"""Callers of the API: a client that sends a token, and the endpoints to try it on."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from portal.kernel import clock
from portal.kernel.enums import Scope
from portal.kernel.models import User
from portal.kernel.services.tokens import issue_token
from tests.kernel import api_probe

Call = Callable[..., Any]


class Caller:
    """A program with a token: JSON in, JSON out."""

    def __init__(self, secret: str | None) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {secret}"} if secret else {}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        content = body if isinstance(body, bytes) else b""
        if body is not None and not isinstance(body, bytes):
            content = json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        kind = named.pop("Content-Type", "application/json")
        return self.client.generic(
            method, path, content, kind, headers={**self.headers, **named}
        )


@pytest.fixture
def caller_of() -> Callable[..., Caller]:
    def make(user: User | None, *scopes: Scope) -> Caller:
        if user is None:
            return Caller(None)
        wanted = scopes or tuple(Scope)
        issued = issue_token(actor=user, user=user, scopes=wanted, now=clock.now())
        return Caller(issued.secret)

    return make


@pytest.fixture
def probe(settings: Any) -> Any:
    settings.ROOT_URLCONF = "tests.kernel.api_probe"
    api_probe.done.clear()
    cache.clear()
    return api_probe
