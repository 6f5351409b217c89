"""What starting and ending a process of another program takes."""

import contextlib
import ctypes
import os
import platform
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

LINUX = platform.system() == "Linux"
SET_PARENT_DEATH_SIGNAL = 1
# Each process of a run carries its home in this variable.
MARK = "WEIGHBRIDGE_PART_OF"


class PartFailed(Exception):
    """A part of the installation did not come up; the message is one sentence."""


def dies_with_parent(number: int) -> Callable[[], None] | None:
    """A `preexec_fn`: the kernel sends the signal when the starting thread ends."""
    if not LINUX:
        return None
    prctl = ctypes.CDLL(None).prctl

    def ask_kernel() -> None:
        prctl(SET_PARENT_DEATH_SIGNAL, number)

    return ask_kernel


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def command_line(pid: int) -> list[str]:
    """Empty when there is no such process."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except FileNotFoundError:
        if LINUX:
            return []
    answer = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout.split()


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def end_group(
    process: subprocess.Popen[bytes],
    number: int,
    patience: float,
    hurry: Callable[[], bool] = lambda: False,
) -> None:
    """Signal the leader; whoever of its group remains after `patience` is killed."""
    if process.poll() is None:
        process.send_signal(number)
        wait_until(lambda: process.poll() is not None or hurry(), patience)
    kill_group(process.pid)
    process.wait()


def kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def end_left_overs(home: Path) -> int:
    """Kill what a killed supervisor left; the caller holds the home's lock."""
    wanted = f"{MARK}={home}"
    found = [pid for pid in _own_processes() if wanted in _variables(pid)]
    for pid in found:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(is_alive(pid) for pid in found), 5)
    return len(found)


def _own_processes() -> list[int]:
    if LINUX:
        return [
            int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()
        ]
    answer = subprocess.run(
        ["ps", "-U", str(os.getuid()), "-o", "pid="],
        capture_output=True,
        text=True,
        check=False,
    )
    return [int(pid) for pid in answer.stdout.split()]


def _variables(pid: int) -> list[str]:
    if LINUX:
        try:
            return Path(f"/proc/{pid}/environ").read_text(errors="replace").split("\0")
        except OSError:
            return []
    answer = subprocess.run(
        ["ps", "-E", "-o", "command=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout.split()


def last_line(log: Path) -> str:
    """The end of a log, to say why a part did not come up."""
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1] if lines else ""
