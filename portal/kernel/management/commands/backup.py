"""Everything in one file."""

from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from portal.kernel.management.base import PortalCommand
from portal.kernel.services.backups import BackupFailed, write_backup


class Command(PortalCommand):
    help = "Write everything that the portal holds into one file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")

    def run(self, *, now: datetime, **options: Any) -> None:
        file: Path = options["file"]
        try:
            size = write_backup(file.absolute())
        except BackupFailed as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}.") from error
        self.stdout.write(f"{file}: {size / 1_000_000:.1f} MB.")
