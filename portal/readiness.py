"""Whether each part is up: database, migrations, broker, worker, beat, outbox.

Above the kernel, because it knows Celery and the broker; asked by /readyz.
"""

import http.client
import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

import psycopg
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Max
from django_celery_beat.models import PeriodicTask
from kombu import Connection
from kombu.exceptions import OperationalError as BrokerError
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from portal.celery import app
from portal.kernel.selectors.outbox import outbox_state

log = logging.getLogger(__name__)

KEPT_SECONDS = 3.0
PATIENCE_SECONDS = 2
# Beat writes down what it sent every few ticks of its two-second task.
BEAT_IS_LATE_AFTER = timedelta(seconds=60)
OUTBOX_IS_LATE_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Part:
    ok: bool
    detail: str = ""

    def told(self) -> dict[str, str]:
        answer = {"status": "up" if self.ok else "down"}
        return {**answer, "detail": self.detail} if self.detail else answer


UP = Part(ok=True)
UNKNOWN = Part(ok=False, detail="It cannot be asked while another part is down.")


def database(_now: datetime) -> Part:
    """A connection of its own, with time-outs: a pooled one might hang for minutes."""
    parameters = connection.get_connection_params()
    wanted = ("host", "port", "user", "password", "dbname", "sslmode")
    try:
        with psycopg.connect(
            **{name: parameters[name] for name in wanted if name in parameters},
            connect_timeout=PATIENCE_SECONDS,
            options=f"-c statement_timeout={PATIENCE_SECONDS}s",
            autocommit=True,
        ) as own:
            own.execute("SELECT 1")
    except psycopg.Error as error:
        log.warning("readiness: the database does not answer: %s", type(error).__name__)
        return Part(ok=False, detail="It does not answer.")
    return UP


class Migrations:
    """Reading the plan is slow, and once all are applied this process needs no more."""

    def __init__(self) -> None:
        self.applied = False

    def __call__(self, _now: datetime) -> Part:
        if not self.applied:
            executor = MigrationExecutor(connection)
            waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
            if waiting:
                return Part(ok=False, detail=f"{len(waiting)} are not applied.")
            self.applied = True
        return UP


def broker(_now: datetime) -> Part:
    url: str = settings.BROKER_URL
    try:
        if url.startswith("redis"):
            _ping_redis(url)
        else:
            with Connection(url, connect_timeout=PATIENCE_SECONDS) as link:
                link.connect()
    except (RedisError, BrokerError, OSError) as error:
        log.warning("readiness: the broker does not answer: %s", type(error).__name__)
        return Part(ok=False, detail="It does not answer.")
    return UP


def worker(_now: datetime) -> Part:
    try:
        # Returns with the first answer; only silence takes the whole time-out.
        answers = app.control.ping(timeout=PATIENCE_SECONDS, limit=1)
    except (RedisError, BrokerError, OSError):
        return UNKNOWN
    return UP if answers else Part(ok=False, detail="No worker answers.")


def beat(now: datetime) -> Part:
    last = PeriodicTask.objects.filter(enabled=True).aggregate(at=Max("last_run_at"))
    if last["at"] is None or last["at"] < now - BEAT_IS_LATE_AFTER:
        return Part(ok=False, detail="It has not sent a task for over a minute.")
    return UP


def gate(_now: datetime) -> Part:
    """The gate server beside this one, as `make run` starts it."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound
    host = reached.get(settings.HOST, settings.HOST)
    link = http.client.HTTPConnection(
        host, settings.GATE_PORT, timeout=PATIENCE_SECONDS
    )
    try:
        link.request("GET", "/livez")
        answer = json.loads(link.getresponse().read())
    except (OSError, ValueError, http.client.HTTPException):
        return Part(ok=False, detail="It does not answer.")
    finally:
        link.close()
    if answer.get("database") == "down":
        return Part(ok=False, detail="It does not reach the database.")
    return UP


def outbox(now: datetime) -> Part:
    state = outbox_state(now=now)
    if state.due_since is not None and state.due_since < now - OUTBOX_IS_LATE_AFTER:
        return Part(ok=False, detail=f"{state.waiting} messages wait for delivery.")
    return UP


def _ping_redis(url: str) -> None:
    # Left to itself the client tries again for three seconds.
    client = Redis.from_url(
        url.replace("redis+socket://", "unix://"),
        retry=Retry(NoBackoff(), 0),
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
    )
    with client:
        client.ping()


PARTS: dict[str, tuple[Callable[[datetime], Part], str | None]] = {
    # name: (how to ask, the part it cannot be asked without)
    "database": (database, None),
    "migrations": (Migrations(), "database"),
    "broker": (broker, None),
    "worker": (worker, "broker"),
    "beat": (beat, "database"),
    "outbox": (outbox, "database"),
}
if settings.EMBEDDED:
    # Grown, gate servers stand behind a balancer of their own that asks their /livez.
    PARTS["gate"] = (gate, None)


class _Kept:
    lock = threading.Lock()
    until = 0.0
    parts: dict[str, Part] = {}


def report(now: datetime) -> dict[str, Part]:
    """Each part, asked at most every few seconds, however many watch."""
    with _Kept.lock:
        if monotonic() >= _Kept.until:
            _Kept.parts = ask_all(now)
            _Kept.until = monotonic() + KEPT_SECONDS
        return _Kept.parts


def ask_all(now: datetime) -> dict[str, Part]:
    found: dict[str, Part] = {}
    for name, (ask, needs) in PARTS.items():
        if needs is not None and not found[needs].ok:
            found[name] = UNKNOWN
            continue
        try:
            found[name] = ask(now)
        except (DatabaseError, InterfaceError):
            found[name] = UNKNOWN
    return found
