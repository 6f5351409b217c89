"""Emptying an installation, so that the demo company can be made again."""

from datetime import datetime

import pgtrigger
from django.apps import apps
from django.conf import settings
from django.db import connection, transaction

from portal.kernel.errors import Conflict
from portal.kernel.models import ModelNumbers

# Apps whose rows belong to this company; what the framework itself needs stays.
EMPTIED = ("portal", "workloads", "capacity", "governance", "admin", "axes", "sessions")


class NotInProduction(Conflict):
    code = "not_in_production"
    title = "Not in production"


@transaction.atomic
def empty_everything(*, now: datetime) -> None:
    """Remove every row of the product, the audit trail included.

    Raises NotInProduction where the settings are a production's: nothing that anybody
    relies on goes this way.
    """
    if settings.PRODUCTION:
        raise NotInProduction(
            "This is a production (DATABASE_URL is set, WEIGHBRIDGE_DEBUG is not): "
            "nothing is emptied here. Restore a backup, or drop the database."
        )
    tables = ", ".join(connection.ops.quote_name(table) for table in _tables())
    # The tables of facts refuse TRUNCATE; here, and only here, they are told to bear it.
    with pgtrigger.ignore(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {tables} RESTART IDENTITY")
    # As the first migration wrote it: everybody counts with the newest version.
    ModelNumbers.objects.create(version=1, changed_at=now, reason="The defaults.")


def _tables() -> list[str]:
    return sorted(
        model._meta.db_table
        for label in EMPTIED
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    )
