"""Everything from one file."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from portal.kernel.management.base import PortalCommand
from portal.kernel.services import audit
from portal.kernel.services.backups import BackupFailed, restore_backup


class Command(PortalCommand):
    help = (
        "Replace everything that the portal holds by what `backup` wrote into FILE,"
        " whole or not at all."
    )
    # The database may be empty, or older than the code.
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--no-input", action="store_true", help="Do not ask.")

    def run(self, *, now: datetime, **options: Any) -> None:
        file: Path = options["file"]
        if not options["no_input"] and sys.stdin.isatty():
            self._ask(file)
        try:
            restore_backup(file.absolute())
        except BackupFailed as error:
            raise CommandError(str(error)) from error
        # A backup of an earlier version is brought up to this one.
        call_command("migrate", verbosity=0, interactive=False)
        with transaction.atomic():
            audit.record(
                "database.restored",
                "database",
                actor=None,
                now=now,
                after={"file": file.name},
            )
        self.stdout.write(f"The portal holds what {file} held.")

    def _ask(self, file: Path) -> None:
        self.stdout.write(f"All that the portal holds now is replaced by {file}.")
        if input("Type yes to go on: ").strip() != "yes":
            raise CommandError("Nothing was changed.")
