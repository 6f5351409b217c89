"""Baselines: the plan frozen as a quarterly review opens or closes."""

from datetime import datetime

from django.db import transaction
from django.db.models import Max

from portal.kernel import access
from portal.kernel.models import User
from portal.kernel.periods import Quarter
from portal.kernel.services import audit
from workloads.enums import Moment
from workloads.models import PlanBaseline
from workloads.selectors.baselines import frozen_rows
from workloads.selectors.quarters import heads_of
from workloads.services.locks import NEXT_BASELINE, lock_next


@transaction.atomic
def take_baseline(
    *, actor: User, quarter: Quarter, moment: Moment, now: datetime
) -> PlanBaseline:
    """Freeze every row and the sums of four quarters. Raises NotAllowed."""
    access.require(actor, "baseline.take")
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
