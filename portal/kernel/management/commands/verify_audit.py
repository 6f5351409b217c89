"""Check the audit trail."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from portal.kernel.chain import Checkpoint, UnreadableCheckpoint
from portal.kernel.management.base import PortalCommand
from portal.kernel.selectors import audit


class Command(PortalCommand):
    help = (
        "Check the whole audit chain. Exit 1 and the first broken entry when it was "
        "altered."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--checkpoint",
            type=Path,
            metavar="FILE",
            help="An exported checkpoint: finds a tail that was cut off, too.",
        )
        parser.add_argument(
            "--export-checkpoint",
            type=Path,
            metavar="FILE",
            help="When the chain is whole, write where it stands now into FILE.",
        )

    def run(self, *, now: datetime, **options: Any) -> None:
        verdict = audit.verify(_read(options["checkpoint"]))
        if verdict.broken is not None:
            self.stdout.write(str(verdict.broken))
            sys.exit(1)
        self.stdout.write(
            f"The audit chain is whole: {verdict.entries} entries, "
            f"the last with hash {verdict.last_hash}."
        )
        if options["export_checkpoint"]:
            checkpoint = audit.checkpoint_of(verdict, now=now)
            _write(options["export_checkpoint"], checkpoint)


def _read(path: Path | None) -> Checkpoint | None:
    if path is None:
        return None
    try:
        return Checkpoint.from_json(path.read_bytes())
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    except UnreadableCheckpoint as error:
        raise CommandError(f"{path}: {error}") from error


def _write(path: Path, checkpoint: Checkpoint) -> None:
    try:
        path.write_text(checkpoint.to_json())
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
