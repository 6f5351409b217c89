"""`ingest` and `ingest_orm`: usage that is counted once, against rows that are copied."""

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import psycopg
from django.db import connection

from capacity.models import ModelPrice
from governance.management.bench import database
from governance.management.bench.results import NotMeasured, Result, in_turns
from governance.management.bench.server import Client, serve
from portal.kernel import clock
from portal.kernel.enums import Role, Scope
from portal.kernel.models import User
from portal.kernel.services.tokens import issue_token

CONNECTIONS = 4
BATCH = 1_000
DUPLICATES = 100
SIZES = (20_000, 200_000)
WORKLOADS = 8
USERS = 10_000
CALLS_A_SESSION = 5
PATH, ORDINARY = "/api/v1/usage/", "/bench/usage/"
# COPY is over in an instant: it is timed several times over, into an emptied table.
COPIES = 3
Say = Callable[[str], None]

_FLOOR = """
    DROP TABLE IF EXISTS bench_copied;
    CREATE TABLE bench_copied (
        LIKE capacity_usageevent INCLUDING DEFAULTS, PRIMARY KEY (day, key)
    );
"""
_COLUMNS = (
    "day, key, source, event_id, at, received_at, workload_id, tier, user_ref, agent,"
    " called_by, account, model, session, trace_id, calls, decided_calls,"
    " unreachable_calls, turns, retries, tool_calls, input_tokens, cached_input_tokens,"
    " output_tokens, decision, billable_tokens, cost, outcome, test"
)


@dataclass(frozen=True)
class Sent:
    """One batch: as a body, and as the rows that COPY takes."""

    body: bytes
    rows: bytes


def ingest(user: User, _seconds: float, say: Say) -> Result:
    """Events taken a second, a tenth of them repeated, against rows copied; ≥ 0.20.

    Durable on both sides, four connections, batches of a thousand. Sessions of five calls,
    ten thousand users, eight workloads.
    """
    source = _prepare(user)
    ratios: list[float] = []
    floor = ours = 0.0
    with serve(database.NAME, workers=2, threads=2) as port:
        clients = [Client(port, source.headers) for _ in range(CONNECTIONS)]
        filled = 0
        for size in SIZES:
            say(f"{size:,} events")
            while filled < size:
                batches = source.batches(20)
                _send(clients, PATH, batches)
                _copy(batches)
                filled += len(batches) * BATCH
            _settle()
            floor, ours = in_turns(
                lambda: _copied_a_second(source.batches(40)),
                lambda: _sent_a_second(clients, PATH, source.batches(40)),
            )
            ratios.append(ours / floor)
            say(f"{ours:,.0f} events/s against {floor:,.0f} rows/s")
    return Result(
        ratio=ratios[-1],
        bar=0.20,
        better="higher",
        floor=floor,
        ours=ours,
        unit="rows/s",
        # The cost of an event in rows copied, at full size against a tenth.
        growth=ratios[0] / ratios[-1],
        growth_bar=1.3,
    )


def ingest_orm(user: User, _seconds: float, say: Say) -> Result:
    """The same against a serializer for each event and `get_or_create` a row; ≥ 50 ×."""
    source = _prepare(user)
    with serve(database.NAME, workers=2, threads=2) as port:
        clients = [Client(port, source.headers) for _ in range(CONNECTIONS)]
        floor, ours = in_turns(
            lambda: _sent_a_second(clients, ORDINARY, source.batches(CONNECTIONS)),
            lambda: _sent_a_second(clients, PATH, source.batches(40)),
        )
    say(f"{ours:,.0f} events/s against {floor:,.0f} events/s")
    return Result(
        ratio=ours / floor,
        bar=50.0,
        better="higher",
        floor=floor,
        ours=ours,
        unit="events/s",
    )


