"""A portal that a test scripts: what it was asked, and what it answers."""

import json
from collections.abc import Callable
from typing import Any

import httpx

DECIDE = "/gates/decide/"
PORTAL = "http://portal.test"
GATE = "http://gate.test"
ANSWER: dict[str, Any] = {
    "decision": "0196-d",
    "action": "allow",
    "model": "Sonnet",
    "level": None,
    "signals": [],
    "consumed_tokens": 1_000,
    "ceiling_tokens": 10_000,
    "consumed": 0.1,
    "projected": 0.3,
    "remaining_tokens": 9_000,
    "reserved_tokens": 0,
    "resets_at": "2026-06-01T00:00:00Z",
    "gate_version": 3,
    "gate": None,
    "reason": "1,000 of 10,000 tokens used this month.",
    "reason_code": "under_ceiling",
}


class ScriptedPortal:
    """Answers like a portal whose one call is allowed. `away` are the hosts that do not
    answer; `answers` replaces what a path answers."""

    def __init__(self, bundle: dict[str, Any]) -> None:
        self.bundle = bundle
        self.etag = '"7"'
        self.away: set[str] = set()
        self.answers: dict[str, Callable[[httpx.Request], httpx.Response]] = {}
        self.asked: list[tuple[str, str, Any]] = []
        self.counted: dict[tuple[str, str], dict[str, Any]] = {}

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def to(self, path: str) -> list[tuple[str, Any]]:
        """(host, body) of what was asked below this path."""
        return [(host, body) for host, asked, body in self.asked if path in asked]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else None
        self.asked.append((request.url.host, request.url.path, body))
        if request.url.host in self.away:
            raise httpx.ConnectError("refused", request=request)
        for path, answer in self.answers.items():
            if path in request.url.path:
                return answer(request)
        if request.url.path.endswith("/decide/"):
            return httpx.Response(200, json=ANSWER)
        if request.url.path.endswith("/bundle/"):
            return self._bundle(request)
        if request.url.path.endswith("/usage/"):
            return self._count(body["events"])
        return httpx.Response(204)

    def _bundle(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("If-None-Match") == self.etag:
            return httpx.Response(304)
        return httpx.Response(200, json=self.bundle, headers={"ETag": self.etag})

    def _count(self, events: list[dict[str, Any]]) -> httpx.Response:
        fresh = {(one["source"], one["id"]): one for one in events}
        accepted = len(fresh.keys() - self.counted.keys())
        self.counted |= fresh
        duplicates = len(events) - accepted
        return httpx.Response(
            200, json={"accepted": accepted, "duplicates": duplicates, "rejected": []}
        )
