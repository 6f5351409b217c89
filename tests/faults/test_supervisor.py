"""`make run` as real processes: what dies is started again, and nothing is left."""

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.embedded.database import EmbeddedDatabase
from portal.embedded.home import PROJECT, Home
from portal.embedded.processes import MARK, wait_until

# A busy machine of two cores starts five Python processes slowly.
PATIENCE = 90.0
AGAIN = 10.0
SOAK = bool(os.environ.get("WEIGHBRIDGE_SOAK"))
KILLS = 5 if SOAK else 1


class Run:
    """One `make run` in a home of its own, with what it has said so far."""

    def __init__(self, home: Home, port: int, **variables: str) -> None:
        kept = {name: os.environ[name] for name in ("PATH",)}
        self.home = home
        self.port = port
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "portal.embedded"],
            cwd=PROJECT,
            env={
                **kept,
                "WEIGHBRIDGE_HOME": str(home.root),
                "WEIGHBRIDGE_PORT": str(port),
                "WEIGHBRIDGE_DEMO": "0",
                **variables,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def text(self) -> str:
        return "\n".join(self.lines)

    def wait_for(self, words: str, seconds: float = PATIENCE, after: int = 0) -> None:
        found = wait_until(
            lambda: (
                any(words in line for line in self.lines[after:])
                or self.process.poll() is not None
            ),
            seconds,
        )
        assert found, f"no {words!r} in {seconds} s:\n{self.text()}"
        assert any(words in line for line in self.lines[after:]), self.text()

    def ended(self, seconds: float = PATIENCE) -> int:
        code = self.process.wait(seconds)
        self._reader.join(5)
        return code

    def status(self, path: str = "/") -> int | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def pids(self) -> dict[str, int]:
        """The supervisor's children by part, the postmaster as `database`."""
        found = {}
        for pid in marked(self.home):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            parent = int(
                Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
            )
            if parent == self.process.pid:
                found[part_of(words)] = pid
        file = self.home.database / "postmaster.pid"
        found["database"] = int(file.read_text().split()[0])
        return found


def part_of(words: list[bytes]) -> str:
    named = {b"granian": "web", b"worker": "worker", b"beat": "beat"}
    return next((part for word, part in named.items() if word in words), "broker")


def marked(home: Home) -> list[int]:
    """What belongs to the home's run; Valkey writes its title over its variables."""
    mark, server = f"{MARK}={home.root}".encode(), str(home.broker_socket).encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            variables = (entry / "environ").read_bytes().split(b"\0")
            if mark in variables or server in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def home() -> Iterator[Home]:
    root = Path(tempfile.mkdtemp(prefix="weighbridge-run-"))
    yield Home(root)
    for pid in marked(Home(root)):
        os.kill(pid, signal.SIGKILL)
    EmbeddedDatabase(Home(root)).wait_until_stopped(10)
    shutil.rmtree(root, ignore_errors=True)


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
    for part in ["web", "worker", "beat", "broker", "database"] * KILLS:
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
    assert stopped == ["beat", "worker", "web", "broker", "database"]
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
