"""Count usage from a file: JSON lines or CSV."""

import csv
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any

import orjson
from django.core.management.base import CommandError

from capacity.runtime.events import MOST_EVENTS, batch_of
from capacity.runtime.ingest import Counted, Sender, ingest
from portal.kernel.management.base import PortalCommand

SENDER = "import_usage"
MOST_TOLD = 20
BAR = 40
WHOLE = frozenset(
    [
        "input_tokens",
        "cached_input_tokens",
        "output_tokens",
        "turns",
        "tool_calls",
        "retries",
        "calls",
        "decided_calls",
    ]
)


class Command(PortalCommand):
    help = (
        "Count the usage events of a file: JSON lines (an event a line), or CSV whose "
        "headings are the names of an event's members. Each event counts once, however "
        "often the file is imported; what is refused goes to the quarantine, and the "
        "exit status is then 1."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)

    def run(self, *, now: datetime, **options: Any) -> None:
        path: Path = options["file"]
        total, told = Counter[str](), 0
        try:
            size = path.stat().st_size
            with path.open("rb") as file:
                for first, events in _parts(file, path):
                    counted = ingest(batch_of(events), sender=Sender(SENDER), now=now)
                    _add(total, counted)
                    for one in counted.refused[: max(0, MOST_TOLD - told)]:
                        told += 1
                        self.stderr.write(
                            f"event {first + one.index}: {one.detail} ({one.code})"
                        )
                    self._draw(file.tell(), size, total)
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
        self._end(total)

    def _draw(self, done: int, size: int, total: Counter[str]) -> None:
        """On the terminal only: a log wants no hundred lines of it."""
        if not sys.stderr.isatty():
            return
        share = min(1.0, done / size) if size else 1.0
        bar = "█" * round(BAR * share)
        self.stderr.write(
            f"\r{bar:░<{BAR}} {share:4.0%}  {total.total():,} events", ending=""
        )

    def _end(self, total: Counter[str]) -> None:
        if sys.stderr.isatty():
            self.stderr.write("")
        self.stdout.write(
            f"{total.total():,} events: {total['accepted']:,} counted,"
            f" {total['duplicates']:,} counted before, {total['refused']:,} refused."
        )
        if total["refused"]:
            raise CommandError("The refused ones are in the quarantine: /usage/.")


def _add(total: Counter[str], counted: Counted) -> None:
    total["accepted"] += counted.accepted
    total["duplicates"] += counted.duplicates
    total["refused"] += len(counted.refused)


def _parts(file: IO[bytes], path: Path) -> Iterator[tuple[int, list[Any]]]:
    """(number of the first, events) of each batch; the file is never held whole."""
    events = _rows(file) if path.suffix.lower() == ".csv" else _lines(file)
    first = 1
    while part := list(islice(events, MOST_EVENTS)):
        yield first, part
        first += len(part)


def _lines(file: IO[bytes]) -> Iterator[Any]:
    # readline, not iteration: the bar asks the file where it is.
    for number, line in enumerate(iter(file.readline, b""), 1):
        if not line.strip():
            continue
        try:
            yield orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise CommandError(f"Line {number} is not JSON: {error}.") from error


def _rows(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    try:
        lines = (line.decode("utf-8-sig") for line in iter(file.readline, b""))
        for row in csv.DictReader(lines):
            yield {
                name.strip(): _value(name.strip(), text)
                for name, text in row.items()
                if isinstance(name, str) and isinstance(text, str) and text.strip()
            }
    except (UnicodeDecodeError, csv.Error) as error:
        raise CommandError(f"It is not CSV in UTF-8: {error}.") from error


def _value(name: str, text: str) -> Any:
    text = text.strip()
    if name in WHOLE and text.lstrip("-").isdecimal() and len(text) < 20:
        return int(text)
    if name == "test" and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if name == "decisions":
        return text.split()
    return text
