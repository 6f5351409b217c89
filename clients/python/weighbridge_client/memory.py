"""What this process heard of the counters, for the time when nobody can be asked."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from weighbridge_client.bundle import Heard
from weighbridge_client.decisions import Decision, Question

MOST_USERS = 50_000


@dataclass(frozen=True, slots=True)
class _Counter:
    """One user's month, named by its first day. `ceilings` are (tokens, version of the
    gate) by tier."""

    month: str
    settled: int = 0
    over: frozenset[str] = frozenset()
    ceilings: Mapping[str, tuple[int, int | None]] = field(default_factory=dict)


class Memory:
    """Settled tokens by workload and user: the last answer's, plus what this process
    used since. Who was heard longest ago is forgotten first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters: OrderedDict[tuple[str, str], _Counter] = OrderedDict()
        self._limited: dict[tuple[str, str], datetime] = {}

    def keep(
        self, question: Question, answer: Decision, now: datetime, month: str
    ) -> None:
        """After each answer of the portal."""
        place = question.workload, question.agent or ""
        with self._lock:
            if answer.gate == "spend_limit":
                self._limited[place] = now
            elif not answer.is_held:
                self._limited.pop(place, None)
            counter = self._of(question, month)
            if answer.consumed_tokens is not None:
                counter = replace(counter, settled=answer.consumed_tokens)
            if answer.ceiling_tokens is not None:
                told = answer.ceiling_tokens, answer.gate_version
                ceilings = {**counter.ceilings, question.tier: told}
                counter = replace(counter, ceilings=ceilings)
            if answer.level == 100:
                counter = replace(counter, over=counter.over | {question.tier})
            self._put(question, counter)

    def add(self, question: Question, tokens: int, month: str) -> None:
        """What a call used, until an answer counts it."""
        with self._lock:
            counter = self._of(question, month)
            self._put(question, replace(counter, settled=counter.settled + tokens))

    def heard(self, question: Question, month: str) -> Heard:
        with self._lock:
            counter = self._of(question, month)
            limited = self._limited.get((question.workload, question.agent or ""))
        ceiling, version = counter.ceilings.get(question.tier, (None, None))
        return Heard(
            counter.settled, question.tier in counter.over, limited, ceiling, version
        )

    def _of(self, question: Question, month: str) -> _Counter:
        """What was heard in an earlier month is worth nothing now."""
        found = self._counters.get((question.workload, question.user))
        return found if found and found.month == month else _Counter(month)

    def _put(self, question: Question, counter: _Counter) -> None:
        user = question.workload, question.user
        self._counters[user] = counter
        self._counters.move_to_end(user)
        if len(self._counters) > MOST_USERS:
            self._counters.popitem(last=False)
