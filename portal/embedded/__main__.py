"""`make run`: the whole product under one supervisor."""

import os
import signal
import socket
import sys

from django.core.exceptions import ImproperlyConfigured

from portal.embedded import broker, parts
from portal.embedded.processes import PartFailed, dies_with_parent, end_left_overs
from portal.embedded.run_lock import RunLock
from portal.embedded.supervisor import StopAsked, Supervisor, say

WRONG_SETTING, FAILED, ALREADY_UP = 2, 1, 3


def main() -> int:
    os.umask(0o077)
    if "--with-parent" in sys.argv:
        _end_with_parent()
    try:
        # Reading them is what refuses a wrong value.
        from portal import settings  # noqa: PLC0415

        settings.HOME.create()
    except ImproperlyConfigured as error:
        return _refuse(str(error), WRONG_SETTING)
    except OSError as error:
        said = f"WEIGHBRIDGE_HOME cannot be used: {error.filename}: {error.strerror}."
        return _refuse(said, WRONG_SETTING)
    address = f"http://{settings.HOST}:{settings.PORT}"
    lock = RunLock(settings.HOME.run_lock)
    if not lock.take(address):
        said = f"Weighbridge in {settings.HOME.root} {lock.holder()}."
        return _refuse(said, ALREADY_UP)
    supervisor = Supervisor(on_stop=lock.say_stopping)
    supervisor.listen()
    try:
        end_left_overs(settings.HOME.root)
        _require_free_port(settings.HOST, settings.PORT, "WEIGHBRIDGE_PORT")
        _require_free_port(settings.HOST, settings.GATE_PORT, "WEIGHBRIDGE_GATE_PORT")
        bring_up(supervisor)
        supervisor.watch()
    except StopAsked:
        say("\nstopping", "")
    except PartFailed as error:
        supervisor.stop_all()
        return _refuse(str(error), FAILED)
    supervisor.stop_all()
    return 0


def bring_up(supervisor: Supervisor) -> None:
    from portal import settings  # noqa: PLC0415 read after they were found right

    home = settings.HOME
    first: list[parts.Part] = []
    if settings.EMBEDDED:
        first.append(parts.DatabasePart(home))
    if home.broker_url == settings.BROKER_URL:
        broker.end_left_over(home)
        first.append(parts.broker_part(home))
    supervisor.bring_up(first)
    supervisor.run_to_end(parts.errand(home))
    supervisor.bring_up(
        [
            parts.web_part(home, settings.HOST, settings.PORT),
            parts.gate_part(home, settings.HOST, settings.GATE_PORT),
            parts.worker_part(home),
            parts.beat_part(home),
        ]
    )
    sys.stdout.write(f"\nWeighbridge is at {settings.PORTAL_URL}\n")
    if home.demo_accounts.exists():
        sys.stdout.write(home.demo_accounts.read_text())
    sys.stdout.flush()


def _require_free_port(host: str, port: int, variable: str) -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise PartFailed(f"WEIGHBRIDGE_HOST {host} is not an address here.") from error
    with socket.socket(found[0], socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(found[4])
        except OSError as error:
            raise PartFailed(
                f"Port {port} of {host} cannot be used ({error.strerror});"
                f" set {variable} to a free one."
            ) from error


def _end_with_parent() -> None:
    """Started by make: when make is killed, this ends too, in order."""
    ask = dies_with_parent(signal.SIGTERM)
    if ask is not None:
        ask()


def _refuse(sentence: str, status: int) -> int:
    sys.stderr.write(f"{sentence}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
