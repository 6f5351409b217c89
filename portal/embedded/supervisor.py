"""Starts the parts in order, starts again what dies, stops all in the opposite order."""

import signal
import sys
import time
from collections.abc import Callable, Sequence

from portal.embedded.parts import Part, ProcessPart
from portal.embedded.processes import PartFailed

TICK = 0.1
# A part that lived this long has earned an immediate new start.
STEADY_SECONDS = 30
LONGEST_PAUSE = 5.0


class StopAsked(Exception):
    """Ctrl-C, TERM, or the terminal is gone."""


class Supervisor:
    def __init__(self, on_stop: Callable[[], None] = lambda: None) -> None:
        self.parts: list[Part] = []
        self.on_stop = on_stop
        self.signals = 0
        self._started: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._due: dict[str, float] = {}
        self._coming: set[str] = set()

    def listen(self) -> None:
        """Handlers, not sigwait: started with `&` from a script SIGINT is ignored, and
        sigwait would hang for ever."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self._note())

    def bring_up(self, parts: Sequence[Part], seconds: float = 120) -> None:
        """All at once; returns when each is up, raises when one ends instead."""
        for part in parts:
            self._start(part)
            self.parts.append(part)
        waiting = list(parts)
        end = time.monotonic() + seconds
        while waiting:
            for part in [part for part in waiting if part.is_up()]:
                say(part.name, part.about)
                waiting.remove(part)
            self._fail_if_ended(waiting)
            if waiting and time.monotonic() > end:
                names = " and ".join(part.name for part in waiting)
                raise PartFailed(f"{names} did not come up in {seconds:.0f} seconds.")
            self._pause()

    def run_to_end(self, errand: ProcessPart) -> None:
        """For what has to be done before others start."""
        self._start(errand)
        try:
            while errand.runs():
                self._pause()
        except StopAsked:
            errand.stop(lambda: True)
            raise
        if errand.failed():
            raise PartFailed(f"{errand.name} {errand.how_it_ended()}")

    def watch(self) -> None:
        """Until a signal comes."""
        while True:
            for part in self.parts:
                self._look_after(part)
            self._pause()

    def stop_all(self) -> None:
        for part in reversed(self.parts):
            say(part.name, part.stop(self.in_hurry))

    def in_hurry(self) -> bool:
        """Asked twice: nothing is waited for."""
        return self.signals > 1

    def _look_after(self, part: Part) -> None:
        now = time.monotonic()
        if part.runs():
            if part.name in self._coming and part.is_up():
                self._coming.discard(part.name)
                say(part.name, "is up again")
            return
        if part.name not in self._due:
            pause = self._pause_before(part, now)
            self._due[part.name] = now + pause
            when = f"in {pause:.0f} s" if pause else "now"
            say(part.name, f"{part.how_it_ended()}; it starts again {when}")
        if now >= self._due[part.name]:
            del self._due[part.name]
            self._coming.add(part.name)
            self._start_again(part)

    def _start_again(self, part: Part) -> None:
        try:
            self._start(part)
        except PartFailed as error:
            say(part.name, str(error))

    def _pause_before(self, part: Part, now: float) -> float:
        """None at first, then doubling: a part that cannot start must not spin."""
        if now - self._started[part.name] > STEADY_SECONDS:
            self._failures[part.name] = 0
        failures = self._failures.get(part.name, 0)
        self._failures[part.name] = failures + 1
        return min(LONGEST_PAUSE, 2.0 ** (failures - 1)) if failures else 0.0

    def _start(self, part: Part) -> None:
        self._started[part.name] = time.monotonic()
        part.start()

    def _fail_if_ended(self, waiting: Sequence[Part]) -> None:
        for part in waiting:
            if not part.runs():
                raise PartFailed(f"{part.name} {part.how_it_ended()}")

    def _pause(self) -> None:
        time.sleep(TICK)
        if self.signals:
            raise StopAsked

    def _note(self) -> None:
        self.signals += 1
        if self.signals == 1:
            self.on_stop()


def say(name: str, words: str) -> None:
    sys.stdout.write(f"{name:<11} {words}\n")
    sys.stdout.flush()
