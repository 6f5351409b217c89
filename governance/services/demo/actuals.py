"""Actuals of the past months, entered in the days after each by who answers for them."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from capacity.services.actuals_imports import import_actuals
from governance.services.demo.bills import bills_of
from governance.services.demo.days import Days, at_work
from governance.services.demo.events import Act, Story
from governance.services.demo.ops_hours import hours_of
from governance.services.demo.usage_tables import months_of_the_past
from portal.kernel.models import User
from portal.kernel.periods import Month

HOURS = ("Workload", "Week", "Category", "Hours")
BILLS = ("Month", "Line", "Amount", "Peak concurrent sessions")
PLATFORM = "platform"


def actuals_of_the_past(people: Mapping[str, User], days: Days) -> Story:
    """A sheet of hours by ops and one of bills by engineering; this month has none yet."""
    story = Story()
    for month in months_of_the_past(days)[:-1]:
        story.then(
            at_work(month.last_day + timedelta(days=7), 9),
            _hours_entered(people["noor"], month, days),
            _bills_entered(people["ines"], month, days),
        )
    return story


def _hours_entered(actor: User, month: Month, days: Days) -> Act:
    def act(now: datetime) -> None:
        rows = [
            (entry.ref or PLATFORM, entry.week, entry.category, entry.hours)
            for entry in hours_of(month, days)
        ]
        _entered(HOURS, rows, actor, now)

    return act


def _bills_entered(actor: User, month: Month, days: Days) -> Act:
    def act(now: datetime) -> None:
        rows = [
            (entry.month, entry.line, entry.amount, entry.peak_concurrent_sessions)
            for entry in bills_of(month, days)
        ]
        _entered(BILLS, rows, actor, now)

    return act


def _entered(
    headings: Sequence[str],
    rows: Iterable[Sequence[object]],
    actor: User,
    now: datetime,
) -> None:
    """As a sheet, the way a month's figures arrive; a month without any has none."""
    sheet = io.StringIO(newline="")
    writer = csv.writer(sheet)
    writer.writerow(headings)
    written = [writer.writerow(row) for row in rows]
    if written:
        import_actuals(content=sheet.getvalue().encode(), actor=actor, now=now)
