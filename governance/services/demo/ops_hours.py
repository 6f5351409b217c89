"""Hours that people really spent, week by week: what ops estimates are held against."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from capacity.enums import OpsCategory
from capacity.rules.actuals.entries import OpsEntry
from governance.services.demo.days import Days
from governance.services.demo.habits import CLOSENESS
from governance.services.demo.shipped import RETIRED_ON, SHIPPED, Shipped
from governance.services.demo.staffing import SHORT_OF_PEOPLE
from portal.kernel.periods import Month
from workloads.rules.shown import ref_of

# A workload's week goes into one of these, in turn.
STABLE = (
    OpsCategory.ON_CALL,
    OpsCategory.PROMPT_DRIFT,
    OpsCategory.EVAL_SET_MAINTENANCE,
    OpsCategory.INCIDENT_REVIEW,
    OpsCategory.STAKEHOLDER_REPORTING,
)
FIRST_QUARTER = (OpsCategory.PROMPT_TUNING, OpsCategory.OBSERVABILITY_BUILD_OUT)
UPLIFT, PLATFORM = 12.0, 4.0
LOST_FOR_WANT_OF_PEOPLE = {
    OpsCategory.INCIDENT_RESPONSE: 4.75,
    OpsCategory.ENGINEERING_TIME_LOST: 4.0,
}
MORE_THAN_ESTIMATED = 0.18
"""In the first quarter; people learn to estimate hours, too."""
QUARTER_HOURS = 4
THURSDAY = 4


def hours_of(month: Month, days: Days) -> list[OpsEntry]:
    """Entries of the weeks that lie in the month by their Thursday, and have ended."""
    return [
        entry for thursday in _weeks(month, days) for entry in _week(thursday, days)
    ]


def _weeks(month: Month, days: Days) -> list[date]:
    begins = month.first_day
    first = begins + timedelta(days=(THURSDAY - begins.isoweekday()) % 7)
    thursdays = (first + timedelta(weeks=later) for later in range(5))
    return [
        day
        for day in thursdays
        if day <= month.last_day and day + timedelta(days=3) < days.today
    ]


def _week(thursday: date, days: Days) -> Iterator[OpsEntry]:
    offset = days.offset_of(Month.of(thursday))
    there = [shipped for shipped in SHIPPED if _is_there(shipped, thursday, days)]
    off = 1 + MORE_THAN_ESTIMATED * CLOSENESS.get(offset, 0.0)
    week = thursday.isocalendar().week
    for shipped in there:
        chance = np.random.default_rng([shipped.number, thursday.toordinal()])
        category = STABLE[(week + shipped.number) % len(STABLE)]
        stable = float(shipped.inputs["ops_hours_week"]) * off
        yield _entry(shipped, thursday, category, stable, chance)
        if shipped.quarter == offset:
            category = FIRST_QUARTER[week % len(FIRST_QUARTER)]
            yield _entry(shipped, thursday, category, UPLIFT * off, chance)
    chance = np.random.default_rng([thursday.toordinal()])
    if len(there) > 1:
        yield _entry(None, thursday, OpsCategory.PLATFORM, PLATFORM, chance)
    if there and offset == SHORT_OF_PEOPLE:
        for category, hours in LOST_FOR_WANT_OF_PEOPLE.items():
            yield _entry(None, thursday, category, hours, chance)


def _is_there(shipped: Shipped, thursday: date, days: Days) -> bool:
    if thursday <= days.in_quarter(shipped.quarter, shipped.day).date():
        return False
    if shipped.retired_in is None:
        return True
    return thursday <= days.in_quarter(shipped.retired_in, RETIRED_ON).date()


def _entry(
    shipped: Shipped | None,
    thursday: date,
    category: OpsCategory,
    mean: float,
    chance: np.random.Generator,
) -> OpsEntry:
    """Some 12 % up or down from week to week, as people log it: in quarter hours."""
    hours = mean * chance.uniform(0.88, 1.12)
    year, week, _ = thursday.isocalendar()
    return OpsEntry(
        ref=ref_of(shipped.number) if shipped else None,
        week=f"{year}-W{week:02d}",
        category=str(category),
        hours=Decimal(round(hours * QUARTER_HOURS)) / QUARTER_HOURS,
    )
