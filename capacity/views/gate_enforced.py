"""Whether gates hold at runtime, in one word and one sentence."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from capacity.formulas.enforcement import Enforcement
from capacity.selectors.enforcement import enforcement_of
from workloads.models import Workload


@dataclass(frozen=True)
class Enforced:
    """`word` for a cell, `why` for whoever asks."""

    is_enforced: bool
    word: str
    why: str

    @property
    def tone(self) -> str:
        return "ok" if self.is_enforced else "stop"


def told(found: Enforcement) -> Enforced:
    word, _, why = found.sentence.partition(": ")
    return Enforced(found.is_enforced, word, f"{why[:1].upper()}{why[1:]}")


def enforced_of(workloads: Iterable[Workload], now: datetime) -> dict[int, Enforced]:
    """Of workloads with an active gate, by key. Five queries, none without any."""
    asked = list(workloads)
    if not asked:
        return {}
    return {key: told(one) for key, one in enforcement_of(asked, now).items()}
