"""Webhooks: signed by the convention, told at least once, and never inside the house."""

import base64
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.kernel import outgoing, signing
from portal.kernel.delivery import DELIVERERS
from portal.kernel.errors import Invalid, NotAllowed, NotFound, Stale
from portal.kernel.models import (
    AuditEntry,
    OutboxMessage,
    WebhookDelivery,
    WebhookSubscription,
)
from portal.kernel.outgoing import UnsafeAddress, read_address
from portal.kernel.selectors.webhooks import DeliveryState, get_delivery, state_of
from portal.kernel.services.relay import MOST_ATTEMPTS, delay_after, relay_next
from portal.kernel.services.retention import remove_expired
from portal.kernel.services.webhooks import (
    edit_webhook,
    emit,
    end_webhook,
    renew_secret,
    resend,
    secret_for,
    subscribe,
)
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
MOVED = "workload.transitioned"


class Receiver:
    """A real server on this machine: keeps what it got, answers as it is told."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers = 204
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((dict(self.headers), body))
                self.send_response(receiver.answers)
                self.send_header("Location", "http://127.0.0.1:9/")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?to=us"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The relay's clock stands where the test puts it."""

    class At:
        now = NOW

    monkeypatch.setattr("portal.kernel.clock.now", lambda: At.now)
    return At


def relay(still: Any, now=NOW) -> Any:
    still.now = now
    return relay_next(DELIVERERS, now=now)


def subscribed(cast: SimpleNamespace, url: str, *kinds: str) -> Any:
    return subscribe(actor=cast.ada, url=url, kinds=kinds or [MOVED], now=NOW)


# --- Signatures -----------------------------------------------------------------------


def test_signature_is_the_conventions_own_example() -> None:
    """The example of the Standard Webhooks' own libraries."""
    assert (
        signing.signature_of(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1614265330,
            b'{"test": 2432232314}',
        )
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_a_secret_is_thirty_two_bytes_of_its_own() -> None:
    one, two = signing.secret_of("key", "a"), signing.secret_of("key", "b")

    assert one != two
    assert len(base64.b64decode(one.removeprefix("whsec_"))) == 32


# --- Telling --------------------------------------------------------------------------


def test_nobody_listens_and_one_question_is_asked(cast) -> None:
    with CaptureQueriesContext(connection) as asked:
        assert emit(MOVED, {}, now=NOW) == 0

    assert len(asked) == 1
    assert not OutboxMessage.objects.exists()


def test_each_listener_of_the_kind_gets_one_message(cast, receiver) -> None:
    subscribed(cast, receiver.url, MOVED, "signoff.given")
    subscribed(cast, receiver.url, MOVED)
    subscribed(cast, receiver.url, "gate.activated")
    ended = subscribed(cast, receiver.url, MOVED).subscription
    end_webhook(number=ended.pk, actor=cast.ada, now=NOW)
    off = subscribed(cast, receiver.url, MOVED).subscription
    edit_webhook(number=off.pk, actor=cast.ada, changes={"is_active": False}, now=NOW)

    assert emit(MOVED, {"workload": "W-01"}, now=NOW) == 2
    assert OutboxMessage.objects.filter(channel="webhook").count() == 2
    assert len(set(WebhookDelivery.objects.values_list("event_id"))) == 1


def test_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"workload\.renamed"):
        emit("workload.renamed", {}, now=NOW)


def test_an_event_with_a_key_is_told_once(cast, receiver) -> None:
    subscribed(cast, receiver.url)

    told = [emit(MOVED, {}, now=NOW, key=key) for key in ("a", "a", "b")]

    assert told == [1, 0, 1]


def test_what_arrives_is_signed_and_can_be_checked(cast, receiver, still) -> None:
    issued = subscribed(cast, receiver.url)
    emit(MOVED, {"workload": "W-01", "to": "live"}, now=NOW)

    assert relay(still).delivered
    ((headers, body),) = receiver.got
    told = json.loads(body)
    assert told == {
        "type": MOVED,
        "timestamp": "2026-05-12T09:00:00Z",
        "data": {"workload": "W-01", "to": "live"},
    }
    key = base64.b64decode(issued.secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
    assert headers["webhook-signature"] == f"v1,{expected.decode()}"
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    delivery = WebhookDelivery.objects.get()
    assert state_of(delivery) == DeliveryState.DELIVERED
    assert [one["status"] for one in delivery.tries] == [204]


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (500, "It answered 500."),
        (404, "It answered 404."),
        (302, "It answered 302; redirects are not followed."),
    ],
)
def test_what_fails_is_seen_and_tried_again(cast, receiver, still, status, says):
    subscribed(cast, receiver.url)
    emit(MOVED, {}, now=NOW)
    receiver.answers = status

    failed = relay(still)
    waits = state_of(get_delivery(WebhookSubscription.objects.get(), _event()))
    receiver.answers = 200
    again = relay(still, NOW + delay_after(1))

    assert (failed.delivered, again.delivered) == (False, True)
    assert waits == DeliveryState.WAITING
    first, second = WebhookDelivery.objects.get().tries
    assert (first["status"], first["error"], second["error"]) == (status, says, "")
    # The same id both times, so that a receiver can tell.
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1


