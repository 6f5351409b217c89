"""The gate server as a process of its own on the tests' database, and many who ask it."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection

from portal.embedded.home import PROJECT
from portal.embedded.processes import wait_until
from tests.faults.processes import free_port

DECIDE = "/api/v1/gates/decide/"
UP_WITHIN = 60.0


class GateServer:
    """Started, killed and started again on the same port."""

    def __init__(self) -> None:
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "granian", "--interface", "rsgi"),
                *("--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"),
                *("--no-ws", "--log-level", "warning"),
                "capacity.runtime.server:application",
            ],
            cwd=PROJECT,
            env={**os.environ, "DATABASE_URL": database_url()},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert wait_until(self.is_up, UP_WITHIN), "the gate server did not come up"

    def is_up(self) -> bool:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
        try:
            link.request("GET", "/livez")
            return link.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            link.close()

    def kill(self) -> None:
        """Parent and worker at once, as nothing would end them in order."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
            self.process = None


def database_url() -> str:
    values = connection.settings_dict
    return f"postgresql://{values['USER']}@/{values['NAME']}?host={values['HOST']}"


@contextmanager
def gate_server() -> Iterator[GateServer]:
    server = GateServer()
    server.start()
    try:
        yield server
    finally:
        server.kill()
        # Its sessions end a moment later, and the flush would wait for them.
        wait_until(_is_alone, 10)


def _is_alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND application_name = 'weighbridge gate'"
        )
        return cursor.fetchone()[0] == 0


class Asker:
    """Keeps one connection; repeats what was not answered under the same request_id."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self.token = port, token
        self.link: http.client.HTTPConnection | None = None

    def __call__(
        self, body: dict[str, Any], *, seconds: float = 60.0
    ) -> tuple[int, dict[str, Any]]:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            answer = self.once(body)
            if answer is not None and answer[0] != 503:
                return answer
            time.sleep(0.05)
        raise TimeoutError(f"no answer in {seconds} s")

    def once(self, body: Any, **headers: str) -> tuple[int, dict[str, Any]] | None:
        """None when the connection did not hold."""
        if self.link is None:
            self.link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            self.link.request(
                "POST",
                DECIDE,
                content,
                {
                    "Authorization": f"Bearer {self.token}",
                    "Content-Type": "application/json",
                    **headers,
                },
            )
            response = self.link.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException):
            self.link.close()
            self.link = None
            return None
        if response.status == 503:
            assert response.getheader("Retry-After")
        return response.status, json.loads(text)


def together(asks: Sequence[Callable[[], Any]], *, threads: int = 40) -> list[Any]:
    """All, from many threads that begin at once; in the order of `asks`."""
    found: list[Any] = [None] * len(asks)
    failed: list[BaseException] = []
    count = min(threads, len(asks))
    barrier = threading.Barrier(count)

    def run(first: int) -> None:
        try:
            barrier.wait(30)
            for index in range(first, len(asks), count):
                found[index] = asks[index]()
        except BaseException as error:  # noqa: BLE001 - raised in the test below
            failed.append(error)

    workers = [threading.Thread(target=run, args=(one,)) for one in range(count)]
    for one in workers:
        one.start()
    for one in workers:
        one.join(120)
    if failed:
        raise failed[0]
    return found
