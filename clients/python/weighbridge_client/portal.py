"""The calls of the portal's API that need no decision: bundle, usage, reservations."""

import logging
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import httpx

from weighbridge_client.addresses import require_accepted
from weighbridge_client.errors import Refused

logger = logging.getLogger("weighbridge_client")

API = "/api/v1"
DECIDE = f"{API}/gates/decide/"
MOST_EVENTS = 500
"""A batch; the portal takes ten times as many."""


class Portal:
    """Raises httpx.HTTPError where nobody answers, Refused where the answer refuses."""

    def __init__(self, http: httpx.Client, url: str) -> None:
        self._http = http
        self._base = url.rstrip("/") + API

    def fetch_bundle(self, etag: str) -> httpx.Response | None:
        """The bundle, none where it is still the one of this ETag."""
        headers = {"If-None-Match": etag} if etag else {}
        response = self._http.get(f"{self._base}/gates/bundle/", headers=headers)
        if response.status_code == 304:
            return None
        return _accepted(response)

    def acknowledge(self, etag: str, runtime: str) -> None:
        self._post("/gates/bundle/ack/", {"etag": etag, "runtime": runtime})

    def extend(self, decision: str) -> None:
        self._post(f"/gates/reservations/{quote(decision, safe='')}/extend/", {})

    def release(self, decision: str) -> None:
        self._post(f"/gates/reservations/{quote(decision, safe='')}/release/", {})

    def send(self, events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Returns those refused alone: the portal keeps them in its quarantine."""
        try:
            answer = self._post("/usage/", {"events": events}).json()
        except Refused as refusal:
            return self._send_apart(events, refusal)
        rejected: list[dict[str, Any]] = answer.get("rejected", [])
        return rejected

    def _send_apart(
        self, events: Sequence[dict[str, Any]], refusal: Refused
    ) -> list[dict[str, Any]]:
        """Halves, where the body was refused as a whole: one event must not keep the
        others from being counted."""
        if refusal.status not in {400, 413, 422}:
            raise refusal
        if len(events) == 1:
            return [
                {
                    "id": events[0].get("id"),
                    "code": refusal.code,
                    "detail": refusal.detail,
                }
            ]
        middle = len(events) // 2
        return [*self.send(events[:middle]), *self.send(events[middle:])]

    def _post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        return _accepted(self._http.post(self._base + path, json=body))


def _accepted(response: httpx.Response) -> httpx.Response:
    # A server's failure is no refusal: the same is sent again later.
    if response.status_code >= 500 or response.status_code == 429:
        response.raise_for_status()
    return require_accepted(response)
