"""Parts are killed and connections cut while clients work: nothing heard is lost."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from portal.embedded.home import PROJECT
from portal.embedded.processes import wait_until
from tests.faults import ledger
from tests.faults.clients import INPUTS, SIGNERS, Load, Told, make_tokens, manage
from tests.faults.processes import (
    PATIENCE,
    SOAK,
    Run,
    free_port,
    private_home,
    variables_of,
)

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="reads /proc"
)

KILLS = 5 if SOAK else 1
# The bar is ten seconds. CI's machine does other work meanwhile, so there it is only
# told from never.
AGAIN = 10.0 if SOAK else 40.0
CUT_SECONDS = 60.0 if SOAK else 6.0
CUT_EVERY = 2.0
HEALTHY_AFTER = 5.0
# Between two kills, so that work is under way again.
BREATH = 2.0 if SOAK else 1.0

CUT = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
)

WAITING = (
    "SELECT id FROM portal_outboxmessage"
    " WHERE delivered_at IS NULL AND given_up_at IS NULL LIMIT 1"
)
END_LEASES = (
    "UPDATE portal_outboxmessage SET available_at = now() WHERE delivered_at IS NULL"
)
GIVEN_UP = "SELECT id FROM portal_outboxmessage WHERE given_up_at IS NOT NULL"

KEPT = b"Task workloads.tasks.keep_signatures["
EVERY_SECOND = """
    WITH second AS (
        INSERT INTO django_celery_beat_intervalschedule (every, period)
        VALUES (1, 'seconds') RETURNING id
    )
    UPDATE django_celery_beat_periodictask SET interval_id = (SELECT id FROM second)
    WHERE name = 'keep signatures'
"""
TELL_BEATS = (
    "UPDATE django_celery_beat_periodictasks SET last_update = clock_timestamp()"
)
LAPSES = """
    SELECT status, count(ends.id) FROM workloads_workload AS workload
    JOIN workloads_signoff AS given ON given.estimate_id = submitted_estimate_id
    LEFT JOIN workloads_signoffend AS ends ON ends.signoff_id = given.id
    WHERE workload.name = 'Signed long ago' GROUP BY status
"""
REMINDERS = """
    SELECT count(*), (SELECT count(*) FROM portal_outboxmessage
        WHERE payload->>'body' LIKE '%Waiting long%')
    FROM workloads_reminder WHERE workload_id =
        (SELECT id FROM workloads_workload WHERE name = 'Waiting long')
"""
# The use cases take the moment as an argument, so the past is made as it was.
LONG_AGO = f"""
from datetime import timedelta
from portal.kernel import clock
from portal.kernel.models import User
from workloads.enums import SignRole, Status, Verdict
from workloads.services.estimates import open_draft, submit_estimate
from workloads.services.lifecycle import advance
from workloads.services.plan import propose_workload
from workloads.services.signoffs import Press, sign
people = {{user.username: user for user in User.objects.all()}}
pia = people["pia"]
def submitted(name, now):
    values = {{"name": name, "ship_quarter": "2026Q4", "primary_model": "Sonnet"}}
    number = propose_workload(actor=pia, values=values, now=now).number
    open_draft(number=number, actor=pia, changes={INPUTS}, now=now)
    return number, submit_estimate(number=number, version=1, actor=pia, now=now)
submitted("Waiting long", clock.now() - timedelta(days=12))
now = clock.now() - timedelta(days=500)
number, estimate = submitted("Signed long ago", now)
for role, signer in {SIGNERS}.items():
    press = Press(SignRole(role), Verdict.APPROVE, "", estimate.sha256)
    sign(number=number, version=1, press=press, actor=people[signer], now=now)
