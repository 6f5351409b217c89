"""The process ends before each statement of a recalibration in turn, and goes on elsewhere.

What ends is a process of its own, without any of its `finally`s; what goes on is another,
after the lease. The end is compared byte for byte with that of one clean run.
"""

import json
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper

from capacity.models import RecalibrationRun
from capacity.services.recalibration import request_recalibration, run_recalibration
from capacity.services.recalibration_leases import LEASE, requeue_lost
from portal.kernel.models import AuditEntry, OutboxMessage
from portal.kernel.selectors.audit import verify
from tests.capacity import recalibration as story
from tests.faults.processes import SOAK
from tests.faults.races import fork
from workloads.models import Estimate, Workload
from workloads.services.estimates import open_draft

pytestmark = pytest.mark.django_db(transaction=True)

WORKLOADS = 60 if SOAK else 4
KILLED = 77
LATER = story.AFTER + LEASE + timedelta(seconds=1)
# What a round leaves and the next one must not find.
CLEAN = """
    TRUNCATE capacity_recalibrationline, capacity_recalibrationresult,
        capacity_recalibrationrun RESTART IDENTITY;
    UPDATE workloads_workload AS w
        SET draft_estimate_id = kept.draft_estimate_id, version = kept.version
        FROM workloads_as_they_were AS kept WHERE kept.id = w.id;
    DELETE FROM workloads_estimate WHERE state = 'draft' AND created_by_id IS NULL;
    DELETE FROM portal_outboxmessage WHERE kind = 'capacity.tasks.run_recalibration';
"""


def company(cast: Any) -> None:
    """Over, as forecast, without usage, with a person's draft, and so on in turn."""
    for number in range(WORKLOADS):
        workload = story.live(cast, name=f"Workload {number}")
        kind = number % 4
        if kind == 0:
            story.used(workload, users=1600, sessions=16_000)
        elif kind != 2:
            story.used(workload, turns=80_000)
        story.worked(workload)
        if kind == 3:
            open_draft(
                number=workload.number,
                actor=cast.sarah,
                changes={"users": 7},
                now=story.WENT_LIVE,
            )
    story.worked(None)
    story.billed()
    with connection.cursor() as cursor:
        cursor.execute(KEEP)


def finished() -> bytes:
    """All that a run leaves besides moments and its attempts, in one text."""
    run = RecalibrationRun.objects.get()
    drafts = Estimate.objects.filter(state="draft").order_by("workload__number")
    left = {
        "run": [run.status, run.is_current, run.done, run.total, run.drafts],
        "calibrated": run.is_calibrated,
        "budgets": run.budgets,
        "log": sorted(run.log.values_list("key", "text")),
        "results": list(
            run.results.order_by("workload__number").values_list(
                *("workload__number", "missing", "off", "inputs", "budgets"),
                "draft_version",
            )
        ),
        "drafts": [
            [one.workload.number, one.version, one.created_by_id]
            + [getattr(one, name) for name in ("users", "turns_per_session", "note")]
            + [one.sources, one.ranges, one.tokens_per_month]
            for one in drafts.select_related("workload")
        ],
        "pointers": list(
            Workload.objects.order_by("number").values_list(
                "number", "draft_estimate__version", "version"
            )
        ),
        "trail": list(
            AuditEntry.objects.filter(pk__gt=last_entry())
            .order_by("id")
            .values_list("action", "object", "after")
        ),
    }
    return json.dumps(left, default=str, sort_keys=True).encode()


KEEP = """
    DROP TABLE IF EXISTS workloads_as_they_were;
    CREATE TABLE workloads_as_they_were AS
        SELECT id, draft_estimate_id, version FROM workloads_workload;
"""


class _Mark:
    entry = 0


def last_entry() -> int:
    return _Mark.entry


def cleaned() -> None:
    """Back to the company as it was, and the trail remembered up to here."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(CLEAN)
        cursor.execute("SET session_replication_role = origin")
    newest = AuditEntry.objects.order_by("-id").values_list("id", flat=True).first()
    _Mark.entry = newest or 0


def asked_for() -> int:
    run = request_recalibration(period=story.QUARTER, actor=None, now=story.AFTER)
    return run.pk


def ends_before(statement: int | None, run_id: int) -> int:
    """A process of its own carries out the run, and ends before its nth statement.

    Returns how it exited: KILLED, or 0 when the run had fewer statements. COMMIT counts.
    """
    child = fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        _carry_out(statement, run_id)
        code = 0
    finally:
        os._exit(code)


def _carry_out(statement: int | None, run_id: int) -> None:
    asked = 0

    def end_in_time() -> None:
        nonlocal asked
        asked += 1
        if asked == statement:
            os._exit(KILLED)

    def before(execute: Callable[..., Any], *arguments: Any) -> Any:
        end_in_time()
        return execute(*arguments)

    commit = DatabaseWrapper._commit

    def counted_commit(wrapper: DatabaseWrapper) -> None:
        end_in_time()
        commit(wrapper)

    DatabaseWrapper._commit = counted_commit
    with connection.execute_wrapper(before):
        run_recalibration(run_id=run_id, worker="first", clock=lambda: story.AFTER)


def goes_on(run_id: int) -> None:
    """Beat finds it lost, and a worker takes it up; both only where it is."""
    requeue_lost(now=LATER)
    run_recalibration(run_id=run_id, worker="second", clock=lambda: LATER)


def test_a_run_ends_the_same_wherever_its_process_ended(cast: Any) -> None:
    company(cast)
    cleaned()
    assert ends_before(None, asked_for()) == 0
    clean = finished()
    assert b'"complete"' in clean

    statement = 0
    exits: list[int] = []
    while KILLED in exits[-1:] or not exits:
        statement += 1
        cleaned()
        run_id = asked_for()
        exits.append(ends_before(statement, run_id))
        goes_on(run_id)
        assert finished() == clean, f"it ended before statement {statement}"

    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE workloads_as_they_were")
    assert exits == [KILLED] * (statement - 1) + [0]
    assert statement > 25
    assert verify().broken is None
    assert not OutboxMessage.objects.filter(given_up_at__isnull=False).exists()
