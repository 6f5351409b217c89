"""Baselines: the plan frozen as a quarterly review opens or closes."""

from datetime import datetime

from django.db import transaction
from django.db.models import Max

from portal.kernel import access, clock
from portal.kernel.errors import Conflict
from portal.kernel.models import User
from portal.kernel.periods import Quarter
from portal.kernel.reach import require_in_reach
from portal.kernel.selectors import numbers
from portal.kernel.services import audit
from portal.kernel.services.numbers import hold_numbers
from workloads.enums import Moment
from workloads.models import PlanBaseline
from workloads.selectors.baselines import frozen_rows
from workloads.selectors.quarters import heads_of
from workloads.services.locks import NEXT_BASELINE, lock_next, lock_plan

MOST_TRIES = 5


class PlanKeepsMoving(Conflict):
    """Workloads were proposed each time the plan was to be held still."""

    code = "plan_keeps_moving"
    title = "The plan keeps moving"


def take_baseline(
    *, actor: User, quarter: Quarter, moment: Moment, now: datetime
) -> PlanBaseline:
    """Freeze every row and the sums of four quarters, all of one moment.

    Raises NotAllowed, Invalid or PlanKeepsMoving.
    """
    access.require(actor, "baseline.take")
    here = Quarter.of(clock.today(now), numbers.current().fiscal_year_starts)
    require_in_reach("/quarter", quarter, here)
    for _ in range(MOST_TRIES):
        baseline = _take(actor, quarter, moment, now)
        if baseline is not None:
            return baseline
    raise PlanKeepsMoving(
        "Others keep proposing workloads, so no baseline was taken. Take it again in a "
        "minute."
    )


@transaction.atomic
def _take(
    actor: User, quarter: Quarter, moment: Moment, now: datetime
) -> PlanBaseline | None:
    # Rows and sums are read by several statements, and each sees what was committed
    # before it. So nobody writes in between: nor to the plan, nor to its numbers.
    if not lock_plan():
        transaction.set_rollback(True)
        return None
    hold_numbers()
    lock_next(NEXT_BASELINE)
    highest = PlanBaseline.objects.aggregate(highest=Max("number"))["highest"]
    quarters = [quarter.plus(offset) for offset in range(4)]
    baseline = PlanBaseline.objects.create(
        number=(highest or 0) + 1,
        quarter=str(quarter),
        moment=moment,
        taken_at=now,
        taken_by=actor,
        rows=frozen_rows(),
        heads=[head.as_json() for head in heads_of(quarters)],
    )
    audit.record(
        "baseline.taken",
        f"baseline/{baseline.number}",
        actor=actor,
        now=now,
        after={
            "quarter": str(quarter),
            "moment": str(moment),
            "rows": len(baseline.rows),
        },
    )
    return baseline
