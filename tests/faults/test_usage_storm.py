"""Usage shuffled, repeated, cut and sent again from eight connections: counted once."""

import random
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import (
    DatabaseError,
    InterfaceError,
    connection,
    connections,
)

from capacity.models import (
    Reservation,
    SpendCounter,
    UsageArrival,
    UsageDay,
    UsageEvent,
    UsageHour,
    UsageSource,
    UserCounter,
)
from capacity.runtime.events import batch_of
from capacity.runtime.ingest import Sender, ingest
from tests.capacity.usage import decided
from tests.conftest import NOW, enter_prices
from tests.faults.processes import SOAK
from tests.faults.races import at_once
from tests.workloads import stories
from workloads.models import Workload

pytestmark = pytest.mark.django_db(transaction=True)

EVENTS = 100_000 if SOAK else 6_000
CONNECTIONS = 8
REPEATED = 0.30
CUT = 0.05
BATCH = 500 if SOAK else 120
USERS = 200
DECIDED = 300


@pytest.fixture
def workloads(cast: SimpleNamespace) -> list[Workload]:
    enter_prices()
    return [stories.proposed(cast, name=f"Workload {number}") for number in range(4)]


def made(workloads: Sequence[Workload], rng: random.Random) -> list[dict[str, Any]]:
    """Events of forty days in two months; the first ones settle a reservation each."""
    events = []
    for number in range(EVENTS):
        workload = workloads[number % len(workloads)]
        user = f"user-{rng.randrange(USERS)}"
        at = NOW - timedelta(minutes=rng.randrange(40 * 24 * 60))
        event = {
            "id": str(number),
            "source": f"gateway/{number % 3}",
            "time": at.isoformat(),
            "workload": workload.ref,
            "tier": rng.choice(("free", "pro")),
            "user": user,
            "agent": f"agent-{rng.randrange(5)}",
            "model": rng.choice(("Sonnet", "Haiku", "Nova")),
            "input_tokens": rng.randrange(100_000),
            "output_tokens": rng.randrange(10_000),
            "session": f"session-{rng.randrange(EVENTS // 5)}",
            "turns": 1,
        }
        if number < DECIDED:
            kept = decided(number + 1, workload, user_ref=user, reserved=1_000)
            event["decision"] = str(kept.pk)
        events.append(event)
    return events


def test_totals_equal_a_single_threaded_sum_to_the_token(
    workloads: list[Workload],
) -> None:
    rng = random.Random(30)  # noqa: S311 - the same storm each time
    events = made(workloads, rng)
    sent = events + rng.sample(events, int(len(events) * REPEATED))
    rng.shuffle(sent)
    batches = [sent[at : at + BATCH] for at in range(0, len(sent), BATCH)]

    told = at_once(
        [
            partial(send_all, batches[place::CONNECTIONS], seed=place)
            for place in range(CONNECTIONS)
        ]
    )

    # What was cut may have been counted unheard: it is a duplicate then.
    assert sum(told) <= len(events)
    require_sums(events)


def test_the_same_batch_from_every_connection_counts_once(
    workloads: list[Workload],
) -> None:
    rng = random.Random(8)  # noqa: S311
    events = made(workloads, rng)[:BATCH]
    batches = [rng.sample(events, len(events)) for _ in range(CONNECTIONS)]

    told = at_once([partial(send_all, [batch], seed=None) for batch in batches])

    assert sum(told) == len(events)
    assert UsageEvent.objects.count() == len(events)


def send_all(batches: Sequence[list[dict[str, Any]]], *, seed: int | None) -> int:
    """How many this connection was told are new."""
    rng = random.Random(seed)  # noqa: S311
    return sum(
        send_through_cuts(batch, rng, cut=seed is not None and rng.random() < CUT)
        for batch in batches
    )


def send_through_cuts(
    events: list[dict[str, Any]], rng: random.Random, *, cut: bool
) -> int:
    """One batch until it is acknowledged; a cut one loses its connection or its answer."""
    if cut and rng.random() < 0.5:
        send(events)
    elif cut:
        with connection_cut_after(rng.random() * 0.05):
            try:
                send(events)
            except (DatabaseError, InterfaceError):
                connection.close()
    connection.close_if_unusable_or_obsolete()
    return send(events)


def send(events: list[dict[str, Any]]) -> int:
    return ingest(batch_of(events), sender=Sender("storm"), now=NOW).accepted


@contextmanager
def connection_cut_after(seconds: float) -> Iterator[None]:
    connection.ensure_connection()
    pid = connection.connection.info.backend_pid
    timer = threading.Timer(seconds, cut, [pid])
    timer.start()
    try:
        yield
    finally:
        timer.join()
        connection.close()


def cut(pid: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    connections.close_all()


def require_sums(events: list[dict[str, Any]]) -> None:
    settled: Counter[tuple[str, str, str]] = Counter()
    days: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for one in events:
        at = datetime.fromisoformat(one["time"])
        tokens = one["input_tokens"] + one["output_tokens"]
        settled[one["workload"], one["user"], f"{at:%Y-%m}-01"] += tokens
        names = (one["workload"], one["tier"], one["user"], one["model"])
        days[(f"{at:%Y-%m-%d}", *names)].update(
            calls=1,
            turns=1,
            input_tokens=one["input_tokens"],
            output_tokens=one["output_tokens"],
        )
    counted = UserCounter.objects.select_related("workload")
    assert {
        (one.workload.ref, one.user_ref, str(one.month)): one.settled
        for one in counted
        if one.settled
    } == {key: tokens for key, tokens in settled.items() if tokens}
    assert {
        (
            str(one.day),
            one.workload.ref,
            one.tier,
            one.user_ref,
            one.model,
        ): {name: getattr(one, name) for name in next(iter(days.values()))}
        for one in UsageDay.objects.select_related("workload")
    } == {key: dict(sums) for key, sums in days.items()}
    require_each_counted_once(events)


def require_each_counted_once(events: list[dict[str, Any]]) -> None:
    assert UsageEvent.objects.count() == len(events)
    for table, column in (
        (UsageHour, "calls"),
        (UsageArrival, "events"),
        (UsageSource, "events"),
    ):
        assert sum(table.objects.values_list(column, flat=True)) == len(events)
    sessions = {(one["workload"], one["user"], one["session"]) for one in events}
    assert sum(UsageDay.objects.values_list("sessions", flat=True)) == len(sessions)
    assert not Reservation.objects.exists()
    assert set(UserCounter.objects.values_list("reserved", flat=True)) == {0}
    costs = [one for one in UsageEvent.objects.values_list("cost", flat=True) if one]
    for scope in ("workload", "agent"):
        for period in ("day", "month"):
            spent = SpendCounter.objects.filter(scope=scope, period=period)
            told = sum(spent.values_list("settled", flat=True), Decimal(0))
            assert told == sum(costs, Decimal(0))
