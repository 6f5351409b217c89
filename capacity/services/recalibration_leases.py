"""Who works on a run: its lease, its heartbeat, and what becomes of it without a worker.

A worker holds a run for half a minute and prolongs that while it lives. Whatever it writes
it writes under the run's row, which it must still hold: one that was thought dead and comes
back writes nothing more.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

from django.db import DatabaseError, connection, transaction
from django.db.models import Q

from capacity.enums import RunStatus
from capacity.models import RecalibrationRun
from capacity.models.recalibration import OPEN
from portal.kernel.enums import EventKind
from portal.kernel.services import audit, outbox
from portal.kernel.services.webhooks import emit

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]

TASK = "capacity.tasks.run_recalibration"
# With the search for lost runs each 20 s and the outbox's 2 s: taken up within a minute.
LEASE = timedelta(seconds=30)
HEARTBEAT_SECONDS = 8.0
MOST_ATTEMPTS = 10
NO_END = f"It was begun {MOST_ATTEMPTS} times, and each time its worker ended."


class LeaseLost(Exception):
    """Somebody else has the run by now; what this worker was about to write is not."""


def claim(run_id: int, worker: str, now: datetime) -> RecalibrationRun | None:
    """Take a run that waits, or whose worker is gone; None where there is nothing to do."""
    with transaction.atomic():
        run = RecalibrationRun.objects.select_for_update().filter(pk=run_id).first()
        if run is None or not _is_free(run, now):
            return None
        run.status = RunStatus.RUNNING
        run.held_by = worker
        run.held_until = now + LEASE
        run.attempts += 1
        run.done = 0
        run.save(update_fields=["status", "held_by", "held_until", "attempts", "done"])
    return run


def hold(run: RecalibrationRun, worker: str, now: datetime, **values: Any) -> None:
    """Write these on the run's row and prolong the lease; LeaseLost where it is gone.

    The row stays locked until the transaction ends.
    """
    mine = RecalibrationRun.objects.filter(
        pk=run.pk, status=RunStatus.RUNNING, held_by=worker
    )
    if not mine.update(**{"held_until": now + LEASE, **values}):
        raise LeaseLost


def requeue_lost(*, now: datetime) -> list[int]:
    """Ask again for runs that nobody holds; their keys. Several at once ask once.

    One that was begun too often has failed: its worker ends of something in the run.
    """
    asked = []
    with transaction.atomic():
        lost = (
            RecalibrationRun.objects.select_for_update(skip_locked=True)
            .filter(status__in=OPEN)
            .filter(Q(held_until__lt=now) | Q(held_until__isnull=True))
            .order_by("id")
        )
        given_up = []
        for run in lost:
            if run.attempts >= MOST_ATTEMPTS:
                given_up.append(run)
                continue
            # Until then the message is on its way, and nobody asks a third time.
            RecalibrationRun.objects.filter(pk=run.pk).update(
                status=RunStatus.QUEUED, held_by="", held_until=now + LEASE
            )
            outbox.post_task(TASK, [run.pk], now=now)
            asked.append(run.pk)
        for run in given_up:
            end_in_failure(run, NO_END, now)
    return asked


def fail(run: RecalibrationRun, worker: str, reason: str, now: datetime) -> None:
    """The run ends here, with its reason; what it wrote stays to be looked at."""
    with transaction.atomic():
        hold(run, worker, now)
        end_in_failure(run, reason, now)


def end_in_failure(run: RecalibrationRun, reason: str, now: datetime) -> None:
    """On a locked row. What no text column holds is left out of the reason."""
    told = _storable(reason)
    RecalibrationRun.objects.filter(pk=run.pk).update(
        status=RunStatus.FAILED,
        error=told,
        finished_at=now,
        held_by="",
        held_until=None,
    )
    tell_finished(run, RunStatus.FAILED, now)
    audit.record(
        "recalibration.failed",
        f"recalibration/{run}",
        actor=None,
        now=now,
        after={"period": run.period, "status": str(RunStatus.FAILED)},
        reason=told[:2000],
    )


def tell_finished(run: RecalibrationRun, status: RunStatus, now: datetime) -> None:
    """To the webhooks, in the transaction that ends the run."""
    told = {"id": run.pk, "period": run.period, "status": str(status)}
    emit(EventKind.RECALIBRATION_FINISHED, told, now=now)


def _storable(text: str) -> str:
    """Errors quote what they met, be it NUL or half of a surrogate pair."""
    return text.replace("\x00", "").encode(errors="replace").decode()


def _is_free(run: RecalibrationRun, now: datetime) -> bool:
    if run.status == RunStatus.QUEUED:
        return True
    is_lost = run.held_until is None or run.held_until < now
    return run.status == RunStatus.RUNNING and is_lost


class Heartbeat:
    """Prolongs the lease from a thread of its own while a long statement runs."""

    def __init__(self, run: RecalibrationRun, worker: str, clock: Clock) -> None:
        self._run, self._worker, self._clock = run, worker, clock
        self._ended = threading.Event()
        self._thread = threading.Thread(
            target=self._beat, name=f"lease of {run}", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        try:
            while not self._ended.wait(HEARTBEAT_SECONDS):
                # The row may be locked by this very run's transaction for a moment; then
                # it waits, and prolongs the lease just after.
                hold(self._run, self._worker, self._clock())
        except LeaseLost:
            logger.warning("%s is no longer held by %s", self._run, self._worker)
        except DatabaseError:
            # The worker itself meets the same, and says so.
            logger.warning(
                "the lease of %s was not prolonged", self._run, exc_info=True
            )
        finally:
            connection.close()
