"""`manage.py bench [NAME …] [--json] [--seconds N]`: the bars, measured."""

import json
import os
import platform
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError
from django.db import connection

from governance.management.bench import database
from governance.management.bench.audit import audit_verify
from governance.management.bench.capacity import forecast, monte_carlo_run
from governance.management.bench.decide import (
    decide_c1,
    decide_c8,
    decide_c16,
    decide_hot_user,
    decide_orm,
    simulate_us,
)
from governance.management.bench.ground import stand_alone
from governance.management.bench.ingest import ingest, ingest_orm
from governance.management.bench.plan import plan_api, plan_page
from governance.management.bench.recalibrate import recalibrate
from governance.management.bench.results import NotMeasured, Result, not_measured
from portal.kernel.management.base import PortalCommand
from portal.kernel.models import User

Measurement = Callable[[User, float, Callable[[str], None]], Result]

# Growing sizes: the page's 2,000 rows come before the list's 10,000.
MEASUREMENTS: dict[str, Measurement] = {
    "decide_c16": decide_c16,
    "decide_c8": decide_c8,
    "decide_c1": decide_c1,
    "decide_hot_user": decide_hot_user,
    "decide_orm": decide_orm,
    "simulate_us": simulate_us,
    "plan_page": plan_page,
    "plan_api": plan_api,
    "audit_verify": audit_verify,
    "forecast": forecast,
    "monte_carlo": monte_carlo_run,
    "recalibrate": recalibrate,
    "ingest": ingest,
    "ingest_orm": ingest_orm,
}


class Command(PortalCommand):
    help = (
        "Measure the product against floors of the same run, in a database of its own."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME")
        parser.add_argument("--json", action="store_true", help="print JSON alone")
        parser.add_argument(
            "--seconds", type=float, default=3.0, help="of each turn of each round"
        )

    def run(self, *, now: datetime, **options: Any) -> None:
        wanted = options["names"] or list(MEASUREMENTS)
        unknown = sorted(set(wanted) - set(MEASUREMENTS))
        if unknown:
            raise CommandError(
                f"No measurement is called {', '.join(unknown)}. "
                f"There are {', '.join(MEASUREMENTS)}."
            )
        stand_alone()
        self._say(f"Machine: {_machine()}")
        results = {}
        for name in [one for one in MEASUREMENTS if one in wanted]:
            # Each in a database of its own, so that one's rows are not another's.
            with database.scratch_database():
                results[name] = self._measured(name, options["seconds"])
        self._print(results, as_json=options["json"])
        if not all(result.ok for result in results.values()):
            raise SystemExit(1)

    def _measured(self, name: str, seconds: float) -> Result:
        def say(line: str) -> None:
            self._say(f"{name}: {line}")

        say("starting")
        try:
            return MEASUREMENTS[name](database.make_user(), seconds, say)
        except NotMeasured as reason:
            return not_measured(str(reason))

    def _say(self, line: str) -> None:
        """Progress, on standard error, so that --json stays readable by a program."""
        self.stderr.write(line)

    def _print(self, results: dict[str, Result], *, as_json: bool) -> None:
        if as_json:
            shown = {name: result.as_json() for name, result in results.items()}
            self.stdout.write(json.dumps(shown, indent=2))
            return
        for name, result in results.items():
            self.stdout.write(_line(name, result))


def _line(name: str, result: Result) -> str:
    verdict = "ok" if result.ok else f"NOT OK {result.reason}".rstrip()
    limit = "≤" if result.better == "lower" else "≥"
    figures = (
        f"{result.ratio:.2f} × ({limit} {result.bar}), ours {result.ours:.2f} "
        f"{result.unit}, floor {result.floor:.2f} {result.unit}"
        if result.ratio is not None
        else _absolute(result, limit)
    )
    more = "".join(
        f", {key} {value}" for key, value in result.extra.items() if "bar" not in key
    )
    growth = (
        f", growth {result.growth:.2f} (≤ {result.growth_bar})"
        if result.growth is not None
        else ""
    )
    return f"{name:14} {verdict:8} {figures}{more}{growth}"


def _absolute(result: Result, limit: str) -> str:
    if result.judged is None:
        return "not measured"
    return f"{result.judged:.2f} {result.unit} ({limit} {result.bar:g} {result.unit})"


def _machine() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        version = cursor.fetchone()[0]
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, PostgreSQL {version}"
    )
