"""What the platform's compute really cost, month by month, and its highest peak."""

from decimal import Decimal

import numpy as np

from capacity.models import UsageHour
from capacity.rules.actuals.entries import ComputeEntry
from capacity.selectors.rates import compute_lines
from governance.services.demo.days import WEEKDAYS, Days
from governance.services.demo.habits import CLOSENESS
from governance.services.demo.history import inputs_of
from governance.services.demo.shipped import SHIPPED
from portal.kernel.periods import Month

CENT = Decimal("0.01")
HEADROOM = Decimal("1.35")
HOURS_A_DAY, MINUTES_AN_HOUR = 24, 60
SHORTER_SESSIONS = 0.2
"""Than estimated, in the first quarter; later estimates of minutes come closer."""
USAGE_BASED = "observability"
"""The one fixed line whose bill moves with what is used, by a few per cent."""


def bills_of(month: Month, days: Days) -> list[ComputeEntry]:
    """An amount for every line in force, and the month's peak of sessions at once."""
    peak = peak_of(month, days)
    lines, first = compute_lines(), month.first_day
    chance = np.random.default_rng(first.toordinal())
    entries = [ComputeEntry(month=str(month), peak_concurrent_sessions=peak)]
    for line in lines.in_force(first):
        amount = line.amount_per_month
        if amount is None:
            bought = -(-(peak * HEADROOM) // 1)
            amount = bought * (line.amount_per_session_month or Decimal(0))
        if line.line == USAGE_BASED:
            amount *= Decimal(str(round(chance.uniform(0.95, 1.06), 4)))
        entries.append(
            ComputeEntry(month=str(month), line=line.line, amount=amount.quantize(CENT))
        )
    return entries


def peak_of(month: Month, days: Days) -> Decimal:
    """Sessions at once in the busiest hour of its mean working day, by Little's law."""
    shorter = 1 - SHORTER_SESSIONS * CLOSENESS.get(days.offset_of(month), 0.0)
    minutes = {
        shipped.number: float(inputs_of(shipped)["session_minutes"]) * shorter
        for shipped in SHIPPED
    }
    at_once = np.zeros(HOURS_A_DAY)
    worked = set()
    rows = UsageHour.objects.filter(day__range=(month.first_day, month.last_day))
    for day, hour, number, sessions in rows.values_list(
        "day", "hour", "workload__number", "sessions"
    ):
        if day.weekday() < WEEKDAYS:
            at_once[hour] += sessions * minutes[number] / MINUTES_AN_HOUR
            worked.add(day)
    return Decimal(str(at_once.max() / max(1, len(worked)))).quantize(CENT)
