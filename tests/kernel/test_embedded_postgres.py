"""The embedded PostgreSQL: as whom it runs, and what a crash may leave behind."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from portal.embedded import postgres
from portal.embedded.home import LONGEST_SOCKET_DIRECTORY, Home
from portal.embedded.postgres import NAME, Cluster
from portal.embedded.processes import PartFailed, wait_until


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    # Not pytest's own directory: as root it is closed to the user nobody.
    root = Path(tempfile.mkdtemp(prefix="weighbridge-cluster-"))
    root.chmod(0o711)
    sockets = root / "sockets"
    sockets.mkdir()
    yield Cluster(data=root / "data", sockets=sockets, log=root / "log", durable=False)
    shutil.rmtree(root)


def ask(cluster: Cluster, sql: str) -> object:
    with psycopg.connect(
        host=str(cluster.sockets), user=NAME, dbname=NAME, autocommit=True
    ) as connection:
        cursor = connection.execute(sql)
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


def test_starts_answers_and_keeps_what_was_written(cluster: Cluster) -> None:
    process = cluster.start()
    ask(cluster, "CREATE TABLE kept (id int)")
    cluster.stop(process)
    process = cluster.start()

    assert ask(cluster, "SELECT count(*) FROM kept") == 0

    cluster.stop(process)
    assert not cluster.accepts()


def test_killed_it_starts_again_with_everything(cluster: Cluster) -> None:
    cluster = replace(cluster, durable=True)
    process = cluster.start()
    ask(cluster, "CREATE TABLE kept (id int)")
    process.kill()
    process.wait()

    process = cluster.start()

    assert ask(cluster, "SELECT count(*) FROM kept") == 0
    cluster.stop(process)


def test_a_pid_file_that_names_another_process_is_removed(cluster: Cluster) -> None:
    cluster.stop(cluster.start())
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    (cluster.data / "postmaster.pid").write_text(f"{other.pid}\n{cluster.data}\n")

    process = cluster.start()

    assert ask(cluster, "SELECT 1") == 1
    assert other.poll() is None
    cluster.stop(process)
    other.kill()
    other.communicate()


@pytest.mark.parametrize("content", ["", "no number\n"])
def test_an_unreadable_pid_file_is_removed(cluster: Cluster, content: str) -> None:
    cluster.stop(cluster.start())
    (cluster.data / "postmaster.pid").write_text(content)

    process = cluster.start()

    assert ask(cluster, "SELECT 1") == 1
    cluster.stop(process)


def test_one_left_without_its_starter_is_stopped_first(cluster: Cluster) -> None:
    left = cluster.start()

    process = cluster.start()

    assert left.wait(5) == 0
    assert ask(cluster, "SELECT 1") == 1
    cluster.stop(process)


def test_an_initdb_cut_short_is_done_again(cluster: Cluster) -> None:
    draft = cluster.data.with_name("data.new")
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18\n")

    process = cluster.start()

    assert ask(cluster, "SELECT 1") == 1
    assert not draft.exists()
    cluster.stop(process)


def test_it_ends_when_its_starter_is_killed(cluster: Cluster) -> None:
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from portal.embedded.postgres import Cluster\n"
        "data, sockets, log = map(Path, sys.argv[1:])\n"
        "Cluster(data, sockets, log, durable=False).start()\n"
        "print('up', flush=True)\ninput()\n"
    )
    starter = subprocess.Popen(
        [
            *(sys.executable, "-c", script),
            *map(str, (cluster.data, cluster.sockets, cluster.log)),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert starter.stdout is not None
    starter.stdout.readline()
    starter.send_signal(signal.SIGKILL)
    starter.communicate()

    assert wait_until(lambda: not (cluster.data / "postmaster.pid").exists(), 5)
    assert "database system is shut down" in cluster.log.read_text()


def nobody_reaches_the_binaries() -> bool:
    """Not in a project under /root, for example."""
    way = [postgres.binaries(), *postgres.binaries().parents]
    return all(directory.stat().st_mode & 0o001 for directory in way)


@pytest.mark.skipif(
    os.getuid() != 0 or not nobody_reaches_the_binaries(),
    reason="only root becomes someone else, and nobody must reach the project",
)
def test_root_without_user_namespaces_runs_it_as_nobody(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "user_namespaces_work", lambda: False)

    process = cluster.start()

    assert cluster.data.stat().st_uid == postgres.NOBODY
    assert ask(cluster, "SELECT 1") == 1
    cluster.stop(process)
    # Its data stay nobody's, even where user namespaces work again.
    monkeypatch.undo()
    process = cluster.start()
    assert ask(cluster, "SELECT 1") == 1
    cluster.stop(process)


@pytest.mark.skipif(os.getuid() != 0, reason="only root has to become someone else")
def test_data_of_root_without_user_namespaces_are_refused_with_the_reason(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.data.mkdir()
    monkeypatch.setattr(postgres, "user_namespaces_work", lambda: False)

    with pytest.raises(PartFailed, match="forbids user namespaces"):
        cluster.identity()


def test_a_long_home_keeps_its_sockets_elsewhere(tmp_path: Path) -> None:
    short, long = Home(Path("/srv/w")), Home(tmp_path / ("long" * 30))
    other = Home(tmp_path / ("long" * 29))

    assert short.sockets == Path("/srv/w/sockets")
    assert len(os.fsencode(long.sockets)) <= LONGEST_SOCKET_DIRECTORY
    assert long.sockets != other.sockets


def test_two_readers_of_a_fresh_home_get_one_secret_key(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")

    first = home.secret_key()

    assert len(first) >= 50
    assert home.secret_key() == first
    assert (home.root / "secret-key").stat().st_mode & 0o777 == 0o600
    assert list(home.root.iterdir()) == [home.root / "secret-key"]
