"""What the plan already holds, as an estimate is weighed against it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Min, Q

from capacity.formulas.guidance import Guidance, guidance_of
from capacity.formulas.traps import Averaged, averaging_trap
from capacity.selectors.headroom import read_quarters
from portal.kernel.periods import Quarter
from workloads.enums import COUNTED, Status
from workloads.models import Workload


class Committed(NamedTuple):
    """A live or committed workload, as the next one is likened to it."""

    workload_id: int
    shape: str
    audience: str
    first_committed_at: datetime | None


def committed_workloads() -> list[Committed]:
    """All that counts, for guidance on any number of others. One query."""
    first = Min("steps__at", filter=Q(steps__target=Status.COMMITTED))
    rows = (
        Workload.objects.filter(status__in=COUNTED)
        .order_by()
        .annotate(first_committed_at=first)
        .values_list("pk", "shape", "audience", "first_committed_at")
    )
    return [Committed._make(row) for row in rows]


def guidance_for(workload: Workload, committed: Sequence[Committed]) -> Guidance:
    """Against what was live or committed before it; of a candidate, all that is."""
    own = next((one for one in committed if one.workload_id == workload.pk), None)
    until = own.first_committed_at if own is not None else None
    before = {
        (one.shape, one.audience)
        for one in committed
        if one is not own
        and (
            until is None
            or one.first_committed_at is None
            or one.first_committed_at < until
        )
    }
    return guidance_of(workload.shape, workload.audience, before)


def averaged_into_others(workload: Workload, own: int) -> Averaged | None:
    """What averaging it into all live and committed workloads would have said. One query."""
    others = (
        Workload.objects.filter(
            status__in=COUNTED,
            shown_estimate__users__isnull=False,
            shown_estimate__tokens_per_user_month__isnull=False,
        )
        .exclude(pk=workload.pk)
        .order_by()
        .values_list("shown_estimate__users", "shown_estimate__tokens_per_user_month")
    )
    # Both are there: the filter says so, which the types do not know.
    pairs = [(users or 0, tokens or 0) for users, tokens in others]
    return averaging_trap(own, pairs)


@dataclass(frozen=True, slots=True)
class QuarterHours:
    """Ops hours a week of one quarter as it stands and with this estimate in it.

    `ceiling` is None where nobody is staffed in the quarter yet.
    """

    quarter: Quarter
    before: Decimal
    after: Decimal
    ceiling: Decimal | None


def hours_with(
    workload: Workload, hours_week: Decimal, quarter: Quarter
) -> QuarterHours:
    """The quarter as it stands, and with these stable hours committed into it. One query.

    What counts already is replaced by these hours, not added to them.
    """
    quarters = read_quarters()
    before = quarters.hours.load(quarter, COUNTED).hours_week
    joined = quarters.with_workload(quarter, workload.status, hours_week)
    after = joined.load.hours_week
    if workload.status in COUNTED:
        shown = workload.shown_estimate
        present = shown.ops_hours_week if shown is not None else None
        after = before + hours_week - (present or Decimal(0))
    return QuarterHours(quarter, before, after, joined.ceiling)
