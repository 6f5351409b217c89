"""Which recalibrations are due by the calendar, each asked for once."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from capacity.enums import RunStatus
from capacity.models import RecalibrationRun
from capacity.selectors.recalibration_ground import Period, newest_ended_quarter
from capacity.services.recalibration import request_recalibration
from portal.kernel import clock
from portal.kernel.periods import Month, Quarter
from portal.kernel.selectors import numbers
from workloads.enums import Status
from workloads.models import StatusStep

# The day of the month on which the tokens of the month before are looked at, and the day
# after a quarter's end for all three budgets: by then its last entries are in.
MONTHLY_ON = 2
QUARTERLY_ON = 3


def request_due(*, now: datetime) -> list[int]:
    """Ask for what is due and was not looked at since it is; the keys of the runs.

    Two beats at once, or one an hour later, ask once a period. A run that failed is asked
    for again on the next day. A month in which nothing was live has none.
    """
    today = clock.today(now)
    asked = []
    for period, due in _due(now, today):
        since = RecalibrationRun.objects.filter(
            period=str(period), requested_at__gte=clock.midnight(due)
        )
        if since.exclude(status=RunStatus.FAILED).exists():
            continue
        run = request_recalibration(
            period=str(period),
            actor=None,
            now=now,
            # Where two beats look at the same moment, and the first one's run has ended
            # before the second one asks.
            dedup_key=f"recalibration {period} {today}",
        )
        asked.append(run.pk)
    return asked


def _due(now: datetime, today: date) -> Iterator[tuple[Period, date]]:
    starts = numbers.current().fiscal_year_starts
    month = Month.of(today).plus(-1)
    quarter = newest_ended_quarter(now, starts)
    for period, due in (
        (month, Month.of(today).first_day + timedelta(days=MONTHLY_ON - 1)),
        (quarter, quarter.last_day(starts) + timedelta(days=QUARTERLY_ON)),
    ):
        if today >= due and _something_was_live(period, starts):
            yield period, due


def _something_was_live(period: Period, starts: int) -> bool:
    last = period.last_day(starts) if isinstance(period, Quarter) else period.last_day
    end = clock.midnight(last + timedelta(days=1))
    return StatusStep.objects.filter(target=Status.LIVE, at__lt=end).exists()