advance(number=number, to=Status.PLANNED, actor=pia, reason="", now=now)
"""


@dataclass
class Portal:
    run: Run
    tokens: dict[str, str]


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    """One run for the module: its start is the longest part of these tests."""
    with private_home() as home:
        run = Run(home, free_port(), WEIGHBRIDGE_RATE_LIMIT="1000000")
        run.wait_for("Weighbridge is at")
        yield Portal(run, make_tokens(run))
        run.process.send_signal(signal.SIGINT)
        assert run.ended() == 0


def test_what_was_acknowledged_survives_the_kill_of_each_part(portal: Portal) -> None:
    run = portal.run
    with Load(run, portal.tokens) as told:
        await_work(told)
        for part in ["web", "worker", "broker", "database"] * KILLS:
            # The worker is killed with mail on its way.
            assert wait_until(lambda: bool(ledger.rows(run.home, WAITING)), AGAIN)
            took = seconds_until_back(run, part)
            assert took < AGAIN, f"{part} took {took:.1f} s"
            await_work(told)
            time.sleep(BREATH)

    require_nothing_lost(portal, told)
    assert told.cut + told.refused > 0
    assert told.names("planned")
    assert told.pages
    asked = {ref for _, ref in told.details("asked")}
    with ledger.connected(run.home) as database:
        # What the killed one had claimed is due when its two minutes are over.
        database.execute(END_LEASES)
    assert wait_until(lambda: asked <= set(ledger.mails_by_reference(run.home)), AGAIN)
    assert ledger.rows(run.home, GIVEN_UP) == []


def test_cut_connections_answer_503_and_lose_nothing(portal: Portal) -> None:
    run = portal.run
    with Load(run, portal.tokens) as told:
        await_work(told)
        until = time.monotonic() + CUT_SECONDS
        with ledger.connected(run.home) as knife:
            while time.monotonic() < until:
                time.sleep(CUT_EVERY)
                knife.execute(CUT)
        began = time.monotonic()
        await_work(told, HEALTHY_AFTER if SOAK else AGAIN)
        healthy = wait_until(lambda: run.status("/readyz") == 200, HEALTHY_AFTER)
        took = time.monotonic() - began

    assert healthy, f"not ready {took:.1f} s after the last cut"
    require_nothing_lost(portal, told)


def test_two_beats_let_signatures_lapse_and_remind_once(portal: Portal) -> None:
    run = portal.run
    log = run.home.logs / "worker.log"
    manage(run, "shell", "-v", "0", "-c", LONG_AGO)
    with beat_beside(run), ledger.connected(run.home) as database:
        ran = log.read_bytes().count(KEPT)
        # The second beat's start has written the hourly schedule again.
        database.execute(EVERY_SECOND)
        database.execute(TELL_BEATS)
        assert wait_until(lambda: log.read_bytes().count(KEPT) >= ran + 8, PATIENCE)

    assert ledger.rows(run.home, LAPSES) == [("candidate", 3)]
    assert ledger.rows(run.home, REMINDERS) == [(3, 3)]
    ledger.require_consistent(run.home)
    assert "entries" in manage(run, "verify_audit")


def test_both_web_processes_are_counted_in_one_scrape(portal: Portal) -> None:
    run = portal.run
    before = counted(run)
    threads = [threading.Thread(target=run.status, args=("/livez",)) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {counted(run) - before for _ in range(8)} == {40}
    assert len(list(run.home.metrics.glob("counter_*.db"))) >= 2


@contextlib.contextmanager
def beat_beside(run: Run) -> Iterator[None]:
    """A second beat in the same home, as when somebody starts one too many."""
    log = run.home.logs / "second-beat.log"
    command = [sys.executable, "-m", "celery", "-A", "portal.celery", "beat"]
    with log.open("wb") as told:
        process = subprocess.Popen(
            [*command, "--pidfile=", "--loglevel", "INFO"],
            cwd=PROJECT,
            env={**variables_of(run.home), "CELERY_SKIP_CHECKS": "true"},
            stdout=told,
            stderr=told,
        )
    try:
        # Not "Starting": only then does it write its schedule.
        started = wait_until(lambda: b"Sending due" in log.read_bytes(), PATIENCE)
        assert started, log.read_text()
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


def seconds_until_back(run: Run, part: str) -> float:
    said = len(run.lines)
    began = time.monotonic()
    os.kill(run.pids()[part], signal.SIGKILL)
    run.wait_for("is up again", after=said)
    assert [line.split()[0] for line in run.lines[said:]] == [part, part]
    return time.monotonic() - began


def await_work(told: Told, seconds: float = AGAIN) -> None:
    """Something is acknowledged that was not before."""
    before = len(told.heard_at)
    assert wait_until(
        lambda: len(told.heard_at) > before + 3 or bool(told.unexpected), seconds
    ), f"nothing was acknowledged in {seconds} s"
    assert told.unexpected == []


def require_nothing_lost(portal: Portal, told: Told) -> None:
    assert told.unexpected == []
    ledger.require_all_kept(portal.run.home, told)
    ledger.require_consistent(portal.run.home)
    assert "entries" in manage(portal.run, "verify_audit")


def counted(run: Run) -> float:
    lines = run.page("/metrics").splitlines()
    return sum(
        float(line.rpartition(" ")[2])
        for line in lines
        if line.startswith("weighbridge_requests_total{") and 'route="livez"' in line
    )
