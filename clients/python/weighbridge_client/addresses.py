"""Who to ask next. Plain steps: the one that sends them may wait or await."""

import random
import time
from collections.abc import Callable, Generator, Sequence
from typing import NamedTuple

import httpx

from weighbridge_client.errors import Refused, Unreachable

AWAY = frozenset({429, 500, 502, 503, 504})
"""Answers of somebody that cannot answer now; the next one is asked."""
PAUSE_SECONDS = 0.05


class Step(NamedTuple):
    """Wait so long, then send to this address."""

    base: str
    pause_seconds: float


Steps = Generator[Step, httpx.Response | None, httpx.Response]


class Addresses:
    """Base addresses in order of preference.

    One that did not answer is left alone for a while, so that an outage costs the calls
    a timeout now and then and not each time.
    """

    def __init__(
        self,
        bases: Sequence[str],
        *,
        cool_off_seconds: float,
        rounds: int = 2,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bases = [base.rstrip("/") for base in bases]
        self._cool_off_seconds = cool_off_seconds
        self._rounds = rounds
        self._monotonic = monotonic
        self._asleep_until: dict[str, float] = {}

    def steps(self) -> Steps:
        """The tries of one question. Takes each answer, none for no answer."""
        now = self._monotonic()
        awake = [one for one in self._bases if self._asleep_until.get(one, 0) <= now]
        for turn in range(self._rounds):
            pause = PAUSE_SECONDS * turn * (1 + random.random())  # noqa: S311 - spread
            for base in awake:
                response = yield Step(base, pause)
                if response is not None and response.status_code not in AWAY:
                    self._asleep_until.pop(base, None)
                    return response
                self._asleep_until[base] = self._monotonic() + self._cool_off_seconds
                pause = 0.0
        raise Unreachable(f"No answer from {' or '.join(self._bases)}.")


def require_accepted(response: httpx.Response) -> httpx.Response:
    """The answer, unless it refuses (RFC 9457)."""
    if response.status_code < 400:
        return response
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        problem = {}
    raise Refused(
        response.status_code,
        str(problem.get("code", "")),
        str(problem.get("detail", response.reason_phrase)),
    )
