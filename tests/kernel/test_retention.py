"""What has had its time is removed, and nothing else."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from portal.kernel.enums import Channel
from portal.kernel.models import IdempotentAnswer, OutboxMessage
from portal.kernel.services.retention import remove_expired
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


def test_answers_go_after_a_day_and_delivered_messages_after_a_month(
    cast: SimpleNamespace,
) -> None:
    for key, age in (("old", timedelta(hours=25)), ("new", timedelta(hours=23))):
        IdempotentAnswer.objects.create(
            user=cast.sarah,
            key=key,
            method="POST",
            path="/",
            body_sha256="",
            created_at=NOW - age,
        )
    for kind, delivered in (
        ("old", NOW - timedelta(days=31)),
        ("new", NOW - timedelta(days=29)),
        ("waiting", None),
    ):
        OutboxMessage.objects.create(
            kind=kind,
            channel=Channel.MAIL,
            created_at=NOW - timedelta(days=60),
            available_at=NOW,
            delivered_at=delivered,
        )

    assert remove_expired(now=NOW) == 2
    assert IdempotentAnswer.objects.get().key == "new"
    assert [message.kind for message in OutboxMessage.objects.all()] == [
        "new",
        "waiting",
    ]
