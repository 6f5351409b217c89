"""`make run` as real processes: what dies is started again, and nothing is left."""

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.embedded.database import EmbeddedDatabase
from portal.embedded.home import Home
from portal.embedded.processes import wait_until
from tests.faults.processes import (
    PATIENCE,
    SOAK,
    Run,
    free_port,
    marked,
    private_home,
)

AGAIN = 10.0
KILLS = 5 if SOAK else 1


@pytest.fixture
def home() -> Iterator[Home]:
    with private_home() as home:
        yield home


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads /proc")
def test_a_run_from_start_to_end(home: Home) -> None:
    """One run for all that needs one, since each takes ten seconds and more."""
    run = Run(home, free_port())
    run.wait_for("Weighbridge is at")
    assert [line.split()[0] for line in run.lines[:2]] == ["database", "broker"]
    assert run.status() in {200, 302}

    # A second one in the same home says who is up.
    second = Run(home, free_port())
    assert second.ended() == 3
    assert f"is up: pid {run.process.pid}, http://127.0.0.1:{run.port}" in second.text()

    # Another home cannot have the same port.
    with tempfile.TemporaryDirectory(prefix="weighbridge-other-") as other:
        third = Run(Home(Path(other)), run.port)
        assert third.ended() == 1
        assert f"Port {run.port} of 127.0.0.1 cannot be used" in third.text()

    # What is killed comes back, and the supervisor says so.
    for part in ["web", "gate", "worker", "beat", "broker", "database"] * KILLS:
        said = len(run.lines)
        began = time.monotonic()
        os.kill(run.pids()[part], signal.SIGKILL)
        run.wait_for("is up again", PATIENCE, said)
        took = time.monotonic() - began
        assert any(
            line.startswith(part) and "starts again" in line
            for line in run.lines[said:]
        )
        if SOAK:
            assert took < AGAIN, f"{part} took {took:.1f} s"
    assert wait_until(lambda: run.status() in {200, 302}, 10)

    # Killed itself, nothing of it stays; the next start works.
    run.process.kill()
    run.ended()
    run = Run(home, run.port)
    run.wait_for("Weighbridge is at")
    assert run.status() in {200, 302}

    # Ctrl-C: the clients first, the database last.
    said = len(run.lines)
    run.process.send_signal(signal.SIGINT)
    assert run.ended() == 0
    stopped = [line.split()[0] for line in run.lines[said:] if line.endswith("stopped")]
    assert stopped == ["beat", "worker", "gate", "web", "broker", "database"]
    assert marked(home) == []
    assert not EmbeddedDatabase(home).is_kept()


@pytest.mark.parametrize(
    ("name", "given"),
    [("WEIGHBRIDGE_PORT", "eighty"), ("DATABASE_URL", "here"), ("BROKER_URL", "here")],
)
def test_a_wrong_variable_stops_the_start(home: Home, name: str, given: str) -> None:
    run = Run(home, free_port(), **{name: given, "WEIGHBRIDGE_DEBUG": "1"})

    assert run.ended() == 2
    assert run.text().startswith(f"{name} takes ")
    assert len(run.lines) == 1


def test_a_database_that_does_not_answer_is_said_in_one_line(home: Home) -> None:
    address = f"postgresql://kim@127.0.0.1:{free_port()}/plan"
    run = Run(home, free_port(), DATABASE_URL=address, WEIGHBRIDGE_DEBUG="1")

    assert run.ended() == 1
    assert "The database does not answer: connection" in run.text()
    assert "Traceback" not in run.text()
