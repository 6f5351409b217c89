#!/usr/bin/env python
"""Django's command line; alone, it brings the embedded database up while it runs."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from portal.embedded.database import EmbeddedDatabase
from portal.embedded.home import Home
from portal.embedded.processes import PartFailed

# These never ask the database anything.
WITHOUT_DATABASE = frozenset(
    {
        "",
        "check",
        "collectstatic",
        "diffsettings",
        "findstatic",
        "help",
        "spectacular",
        "version",
        "--help",
        "--version",
    }
)


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    database = None
    try:
        if command not in WITHOUT_DATABASE and not os.environ.get("DATABASE_URL"):
            # Held open until this process ends, however it ends.
            database = EmbeddedDatabase(Home.from_environment())
            database.join()
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, PartFailed) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    finally:
        if database is not None:
            database.leave()
    return 0


if __name__ == "__main__":
    sys.exit(main())
