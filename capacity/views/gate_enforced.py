"""Whether gates hold at runtime, in one word and one sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from capacity.models import GatePolicy


@dataclass(frozen=True)
class Enforced:
    """`word` for a cell, `why` for whoever asks."""

    is_enforced: bool
    word: str
    why: str

    @property
    def tone(self) -> str:
        return "ok" if self.is_enforced else "stop"


def enforced_of(gates: Sequence[GatePolicy], now: datetime) -> dict[int, Enforced]:
    """Of each active gate, by workload."""
    return {}
