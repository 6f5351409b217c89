"""Django's command of that name, through the use case: a changed password is audited."""

from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser

from portal.kernel.errors import NotFound
from portal.kernel.management.base import PortalCommand, password_from_stdin
from portal.kernel.models import User
from portal.kernel.services.accounts import change_password


class Command(PortalCommand):
    help = "Change an account's password to the first line of standard input."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", metavar="USERNAME")

    def run(self, *, now: datetime, **options: Any) -> None:
        user = User.objects.filter(username__iexact=options["username"]).first()
        if user is None:
            raise NotFound(f'There is no account "{options["username"]}".')
        change_password(
            actor=None, user_id=user.pk, password=password_from_stdin(), now=now
        )
        self.stdout.write(f"{user.username} has a new password.")
