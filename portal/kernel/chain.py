"""Judging the audit chain. Pure: rows in, verdict out.

Each entry carries the hash of the one before it, and its own hash covers that one and
all of its fields. A tail that was cut off leaves a whole chain behind; only a
checkpoint, exported before and kept elsewhere, can tell.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Self

GENESIS_HASH = "0" * 64

# id, previous hash, hash, and what the hash must be of
Row = tuple[int, str, str, bytes]


@dataclass(frozen=True, slots=True)
class Broken:
    """The first entry that is not as it was written."""

    id: int
    why: str

    def __str__(self) -> str:
        return f"Entry {self.id} is broken: {self.why}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`entries` were found in order, up to `last_id`; `broken` is None when whole."""

    entries: int
    last_id: int
    last_hash: str
    broken: Broken | None


# Moments at the ends of the calendar exist in some time zones only.
YEARS = range(2000, 9000)
# Infinity is a number to the reader, and lists may be nested too deep for it.
_NOT_ONE = (ValueError, TypeError, KeyError, OverflowError, RecursionError)


class UnreadableCheckpoint(ValueError):
    """The file is no checkpoint, or was changed since it was exported."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where the chain stood at some moment."""

    id: int
    hash: str
    at: datetime

    def to_json(self) -> str:
        members = self._members()
        return json.dumps({**members, "sha256": _sha256_of(members)}, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Raises UnreadableCheckpoint."""
        try:
            members = json.loads(text)
            checkpoint = cls(
                id=int(members["id"]),
                hash=str(members["hash"]),
                at=datetime.fromisoformat(members["at"]),
            )
            stated = members["sha256"]
            if checkpoint.id < 0 or checkpoint.at.year not in YEARS:
                raise ValueError
        except _NOT_ONE as error:
            raise UnreadableCheckpoint("This file is not a checkpoint.") from error
        if stated != _sha256_of(checkpoint._members()):
            raise UnreadableCheckpoint(
                "This checkpoint was changed after it was exported."
            )
        return checkpoint

    def _members(self) -> dict[str, str | int]:
        return {"id": self.id, "hash": self.hash, "at": self.at.isoformat()}


def _sha256_of(members: dict[str, str | int]) -> str:
    return sha256(json.dumps(members, sort_keys=True).encode()).hexdigest()


def judge(rows: Iterable[Row], checkpoint: Checkpoint | None = None) -> Verdict:
    """Walk the chain from its first entry and stop at the first broken one."""
    last_id, last_hash = 0, GENESIS_HASH
    # Compared in the loop instead of calling a function: 100,000 turns of it.
    checked_id = checkpoint.id if checkpoint else 0
    for entry_id, previous_hash, entry_hash, payload in rows:
        expected_id = last_id + 1
        if (
            entry_id != expected_id
            or previous_hash != last_hash
            or sha256(payload).hexdigest() != entry_hash
            or (entry_id == checked_id and entry_hash != checkpoint.hash)  # type: ignore[union-attr]
        ):
            row = (entry_id, previous_hash, entry_hash, payload)
            broken = _broken(row, expected_id, last_hash)
            return Verdict(last_id, last_id, last_hash, broken)
        last_id, last_hash = entry_id, entry_hash
    if last_id < checked_id:
        missing = Broken(
            last_id + 1,
            f"it is missing; the checkpoint has {checked_id} entries and the trail "
            f"ends after {last_id}.",
        )
        return Verdict(last_id, last_id, last_hash, missing)
    return Verdict(last_id, last_id, last_hash, None)


def _broken(row: Row, expected_id: int, last_hash: str) -> Broken:
    entry_id, previous_hash, entry_hash, payload = row
    if entry_id > expected_id:
        return Broken(expected_id, f"it is missing; entry {entry_id} comes next.")
    if entry_id < expected_id:
        return Broken(entry_id, "its number is not one of the sequence.")
    if sha256(payload).hexdigest() != entry_hash:
        return Broken(entry_id, "its content is not what its hash was made of.")
    if previous_hash != last_hash:
        return Broken(
            entry_id, f"it does not follow entry {expected_id - 1} as that stands."
        )
    return Broken(
        entry_id, "the checkpoint has another hash for it: the trail was rewritten."
    )
