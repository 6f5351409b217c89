"""/livez, /readyz and /metrics, with parts up and down."""

from datetime import datetime, timedelta
from functools import partial

import pytest
from django.db import OperationalError, connection
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from redis.exceptions import ConnectionError as RedisConnectionError

from portal import readiness
from portal.kernel import clock
from portal.kernel.models import OutboxMessage
from portal.readiness import UP, Part

DOWN = Part(ok=False, detail="It does not answer.")


def _as_found(part: Part, _now: datetime) -> Part:
    return part


@pytest.fixture
def parts(monkeypatch):
    """All parts up, unless a test says otherwise; nothing kept from before."""

    def answer(**found: Part) -> None:
        wanted = {
            name: (partial(_as_found, found.get(name, UP)), needs)
            for name, (_, needs) in readiness.PARTS.items()
        }
        monkeypatch.setattr(readiness, "PARTS", wanted)
        monkeypatch.setattr(readiness._Kept, "until", 0.0)

    return answer


def test_livez_asks_nobody(client):
    # No `db` fixture: any query would fail this test.
    client.cookies["sessionid"] = "a" * 32

    assert client.get("/livez").json() == {"status": "alive"}


def test_readyz_names_each_part(parts, client):
    parts()

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["status"] == "ready"
    assert list(answer.json()["parts"]) == [
        *("database", "migrations", "broker", "worker", "beat", "outbox"),
    ]


def test_readyz_is_503_while_a_part_is_down(parts, client):
    parts(broker=DOWN)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer["Retry-After"] == "2"
    told = answer.json()["parts"]
    assert told["broker"] == {"status": "down", "detail": "It does not answer."}
    # Without a broker nobody can say how the worker is.
    assert told["worker"]["status"] == "down"
    assert told["database"] == {"status": "up"}


def test_readyz_can_be_asked_for_some_parts(parts, client):
    parts(worker=DOWN)

    assert client.get("/readyz?only=database,migrations").status_code == 200


def test_readyz_asks_once_in_a_while(parts, client):
    parts()
    client.get("/readyz")
    asked = readiness._Kept.parts

    client.get("/readyz")

    assert readiness._Kept.parts is asked


def test_the_real_database_is_ready(db):
    now = clock.now()

    assert readiness.database(now) == UP
    assert readiness.Migrations()(now) == UP
    assert readiness.outbox(now) == UP


def test_a_database_that_is_gone_is_down(monkeypatch):
    gone = {"host": "/nonexistent", "dbname": "x", "user": "x"}
    monkeypatch.setattr(connection, "get_connection_params", lambda: gone)

    assert readiness.database(clock.now()).ok is False


@pytest.mark.parametrize(("late", "ok"), [(10, True), (120, False)])
def test_beat_is_late_when_it_sent_nothing(late, ok, db):
    now = clock.now()
    assert readiness.beat(now).ok is False
    every = IntervalSchedule.objects.create(every=2, period="seconds")
    PeriodicTask.objects.create(
        name="x", task="x", interval=every, last_run_at=now - timedelta(seconds=late)
    )

    assert readiness.beat(now).ok is ok


def test_an_outbox_that_nobody_empties_is_down(db):
    now = clock.now()
    OutboxMessage.objects.create(
        kind="x",
        channel="task",
        payload={},
        created_at=now,
        available_at=now - timedelta(minutes=6),
    )

    assert readiness.outbox(now).ok is False


def test_a_broker_that_is_gone_is_down(settings, monkeypatch):
    settings.BROKER_URL = "redis+socket:///nonexistent/v.sock"

    began = clock.now()
    assert readiness.broker(began).ok is False
    assert clock.now() - began < timedelta(seconds=1)


def test_no_worker_and_no_way_to_ask_are_told_apart(monkeypatch):
    def gone(**_options):
        raise RedisConnectionError("gone")

    monkeypatch.setattr(readiness.app.control, "ping", lambda **_: [])
    assert readiness.worker(clock.now()).detail == "No worker answers."
    monkeypatch.setattr(readiness.app.control, "ping", lambda **_: [{"w": "pong"}])
    assert readiness.worker(clock.now()) == UP
    monkeypatch.setattr(readiness.app.control, "ping", gone)
    assert readiness.worker(clock.now()) == readiness.UNKNOWN


def test_metrics_count_by_route_and_tell_the_state(db, client):
    client.get("/problems/stale/")

    text = client.get("/metrics").content.decode()

    labels = 'method="GET",route="problems/<slug:code>/",status="200"'
    assert f"weighbridge_requests_total{{{labels}}}" in text
    assert "weighbridge_request_seconds_bucket" in text
    assert "weighbridge_outbox_waiting 0.0" in text
    assert "weighbridge_audit_entries" in text
    assert "weighbridge_database_up 1.0" in text


def test_metrics_without_a_database_say_so(client, monkeypatch):
    def gone(**_options):
        raise OperationalError("gone")

    monkeypatch.setattr("portal.kernel.selectors.health.outbox_state", gone)

    text = client.get("/metrics").content.decode()

    assert "weighbridge_database_up 0.0" in text
    assert "weighbridge_outbox_waiting" not in text
