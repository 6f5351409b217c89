"""Make an account from the console."""

from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser

from portal.kernel.enums import CommitteeFunction, Role
from portal.kernel.management.base import PortalCommand, password_from_stdin
from portal.kernel.services.accounts import create_user


class Command(PortalCommand):
    help = "Make an account; with the role committee also a committee member."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", metavar="USERNAME")
        parser.add_argument(
            "--role",
            nargs="+",
            action="extend",
            required=True,
            dest="roles",
            metavar="ROLE",
            choices=[str(role) for role in Role],
            help=f"Some of: {', '.join(Role)}. May be given several times.",
        )
        parser.add_argument(
            "--function",
            default="",
            choices=[str(function) for function in CommitteeFunction],
            help="In the committee; the first one is chair, others member by default.",
        )
        parser.add_argument("--name", default="", help="As shown on pages.")
        parser.add_argument("--email", default="")
        parser.add_argument(
            "--password-stdin",
            action="store_true",
            help="Read the password from the first line of standard input. "
            "Without it the account has no password and works by tokens only.",
        )

    def run(self, *, now: datetime, **options: Any) -> None:
        user = create_user(
            actor=None,
            username=options["username"],
            roles=options["roles"],
            name=options["name"],
            email=options["email"],
            committee_function=options["function"],
            password=password_from_stdin() if options["password_stdin"] else None,
            now=now,
        )
        function = f" ({user.committee_function})" if user.committee_function else ""
        self.stdout.write(f"{user.username}: {', '.join(user.roles)}{function}")
        if not options["password_stdin"]:
            self.stdout.write(
                "It has no password, so it works by tokens only. "
                "An administrator gives it one under Settings, Accounts."
            )
