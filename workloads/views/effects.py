"""What a version would do to the ops hours of the quarters it counts in."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from portal.kernel import formats
from portal.kernel.periods import Quarter
from portal.kernel.selectors import numbers
from workloads.enums import COUNTED, Status
from workloads.models import Estimate, Workload
from workloads.selectors.quarters import Head, heads_of, weighed_in

QUARTERS_SHOWN = 2


@dataclass(frozen=True)
class Effect:
    """One quarter's ops hours, now and with this version's; `limit` is its ceiling."""

    quarter: str
    budget: str
    load: Decimal
    was: Decimal
    limit: Decimal | None
    words: str
    before: str
    after: str
    line: str
    tone: str
    unit: str = "h/week"


def effects_of(estimate: Estimate, today: date) -> dict[str, Any]:
    """Stable hours add up, so the difference of two versions is the quarter's."""
    workload: Workload = estimate.workload
    present = Quarter.of(today, numbers.current().fiscal_year_starts)
    first = weighed_in(workload, present)
    if first is None or estimate.ops_hours_week is None:
        return {"effects": [], "effect_note": ""}
    quarters = [first.plus(n) for n in range(QUARTERS_SHOWN)]
    heads = heads_of(quarters, codes=("ops",))
    if workload.status in COUNTED and workload.shown_estimate is not None:
        before = workload.shown_estimate.ops_hours_week or Decimal(0)
        step = estimate.ops_hours_week - before
        return {
            "effects": [one for head in heads if (one := _effect(head, step))],
            "effect_note": "",
        }
    return {"effects": [], "effect_note": _not_counted(workload, estimate, heads[0])}


def _effect(head: Head, step: Decimal) -> Effect | None:
    ops = head.parts.get("ops")
    if ops is None:
        return None
    was = Decimal(str(ops["hours_week"]))
    load = was + step
    ceiling = ops["ceiling_hours_week"]
    limit = None if ceiling is None else Decimal(str(ceiling))
    line, tone = _against(load, limit)
    before, after = formats.in_full(was), formats.in_full(load)
    of = "" if limit is None else f" of {formats.in_full(limit)}"
    return Effect(
        quarter=head.quarter.label,
        budget="ops",
        load=load,
        was=was,
        limit=limit,
        words=f"{after}{of} hours a week, was {before}",
        before=before,
        after=f"{after}{of}",
        line=line,
        tone=tone,
    )


def _against(load: Decimal, limit: Decimal | None) -> tuple[str, str]:
    if limit is None:
        return "no ceiling yet: nobody is staffed", "quiet"
    if load > limit:
        return f"{formats.in_full(load - limit)} over", "stop"
    if load == limit:
        return "full: no room left", "wait"
    return f"{formats.in_full(limit - load)} left", "quiet"


def _not_counted(workload: Workload, estimate: Estimate, head: Head) -> str:
    """A sum counts live and committed: of anything else it says when it would."""
    hours = formats.in_full(estimate.ops_hours_week or 0)
    needs = head.parts.get("ops", {}).get("hours_week")
    state = "a candidate" if workload.status == Status.CANDIDATE else workload.status
    uplift = formats.in_full(numbers.current().first_quarter_uplift_hours_week)
    now = f" The quarter needs {needs} h/week now." if needs is not None else ""
    return (
        f"{workload.ref} is {state}: its {hours} h/week count in "
        f"{head.quarter.label} once it is committed, and {uplift} more while that is "
        f"its first quarter.{now}"
    )
