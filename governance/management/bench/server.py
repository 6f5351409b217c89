"""One web server for product and floors, and a client that stays connected."""

import http.client
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from governance.management.bench.results import NotMeasured

READY_WITHIN_SECONDS = 30
LOOPBACK = "127.0.0.1"


@contextmanager
def serve(
    database: str,
    application: str = "governance.management.bench.wsgi:application",
    *,
    workers: int = 1,
    threads: int = 1,
) -> Iterator[int]:
    """The port of a server; it ends with the block, however that ends.

    `threads` is none for an application with an event loop.
    """
    interface = (
        ("--interface", "wsgi", "--blocking-threads", str(threads))
        if threads
        else ("--interface", "rsgi")
    )
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        port = int(free.getsockname()[1])
    server = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [
            str(Path(sys.executable).with_name("granian")),
            *(*interface, "--host", LOOPBACK, "--port", str(port)),
            *("--workers", str(workers)),
            *("--no-ws", "--no-access-log"),
            *("--log-level", "warning"),
            application,
        ],
        cwd=settings.BASE_DIR,
        env={**os.environ, "WEIGHBRIDGE_BENCH_DATABASE": database},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_until_ready(port, server)
        yield port
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(10)


class Client:
    """Keeps one connection, as a browser or a planning tool does."""

    def __init__(self, port: int, headers: Mapping[str, str]) -> None:
        self.headers = dict(headers)
        self.connection = http.client.HTTPConnection(LOOPBACK, port, timeout=30)

    def get(self, path: str) -> bytes:
        return self.ask("GET", path)

    def ask(self, method: str, path: str, content: bytes | None = None) -> bytes:
        """The body of a 200; anything else stops the measurement."""
        self.connection.request(method, path, content, headers=self.headers)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != http.HTTPStatus.OK:
            told = f"{method} {path} answered {answer.status}: {body[:300]!r}"
            raise NotMeasured(told)
        return body

    def median_ms(self, path: str, seconds: float) -> float:
        """Median milliseconds of one GET after the other for `seconds`."""
        took = []
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            started = time.perf_counter()
            self.get(path)
            took.append(time.perf_counter() - started)
        return statistics.median(took) * 1000


def _wait_until_ready(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.perf_counter() + READY_WITHIN_SECONDS
    while time.perf_counter() < until:
        if server.poll() is not None:
            raise NotMeasured(
                f"The server ended at its start with {server.returncode}."
            )
        try:
            Client(port, {}).get("/livez")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise NotMeasured(f"The server was not ready within {READY_WITHIN_SECONDS} s.")
