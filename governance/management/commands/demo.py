"""Make the demo company, and say as whom one can sign in."""

from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction

from governance.services.demo.company import make_company
from governance.services.demo.people import (
    PEOPLE,
    first_of_each_role,
    password_for_this_home,
)
from governance.services.demo.reset import empty_everything
from portal.kernel.management.base import PortalCommand


class Command(PortalCommand):
    help = "Make the demo company: people for every role, a plan, and its history."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--reset",
            action="store_true",
            help="Empty everything first, the audit trail too. Never in production.",
        )

    def run(self, *, now: datetime, **options: Any) -> None:
        password = password_for_this_home()
        with transaction.atomic():
            if options["reset"]:
                empty_everything(now=now)
            make_company(password=password, now=now)
        shown = first_of_each_role()
        # Three words a line: `make run` keeps these lines and shows them at each start.
        for role, username in shown:
            self.stdout.write(f"{role}  {username}  {password}")
        named = {username for _, username in shown}
        others = ", ".join(one.username for one in PEOPLE if one.username not in named)
        self.stdout.write(f"The same password opens these accounts too: {others}.")
