"""Enter a sheet of actuals from the console."""

from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from capacity.rules.actuals.answers import Answer, AnswerRow
from capacity.services.actuals_imports import (
    LIMITS,
    ActualsRefused,
    import_actuals,
    preview_actuals,
)
from portal.kernel.management.base import PortalCommand
from portal.kernel.models import User


class Command(PortalCommand):
    help = (
        "Enter a sheet of compute costs, ops hours or token usage, CSV or XLSX, whole "
        "or not at all; its headings say which it is. Prints a line a row; with an "
        "error in any row nothing is entered and the exit status is 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument(
            "--as",
            dest="username",
            metavar="USERNAME",
            required=True,
            help="The lead in whose name it is entered.",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Print the verdicts, write nothing."
        )

    def run(self, *, now: datetime, **options: Any) -> None:
        take = preview_actuals if options["dry_run"] else import_actuals
        try:
            answer = take(
                content=_content(options["file"]),
                actor=_account(options["username"]),
                now=now,
            )
        except ActualsRefused as refused:
            self._print(refused.answer)
            raise
        self._print(answer)
        if answer.wrong_rows:
            raise CommandError(ActualsRefused(answer).detail)

    def _print(self, answer: Answer) -> None:
        for row in answer.rows:
            for line in _lines(row):
                self.stdout.write(line)
        counts = ", ".join(f"{count:,} {name}" for name, count in answer.counts.items())
        ending = "Entered" if answer.applied else "Nothing was entered"
        self.stdout.write(f"{ending}. {len(answer.rows):,} rows: {counts}.")


def _content(path: Path) -> bytes:
    """The file's bytes, one more than can be taken at most."""
    try:
        with path.open("rb") as file:
            return file.read(LIMITS.size + 1)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error


def _account(username: str) -> User:
    try:
        return User.objects.get_by_natural_key(username)
    except User.DoesNotExist as error:
        raise CommandError(f"There is no account {username}.") from error


def _lines(row: AnswerRow) -> list[str]:
    stands = f" (entry {row.stands})" if row.stands else ""
    head = f"row {row.row}  {row.said or '—'}  {row.figures}: {row.verdict}{stands}"
    errors = [
        f"    {error.column or 'row'} “{error.value}”: {error.detail} ({error.code})"
        for error in row.errors
    ]
    return [head, *errors]
