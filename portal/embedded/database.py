"""One embedded database, shared by all who need it at the moment.

A keeper process owns the postmaster. Everyone who needs the database holds a shared
lock on one file; the keeper waits for the exclusive lock on it, which the kernel
grants when the last holder is gone, killed ones included. Then it stops PostgreSQL.
There is no count that could go wrong.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from portal.embedded.home import PROJECT, Home
from portal.embedded.postgres import Cluster
from portal.embedded.processes import MARK, PartFailed, wait_until


class EmbeddedDatabase:
    def __init__(self, home: Home) -> None:
        self.home = home
        self.cluster = Cluster(
            data=home.database, sockets=home.sockets, log=home.logs / "postgres.log"
        )
        self._use: IO[bytes] | None = None

    @property
    def users(self) -> Path:
        return self.home.root / "database.users"

    @property
    def kept(self) -> Path:
        """Locked by the keeper for as long as it lives."""
        return self.home.root / "database.kept"

    def join(self) -> bool:
        """Use the database; True when it had to be started."""
        self.home.create()
        self._use = self.users.open("ab")
        # Waits here while a keeper that saw its last user go is stopping PostgreSQL.
        fcntl.flock(self._use, fcntl.LOCK_SH)
        return self.start()

    def start(self) -> bool:
        """Bring it up unless it is; also what a supervisor calls after a crash."""
        with (self.home.root / "database.starting").open("ab") as mutex:
            fcntl.flock(mutex, fcntl.LOCK_EX)
            if self.is_kept():
                return False
            self._start_keeper()
            return True

    def leave(self) -> None:
        if self._use is not None:
            self._use.close()
            self._use = None

    def is_kept(self) -> bool:
        with self.kept.open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def wait_until_stopped(self, seconds: float) -> bool:
        return wait_until(lambda: not self.is_kept(), seconds)

    def keep(self) -> None:
        """The keeper's life: start, tell, wait for the last user or a death, stop."""
        with self.kept.open("ab") as mark:
            # An is_kept() of another process may hold it for an instant.
            fcntl.flock(mark, fcntl.LOCK_EX)
            for number in (signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            try:
                postmaster = self.cluster.start()
            except PartFailed as error:
                print(error, flush=True)  # the line its starter reads
                return
            print("ready", flush=True)
            users = self.users.open("ab")
            while postmaster.poll() is None and not _locked(users):
                time.sleep(0.1)
            self.cluster.stop(postmaster)

    def _start_keeper(self) -> None:
        with (self.home.logs / "postgres.log").open("ab") as log:
            keeper = subprocess.Popen(
                [sys.executable, "-m", "portal.embedded.database", str(self.home.root)],
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                # Not a part of the run that starts it: see end_left_overs.
                env={**os.environ, MARK: ""},
                # It outlives its starter when another command uses the database.
                start_new_session=True,
            )
        assert keeper.stdout is not None  # noqa: S101 narrows the type
        with keeper.stdout:
            said = keeper.stdout.readline().decode().strip()
        if said != "ready":
            raise PartFailed(said or f"The database's keeper ended: {keeper.wait()}")


def _locked(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


if __name__ == "__main__":
    os.umask(0o077)
    EmbeddedDatabase(Home(Path(sys.argv[1]))).keep()
