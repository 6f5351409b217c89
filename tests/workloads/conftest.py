"""Programs that call the API as a person of the cast, at the tests' own moment."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache

from portal.kernel import clock
from portal.kernel.enums import Scope
from portal.kernel.services.tokens import issue_token
from tests.conftest import NOW
from tests.kernel.conftest import Caller


@pytest.fixture
def at_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands still, so that signatures of the stories hold."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    cache.clear()


@pytest.fixture
def api(cast: SimpleNamespace, at_now: None) -> Callable[..., Caller]:
    """`api("pia")("GET", path)`; None is a program without a token."""
    made: dict[Any, Caller] = {}

    def caller(username: str | None, *scopes: Scope) -> Caller:
        if (username, scopes) not in made:
            made[username, scopes] = _made(username, scopes)
        return made[username, scopes]

    def _made(username: str | None, scopes: tuple[Scope, ...]) -> Caller:
        if username is None:
            return Caller(None)
        user = getattr(cast, username)
        wanted = scopes or tuple(Scope)
        # A service account makes no token of its own.
        actor = cast.ada if username == "gateway" else user
        issued = issue_token(actor=actor, user=user, scopes=wanted, now=NOW)
        return Caller(issued.secret)

    return caller
