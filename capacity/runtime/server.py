"""The gate server: decisions from memory and one statement, on a port of its own.

    granian --interface rsgi capacity.runtime.server:application

One process, one event loop. It answers what the web server answers to the same call; the
policies are read again whenever the statement finds that they changed.
"""

import asyncio
import os
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from capacity.runtime.counter import Counter  # noqa: E402 - after the settings
from capacity.runtime.refusals import refused  # noqa: E402
from capacity.runtime.watched import exposition, liveness  # noqa: E402
from portal.kernel.errors import NotFound, Problem  # noqa: E402

DECIDE = "/api/v1/gates/decide/"
JSON = [("content-type", "application/json"), ("cache-control", "no-store")]
TEXT = [("content-type", "text/plain; version=0.0.4; charset=utf-8")]


class Gate:
    """The application; granian calls it by the names of its interface."""

    def __init__(self) -> None:
        self.counter: Counter | None = None

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Granian's hook; the loop does not run yet."""

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        if self.counter is not None:
            self.counter.close()

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        counter = self.counter
        if counter is None:
            counter = self.counter = Counter()
        if scope.path != DECIDE:
            self._beside(counter, scope, protocol)
            return
        try:
            body = await counter.decide(scope, protocol)
        except Problem as problem:
            protocol.response_bytes(*refused(problem, scope))
        except Exception as error:  # noqa: BLE001 - told as a problem, never hung up on
            protocol.response_bytes(*refused(error, scope))
        else:
            protocol.response_bytes(200, JSON, body)

    def _beside(self, counter: Counter, scope: Any, protocol: Any) -> None:
        if scope.path == "/livez":
            protocol.response_bytes(200, JSON, liveness(counter))
        elif scope.path == "/metrics":
            protocol.response_bytes(200, TEXT, exposition(counter))
        else:
            problem = NotFound(f"There is nothing at {scope.path}.")
            protocol.response_bytes(*refused(problem, scope))


application = Gate()
