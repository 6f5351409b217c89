"""Two at once, two beats, a worker killed in the middle, one that comes back too late."""

import os
import signal
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace

import pytest

from capacity.enums import RunStatus
from capacity.models import RecalibrationRun
from capacity.services import recalibration
from capacity.services.recalibration import request_recalibration, run_recalibration
from capacity.services.recalibration_leases import LEASE, MOST_ATTEMPTS, requeue_lost
from capacity.services.recalibration_schedule import request_due
from portal.kernel.models import AuditEntry, OutboxMessage
from tests.capacity import recalibration as story
from tests.faults.races import at_once, codes, fork
from workloads.models import Workload

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = int(os.environ.get("WEIGHBRIDGE_RACE_ROUNDS", "3"))
WORKERS = 3
LATER = story.AFTER + LEASE + timedelta(seconds=1)


def company(cast: SimpleNamespace, count: int = 2) -> list[Workload]:
    """Workloads that all have more users than their estimates say."""
    made = []
    for number in range(count):
        workload = story.live(cast, name=f"Workload {number}")
        story.used(workload, users=1600, sessions=16_000)
        story.worked(workload)
        made.append(workload)
    return made


def carried_out(run_id: int, worker: str, now: datetime = story.AFTER) -> bool:
    return run_recalibration(run_id=run_id, worker=worker, clock=lambda: now)


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_two_who_ask_at_once_get_the_same_run(
    cast: SimpleNamespace, _round: int
) -> None:
    ask = partial(
        request_recalibration, period="2026Q2", actor=cast.pia, now=story.AFTER
    )

    asked = at_once([ask] * 6)

    run = RecalibrationRun.objects.get()
    assert [one.pk for one in asked] == [run.pk] * 6
    assert OutboxMessage.objects.count() == 1
    assert AuditEntry.objects.filter(action="recalibration.requested").count() == 1


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_of_three_workers_one_carries_it_out(
    cast: SimpleNamespace, _round: int
) -> None:
    workloads = company(cast)
    run = request_recalibration(period="2026Q2", actor=None, now=story.AFTER)

    did = at_once([partial(carried_out, run.pk, f"w{n}") for n in range(WORKERS)])

    run.refresh_from_db()
    assert sorted(map(bool, did)) == [False, False, True]
    assert (run.status, run.attempts, run.is_current) == ("complete", 1, True)
    assert [len(story.drafts(one)) for one in workloads] == [1, 1]


def test_two_beats_three_workers_and_a_simulated_quarter_make_one_run_a_period(
    cast: SimpleNamespace,
) -> None:
    workloads = company(cast)
    hour = datetime(2026, 4, 1, 0, 30, tzinfo=UTC)

    while hour < datetime(2026, 7, 5, tzinfo=UTC):
        asked = at_once([partial(request_due, now=hour)] * 2)
        for run_id in {one for runs in asked for one in runs}:
            at_once(
                [partial(carried_out, run_id, f"w{n}", hour) for n in range(WORKERS)]
            )
        hour += timedelta(hours=12)

    periods = RecalibrationRun.objects.order_by("id").values_list("period", flat=True)
    # The months on the 2nd, the quarters on the third day after their end.
    assert list(periods) == [
        *("2026-03", "2026Q1", "2026-04", "2026-05", "2026-06", "2026Q2")
    ]
    runs = RecalibrationRun.objects.values_list("status", "is_current", "attempts")
    assert set(runs) == {("complete", True, 1)}
    assert [len(story.drafts(one)) for one in workloads] == [1, 1]


def test_a_worker_killed_in_the_middle_loses_nothing(
    cast: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workloads = company(cast, 3)
    monkeypatch.setattr(recalibration, "STEP", 1)
    run = request_recalibration(period="2026Q2", actor=None, now=story.AFTER)
    child = fork()
    if not child:
        run_recalibration(
            run_id=run.pk,
            worker="killed",
            clock=lambda: story.AFTER,
            progress=lambda _done, _total: time.sleep(60),
        )
        os._exit(0)
    until = time.monotonic() + 30
    while time.monotonic() < until:
        run.refresh_from_db()
        if run.done:
            break
        time.sleep(0.05)

    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    early = carried_out(run.pk, "too early")
    found = requeue_lost(now=LATER)
    late = carried_out(run.pk, "second", LATER)

    run.refresh_from_db()
    assert (early, found, late) == (False, [run.pk], True)
    assert (run.status, run.done, run.attempts) == ("complete", 3, 2)
    assert [len(story.drafts(one)) for one in workloads] == [1, 1, 1]


def test_a_worker_that_was_thought_dead_writes_nothing_more(
    cast: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workloads = company(cast, 3)
    monkeypatch.setattr(recalibration, "STEP", 1)
    run = request_recalibration(period="2026Q2", actor=None, now=story.AFTER)

    def is_overtaken(done: int, _total: int) -> None:
        if done == 1:
            requeue_lost(now=LATER)
            carried_out(run.pk, "second", LATER)

    did = run_recalibration(
        run_id=run.pk,
        worker="slow",
        clock=lambda: story.AFTER,
        progress=is_overtaken,
    )

    run.refresh_from_db()
    assert did is False
    assert (run.status, run.attempts, run.finished_at) == ("complete", 2, LATER)
    assert [len(story.drafts(one)) for one in workloads] == [1, 1, 1]


def test_several_who_look_for_lost_runs_ask_once(cast: SimpleNamespace) -> None:
    request_recalibration(period="2026Q2", actor=None, now=story.AFTER)

    asked = at_once([partial(requeue_lost, now=LATER)] * 4)

    assert sorted(map(len, asked)) == [0, 0, 0, 1]  # type: ignore[arg-type]
    assert OutboxMessage.objects.count() == 2


def test_a_run_that_never_ends_has_failed(cast: SimpleNamespace) -> None:
    run = request_recalibration(period="2026Q2", actor=None, now=story.AFTER)
    RecalibrationRun.objects.update(status="running", attempts=MOST_ATTEMPTS)

    assert requeue_lost(now=LATER) == []

    run.refresh_from_db()
    assert run.status == RunStatus.FAILED
    assert "10 times" in run.error


def test_asking_while_runs_end_is_always_answered(cast: SimpleNamespace) -> None:
    def ask_and_end() -> None:
        for _ in range(5):
            run = request_recalibration(
                period="2026Q2", actor=cast.pia, now=story.AFTER
            )
            carried_out(run.pk, f"worker of {id(run)}")

    outcomes = at_once([ask_and_end] * 3)

    assert codes(outcomes) == ["ok"] * 3
    current = RecalibrationRun.objects.filter(is_current=True)
    assert current.get() == RecalibrationRun.objects.order_by("-finished_at", "-id")[0]
