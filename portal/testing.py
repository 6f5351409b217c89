"""A pytest plugin: brings an embedded PostgreSQL up before Django reads its settings.

Loaded with `-p portal.testing`; a conftest would come too late.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from portal.embedded.postgres import Cluster
from portal.embedded.processes import is_alive

PREFIX = "weighbridge-test-"


class Running:
    """What this run started; xdist's workers inherit the address and start nothing."""

    cluster: Cluster | None = None
    postmaster: subprocess.Popen[bytes] | None = None
    directory: Path | None = None


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    _sweep()
    # The process id in the name tells a later run whether this one still lives.
    Running.directory = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    os.environ["WEIGHBRIDGE_HOME"] = str(Running.directory / "home")
    os.environ.setdefault("WEIGHBRIDGE_SECRET_KEY", "a key for tests and nothing else")
    # A DATABASE_URL alone would make this a production: secure cookies, redirects.
    os.environ.setdefault("WEIGHBRIDGE_DEBUG", "1")
    os.environ.setdefault("BROKER_URL", "memory://")
    os.environ.setdefault("WEIGHBRIDGE_ALLOWED_HOSTS", "testserver,localhost,127.0.0.1")
    # Playwright runs a loop in the test's thread; Django's guard would refuse the ORM.
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    if os.environ.get("DATABASE_URL"):
        return
    Running.cluster = Cluster(
        data=Running.directory / "data",
        sockets=Running.directory,
        log=Running.directory / "postgres.log",
        durable=False,
    )
    Running.postmaster = Running.cluster.start()
    os.environ["DATABASE_URL"] = Running.cluster.url


def pytest_unconfigure() -> None:
    if Running.cluster is not None and Running.postmaster is not None:
        Running.cluster.stop(Running.postmaster)
    if Running.directory is not None:
        shutil.rmtree(Running.directory, ignore_errors=True)


def _sweep() -> None:
    """A killed run leaves its directory; its PostgreSQL died with it."""
    for directory in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        pid = directory.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdigit() and not is_alive(int(pid)):
            shutil.rmtree(directory, ignore_errors=True)
