"""Whether the static files must be collected again: hashing and compressing them
takes longer than all the rest of a start."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders

from portal.embedded.home import PROJECT


class Collection:
    """Beside the migrations, in a process of its own: there are two cores or more."""

    def __init__(self) -> None:
        self._mark = Path(settings.STATIC_ROOT) / ".collected"
        self._now = _fingerprint()
        self._process: subprocess.Popen[bytes] | None = None

    def start_if_needed(self) -> None:
        if self._mark.exists() and self._mark.read_text() == self._now:
            return
        command = [sys.executable, "manage.py", "collectstatic", "--clear"]
        self._process = subprocess.Popen(
            [*command, "--no-input", "--verbosity", "0"], cwd=PROJECT
        )

    def finish(self) -> bool:
        """True when files were collected."""
        if self._process is None:
            return False
        if self._process.wait() != 0:
            raise RuntimeError("The static files could not be collected.")
        # Last, so that a collection cut short is done again.
        self._mark.write_text(self._now)
        return True


def _fingerprint() -> str:
    """Of every source file's name, size and time of change."""
    seen = hashlib.sha256(repr(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for name, storage in sorted(finder.list([]), key=lambda found: found[0]):
            state = os.stat(storage.path(name))
            seen.update(f"{name}\0{state.st_size}\0{state.st_mtime_ns}\n".encode())
    return seen.hexdigest()
