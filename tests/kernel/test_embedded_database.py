"""One embedded database, shared by commands and `make run`."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.embedded.database import EmbeddedDatabase
from portal.embedded.home import PROJECT, Home

USER = """
import sys
from pathlib import Path
from portal.embedded.database import EmbeddedDatabase
from portal.embedded.home import Home
database = EmbeddedDatabase(Home(Path(sys.argv[1])))
print("started" if database.join() else "joined", flush=True)
input()
"""


class User:
    """A process that uses the database until told to end."""

    def __init__(self, home: Home) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(home.root)],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def said(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode().strip()

    def end(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)
        self.process.communicate()


@pytest.fixture
def database() -> Iterator[EmbeddedDatabase]:
    root = Path(tempfile.mkdtemp(prefix="weighbridge-home-"))
    found = EmbeddedDatabase(Home(root))
    yield found
    found.leave()
    assert found.wait_until_stopped(30)
    shutil.rmtree(root)


def test_the_second_joins_and_the_last_one_stops_it(database: EmbeddedDatabase) -> None:
    first, second = User(database.home), User(database.home)
    said = {first.said(), second.said()}

    first.end()
    still_up = database.cluster.accepts()
    second.end()

    assert said == {"started", "joined"}
    assert still_up
    assert database.wait_until_stopped(10)
    assert not database.cluster.accepts()


def test_it_stops_when_its_only_user_is_killed(database: EmbeddedDatabase) -> None:
    user = User(database.home)
    user.said()

    user.end(signal.SIGKILL)

    assert database.wait_until_stopped(10)
    assert not database.cluster.accepts()


def test_a_killed_keeper_takes_it_down_and_the_next_start_brings_it_back(
    database: EmbeddedDatabase,
) -> None:
    database.join()
    pid = int((database.home.database / "postmaster.pid").read_text().split()[0])
    # The postmaster's parent is the keeper.
    keeper = int(Path(f"/proc/{pid}/stat").read_text().split()[3])
    os.kill(keeper, signal.SIGKILL)
    assert database.wait_until_stopped(5)

    started = database.start()

    assert started
    assert database.cluster.accepts()


def test_a_killed_postmaster_ends_the_keeper(database: EmbeddedDatabase) -> None:
    database.join()
    pid = int((database.home.database / "postmaster.pid").read_text().split()[0])

    os.kill(pid, signal.SIGKILL)

    assert database.wait_until_stopped(5)
    assert database.start()


def test_one_who_comes_while_it_stops_gets_a_working_one(
    database: EmbeddedDatabase,
) -> None:
    for _ in range(5):
        database.join()
        assert database.cluster.accepts()
        database.leave()
