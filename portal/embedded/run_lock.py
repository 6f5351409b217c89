"""One supervisor to a home. The kernel frees the lock however its holder ends."""

import fcntl
import os
from pathlib import Path

from portal.embedded.processes import wait_until

UP = "is up"
STOPPING = "is stopping"


class RunLock:
    def __init__(self, file: Path) -> None:
        # Not "w": it must not wipe what the holder has written.
        self._file = file.open("a+")

    def take(self, address: str, patience: float = 60) -> bool:
        """False when another supervisor is up; one that is stopping is waited for."""
        if not self._locked():
            # The other may have been told to stop this very moment.
            wait_until(lambda: self._locked() or STOPPING in self.holder(), 1)
            if STOPPING in self.holder():
                wait_until(self._locked, patience)
        if not self._locked():
            return False
        self._write(UP, address)
        return True

    def holder(self) -> str:
        """What its holder says: "is up: pid N, address"."""
        self._file.seek(0)
        return self._file.read().strip()

    def say_stopping(self) -> None:
        self._write(STOPPING, "")

    def _write(self, state: str, address: str) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._file.write(
            f"{state}: pid {os.getpid()}" + (f", {address}" if address else "")
        )
        self._file.flush()

    def _locked(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
