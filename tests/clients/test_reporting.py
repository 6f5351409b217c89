"""Usage: one event a call, on disk until it is delivered, counted once."""

import json
import multiprocessing
import os
import signal

import httpx
import pytest

from tests.clients.portals import DECIDE
from weighbridge_client.spool import Spool


def _call(client, **details):
    return client.call("W-01", user="u-1", **details)


def _fail_half_way(client):
    with _call(client) as call:
        call.used(input_tokens=100, output_tokens=0)
        raise RuntimeError


def test_a_call_is_one_event_that_names_its_decision(client, portal):
    with _call(client, agent="triage", request_id="r-1") as call:
        call.used(input_tokens=100, output_tokens=20, cached_input_tokens=40)
        call.used(input_tokens=50, output_tokens=10, session="s-9")

    assert client.flush() == 1
    assert list(portal.counted.values()) == [
        {
            "id": "r-1",
            "source": "support-bot",
            "time": "2026-05-12T09:00:00Z",
            "workload": "W-01",
            "tier": "standard",
            "user": "u-1",
            "agent": "triage",
            "model": "Sonnet",
            "input_tokens": 150,
            "output_tokens": 30,
            "cached_input_tokens": 40,
            "session": "s-9",
            "decision": "0196-d",
        }
    ]


def test_what_a_failing_call_used_is_reported_all_the_same(client, portal):
    with pytest.raises(RuntimeError):
        _fail_half_way(client)

    client.flush()
    assert [one["input_tokens"] for one in portal.counted.values()] == [100]


def test_a_call_that_used_nothing_lets_its_reservation_go(client, portal):
    with _call(client, expected_tokens=100):
        pass

    assert len(portal.to("/gates/reservations/0196-d/release/")) == 1
    assert client.spooled == 0


def test_a_long_stream_extends_its_reservation(client, portal):
    with _call(client, expected_tokens=100) as call:
        call.extend()
        call.used(input_tokens=1, output_tokens=1)

    assert len(portal.to("/gates/reservations/0196-d/extend/")) == 1


def test_a_test_client_says_so_in_questions_and_events(connect, portal):
    client = connect(test=True)
    with _call(client) as call:
        call.used(input_tokens=1, output_tokens=1)
    client.flush()

    assert portal.to(DECIDE)[0][1]["test"] is True
    assert [one["test"] for one in portal.counted.values()] == [True]


def test_usage_outlives_the_process_and_an_outage_and_counts_once(
    connect, portal, tmp_path
):
    first = connect()
    for number in range(3):
        with _call(first, request_id=f"r-{number}") as call:
            call.used(input_tokens=10, output_tokens=0)
    lost = []

    def take_and_say_nothing(request):
        lost.append(portal._count(json.loads(request.content)["events"]))
        raise httpx.ReadTimeout("no answer", request=request)

    portal.answers["usage"] = take_and_say_nothing
    with pytest.raises(httpx.ReadTimeout):
        first.flush()
    assert first.spooled == 3
    portal.answers.clear()
    first._spool.close()

    second = connect()

    assert second.flush() == 3
    assert len(lost) == 1
    assert sorted(one for _, one in portal.counted) == ["r-0", "r-1", "r-2"]
    assert second.spooled == 0


def test_a_full_spool_keeps_what_it_has_and_counts_what_is_lost(connect, portal):
    client = connect(most_spooled=2)
    for number in range(3):
        with _call(client, request_id=f"r-{number}") as call:
            call.used(input_tokens=1, output_tokens=0)

    assert (client.spooled, client.dropped) == (2, 1)
    client.flush()
    assert sorted(one for _, one in portal.counted) == ["r-0", "r-1"]


def test_one_event_that_cannot_be_read_does_not_keep_the_others(client, portal, caplog):
    for number in range(4):
        with _call(client, request_id=f"r-{number}") as call:
            call.used(input_tokens=1, output_tokens=0)

    def refuse_a_body_with_r_2(request):
        events = json.loads(request.content)["events"]
        if any(one["id"] == "r-2" for one in events):
            return httpx.Response(400, json={"code": "invalid", "detail": "No."})
        return portal._count(events)

    portal.answers["usage"] = refuse_a_body_with_r_2

    assert client.flush() == 4
    assert sorted(one for _, one in portal.counted) == ["r-0", "r-1", "r-3"]
    assert "Usage event r-2 was refused: invalid No." in caplog.text


def test_a_token_that_is_refused_leaves_usage_where_it_is(client, portal):
    with _call(client) as call:
        call.used(input_tokens=1, output_tokens=0)
    portal.answers["usage"] = lambda _: httpx.Response(401, json={"code": "expired"})

    with pytest.raises(Exception, match="401 expired"):
        client.flush()
    assert client.spooled == 1


def _put_one(spool):
    spool.put({"id": "child"})
    spool.close()


def _put_many_and_die(spool):
    for number in range(50):
        spool.put({"id": str(number)})
    os.kill(os.getpid(), signal.SIGKILL)


def test_what_a_killed_process_had_spooled_is_there_for_the_next(tmp_path):
    spool = Spool(tmp_path / "usage.sqlite3", most_events=100)

    child = multiprocessing.get_context("fork").Process(
        target=_put_many_and_die, args=(spool,)
    )
    child.start()
    child.join(20)

    assert child.exitcode == -signal.SIGKILL
    assert [event["id"] for _, event in spool.oldest(100)] == [
        str(number) for number in range(50)
    ]


def test_what_another_process_delivered_takes_no_newer_event_with_it(tmp_path):
    ours = Spool(tmp_path / "usage.sqlite3", most_events=100)
    theirs = Spool(tmp_path / "usage.sqlite3", most_events=100)
    ours.put({"id": "old"})
    sent_by_both = [number for number, _ in ours.oldest(10)]

    theirs.delete(sent_by_both)
    ours.put({"id": "new"})
    ours.delete(sent_by_both)

    assert [event["id"] for _, event in ours.oldest(10)] == ["new"]


def test_a_forked_process_opens_the_spool_anew(tmp_path):
    spool = Spool(tmp_path / "usage.sqlite3", most_events=10)
    spool.put({"id": "parent"})

    child = multiprocessing.get_context("fork").Process(target=_put_one, args=(spool,))
    child.start()
    child.join(10)

    assert child.exitcode == 0
    assert [event["id"] for _, event in spool.oldest(10)] == ["parent", "child"]
