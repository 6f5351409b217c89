"""Asking: who is asked, how often, and what a refusal is."""

import asyncio

import httpx
import pytest

from tests.clients.portals import ANSWER, DECIDE
from weighbridge_client import AsyncClient, Held, Refused


def _question(client, **details):
    return client.question("W-01", user="u-1", **details)


def test_the_gate_server_is_asked_and_its_answer_is_the_decision(client, portal):
    decision = client.decide(_question(client, expected_tokens=500))

    assert (decision.action, decision.model, decision.decision) == (
        "allow",
        "Sonnet",
        "0196-d",
    )
    [(host, body)] = portal.to(DECIDE)
    assert host == "gate.test"
    assert body | {"request_id": "r"} == {
        "workload": "W-01",
        "tier": "standard",
        "user": "u-1",
        "request_id": "r",
        "expected_tokens": 500,
    }


def test_without_the_gate_server_the_portal_is_asked_the_same(client, portal):
    portal.away = {"gate.test"}

    decision = client.decide(_question(client))

    assert decision.decision == "0196-d"
    (first, asked), (second, again) = portal.to(DECIDE)
    assert (first, second) == ("gate.test", "portal.test")
    assert asked == again


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_server_that_fails_is_asked_again_with_the_same_request(
    client, portal, status
):
    replies = iter([status, status, 200])
    portal.answers["decide"] = lambda _: httpx.Response(next(replies), json=ANSWER)

    client.decide(_question(client, request_id="r-1"))

    asked = portal.to(DECIDE)
    assert [host for host, _ in asked] == ["gate.test", "portal.test", "gate.test"]
    assert {body["request_id"] for _, body in asked} == {"r-1"}


def test_a_page_that_is_no_decision_is_nobodys_answer(client, portal):
    portal.answers["decide"] = lambda _: httpx.Response(200, text="<h1>Sign in</h1>")
    client.refresh()

    assert client.decide(_question(client)).is_local


def test_an_address_that_was_away_is_left_alone_for_a_while(connect, portal):
    client = connect(cool_off_seconds=60.0)
    portal.away = {"gate.test"}
    client.decide(_question(client))
    client.decide(_question(client))

    assert [host for host, _ in portal.to(DECIDE)] == [
        "gate.test",
        "portal.test",
        "portal.test",
    ]


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "not_signed_in"), (404, "not_found"), (422, "unknown_tier")],
)
def test_a_refused_question_is_an_error_and_never_an_allow(
    client, portal, status, code
):
    portal.answers["decide"] = lambda _: httpx.Response(
        status, json={"code": code, "detail": "No."}
    )
    client.refresh()

    with pytest.raises(Refused) as refusal:
        client.decide(_question(client))

    assert (refusal.value.status, refusal.value.code) == (status, code)
    assert len(portal.to(DECIDE)) == 1


def test_a_held_call_raises_with_the_reason(client, portal):
    held = ANSWER | {"action": "block", "model": None, "reason": "Over the ceiling."}
    portal.answers["decide"] = lambda _: httpx.Response(200, json=held)

    with pytest.raises(Held, match=r"Over the ceiling\.") as error:
        client.call("W-01", user="u-1")

    assert error.value.decision.is_held


def test_an_event_loop_is_answered_the_same_and_spools_with_the_client(client, portal):
    portal.away = {"gate.test"}

    async def run():
        asking = AsyncClient(client, transport=portal.transport)
        async with await asking.call("W-01", user="u-1") as call:
            call.used(input_tokens=10, output_tokens=5)
        return call

    call = asyncio.run(run())

    assert call.model == "Sonnet"
    assert [host for host, _ in portal.to(DECIDE)] == ["gate.test", "portal.test"]
    assert client.spooled == 1


def test_an_event_loop_falls_back_to_the_bundle_too(client, portal):
    client.refresh()
    portal.away = {"gate.test", "portal.test"}

    async def run():
        asking = AsyncClient(client, transport=portal.transport)
        return await asking.decide(_question(client))

    assert asyncio.run(run()).is_local
