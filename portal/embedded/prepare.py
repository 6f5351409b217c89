"""What stands between an empty database and a running portal, done once at a start:
migrations, static files, and the demo company when nobody has an account yet."""

import io
import os
import sys
from pathlib import Path

import django
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command, get_commands
from django.db import DEFAULT_DB_ALIAS, OperationalError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from portal.embedded.static_files import Collection
from portal.embedded.supervisor import say
from portal.kernel.enums import Role

ROLE_LINE_WORDS = 3


def apply_migrations() -> None:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        say("migrations", f"applying {len(waiting)}")
        call_command("migrate", verbosity=0, interactive=False)
    say("migrations", f"{len(waiting)} applied" if waiting else "none to apply")


def make_demo() -> None:
    """The accounts are the mark that it was made: a file could be lost or copied."""
    if not settings.DEMO or "demo" not in get_commands():
        return
    if get_user_model()._default_manager.exists():
        return
    said = io.StringIO()
    with transaction.atomic(using=DEFAULT_DB_ALIAS):
        call_command("demo", stdout=said)
    lines = [line for line in said.getvalue().splitlines() if _names_a_role(line)]
    _write_private(settings.HOME.demo_accounts, "\n".join(lines) + "\n")
    say("demo", "a company to look at")


def _names_a_role(line: str) -> bool:
    """Of the form "role  username  password"; the command may say more."""
    words = line.split()
    return len(words) == ROLE_LINE_WORDS and words[0] in set(Role)


def _write_private(file: Path, text: str) -> None:
    file.unlink(missing_ok=True)
    with os.fdopen(
        os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w"
    ) as out:
        out.write(text)


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    static_files = Collection()
    static_files.start_if_needed()
    try:
        apply_migrations()
        make_demo()
    except OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        sys.stderr.write(f"The database does not answer: {reason}\n")
        return 1
    if static_files.finish():
        say("static", "files collected")
    return 0


if __name__ == "__main__":
    sys.exit(main())
