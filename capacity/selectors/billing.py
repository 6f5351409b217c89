"""What was metered above the ceilings of a month, at the price its gate had then."""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from django.db import connection

from portal.kernel.periods import Month
from workloads.rules.shown import ref_of

CENT = Decimal("0.01")
# The version that decided the call says its price; an aggregate names several decisions
# or none, and takes the version that was active at the event's time.
_METERED = """
    SELECT w.number, w.name, e.tier, e.account, p.version, t.overage_price_per_million,
        sum(e.billable_tokens), sum(e.calls)
    FROM capacity_usageevent e
    JOIN workloads_workload w ON w.id = e.workload_id
    LEFT JOIN capacity_decision d ON d.id = e.decision
    LEFT JOIN LATERAL (
        SELECT g.id, g.version FROM capacity_gatepolicy g
        WHERE CASE WHEN d.policy_id IS NOT NULL THEN g.id = d.policy_id
            ELSE g.workload_id = e.workload_id AND g.activated_at <= e.at
                AND (g.ended_at IS NULL OR g.ended_at > e.at) END
        ORDER BY g.version DESC LIMIT 1
    ) p ON true
    LEFT JOIN capacity_gatetier t ON t.policy_id = p.id AND t.tier = e.tier
    WHERE e.day BETWEEN %s AND %s AND e.billable_tokens > 0 AND NOT e.test
    GROUP BY w.number, w.name, e.tier, e.account, p.version, t.overage_price_per_million
    ORDER BY w.number, e.tier, e.account, p.version
"""


@dataclass(frozen=True, slots=True)
class Metered:
    """One line of the bill: tokens over the ceilings, and money a million of them.

    Without a price nothing is charged; the line says so.
    """

    ref: str
    name: str
    tier: str
    account: str
    gate_version: int | None
    price_per_million: Decimal | None
    tokens: int
    calls: int

    @property
    def amount(self) -> Decimal | None:
        if self.price_per_million is None:
            return None
        exact = self.tokens * self.price_per_million / 1_000_000
        return exact.quantize(CENT, ROUND_HALF_UP)


def metered_overage(month: Month) -> list[Metered]:
    """By workload, tier, account and version of the gate. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_METERED, _days(month))
        rows = cursor.fetchall()
    return [
        Metered(
            ref_of(number), name, tier, account, version, price, int(tokens), int(calls)
        )
        for number, name, tier, account, version, price, tokens, calls in rows
    ]


def _days(month: Month) -> tuple[date, date]:
    return month.first_day, month.last_day
