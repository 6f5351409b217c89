"""`manage.py recalibrate 2026Q2`: in the foreground, with a progress bar."""

import os
import socket
import time
from argparse import ArgumentParser
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.core.management.base import CommandError

from capacity.enums import RunStatus
from capacity.models import RecalibrationRun
from capacity.models.recalibration import OPEN
from capacity.services.recalibration import request_recalibration, run_recalibration
from portal.kernel import clock
from portal.kernel.management.base import PortalCommand

WIDTH = 30
LOOKS_EVERY = 0.5


class Command(PortalCommand):
    help = "Set what was used in a quarter (2026Q2) or month (2026-05) against its forecast."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("period", metavar="PERIOD", help="2026Q2 or 2026-05")

    def run(self, *, now: datetime, **options: Any) -> None:
        """Carries the run out here, or follows the worker that has it already."""
        run = request_recalibration(period=options["period"], actor=None, now=now)
        worker = f"{socket.gethostname()} {os.getpid()} {uuid4().hex[:8]}"
        if not run_recalibration(
            run_id=run.pk, worker=worker, clock=clock.now, progress=self._draw
        ):
            self._follow(run.pk)
        run.refresh_from_db()
        self.stderr.write("")
        if run.status == RunStatus.FAILED:
            raise CommandError(f"{run} failed: {run.error}")
        for line in run.log.all():
            self.stdout.write(line.text)
        self.stdout.write(
            f"{run} of {run.period}: {run.done} of {run.total} workloads."
        )

    def _follow(self, run_id: int) -> None:
        self.stderr.write("A worker has this run; following it.")
        while True:
            run = RecalibrationRun.objects.get(pk=run_id)
            self._draw(run.done, run.total)
            if run.status not in OPEN:
                return
            time.sleep(LOOKS_EVERY)

    def _draw(self, done: int, total: int) -> None:
        """On standard error, so that a pipe gets the log alone."""
        filled = WIDTH * done // total if total else WIDTH
        bar = "█" * filled + "░" * (WIDTH - filled)
        self.stderr.write(f"\r{bar} {done} of {total}", ending="")
        self.stderr.flush()
