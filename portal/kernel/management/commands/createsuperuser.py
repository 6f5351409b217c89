"""Django's command of that name, answered: nobody is above the rules here."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "There are no superusers; see create_user."

    def handle(self, *_args: Any, **_options: Any) -> None:
        raise CommandError(
            "There are no superusers: a superuser would have no say in the plan. "
            "manage.py create_user USERNAME --role admin --password-stdin makes an "
            "administrator of accounts."
        )
