"""Make an API token from the console."""

from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser

from portal.kernel.enums import Scope
from portal.kernel.management.base import PortalCommand
from portal.kernel.models import User
from portal.kernel.services.tokens import issue_token

LONGEST_DAYS = 3650


class Command(PortalCommand):
    help = "Print a new API token, alone on standard output. It is shown only once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", metavar="USERNAME")
        parser.add_argument(
            "--scope",
            nargs="+",
            action="extend",
            required=True,
            dest="scopes",
            metavar="SCOPE",
            choices=[str(scope) for scope in Scope],
            help=f"Some of: {', '.join(Scope)}. May be given several times.",
        )
        parser.add_argument(
            "--expires-days",
            type=int,
            metavar="N",
            help=f"Days until it expires, 1 to {LONGEST_DAYS}; without it, never.",
        )
        parser.add_argument(
            "--workload",
            nargs="+",
            action="extend",
            default=[],
            dest="workloads",
            metavar="REF",
            help="Bind the token of a runtime to these workloads.",
        )
        parser.add_argument("--name", default="command line", help="To know it by.")

    def run(self, *, now: datetime, **options: Any) -> None:
        try:
            user = User.objects.get_by_natural_key(options["username"])
        except User.DoesNotExist as error:
            raise CommandError(f"There is no account {options['username']}.") from error
        issued = issue_token(
            actor=None,
            user=user,
            scopes=options["scopes"],
            workloads=options["workloads"],
            name=options["name"],
            expires_at=_expiry(options["expires_days"], now),
            now=now,
        )
        self.stdout.write(issued.secret)


def _expiry(days: int | None, now: datetime) -> datetime | None:
    if days is None:
        return None
    if not 1 <= days <= LONGEST_DAYS:
        raise CommandError(f"--expires-days takes 1 to {LONGEST_DAYS}, not {days}.")
    return now + timedelta(days=days)