class Source:
    """Makes batches without end; a tenth of each was in an earlier one."""

    def __init__(self, headers: dict[str, str], now: datetime) -> None:
        self.headers = headers
        self._now = now
        self._random = random.Random(4)  # noqa: S311 - rows for a measurement
        self._earlier: list[dict[str, Any]] = []

    def batches(self, count: int) -> list[Sent]:
        return [self._batch() for _ in range(count)]

    def _batch(self) -> Sent:
        fresh = [
            event
            for _ in range((BATCH - DUPLICATES) // CALLS_A_SESSION)
            for event in self._session()
        ]
        known = self._earlier or fresh
        repeated = [self._random.choice(known) for _ in range(DUPLICATES)]
        self._earlier = fresh
        sent = [*fresh, *repeated]
        self._random.shuffle(sent)
        # As many rows as events, none twice: what repeats has a key of its own there.
        rows = [self._row(event) for event in fresh]
        rows += [self._row({**event, "id": self._id()}) for event in repeated]
        return Sent(orjson.dumps({"events": sent}), "".join(rows).encode())

    def _session(self) -> list[dict[str, Any]]:
        pick = self._random.randrange
        shared = {
            "source": f"bench/{pick(4)}",
            "time": (self._now - timedelta(seconds=pick(60)))
            .isoformat()
            .replace("+00:00", "Z"),
            "workload": f"W-{1 + pick(WORKLOADS):02d}",
            "tier": "standard",
            "user": f"user-{pick(USERS)}",
            "agent": f"agent-{pick(10)}",
            "model": "Sonnet",
            "session": self._id(),
            "cached_input_tokens": 0,
            "turns": 1,
            "tool_calls": 0,
            "retries": 0,
        }
        return [
            {
                "id": self._id(),
                **shared,
                "input_tokens": pick(5_000),
                "output_tokens": pick(1_000),
            }
            for _ in range(CALLS_A_SESSION)
        ]

    def _id(self) -> str:
        return str(UUID(int=self._random.getrandbits(128)))

    def _row(self, event: dict[str, Any]) -> str:
        told = [
            str(self._now.date()),
            event["id"],
            event["source"],
            event["id"],
            event["time"],
            event["time"],
            event["workload"][2:],
            *(event[name] for name in ("tier", "user", "agent")),
            "",
            "",
            event["model"],
            event["session"],
            "",
            *("1", "0", "0", "1", "0", "0"),
            *(str(event["input_tokens"]), "0", str(event["output_tokens"])),
            *("\\N", "0", "0.012345000000", "\\N", "f"),
        ]
        return "\t".join(told) + "\n"


def _prepare(user: User) -> Source:
    database.fill_plan(user, 1, WORKLOADS)
    now = clock.now()
    issued = issue_token(
        actor=user,
        user=user,
        scopes=[Scope.USAGE_WRITE],
        now=now,
        name="bench",
        expires_at=now + timedelta(hours=1),
    )
    user.roles = [str(Role.RUNTIME)]
    user.save(update_fields=["roles"])
    ModelPrice.objects.create(
        model="Sonnet",
        model_class="standard",
        valid_from=now.date() - timedelta(days=365),
        input_per_million="3.00",
        cached_input_per_million="0.30",
        output_per_million="15.00",
        currency="USD",
        entered_at=now,
    )
    with connection.cursor() as cursor:
        cursor.execute(_FLOOR)
        cursor.execute("SELECT capacity_ensure_usage_month(%s)", [now.date()])
    headers = {
        "Authorization": f"Bearer {issued.secret}",
        "Content-Type": "application/json",
    }
    return Source(headers, now)


def _settle() -> None:
    """The checkpoint of what was filled is not part of what is measured."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


def _sent_a_second(
    clients: Sequence[Client], path: str, batches: Sequence[Sent]
) -> float:
    started = time.perf_counter()
    _send(clients, path, batches)
    return len(batches) * BATCH / (time.perf_counter() - started)


def _send(clients: Sequence[Client], path: str, batches: Sequence[Sent]) -> None:
    def of_one(place: int) -> None:
        for batch in batches[place :: len(clients)]:
            answer = orjson.loads(clients[place].ask("POST", path, batch.body))
            if answer.get("rejected"):
                raise NotMeasured(f"An event was refused: {answer['rejected'][0]}")

    _at_once(of_one, len(clients))


def _copied_a_second(batches: Sequence[Sent]) -> float:
    took = 0.0
    for number in range(COPIES):
        started = time.perf_counter()
        _copy(batches)
        took += time.perf_counter() - started
        if number < COPIES - 1:
            _forget(batches)
    return COPIES * len(batches) * BATCH / took


def _copy(batches: Sequence[Sent]) -> None:
    def of_one(place: int) -> None:
        with psycopg.connect(**_address(), autocommit=True) as one:
            for batch in batches[place::CONNECTIONS]:
                with one.cursor().copy(
                    f"COPY bench_copied ({_COLUMNS}) FROM STDIN"
                ) as to:
                    to.write(batch.rows)

    _at_once(of_one, CONNECTIONS)


def _forget(batches: Sequence[Sent]) -> None:
    keys = [
        line.split(b"\t", 2)[1].decode()
        for one in batches
        for line in one.rows.splitlines()
    ]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM bench_copied WHERE key = ANY(%s::uuid[])", [keys])
        cursor.execute("VACUUM bench_copied")


def _at_once(work: Callable[[int], None], many: int) -> None:
    with ThreadPoolExecutor(many) as pool:
        for done in [pool.submit(work, place) for place in range(many)]:
            done.result()


def _address() -> dict[str, Any]:
    known = connection.get_connection_params()
    names = ("dbname", "user", "password", "host", "port")
    return {name: known[name] for name in names if name in known}
