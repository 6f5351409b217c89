"""What the address of the budgets' page asks for; anything else is its default."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from portal.kernel.periods import Quarter
from portal.kernel.reach import require_in_reach
from workloads.enums import Status

BY_WORKLOAD = "workload"


@dataclass(frozen=True)
class Asked:
    """A quarter, whether each workload is shown, and whether what is planned counts."""

    quarter: Quarter
    by_workload: bool = False
    with_planned: bool = False

    @property
    def statuses(self) -> tuple[Status, ...]:
        return (Status.PLANNED,) if self.with_planned else ()


def read_asked(query: Mapping[str, str], today: date, starts: int) -> Asked:
    """`Invalid` for a quarter too far from today."""
    here = Quarter.of(today, starts)
    try:
        quarter = Quarter.parse(query.get("quarter", ""))
    except ValueError:
        quarter = here
    require_in_reach("?quarter", quarter, here)
    return Asked(
        quarter,
        by_workload=query.get("by") == BY_WORKLOAD,
        with_planned=query.get("status") == Status.PLANNED,
    )
