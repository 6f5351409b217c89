"""Usage that is not yet delivered, on disk.

SQLite, so that what a killed process had written is there for the next one. Events carry
stable ids: sending one twice, from two processes too, counts once.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

# Numbers are never used twice: what another process delivered and deleted meanwhile must
# not take a newer event with it.
_TABLE = """
    CREATE TABLE IF NOT EXISTS event (
        number INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL
    )
"""
# Leaving is from the oldest end, so the span of the numbers bounds the count, without
# counting at each call.
_PUT = """
    INSERT INTO event (body) SELECT ?
    WHERE coalesce(
        (SELECT max(number) FROM event) - (SELECT min(number) FROM event) + 1, 0
    ) < ?
"""


class Spool:
    """A bounded queue of events, oldest first. For threads, and over a fork."""

    def __init__(self, file: Path, *, most_events: int) -> None:
        self._file = file
        self._most_events = most_events
        self._lock = threading.Lock()
        self._owner = 0
        self._database: sqlite3.Connection | None = None

    def put(self, event: Mapping[str, Any]) -> bool:
        """False when it is full: what waits longest is worth as much, and goes first."""
        with self._lock:
            cursor = self._open().execute(_PUT, (json.dumps(event), self._most_events))
            return cursor.rowcount == 1

    def oldest(self, most: int) -> list[tuple[int, dict[str, Any]]]:
        with self._lock:
            rows = self._open().execute(
                "SELECT number, body FROM event ORDER BY number LIMIT ?", (most,)
            )
            return [(number, json.loads(body)) for number, body in rows]

    def delete(self, numbers: Iterable[int]) -> None:
        with self._lock:
            database = self._open()
            database.execute("BEGIN")
            database.executemany(
                "DELETE FROM event WHERE number = ?", [(one,) for one in numbers]
            )
            database.execute("COMMIT")

    def __len__(self) -> int:
        with self._lock:
            row: Sequence[int] = (
                self._open().execute("SELECT count(*) FROM event").fetchone()
            )
            return row[0]

    def close(self) -> None:
        with self._lock:
            if self._database is not None and self._owner == os.getpid():
                self._database.close()
            self._database = None

    def _open(self) -> sqlite3.Connection:
        # A connection that crossed a fork must not be used, nor closed, in the child.
        if self._database is None or self._owner != os.getpid():
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._database = sqlite3.connect(
                self._file, timeout=5, isolation_level=None, check_same_thread=False
            )
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.execute(_TABLE)
            self._owner = os.getpid()
        return self._database
