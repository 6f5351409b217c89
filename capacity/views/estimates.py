"""What an estimate means for the rest of the plan, beside its three budgets."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from capacity.formulas.traps import Averaged
from capacity.selectors.estimates import (
    QuarterHours,
    averaged_into_others,
    hours_with,
)
from capacity.services.estimates import WHY, Sizing
from portal.kernel import clock, formats
from portal.kernel.pages.joints import Panel
from portal.kernel.periods import Quarter
from portal.kernel.selectors import numbers
from workloads.enums import COUNTED
from workloads.models import Workload
from workloads.rules.estimates import Budgets
from workloads.selectors.quarters import weighed_in


@dataclass(frozen=True)
class Hours:
    """The quarter's ops hours with this estimate, as a beam and in words."""

    quarter: str
    load: Decimal
    was: Decimal
    limit: Decimal | None
    words: str
    line: str
    tone: str


def consequences(
    workload: Workload, budgets: Budgets, sizing: Sizing, now: datetime
) -> Iterator[Panel]:
    """The quarter's ops hours, the guidance, the averaging trap: what inputs allow."""
    hours, tokens = budgets.ops_hours_week, budgets.tokens_per_user_month
    context = {
        "hours": _hours(workload, hours, now) if hours is not None else None,
        "guidance": _guidance(workload, hours, sizing) if hours is not None else "",
        "averaged": (
            _averaged(averaged_into_others(workload, tokens)) if tokens else ""
        ),
    }
    if any(context.values()):
        yield Panel("capacity/estimates/_consequences.html", context)


def _hours(workload: Workload, hours: Decimal, now: datetime) -> Hours | None:
    present = Quarter.of(clock.today(now), numbers.current().fiscal_year_starts)
    quarter = weighed_in(workload, present)
    if quarter is None:
        return None
    found = hours_with(workload, hours, quarter)
    after, before = formats.in_full(found.after), formats.in_full(found.before)
    verb = "With it" if workload.status in COUNTED else "With it committed"
    of = f" of {formats.in_full(found.ceiling)}" if found.ceiling is not None else ""
    line, tone = _against(found)
    return Hours(
        quarter=found.quarter.label,
        load=found.after,
        was=found.before,
        limit=found.ceiling,
        words=f"{verb}: {after}{of} h/week, {before} without",
        line=line,
        tone=tone,
    )


def _against(found: QuarterHours) -> tuple[str, str]:
    if found.ceiling is None:
        return "no ceiling yet: nobody is staffed", "quiet"
    room = found.ceiling - found.after
    if room < 0:
        return f"{formats.in_full(-room)} over: it cannot commit into it", "stop"
    if not room:
        return "full: no room left", "wait"
    return f"{formats.in_full(room)} left", "quiet"


def _guidance(workload: Workload, hours: Decimal, sizing: Sizing) -> str:
    guidance = sizing.guidance(workload)
    least, most = formats.in_full(guidance.least), formats.in_full(guidance.most)
    states = f"Guidance {WHY[guidance.kind]}: {least} to {most} h/week."
    if guidance.is_breached_by(hours):
        return f"{states} {formats.in_full(hours)} is below it, which takes a written reason."
    return states


def _averaged(found: Averaged | None) -> str:
    """By how much averaging it into the others would have missed it."""
    if found is None:
        return ""
    off = Decimal(found.undersized_by.numerator) / found.undersized_by.denominator
    percent = formats.in_full(abs(off) * 100, 1)
    size = "small" if off > 0 else "large"
    return (
        "Averaged into the live and committed workloads it would be forecast at "
        f"{formats.short(found.tokens_per_user_month)} tokens per user and month: "
        f"{percent}{formats.NBSP}% too {size}. So it is never averaged."
    )
