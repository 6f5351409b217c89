"""Usage is counted: judged in Python, then counted once by one statement.

What is refused goes to the quarantine in the same transaction; an answer means that both
are on disk.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db import OperationalError, connection, transaction
from msgspec import UNSET

from capacity.runtime.columns import Columns
from capacity.runtime.events import Batch, Event, Refused
from capacity.runtime.known import FUTURE_ALLOWED, Known, KnownWorkload
from capacity.runtime.quarantine import quarantine
from capacity.runtime.references import hashed
from portal.kernel.periods import Quarter
from workloads.selectors.plan import number_of

Answer = TypeVar("Answer")
TRIES = 6
# Deadlock, serialisation: another try goes through.
PASSING = frozenset({"40P01", "40001"})


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose token it is, and the workloads it is bound to; none for all."""

    name: str
    bound: frozenset[int] = frozenset()

    @classmethod
    def of(cls, name: str, refs: Iterable[str] = ()) -> "Sender":
        numbers = (number_of(ref) for ref in refs)
        return cls(name, frozenset(one for one in numbers if one is not None))


@dataclass(slots=True)
class Counted:
    """What became of a batch; `refused` are in the order they were sent."""

    accepted: int
    duplicates: int
    refused: list[Refused]


def ingest(
    batch: Batch, *, sender: Sender, now: datetime, keep: bool = True, raw: bool = True
) -> Counted:
    """Count the batch. `keep`: what is refused goes to the quarantine; `raw`: user
    references are as the sender knows them, not hashed yet."""
    known = Known.of((event.workload for _, event in batch.events), now)
    columns, refused = judged(batch, known, sender, raw=raw)
    refused = sorted([*batch.refused, *refused], key=lambda one: one.index)

    def count() -> int:
        if not refused or not keep:
            return columns.store(now)
        with transaction.atomic():
            accepted = columns.store(now)
            quarantine(refused, sent_by=sender.name, raw=raw, now=now)
        return accepted

    accepted = _again_when_it_passes(count) if columns or refused else 0
    return Counted(accepted, batch.size - len(refused) - accepted, refused)


def judged(
    batch: Batch, known: Known, sender: Sender, *, raw: bool
) -> tuple[Columns, list[Refused]]:
    """What the statement takes, and what is refused."""
    columns, refused = Columns(known, plain=batch.is_plain), []
    latest = known.now + FUTURE_ALLOWED
    users: dict[str, str] = {}
    for index, event in batch.events:
        workload = known.workloads.get(event.workload)
        found = _fault(event, workload, sender)
        moment = None
        if found is None and workload is not None:
            if event.time > latest:
                found = _future(event, known.now)
            else:
                moment = known.moment(event.time)
                if moment.closed is not None:
                    found = _closed(moment.closed)
        if found is not None or workload is None or moment is None:
            code, detail = found or ("invalid_event", "It cannot be read.")
            refused.append(Refused(index, code, detail, event, event.id))
            continue
        user = event.user
        if raw:
            user = users.get(user) or users.setdefault(user, hashed(user))
        columns.add(event, workload, user, moment)
    return columns, refused


Fault = tuple[str, str]


def _fault(
    event: Event, workload: KnownWorkload | None, sender: Sender
) -> Fault | None:
    """Why an event is refused whenever it comes: (code, detail)."""
    tokens = event.tokens
    if tokens is None:
        return _missing(event)
    sent, out = tokens
    cached = event.cached_input_tokens or 0
    if sent < 0 or out < 0 or cached < 0:
        return "negative_tokens", "Tokens are 0 or more."
    if workload is None:
        return "unknown_workload", f"There is no workload {event.workload}."
    if sender.bound and workload.number not in sender.bound:
        return "unknown_workload", f"This token is not bound to {workload.ref}."
    if workload.tiers is not None and event.tier not in workload.tiers:
        known = ", ".join(sorted(workload.tiers))
        return (
            "unknown_tier",
            f"The gate of {workload.ref} has no tier {event.tier}; it has {known}.",
        )
    if cached > sent:
        return (
            "cached_exceeds_input",
            f"{cached:,} cached of {sent:,} input tokens: cached ones are part of them.",
        )
    return None


def _missing(event: Event) -> Fault:
    named = (
        ("model", event.model, event.otel_model),
        ("input_tokens", event.input_tokens, event.otel_input),
        ("output_tokens", event.output_tokens, event.otel_output),
    )
    lacking = [name for name, own, other in named if own is UNSET and other is UNSET]
    return "invalid_event", f"Object missing required field `{lacking[0]}`"


def _future(event: Event, now: datetime) -> Fault:
    return (
        "time_in_future",
        f"{event.time.isoformat()} lies more than 5 minutes after {now:%Y-%m-%d %H:%M:%S}"
        " UTC. Check the sender's clock.",
    )


def _closed(quarter: Quarter) -> Fault:
    return (
        "quarter_closed",
        f"{quarter.label} is closed and takes no more usage. Finance can open it again.",
    )


def _again_when_it_passes(count: Callable[[], Answer]) -> Answer:
    """Inside of another's transaction a failed statement has ended it: once only."""
    tries = 1 if connection.in_atomic_block else TRIES
    for number in range(1, tries + 1):
        try:
            return count()
        except OperationalError as error:
            state = getattr(error.__cause__, "sqlstate", None)
            if state not in PASSING or number == tries:
                raise
            time.sleep(0.01 * 2**number)
    raise AssertionError("unreachable")
