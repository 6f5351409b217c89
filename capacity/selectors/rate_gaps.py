"""Where the rate card lacks a price that the plan needs."""

from dataclasses import dataclass
from datetime import date

from capacity.formulas.prices import NoPrice, RateCard
from portal.kernel.periods import Month, Quarter
from workloads.enums import Status
from workloads.models import Workload
from workloads.rules.shown import ref_of


@dataclass(frozen=True)
class Gap:
    """A model without a price in the first month in which a workload needs one."""

    model: str
    month: Month
    begins: date | None
    refs: tuple[str, ...]


def gaps(card: RateCard, today: date, fiscal_year_starts: int) -> list[Gap]:
    """One a model, by name: of committed and live from now on, of the others once they
    ship. One query."""
    rows = (
        Workload.objects.exclude(status=Status.RETIRED)
        .exclude(primary_model="")
        .order_by("number")
        .values_list("number", "primary_model", "ship_quarter")
    )
    this_month = Month.of(today)
    found: dict[str, list[tuple[Month, date | None, str]]] = {}
    for number, model, ships in rows:
        month = this_month
        if ships:
            month = max(month, Quarter.parse(ships).months(fiscal_year_starts)[0])
        try:
            card.price(model, month.first_day)
        except NoPrice as lacks:
            found.setdefault(model, []).append((month, lacks.begins, ref_of(number)))
    return [
        Gap(
            model,
            min(month for month, _, _ in some),
            some[0][1],
            tuple(ref for _, _, ref in some),
        )
        for model, some in sorted(found.items())
    ]
