"""The outbox and its relay: at least once, in turn, and not for ever."""

import threading
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail
from django.db import connections, transaction

from portal.kernel import delivery, tasks
from portal.kernel.enums import Channel
from portal.kernel.errors import NotAllowed, NotFound
from portal.kernel.models import AuditEntry, OutboxMessage
from portal.kernel.selectors.outbox import OutboxState, outbox_state
from portal.kernel.services.outbox import post, post_mail, post_task
from portal.kernel.services.relay import (
    LEASE,
    MOST_ATTEMPTS,
    Relayed,
    delay_after,
    relay_next,
    retry_message,
)
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


class Receiver:
    """A channel that remembers what it got, and may be made to fail."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.received: list[Mapping[str, Any]] = []

    def __call__(self, payload: Mapping[str, Any]) -> None:
        if self.error is not None:
            raise self.error
        self.received.append(payload)

    def relay(self, now: datetime) -> Relayed | None:
        return relay_next({Channel.MAIL: self, Channel.TASK: self}, now=now)


def post_one(**parts: Any) -> bool:
    return post("greeting", {"n": 1}, **{"channel": Channel.TASK, "now": NOW, **parts})


def test_message_is_delivered_once() -> None:
    post_one()
    receiver = Receiver()

    first, second = receiver.relay(NOW), receiver.relay(NOW + timedelta(days=1))

    message = OutboxMessage.objects.get()
    assert (first, second) == (Relayed(message.pk, delivered=True), None)
    assert receiver.received == [{"n": 1}]
    assert (message.delivered_at, message.attempts) == (NOW, 1)


def test_message_goes_with_the_transaction_that_posted_it() -> None:
    with transaction.atomic():
        post_one()
        transaction.set_rollback(True)

    assert Receiver().relay(NOW) is None


def test_message_waits_until_it_is_available() -> None:
    post_one(available_at=NOW + timedelta(hours=1))
    receiver = Receiver()

    assert receiver.relay(NOW + timedelta(minutes=59)) is None
    assert receiver.relay(NOW + timedelta(hours=1)) is not None


def test_messages_leave_in_the_order_of_their_posting() -> None:
    for number in range(3):
        post("greeting", {"n": number}, channel=Channel.TASK, now=NOW)
    receiver = Receiver()

    while receiver.relay(NOW):
        pass

    assert receiver.received == [{"n": 0}, {"n": 1}, {"n": 2}]


def test_same_key_leaves_one_message_and_the_change_around_it_stands() -> None:
    with transaction.atomic():
        assert post_one(dedup_key="reminder 7")
        assert not post_one(dedup_key="reminder 7")
        assert post_one(dedup_key="reminder 8")
        assert post_one()

    assert OutboxMessage.objects.count() == 3


def test_failed_delivery_waits_and_is_tried_again() -> None:
    post_one()
    failing, working = Receiver(OSError("mail server is away")), Receiver()

    assert failing.relay(NOW) == Relayed(
        OutboxMessage.objects.get().pk, delivered=False
    )

    message = OutboxMessage.objects.get()
    assert message.last_error == "OSError: mail server is away"
    assert message.available_at == NOW + timedelta(seconds=30)
    assert working.relay(NOW + timedelta(seconds=29)) is None
    assert working.relay(NOW + timedelta(seconds=30)) is not None
    message.refresh_from_db()
    assert (message.attempts, message.last_error) == (2, "")


@pytest.mark.parametrize(
    ("attempts", "delay"),
    [
        (1, timedelta(seconds=30)),
        (2, timedelta(minutes=1)),
        (3, timedelta(minutes=2)),
        (10, timedelta(hours=4, minutes=16)),
        (11, timedelta(hours=6)),
        (12, timedelta(hours=6)),
    ],
)
def test_wait_doubles_up_to_six_hours(attempts: int, delay: timedelta) -> None:
    assert delay_after(attempts) == delay


def fail_until_given_up() -> datetime:
    """Returns the moment of the last attempt."""
    failing, at = Receiver(OSError("away")), NOW
    while True:
        relayed = failing.relay(at)
        assert relayed is not None
        if relayed.given_up:
            return at
        at = OutboxMessage.objects.get().available_at


def test_message_is_given_up_after_the_last_attempt() -> None:
    post_one()

    ended_at = fail_until_given_up()

    message = OutboxMessage.objects.get()
    assert (message.attempts, message.given_up_at) == (MOST_ATTEMPTS, ended_at)
    assert Receiver().relay(ended_at + timedelta(days=30)) is None


def test_given_up_message_begins_again_when_an_administrator_says_so(
    cast: SimpleNamespace,
) -> None:
    post_one()
    ended_at = fail_until_given_up()
    message = OutboxMessage.objects.get()

    retry_message(actor=cast.ada, message_id=message.pk, now=ended_at)

    assert Receiver().relay(ended_at) == Relayed(message.pk, delivered=True)
    assert AuditEntry.objects.get().action == "outbox.retried"


def test_retry_is_for_administrators_and_for_given_up_messages(
    cast: SimpleNamespace,
) -> None:
    post_one()
    message = OutboxMessage.objects.get()

    with pytest.raises(NotAllowed):
        retry_message(actor=cast.sarah, message_id=message.pk, now=NOW)
    with pytest.raises(NotFound):
        retry_message(actor=cast.ada, message_id=message.pk, now=NOW)


def test_crash_between_claim_and_delivery_delivers_after_the_lease() -> None:
    post_one()

    with pytest.raises(SystemExit):
        Receiver(SystemExit()).relay(NOW)  # type: ignore[arg-type] - as a kill would

    receiver = Receiver()
    assert receiver.relay(NOW + LEASE - timedelta(seconds=1)) is None
    assert receiver.relay(NOW + LEASE) is not None
    assert receiver.received == [{"n": 1}]


def test_message_that_always_ends_its_process_is_given_up_too() -> None:
    post_one()
    at = NOW
    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(SystemExit):
            Receiver(SystemExit()).relay(at)  # type: ignore[arg-type] - as a kill would
        at += LEASE

    assert Receiver().relay(at) == Relayed(
        OutboxMessage.objects.get().pk, delivered=False, given_up=True
    )


def test_failing_message_does_not_hold_up_the_next() -> None:
    post("bad", {"n": 1}, channel=Channel.MAIL, now=NOW)
    post("good", {"n": 2}, channel=Channel.TASK, now=NOW)
    failing, working = Receiver(OSError()), Receiver()
    channels = {Channel.MAIL: failing, Channel.TASK: working}

    relay_next(channels, now=NOW)
    relay_next(channels, now=NOW)

    assert working.received == [{"n": 2}]


@pytest.mark.django_db(transaction=True)
def test_two_relays_at_once_deliver_each_message_once() -> None:
    messages = 60
    for number in range(messages):
        post("greeting", {"n": number}, channel=Channel.TASK, now=NOW)
    receiver, barrier = Receiver(), threading.Barrier(2)

    def relay() -> None:
        try:
            barrier.wait(timeout=30)
            while receiver.relay(NOW):
                pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=relay) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    counts = Counter(payload["n"] for payload in receiver.received)
    assert counts == Counter(range(messages))
    assert OutboxMessage.objects.filter(delivered_at=NOW).count() == messages


def test_mail_goes_to_a_person_with_an_address(cast: SimpleNamespace) -> None:
    assert post_mail(cast.sarah, "Sign\r\nW-01", "It waits for you.", now=NOW)

    tasks.relay_outbox()

    [sent] = mail.outbox
    assert (sent.to, sent.subject, sent.body) == (
        ["sarah@example.com"],
        "Sign W-01",
        "It waits for you.",
    )


def test_no_mail_for_whoever_cannot_get_it(cast: SimpleNamespace) -> None:
    cast.sarah.is_active = False
    cast.noor.email = ""

    assert not post_mail(cast.sarah, "s", "b", now=NOW)
    assert not post_mail(cast.noor, "s", "b", now=NOW)
    assert not OutboxMessage.objects.exists()


def test_task_is_sent_with_its_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(
        delivery.current_app,
        "send_task",
        lambda name, **options: sent.append((name, options)),
    )
    post_task("capacity.tasks.recalibrate", [7, "2026Q2"], now=NOW)

    tasks.relay_outbox()

    assert sent == [
        ("capacity.tasks.recalibrate", {"args": [7, "2026Q2"], "retry": False})
    ]


def test_relay_task_says_how_many_it_handled(cast: SimpleNamespace) -> None:
    for _ in range(3):
        post_mail(cast.sarah, "s", "b", now=NOW)

    assert tasks.relay_outbox() == 3
    assert tasks.relay_outbox() == 0


def test_state_counts_what_waits_and_what_was_given_up() -> None:
    post_one(dedup_key="given up")
    fail_until_given_up()
    post_one()
    post_one(available_at=NOW + timedelta(days=1))
    due = NOW + timedelta(minutes=5)

    assert outbox_state(now=due) == OutboxState(waiting=2, given_up=1, due_since=NOW)


def test_state_of_an_empty_outbox() -> None:
    assert outbox_state(now=NOW) == OutboxState(waiting=0, given_up=0, due_since=None)
