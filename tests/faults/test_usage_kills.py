"""The web server, then the database too, is killed under usage: a 2xx is on disk."""

import http.client
import json
import os
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.embedded.processes import wait_until
from tests.faults import ledger
from tests.faults.clients import manage
from tests.faults.processes import PATIENCE, SOAK, Run, free_port, private_home

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="reads /proc"
)

KILLS = 5 if SOAK else 1
SENDERS = 4
BATCH = 100
AGAIN = 40.0
# One process for all: each command alone takes seconds to start.
PREPARE = """
from django.core.management import call_command
from portal.kernel import clock
from portal.kernel.models import User
from workloads.services.plan import propose_workload
call_command("create_user", "pia", "--role", "planner")
call_command("create_user", "gateway", "--role", "runtime")
pia = User.objects.get(username="pia")
propose_workload(actor=pia, values={"name": "Used"}, now=clock.now())
call_command("create_token", "gateway", "--scope", "usage:write")
"""
LOST = """
    SELECT count(*) FROM unnest(%s::text[]) AS sent (id)
    WHERE NOT EXISTS (SELECT 1 FROM capacity_usageevent WHERE event_id = sent.id)
"""
# What one event weighs: ten tokens.
SUMS = """
    SELECT (SELECT count(*) FROM capacity_usageevent),
        (SELECT count(*) FROM capacity_usagekey),
        (SELECT sum(settled) / 10 FROM capacity_usercounter),
        (SELECT sum(calls) FROM capacity_usageday),
        (SELECT sum(input_tokens) / 10 FROM capacity_usageday),
        (SELECT sum(calls) FROM capacity_usagehour),
        (SELECT sum(events) FROM capacity_usagesource)
"""


@dataclass
class Heard:
    """What the senders were told, and what they should not have been."""

    acknowledged: list[str] = field(default_factory=list)
    cut: int = 0
    unexpected: list[str] = field(default_factory=list)


class Sender(threading.Thread):
    """Sends a batch until it is acknowledged, then the next."""

    def __init__(self, port: int, token: str, heard: Heard) -> None:
        super().__init__(daemon=True)
        self.port, self.heard = port, heard
        self.headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
        }
        self.ending = threading.Event()

    def run(self) -> None:
        while not self.ending.is_set() and not self.heard.unexpected:
            ids = [uuid.uuid4().hex for _ in range(BATCH)]
            body = json.dumps({"events": [event(one) for one in ids]})
            while not self.post(body) and not self.heard.unexpected:
                time.sleep(0.1)
            self.heard.acknowledged += ids

    def post(self, body: str) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("POST", "/api/v1/usage/", body, self.headers)
            answer = connection.getresponse()
            told = json.loads(answer.read() or b"{}")
        except (OSError, http.client.HTTPException):
            self.heard.cut += 1
            return False
        finally:
            connection.close()
        if answer.status == 503:
            self.heard.cut += 1
            return False
        if answer.status != 200 or told["rejected"]:
            self.heard.unexpected.append(f"{answer.status} {told}")
            return False
        return bool(told["accepted"] + told["duplicates"] == BATCH)


def event(name: str) -> dict[str, object]:
    return {
        "id": name,
        "source": "storm",
        "time": datetime.now(UTC).isoformat(),  # noqa: TID251 - the run's own clock
        "workload": "W-01",
        "tier": "standard",
        "user": f"user-{name[0]}",
        "model": "Sonnet",
        "input_tokens": 10,
        "output_tokens": 0,
    }


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with private_home() as home:
        run = Run(home, free_port())
        run.wait_for("Weighbridge is at", 3 * PATIENCE)
        yield run
        run.process.send_signal(signal.SIGINT)
        assert run.ended() == 0


def test_what_was_acknowledged_is_counted_whatever_is_killed(run: Run) -> None:
    told = manage(run, "shell", "-v", "0", "-c", PREPARE)
    token = next(line for line in told.splitlines() if line.startswith("wb_"))
    heard = Heard()
    senders = [Sender(run.port, token, heard) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    try:
        for parts in [["web"], ["web", "database"]] * KILLS:
            await_more(heard)
            kill_at_once(run, parts)
            await_more(heard)
    finally:
        for sender in senders:
            sender.ending.set()
        for sender in senders:
            sender.join(PATIENCE)

    assert heard.unexpected == []
    assert heard.cut
    with ledger.connected(run.home) as database:
        lost = database.execute(LOST, [heard.acknowledged]).fetchone()
        sums = database.execute(SUMS).fetchone()
    assert lost == (0,)
    assert sums is not None
    assert {int(one) for one in sums} == {len(heard.acknowledged)}


def kill_at_once(run: Run, parts: list[str]) -> None:
    said = len(run.lines)
    pids = run.pids()
    for part in parts:
        os.kill(pids[part], signal.SIGKILL)

    def up_again() -> set[str]:
        told = [line for line in run.lines[said:] if "is up again" in line]
        return {line.split()[0] for line in told}

    assert wait_until(lambda: set(parts) <= up_again(), PATIENCE), run.text()


def await_more(heard: Heard) -> None:
    """Something is acknowledged that was not before."""
    before = len(heard.acknowledged)
    assert wait_until(
        lambda: len(heard.acknowledged) > before + 3 * BATCH or bool(heard.unexpected),
        AGAIN,
    )
    assert heard.unexpected == []
