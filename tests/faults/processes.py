"""A `make run` of real processes in a home of its own, for the tests of faults."""

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
from collections.abc import Iterator
from pathlib import Path

from portal.embedded.database import EmbeddedDatabase
from portal.embedded.home import PROJECT, Home
from portal.embedded.processes import MARK, wait_until

# A busy machine of two cores starts five Python processes slowly.
PATIENCE = 90.0
SOAK = bool(os.environ.get("WEIGHBRIDGE_SOAK"))


class Run:
    """One `make run` in a home of its own, with what it has said so far."""

    def __init__(self, home: Home, port: int, **variables: str) -> None:
        self.home = home
        self.port = port
        self.gate_port = free_port()
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "portal.embedded"],
            cwd=PROJECT,
            env={
                **variables_of(home),
                "WEIGHBRIDGE_PORT": str(port),
                "WEIGHBRIDGE_GATE_PORT": str(self.gate_port),
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

    def page(self, path: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with contextlib.closing(connection):
            connection.request("GET", path)
            return connection.getresponse().read().decode()

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


def variables_of(home: Home) -> dict[str, str]:
    """For a command in the home; of the test's own variables it must see none."""
    return {"PATH": os.environ["PATH"], "WEIGHBRIDGE_HOME": str(home.root)}


def part_of(words: list[bytes]) -> str:
    named = {b"rsgi": "gate", b"granian": "web", b"worker": "worker", b"beat": "beat"}
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


@contextlib.contextmanager
def private_home() -> Iterator[Home]:
    """A home in the temporary directory; whatever runs in it ends with it."""
    home = Home(Path(tempfile.mkdtemp(prefix="weighbridge-run-")))
    try:
        yield home
    finally:
        for pid in marked(home):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        EmbeddedDatabase(home).wait_until_stopped(10)
        shutil.rmtree(home.root, ignore_errors=True)
