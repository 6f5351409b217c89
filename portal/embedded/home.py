"""Where an installation keeps what is its own: two homes are two installations."""

import hashlib
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent

# A Unix socket's address holds 107 bytes; the longest name in the directory is
# PostgreSQL's ".s.PGSQL.5432", and some room is left for a slash and a suffix.
LONGEST_SOCKET_DIRECTORY = 107 - 18


@dataclass(frozen=True)
class Home:
    root: Path

    @classmethod
    def from_environment(cls) -> "Home":
        named = os.environ.get("WEIGHBRIDGE_HOME") or PROJECT / ".weighbridge"
        return cls(Path(named).expanduser().absolute())

    def create(self) -> None:
        """Only its owner may look inside: the database's socket asks for no password."""
        for directory in (self.root, self.logs, self.broker, self.sockets):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.sockets.stat().st_uid not in {os.getuid(), self.root.stat().st_uid}:
            msg = f"{self.sockets} belongs to another user; remove it"
            raise PermissionError(msg)

    @property
    def database(self) -> Path:
        return self.root / "postgres"

    @property
    def broker(self) -> Path:
        return self.root / "broker"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def mail(self) -> Path:
        return self.root / "mail"

    @property
    def metrics(self) -> Path:
        """What each web process counts; emptied at each start of the server."""
        return self.root / "metrics"

    @property
    def static(self) -> Path:
        return self.root / "static"

    @property
    def demo_accounts(self) -> Path:
        return self.root / "demo-accounts"

    @property
    def run_lock(self) -> Path:
        return self.root / "run.lock"

    @property
    def sockets(self) -> Path:
        """Beside the data, or under the temporary directory when the path is too long."""
        beside = self.root / "sockets"
        if len(os.fsencode(beside)) <= LONGEST_SOCKET_DIRECTORY:
            return beside
        name = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"weighbridge-{name}"

    @property
    def broker_socket(self) -> Path:
        return self.sockets / "broker.sock"

    @property
    def broker_url(self) -> str:
        return f"redis+socket://{self.broker_socket}"

    def secret_key(self) -> str:
        """Written once; the first of two processes that need it at once wins."""
        file = self.root / "secret-key"
        if not file.exists():
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, draft = tempfile.mkstemp(dir=self.root, prefix="secret-key.")
            with os.fdopen(handle, "w") as stream:
                stream.write(secrets.token_urlsafe(48))
            try:
                os.link(draft, file)
            except FileExistsError:
                pass
            finally:
                os.unlink(draft)
        return file.read_text().strip()
