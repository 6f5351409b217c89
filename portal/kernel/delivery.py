"""The channels by which outbox messages leave: the world's edge."""

from collections.abc import Mapping
from typing import Any

from celery import current_app
from django.core.mail import send_mail

from portal.kernel import clock
from portal.kernel.enums import Channel
from portal.kernel.services.relay import Deliverer
from portal.kernel.services.webhook_tries import tell


def deliver_mail(payload: Mapping[str, Any]) -> None:
    send_mail(payload["subject"], payload["body"], None, [payload["to"]])


def deliver_task(payload: Mapping[str, Any]) -> None:
    # No retry inside: the outbox itself tries again, and blocks nothing meanwhile.
    current_app.send_task(payload["task"], args=payload["arguments"], retry=False)


def deliver_webhook(payload: Mapping[str, Any]) -> None:
    tell(
        subscription_id=payload["webhook"],
        event_id=payload["event"],
        now=clock.now(),
    )


DELIVERERS: Mapping[Channel, Deliverer] = {
    Channel.MAIL: deliver_mail,
    Channel.TASK: deliver_task,
    Channel.WEBHOOK: deliver_webhook,
}