def _event() -> str:
    return WebhookDelivery.objects.get().event_id


def test_while_a_receiver_fails_the_others_wait_without_knocking(
    cast, receiver, still
) -> None:
    subscribed(cast, receiver.url)
    receiver.answers = 503
    WebhookSubscription.objects.update(paused_until=NOW + timedelta(seconds=5))
    emit(MOVED, {}, now=NOW)

    assert not relay(still).delivered
    assert receiver.got == []
    assert "a moment ago" in OutboxMessage.objects.get().last_error


def test_what_never_arrives_is_given_up_and_told_again_by_hand(
    cast, receiver, still
) -> None:
    subscription = subscribed(cast, receiver.url).subscription
    emit(MOVED, {}, now=NOW)
    receiver.answers = 500
    now = NOW
    for attempt in range(1, MOST_ATTEMPTS + 1):
        relay(still, now)
        now += delay_after(attempt)
    delivery = get_delivery(subscription, _event())
    assert state_of(delivery) == DeliveryState.GIVEN_UP
    assert len(delivery.tries) == MOST_ATTEMPTS

    resend(number=subscription.pk, event_id=_event(), actor=cast.ada, now=now)
    receiver.answers = 200
    assert relay(still, now).delivered
    assert state_of(get_delivery(subscription, _event())) == DeliveryState.DELIVERED
    assert AuditEntry.objects.filter(action="webhook.resent").count() == 1


def test_telling_again_what_still_waits_sends_one(cast, receiver, still) -> None:
    subscription = subscribed(cast, receiver.url).subscription
    emit(MOVED, {}, now=NOW)

    resend(number=subscription.pk, event_id=_event(), actor=cast.ada, now=NOW)

    assert relay(still).delivered
    assert relay(still) is None
    assert len(receiver.got) == 1


def test_a_receiver_that_is_gone_is_switched_off(cast, receiver, still) -> None:
    subscribed(cast, receiver.url)
    emit(MOVED, {}, now=NOW)
    receiver.answers = 410
    relay(still)

    assert not WebhookSubscription.objects.get().is_active
    entry = AuditEntry.objects.filter(action="webhook.edited").get()
    assert (entry.actor, entry.after) == (None, {"is_active": False})


def test_a_changed_key_of_the_portal_is_told_in_the_log(
    cast, receiver, still, settings
) -> None:
    subscribed(cast, receiver.url)
    emit(MOVED, {}, now=NOW)
    settings.SECRET_KEY = "another"  # noqa: S105 - of no installation

    relay(still)

    assert receiver.got == []
    assert "secret key has changed" in WebhookDelivery.objects.get().tries[0]["error"]


def test_a_removed_webhook_is_told_nothing_of_what_waits(cast, receiver, still) -> None:
    subscription = subscribed(cast, receiver.url).subscription
    emit(MOVED, {}, now=NOW)
    end_webhook(number=subscription.pk, actor=cast.ada, now=NOW)

    relay(still)

    assert receiver.got == []
    assert state_of(WebhookDelivery.objects.get()) == DeliveryState.GIVEN_UP


def test_a_new_secret_signs_from_then_on(cast, receiver) -> None:
    first = subscribed(cast, receiver.url)
    second = renew_secret(number=first.subscription.pk, actor=cast.ada, now=NOW)

    kept = WebhookSubscription.objects.get()
    assert first.secret != second.secret == secret_for(kept)
    stored = json.dumps(list(WebhookSubscription.objects.values()), default=str)
    assert second.secret not in stored


def test_the_log_goes_when_it_is_old(cast, receiver) -> None:
    subscribed(cast, receiver.url)
    emit(MOVED, {}, now=NOW)

    remove_expired(now=NOW + timedelta(days=89))
    assert WebhookDelivery.objects.count() == 1
    remove_expired(now=NOW + timedelta(days=91))
    assert WebhookDelivery.objects.count() == 0


# --- Who, and where to ----------------------------------------------------------------


