"""What usage is judged and priced by: the workloads, tiers, prices and closed quarters
of one batch, read afresh for it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

from capacity.formulas.prices import NoPrice, RateCard
from capacity.selectors.quarters_state import is_closed, quarter_of
from capacity.selectors.rates import rate_card
from portal.kernel.periods import Month, Quarter
from workloads.rules.shown import ref_of
from workloads.selectors.plan import number_of

# Prices have six places and stand for a million tokens: a token's cost is a whole number
# of 10⁻¹² of the currency.
TINY = 10**6
FUTURE_ALLOWED = timedelta(minutes=5)

# Tiers of versions that were in force, since usage arrives late; a shadow's beside them.
_WORKLOADS = """
    SELECT workload.number, workload.id, department.code, (
        SELECT array_agg(DISTINCT tier.tier) FROM capacity_gatetier AS tier
        JOIN capacity_gatepolicy AS policy ON policy.id = tier.policy_id
        WHERE policy.workload_id = workload.id
            AND (policy.activated_at IS NOT NULL OR policy.state = 'active')
    )
    FROM workloads_workload AS workload
    LEFT JOIN workloads_department AS department ON department.id = workload.department_id
    WHERE workload.number = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class KnownWorkload:
    """`tiers` is None where no gate was ever active: then every tier is taken."""

    pk: int
    number: int
    ref: str
    department: str
    tiers: frozenset[str] | None


@dataclass(slots=True)
class Moment:
    """Where an instant lies on the organisation's clock; `closed` is its quarter, if that
    takes no more usage."""

    day: date
    hour: int
    day_text: str
    month_text: str
    closed: Quarter | None


@dataclass
class Known:
    """Ground of one batch. Two queries, and two more where it reaches into the past."""

    now: datetime
    workloads: dict[str, KnownWorkload]
    card: RateCard
    _zone: ZoneInfo = field(
        default_factory=lambda: ZoneInfo(str(settings.ORGANISATION_TIME_ZONE))
    )
    _moments: dict[int, Moment] = field(default_factory=dict)
    _closed: dict[date, Quarter | None] = field(default_factory=dict)
    _prices: dict[tuple[str, date], tuple[int, int, int] | None] = field(
        default_factory=dict
    )

    @classmethod
    def of(cls, refs: Iterable[str], now: datetime) -> "Known":
        return cls(now, _workloads(refs), rate_card())

    def moment(self, instant: datetime) -> Moment:
        # Zones differ from UTC by whole quarters of an hour, all through one.
        quarter = int(instant.timestamp()) // 900
        found = self._moments.get(quarter)
        if found is None:
            local = instant.astimezone(self._zone)
            day = local.date()
            found = Moment(
                day,
                local.hour,
                day.isoformat(),
                day.replace(day=1).isoformat(),
                self.closed_quarter(day.replace(day=1)),
            )
            self._moments[quarter] = found
        return found

    def closed_quarter(self, month: date) -> Quarter | None:
        """The quarter in which the month lies, if it takes no more usage."""
        if month not in self._closed:
            self._closed[month] = self._closed_of(Month.of(month))
        return self._closed[month]

    def _closed_of(self, month: Month) -> Quarter | None:
        # A quarter that runs is never closed.
        if month >= Month.of(self.now.astimezone(self._zone).date()):
            return None
        quarter = quarter_of(month)
        return quarter if is_closed(quarter, self.now) else None

    def prices(self, model: str, day: date) -> tuple[int, int, int] | None:
        """Input, cached input, output: in 10⁻¹² of the currency a token."""
        key = (model, day)
        if key not in self._prices:
            self._prices[key] = self._prices_of(model, day)
        return self._prices[key]

    def _prices_of(self, model: str, day: date) -> tuple[int, int, int] | None:
        try:
            price = self.card.price(model, day)
        except NoPrice:
            return None
        return (
            int(price.input_per_million * TINY),
            int(price.cached_input_per_million * TINY),
            int(price.output_per_million * TINY),
        )


def _workloads(refs: Iterable[str]) -> dict[str, KnownWorkload]:
    """By the reference as it was sent."""
    sent = {ref: number_of(ref) for ref in set(refs)}
    numbers = sorted({one for one in sent.values() if one is not None})
    with connection.cursor() as cursor:
        cursor.execute(_WORKLOADS, [numbers])
        found = {
            number: KnownWorkload(
                pk,
                number,
                ref_of(number),
                department or "",
                frozenset(tiers) if tiers else None,
            )
            for number, pk, department, tiers in cursor.fetchall()
        }
    return {ref: found[number] for ref, number in sent.items() if number in found}
