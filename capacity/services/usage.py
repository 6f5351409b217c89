"""Sending refused usage again."""

from datetime import datetime

from django.db import transaction

from capacity.models import QuarantinedEvent
from capacity.runtime.events import Batch, batch_of
from capacity.runtime.ingest import Counted, Sender, ingest
from capacity.selectors.gate_problems import AlreadyReplayed
from portal.kernel import access
from portal.kernel.errors import NotFound
from portal.kernel.models import User
from portal.kernel.services import audit


@transaction.atomic
def replay_event(*, number: int, actor: User, sender: Sender, now: datetime) -> Counted:
    """Judge a refused event by what holds now; counted once, however often it is sent.

    Refused again, it stays with the newest reason. Raises NotAllowed, NotFound or
    AlreadyReplayed.
    """
    access.require(actor, "usage.replay")
    kept = QuarantinedEvent.objects.select_for_update().filter(pk=number).first()
    if kept is None or kept.expires_at <= now:
        raise NotFound(f"There is no refused event {number}; they expire.")
    if kept.replayed_at is not None:
        raise AlreadyReplayed(
            f"It was counted on {kept.replayed_at:%Y-%m-%d %H:%M} UTC."
        )
    counted = ingest(_batch(kept), sender=sender, now=now, keep=False, raw=False)
    for refused in counted.refused:
        kept.code, kept.detail = refused.code, refused.detail
        kept.save(update_fields=["code", "detail"])
    if not counted.refused:
        kept.replayed_at = now
        kept.save(update_fields=["replayed_at"])
        audit.record(
            "usage.replayed",
            f"usage/{kept.pk}",
            actor=actor,
            now=now,
            after={"source": kept.source, "id": kept.event_id, "was": kept.code},
        )
    return counted


def _batch(kept: QuarantinedEvent) -> Batch:
    is_cloud = isinstance(kept.body, dict) and "specversion" in kept.body
    return batch_of([kept.body], clouds=is_cloud)
