"""Room under the ops ceiling of a quarter, for one workload that wants to ship in it."""

from dataclasses import dataclass, field, replace
from decimal import Decimal

from django.db.models import OuterRef, Q, Subquery

from capacity.formulas.ops import OpsLoad
from capacity.formulas.staffing import hours_missing
from capacity.selectors.ops_load import OpsGroup, OpsHours, ops_hours
from portal.kernel import clock
from portal.kernel.periods import Quarter
from portal.kernel.selectors import numbers
from workloads.enums import COUNTED, Status
from workloads.models import StatusStep, Workload
from workloads.rules.shown import ref_of
from workloads.selectors.quarters import first_quarter_of


@dataclass(frozen=True)
class Headroom:
    """A quarter's hours a week with one workload in it, against the ceiling.

    `ceiling` is None where the quarter has no staffing row.
    """

    quarter: Quarter
    load: OpsLoad
    ceiling: Decimal | None

    @property
    def missing(self) -> Decimal:
        """Hours a week over the ceiling; 0 where it fits."""
        if self.ceiling is None:
            return Decimal(0)
        return hours_missing(self.load.hours_week, self.ceiling)


@dataclass(frozen=True)
class Quarters:
    """People and hours of every quarter, read once for any number of workloads."""

    hours: OpsHours
    sharing: dict[Quarter, list[str]] = field(default_factory=dict)

    def with_workload(
        self, quarter: Quarter, status: str, hours_week: Decimal
    ) -> Headroom:
        """What the quarter asks for once this workload is committed for it.

        One that counts already is not added again.
        """
        hours = self.hours
        if status not in COUNTED:
            added = OpsGroup(Status.COMMITTED, quarter, 1, hours_week, ())
            hours = replace(hours, groups=(*hours.groups, added))
        ceiling = hours.ceilings.get(quarter)
        return Headroom(quarter, hours.load(quarter, COUNTED), ceiling)

    def sharing_with(self, ref: str, quarter: Quarter) -> list[str]:
        """References of the others that count in the quarter, by number."""
        if quarter not in self.sharing:
            self.sharing[quarter] = _counted_in(quarter)
        return [other for other in self.sharing[quarter] if other != ref]


def read_quarters() -> Quarters:
    """One query; a second where the plan has no row that brings the numbers along."""
    hours = ops_hours()
    if hours.groups:
        return Quarters(hours)
    current = numbers.current()
    return Quarters(
        replace(
            hours,
            uplift_hours_week=current.first_quarter_uplift_hours_week,
            platform_hours_week=current.platform_hours_week,
        )
    )


def _counted_in(quarter: Quarter) -> list[str]:
    """Committed, live, and retired no earlier than in this quarter."""
    starts = numbers.current().fiscal_year_starts
    rows = (
        Workload.objects.annotate(
            live_at=_step(Status.LIVE), retired_at=_step(Status.RETIRED)
        )
        .filter(Q(status__in=COUNTED) | Q(status=Status.RETIRED, live_at__isnull=False))
        .exclude(ship_quarter="")
        .order_by("number")
        .values_list("number", "ship_quarter", "live_at", "retired_at")
    )
    found = []
    for number, ships, live_at, retired_at in rows:
        live_on = clock.today(live_at) if live_at else None
        begun = first_quarter_of(ships, live_on, starts) <= quarter
        ended = retired_at and Quarter.of(clock.today(retired_at), starts) < quarter
        if begun and not ended:
            found.append(ref_of(number))
    return found


def _step(target: Status) -> Subquery:
    steps = StatusStep.objects.filter(workload=OuterRef("pk"), target=target)
    return Subquery(steps.values("at")[:1])
