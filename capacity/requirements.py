"""Conditions of the lifecycle that the capacity model holds a workload to."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.urls import reverse

from capacity.selectors.headroom import Headroom, Quarters, read_quarters
from capacity.services.locks import lock_staffing
from portal.kernel.formats import in_full, listed
from portal.kernel.periods import Quarter
from workloads.enums import Status
from workloads.models import Workload
from workloads.rules.requirements import Requirement, StepRequest

# A sentence names so many workloads; how many more there are, it counts.
MOST_NAMED = 12


class OpsHeadroom:
    """Room under the ops ceiling of the ship quarter, the workload itself included.

    Stands as `no_staffing` where nobody has entered people for that quarter.
    """

    code = "ops_headroom"
    no_staffing = "no_staffing"
    guards = frozenset({Status.COMMITTED})

    def check(
        self, workload: Workload, step: StepRequest, now: datetime
    ) -> Requirement:
        if not workload.ship_quarter:
            lacks = "Without a ship quarter there is no ceiling to hold it against."
            edit = reverse("workloads:edit", args=[workload.ref])
            return self._stands(workload, step, met=False, message=lacks, link=edit)
        quarter = Quarter.parse(workload.ship_quarter)
        quarters = self._read(quarter, step)
        hours = _hours_of(workload)
        room = quarters.with_workload(quarter, workload.status, hours or Decimal(0))
        if room.ceiling is None:
            return Requirement(
                code=self.no_staffing,
                met=False,
                message=f"{quarter.label} has no staffing, so it has no ceiling yet and "
                "nothing commits into it.",
                link=f"{reverse('capacity:rates')}#staffing",
                to=step.to,
                mended_by=("staffing.change",),
                since=workload.status_since,
            )
        if hours is None:
            lacks = (
                f"The ops hours of {workload.ref} are not estimated, so nobody knows "
                f"whether {quarter.label} has room for it."
            )
            return self._stands(workload, step, met=False, message=lacks)
        return self._stands(
            workload,
            step,
            met=not room.missing,
            message=_sentence(room, quarters, workload),
        )

    def _read(self, quarter: Quarter, step: StepRequest) -> Quarters:
        """Under the quarter's lock where the step follows: of two commits into one
        quarter, the second reads what the first left of it."""
        if step.is_taken:
            lock_staffing(quarter)
        quarters: Quarters | None = step.once.get(self.code)
        if quarters is None:
            quarters = step.once[self.code] = read_quarters()
        return quarters

    def _stands(
        self,
        workload: Workload,
        step: StepRequest,
        *,
        met: bool,
        message: str,
        link: str = "",
    ) -> Requirement:
        return Requirement(
            code=self.code,
            met=met,
            message=message,
            link=link or reverse("workloads:plan-roadmap"),
            to=step.to,
            mended_by=("workload.edit",),
            since=workload.status_since,
        )


def _hours_of(workload: Workload) -> Decimal | None:
    """Hours a week of the figures that the plan shows for it."""
    for estimate in (workload.shown_estimate, workload.draft_estimate):
        if estimate is not None and estimate.ops_hours_week is not None:
            return Decimal(estimate.ops_hours_week)
    return None


def _sentence(room: Headroom, quarters: Quarters, workload: Workload) -> str:
    name, ceiling = room.quarter.label, room.ceiling or Decimal(0)
    needs = f"{name} needs {in_full(room.load.hours_week)} h/week"
    if not room.missing:
        return f"{needs} with {workload.ref} and has {in_full(ceiling)}."
    others = quarters.sharing_with(workload.ref, room.quarter)
    alone = f"{workload.ref} is alone in it."
    shares = f"{workload.ref} shares it with {_named(others)}." if others else alone
    return f"{needs} and has {in_full(ceiling)}: {in_full(room.missing)} over. {shares}"


def _named(refs: Sequence[str]) -> str:
    more = len(refs) - MOST_NAMED
    if more <= 0:
        return listed(refs)
    return f"{', '.join(refs[:MOST_NAMED])} and {more:,} more"