@pytest.mark.parametrize("who", ["clara", "pia", "adele", "nils", "gateway", "felix"])
def test_only_an_administrator_keeps_webhooks(cast, receiver, who) -> None:
    kept = subscribed(cast, receiver.url).subscription
    emit(MOVED, {}, now=NOW)
    actor = getattr(cast, who)
    with pytest.raises(NotAllowed):
        subscribe(actor=actor, url=receiver.url, kinds=[MOVED], now=NOW)
    with pytest.raises(NotAllowed):
        edit_webhook(number=kept.pk, actor=actor, changes={}, now=NOW)
    with pytest.raises(NotAllowed):
        renew_secret(number=kept.pk, actor=actor, now=NOW)
    with pytest.raises(NotAllowed):
        resend(number=kept.pk, event_id=_event(), actor=actor, now=NOW)
    with pytest.raises(NotAllowed):
        end_webhook(number=kept.pk, actor=actor, now=NOW)


def test_what_changed_meanwhile_is_stale_and_what_is_gone_not_found(cast, receiver):
    kept = subscribed(cast, receiver.url).subscription
    changes = {"description": "x"}
    edit_webhook(number=kept.pk, actor=cast.ada, changes=changes, if_version=1, now=NOW)
    with pytest.raises(Stale):
        edit_webhook(
            number=kept.pk, actor=cast.ada, changes=changes, if_version=1, now=NOW
        )
    end_webhook(number=kept.pk, actor=cast.ada, now=NOW)
    with pytest.raises(NotFound):
        edit_webhook(number=kept.pk, actor=cast.ada, changes=changes, now=NOW)


def test_the_trail_names_no_path(cast) -> None:
    subscribed(cast, "https://hooks.example.com/services/s3cret")

    entry = AuditEntry.objects.get(action="webhook.created")
    assert entry.after["url"] == "https://hooks.example.com/…"


REFUSED = [
    "http://hooks.example.com/",
    "ftp://hooks.example.com/",
    "hooks.example.com/x",
    "https://",
    "https://user:pw@hooks.example.com/",
    "https://hooks.example.com/#here",
    "https://hooks.example.com:99999/",
    "https://hooks.example.com/a b",
    "https://hooks.example.com/\r\nX: y",
    "https://höks.example.com/",
    "https://10.0.0.1/",
    "https://192.168.1.1/",
    "https://172.16.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://0.0.0.0/",
    "https://[::]/",
    "https://[fd00::1]/",
    "https://[fe80::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[64:ff9b::a00:1]/",
    "https://[2002:a00:1::]/",
    "https://100.64.0.1/",
    "https://224.0.0.1/",
]


@pytest.mark.parametrize("url", REFUSED)
def test_an_address_inside_or_unsealed_is_refused(cast, url) -> None:
    with pytest.raises(UnsafeAddress):
        read_address(url)
    with pytest.raises(Invalid):
        subscribed(cast, url)
    assert not WebhookSubscription.objects.exists()


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/services?x=1",
        "https://hooks.example.com:8443/",
        "https://93.184.216.34/",
        "http://localhost:9000/hook",
        "http://127.0.0.1:9000/hook",
        "http://[::1]:9000/hook",
    ],
)
def test_an_address_outside_or_of_this_machine_is_taken(url) -> None:
    assert read_address(url).hostname


def test_in_production_this_machine_is_inside_too(settings) -> None:
    settings.WEBHOOKS_MAY_REACH_LOOPBACK = False
    for url in ("http://localhost:9000/", "https://127.0.0.1/", "https://[::1]/"):
        with pytest.raises(UnsafeAddress):
            read_address(url)


def test_a_setting_opens_the_own_network_and_never_where_clouds_keep_secrets(settings):
    settings.WEBHOOKS_MAY_REACH_PRIVATE = True

    assert read_address("https://10.0.0.1/")
    for url in ("https://169.254.169.254/", "https://0.0.0.0/", "https://224.0.0.1/"):
        with pytest.raises(UnsafeAddress):
            read_address(url)


@pytest.mark.parametrize(
    "leads_to", [["10.0.0.1"], ["93.184.216.34", "192.168.0.1"], ["fd00::1"]]
)
def test_a_name_that_leads_inside_is_not_followed(monkeypatch, leads_to) -> None:
    connected = []
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda *_, **__: [(2, 1, 6, "", (one, 443)) for one in leads_to],
    )
    monkeypatch.setattr(
        outgoing.socket, "create_connection", lambda *a, **_: connected.append(a)
    )

    with pytest.raises(UnsafeAddress):
        outgoing.send("https://inside.example.com/", b"", {})
    assert connected == []


def test_a_receiver_that_never_answers_is_left(monkeypatch) -> None:
    monkeypatch.setattr(outgoing, "CONNECT_SECONDS", 30)
    monkeypatch.setattr(outgoing, "DEADLINE_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises((OSError, outgoing.http.client.HTTPException)):
            outgoing.send(f"http://127.0.0.1:{port}/", b"x", {})
