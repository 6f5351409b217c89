"""Import a plan from the console."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from portal.kernel.management.base import PortalCommand
from portal.kernel.models import User
from workloads.rules.imports.answers import AnswerRow, ImportAnswer
from workloads.services.errors import RowsRefused
from workloads.services.imports import apply_import, preview_import
from workloads.services.sheets.files import DEFAULT_LIMITS


class Command(PortalCommand):
    help = (
        "Import a plan, CSV or XLSX, whole or not at all. Prints a line a row; with an "
        "error in any row nothing is imported and the exit status is 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument(
            "--as",
            dest="username",
            metavar="USERNAME",
            required=True,
            help="The planner in whose name it is imported.",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Print the verdicts, write nothing."
        )

    def run(self, *, now: datetime, **options: Any) -> None:
        take = preview_import if options["dry_run"] else apply_import
        try:
            answer = take(
                content=_content(options["file"]),
                actor=_account(options["username"]),
                now=now,
                progress=self._show_progress,
            )
        except RowsRefused as refused:
            self._print(refused.answer)
            raise
        self._print(answer)
        if answer.wrong_rows:
            raise CommandError(RowsRefused(answer).detail)

    def _show_progress(self, done: int, total: int) -> None:
        """On the terminal only: a log wants no hundred lines of it."""
        if sys.stderr.isatty():
            end = "\n" if done == total else ""
            self.stderr.write(f"\r{done:,} of {total:,} rows judged", ending=end)

    def _print(self, answer: ImportAnswer) -> None:
        for row in answer.rows:
            for line in _lines(row):
                self.stdout.write(line)
        counts = ", ".join(f"{count:,} {name}" for name, count in answer.counts.items())
        ending = "Imported" if answer.applied else "Nothing was imported"
        self.stdout.write(f"{ending}. {len(answer.rows):,} rows: {counts}.")


def _content(path: Path) -> bytes:
    """The file's bytes, one more than can be taken at most."""
    try:
        with path.open("rb") as file:
            return file.read(DEFAULT_LIMITS.size + 1)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error


def _account(username: str) -> User:
    try:
        return User.objects.get_by_natural_key(username)
    except User.DoesNotExist as error:
        raise CommandError(f"There is no account {username}.") from error


def _lines(row: AnswerRow) -> list[str]:
    lacks = ""
    if row.missing:
        lacks = f"; for {row.requested_status} it lacks {', '.join(row.missing)}"
    head = f"row {row.row}  {row.ref or '—'}  {row.name}: {row.verdict}{lacks}"
    changes = [
        f"    {change.column}: {change.before or '—'} → {change.after}"
        for change in row.changes
    ]
    errors = [
        f"    {error.column or 'cell'} “{error.value}”: {error.detail} ({error.code})"
        for error in row.errors
    ]
    return [head, *changes, *errors]
