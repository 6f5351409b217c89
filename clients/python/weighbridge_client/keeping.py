"""What runs beside the calls: the bundle is kept fresh, usage is delivered."""

import json
import logging
import os
import random
import threading
import time
from pathlib import Path
from typing import Any

import httpx

from weighbridge_client.bundle import Bundle, read_bundle
from weighbridge_client.errors import Refused
from weighbridge_client.portal import MOST_EVENTS, Portal
from weighbridge_client.spool import Spool

logger = logging.getLogger("weighbridge_client")

# A portal counts a gate as enforced when its version was acknowledged within a day.
ACKNOWLEDGED_EVERY_SECONDS = 3600
LONGEST_WAIT_SECONDS = 300


class BundleKeeper:
    """The newest bundle, in memory and on disk: a restart while the portal is away still
    has it."""

    def __init__(self, portal: Portal, file: Path, runtime: str) -> None:
        self._portal = portal
        self._file = file
        self._runtime = runtime
        self._acknowledged = ("", 0.0)
        self.bundle = self._load()

    def refresh(self) -> None:
        """Asks for a newer one, and says which one is held here."""
        response = self._portal.fetch_bundle(self.bundle.etag if self.bundle else "")
        if response is not None:
            etag, document = response.headers["ETag"], response.json()
            self.bundle = read_bundle(document, etag)
            self._store({"etag": etag, "document": document})
        if self.bundle is not None:
            self._acknowledge(self.bundle.etag)

    def _acknowledge(self, etag: str) -> None:
        last, at = self._acknowledged
        if last == etag and time.monotonic() - at < ACKNOWLEDGED_EVERY_SECONDS:
            return
        try:
            self._portal.acknowledge(etag, self._runtime)
        except Refused as refusal:
            # It changed since it was fetched: the next time fetches, and says so.
            if refusal.status != 409:
                raise
            return
        self._acknowledged = (etag, time.monotonic())

    def _load(self) -> Bundle | None:
        try:
            stored = json.loads(self._file.read_text())
            return read_bundle(stored["document"], stored["etag"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, LookupError, TypeError):
            logger.warning("The stored bundle %s cannot be read.", self._file)
            return None

    def _store(self, stored: dict[str, Any]) -> None:
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Beside the file, then in its place: a reader never finds half of one.
        fresh = self._file.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(stored))
        fresh.replace(self._file)


def deliver(portal: Portal, spool: Spool) -> int:
    """Sends what waits, batch after batch; how many events left."""
    sent = 0
    while batch := spool.oldest(MOST_EVENTS):
        for one in portal.send([event for _, event in batch]):
            logger.error(
                "Usage event %s was refused: %s %s",
                one.get("id"),
                one.get("code"),
                one.get("detail"),
            )
        spool.delete(number for number, _ in batch)
        sent += len(batch)
    return sent


class Background:
    """One thread a process, begun with the first call: threads do not cross a fork."""

    def __init__(self, keeper: BundleKeeper, portal: Portal, spool: Spool) -> None:
        self._keeper = keeper
        self._portal = portal
        self._spool = spool
        self._owner = 0
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._is_closing = False
        self._thread: threading.Thread | None = None

    def start(self, *, bundle_seconds: float, usage_seconds: float) -> None:
        if self._owner == os.getpid():
            return
        with self._lock:
            if self._owner == os.getpid():
                return
            self._owner = os.getpid()
            self._wake = threading.Event()
            self._thread = threading.Thread(
                target=self._run,
                args=(bundle_seconds, usage_seconds),
                name="weighbridge",
                daemon=True,
            )
            self._thread.start()

    def stop(self) -> None:
        self._is_closing = True
        self._wake.set()
        if self._thread is not None and self._owner == os.getpid():
            self._thread.join(timeout=5)

    def _run(self, bundle_seconds: float, usage_seconds: float) -> None:
        due = {self._refresh: 0.0, self._deliver: time.monotonic() + usage_seconds}
        every = {self._refresh: bundle_seconds, self._deliver: usage_seconds}
        failures = dict.fromkeys(due, 0)
        while not self._is_closing:
            for work in due:
                if due[work] > time.monotonic():
                    continue
                failures[work] = 0 if work() else failures[work] + 1
                wait = min(every[work] * 2 ** failures[work], LONGEST_WAIT_SECONDS)
                wait = max(wait, every[work])
                due[work] = time.monotonic() + _spread(wait)
            self._wake.wait(max(0.0, min(due.values()) - time.monotonic()))

    def _refresh(self) -> bool:
        return _attempted("The bundle was not fetched", self._keeper.refresh)

    def _deliver(self) -> bool:
        return _attempted(
            "Usage was not delivered", lambda: deliver(self._portal, self._spool)
        )


def _attempted(failing: str, work: Any) -> bool:
    try:
        work()
    except (httpx.HTTPError, Refused, OSError, ValueError, LookupError) as error:
        logger.warning("%s: %s", failing, error)
        return False
    return True


def _spread(seconds: float) -> float:
    """A fifth more or less, so that a fleet does not ask all at once."""
    return seconds * random.uniform(0.8, 1.2)  # noqa: S311 - no secret hangs on it
