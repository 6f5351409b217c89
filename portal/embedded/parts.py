"""The parts of a running installation: what starts each, and how it is known to be up."""

import http.client
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from portal.embedded import broker
from portal.embedded.database import EmbeddedDatabase
from portal.embedded.home import PROJECT, Home
from portal.embedded.processes import (
    MARK,
    dies_with_parent,
    end_group,
    kill_group,
    last_line,
)

LARGEST_LOG = 10 * 1024 * 1024
# Worker and beat would each load every page to check it; `make check` does that.
VARIABLES = {"CELERY_SKIP_CHECKS": "true"}


class Part(Protocol):
    name: str
    about: str

    def start(self) -> None: ...
    def runs(self) -> bool: ...
    def is_up(self) -> bool: ...
    def how_it_ended(self) -> str: ...
    def stop(self, hurry: Callable[[], bool]) -> str: ...


@dataclass
class ProcessPart:
    """A child with a process group of its own, so that none of its children stays."""

    name: str
    about: str
    home: Home
    command: Callable[[], list[str]]
    answers: Callable[["ProcessPart"], bool]
    patience: float = 20
    # Its standard output is the terminal's; only its complaints go to the log.
    shown: bool = False
    variables: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    log_began: int = 0

    @property
    def log(self) -> Path:
        return self.home.logs / f"{self.name}.log"

    def start(self) -> None:
        """Call it from the main thread: the child is told when that one ends."""
        if self.process is not None:
            kill_group(self.process.pid)
        with _opened(self.log) as log:
            self.log_began = log.tell()
            self.process = subprocess.Popen(
                self.command(),
                cwd=PROJECT,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=None if self.shown else log,
                stderr=log,
                process_group=0,
                preexec_fn=dies_with_parent(signal.SIGTERM),  # noqa: PLW1509 no threads
            )

    def _environment(self) -> dict[str, str]:
        mark = {MARK: str(self.home.root)}
        return {**os.environ, **VARIABLES, **self.variables, **mark}

    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def is_up(self) -> bool:
        return self.runs() and self.answers(self)

    def failed(self) -> bool:
        return self.process is not None and self.process.poll() not in {None, 0}

    def how_it_ended(self) -> str:
        code = self.process.returncode if self.process is not None else 0
        if code < 0:
            return f"ended by {signal.Signals(-code).name}"
        reason = last_line(self.log)
        return f"ended with status {code}: {reason or 'no reason given'} ({self.log})"

    def stop(self, hurry: Callable[[], bool]) -> str:
        if self.process is not None:
            end_group(self.process, signal.SIGTERM, self.patience, hurry)
        return "stopped"

    def has_logged(self, words: bytes) -> bool:
        """Since this start, not since the file began."""
        with self.log.open("rb") as log:
            log.seek(self.log_began)
            return words in log.read()


class DatabasePart:
    """The embedded database has a keeper of its own and may serve others too."""

    name = "database"

    def __init__(self, home: Home) -> None:
        self.database = EmbeddedDatabase(home)
        self.about = f"PostgreSQL, data in {home.database}"

    def start(self) -> None:
        self.database.join()

    def runs(self) -> bool:
        return self.database.is_kept()

    def is_up(self) -> bool:
        return self.runs()

    def how_it_ended(self) -> str:
        return f"ended, see {self.database.cluster.log}"

    def stop(self, hurry: Callable[[], bool]) -> str:  # noqa: ARG002 one shape
        self.database.leave()
        if self.database.wait_until_stopped(10):
            return "stopped"
        return "left up for another command that uses it"


def broker_part(home: Home) -> ProcessPart:
    return ProcessPart(
        name="broker",
        about=f"Valkey, data in {home.broker}",
        home=home,
        command=lambda: broker.command(home),
        answers=lambda part: broker.answers(part.home),
    )


def web_part(home: Home, host: str, port: int) -> ProcessPart:
    command = _module("granian", "--interface", "wsgi")
    command += ["--host", host, "--port", str(port), "--workers", "2"]
    command += ["--blocking-threads", "2", "--backlog", "1024", "--no-ws"]
    # Without this the whole server ends when one of its processes does.
    command += ["--respawn-failed-workers", "--respawn-interval", "0.5"]
    command += ["--workers-kill-timeout", "20", "portal.wsgi:application"]
    return ProcessPart(
        name="web",
        about=f"two processes on {host}:{port}",
        home=home,
        command=lambda: _with_empty(home.metrics, command),
        variables={"PROMETHEUS_MULTIPROC_DIR": str(home.metrics)},
        answers=lambda _: _speaks_http(host, port),
        # Longer than granian's own, so that it ends its processes itself.
        patience=25,
    )


def gate_part(home: Home, host: str, port: int) -> ProcessPart:
    command = _module("granian", "--interface", "rsgi")
    command += ["--host", host, "--port", str(port), "--workers", "1"]
    command += ["--backlog", "1024", "--no-ws", "--log-level", "warning"]
    command += ["--respawn-failed-workers", "--respawn-interval", "0.5"]
    command += ["--workers-kill-timeout", "10", "capacity.runtime.server:application"]
    return ProcessPart(
        name="gate",
        about=f"decisions on {host}:{port}",
        home=home,
        command=lambda: command,
        answers=lambda _: _speaks_http(host, port),
        patience=15,
    )


def worker_part(home: Home) -> ProcessPart:
    command = _module("celery", "-A", "portal.celery", "worker")
    command += ["--concurrency", "2", "--loglevel", "INFO"]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return ProcessPart(
        name="worker",
        about="two processes for background work",
        home=home,
        command=lambda: command,
        answers=lambda part: part.has_logged(b" ready."),
    )


def beat_part(home: Home) -> ProcessPart:
    command = _module("celery", "-A", "portal.celery", "beat")
    command += ["--pidfile=", "--loglevel", "INFO"]
    return ProcessPart(
        name="beat",
        about="the clock of background work",
        home=home,
        command=lambda: command,
        answers=lambda part: part.has_logged(b"beat: Starting"),
    )


def errand(home: Home) -> ProcessPart:
    """Not a service: what is done before the portal answers, and ends."""
    return ProcessPart(
        name="prepare",
        about="",
        home=home,
        command=lambda: _module("portal.embedded.prepare"),
        answers=lambda _: True,
        shown=True,
    )


def _module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", name, *arguments]


def _with_empty(directory: Path, command: list[str]) -> list[str]:
    """Each web process counts in a file of its own there; a new server counts anew."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(mode=0o700, exist_ok=True)
    return command


def _opened(log: Path) -> BinaryIO:
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_suffix(".log.1"))
    return log.open("ab")


def _speaks_http(host: str, port: int) -> bool:
    """Any answer will do: what it says is for /readyz to judge."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    connection = http.client.HTTPConnection(reachable, port, timeout=1)
    try:
        connection.request("GET", "/livez", headers={"Host": "localhost"})
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True
