"""People who use several workloads: as measured in a month, and what they spend."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import combinations

from django.db import connection

from capacity.formulas.people import Bounds, Spread, spread, unique_users
from capacity.formulas.prices import NoPrice, RateCard, exact_cost
from capacity.formulas.rounding import to_cents, total
from capacity.formulas.tokens import Tokens
from capacity.selectors.forecast import Ground
from portal.kernel.periods import Month
from workloads.enums import Status
from workloads.rules.shown import ref_of

Pair = tuple[str, str]


@dataclass(frozen=True)
class Overlap:
    """Distinct users of a month: of all workloads, of each, and shared by each pair.

    A pair that shares nobody stands with 0.
    """

    month: Month
    unique_users: int
    users: Mapping[str, int] = field(default_factory=dict)
    shared: Mapping[Pair, int] = field(default_factory=dict)

    @property
    def is_measured(self) -> bool:
        return bool(self.users)


@dataclass(frozen=True)
class HeavyInSeveral:
    """Users among the heaviest tenth of two workloads or more, and what they spent.

    `cost` is None where a model that they used has no price.
    """

    users: int
    tokens: int
    cost: Decimal | None


# A set of workloads and how many people use just that set: few rows, whatever the users.
_SETS = """
    SELECT numbers, count(*) FROM (
        SELECT array_agg(DISTINCT workload.number ORDER BY workload.number) AS numbers
        FROM capacity_usageday AS usage
        JOIN workloads_workload AS workload ON workload.id = usage.workload_id
        WHERE usage.day BETWEEN %s AND %s
        GROUP BY usage.user_ref
    ) AS people GROUP BY numbers
"""

# Sums of bigint are exact and have no end; two columns are added as sums, since a row's
# own sum may be above bigint.
_BY_USER = """
    SELECT workload.number, array_agg(used.tokens) FROM (
        SELECT workload_id, user_ref, sum(input_tokens) + sum(output_tokens) AS tokens
        FROM capacity_usageday WHERE day BETWEEN %s AND %s
        GROUP BY workload_id, user_ref
    ) AS used JOIN workloads_workload AS workload ON workload.id = used.workload_id
    GROUP BY workload.number ORDER BY workload.number
"""

_HEAVY = """
    WITH used AS (
        SELECT workload_id, user_ref, sum(input_tokens) + sum(output_tokens) AS tokens
        FROM capacity_usageday WHERE day BETWEEN %(first)s AND %(last)s
        GROUP BY workload_id, user_ref
    ), ranked AS (
        SELECT user_ref,
            row_number() OVER (
                PARTITION BY workload_id ORDER BY tokens DESC, user_ref
            ) AS place,
            count(*) OVER (PARTITION BY workload_id) AS users
        FROM used
    ), heavy AS (
        SELECT user_ref FROM ranked WHERE place <= greatest(1, users / 10)
        GROUP BY user_ref HAVING count(*) > 1
    )
    SELECT (SELECT count(*) FROM heavy), usage.day, usage.model,
        sum(usage.input_tokens), sum(usage.cached_input_tokens),
        sum(usage.output_tokens)
    FROM capacity_usageday AS usage JOIN heavy USING (user_ref)
    WHERE usage.day BETWEEN %(first)s AND %(last)s
    GROUP BY usage.day, usage.model
"""


def overlap(month: Month) -> Overlap:
    """From usage, one query; without any, everything is 0."""
    with connection.cursor() as cursor:
        cursor.execute(_SETS, [month.first_day, month.last_day])
        sets = [(tuple(numbers), int(count)) for numbers, count in cursor.fetchall()]
    users: Counter[int] = Counter()
    shared: Counter[tuple[int, int]] = Counter()
    for numbers, count in sets:
        for number in numbers:
            users[number] += count
        for pair in combinations(numbers, 2):
            shared[pair] += count
    return Overlap(
        month=month,
        unique_users=sum(count for _, count in sets),
        users={ref_of(number): users[number] for number in sorted(users)},
        shared={
            (ref_of(one), ref_of(other)): shared[one, other]
            for one, other in combinations(sorted(users), 2)
        },
    )


def bounds(ground: Ground) -> Bounds:
    """From the plan alone: largest workload ≤ unique users ≤ sum of all. No query."""
    return unique_users(
        [one.users for one in ground.plan.sized if one.status != Status.RETIRED]
    )


def spreads(month: Month) -> dict[str, Spread]:
    """Tokens per user of each workload with usage in the month. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_USER, [month.first_day, month.last_day])
        rows = cursor.fetchall()
    found = {ref_of(number): spread(list(map(int, used))) for number, used in rows}
    return {ref: one for ref, one in found.items() if one is not None}


def heavy_in_several(month: Month, card: RateCard) -> HeavyInSeveral:
    """The heaviest tenth of each workload, one user at least; in two or more of them."""
    days = {"first": month.first_day, "last": month.last_day}
    with connection.cursor() as cursor:
        cursor.execute(_HEAVY, days)
        rows = cursor.fetchall()
    if not rows:
        return HeavyInSeveral(0, 0, Decimal(0))
    spent: list[Decimal] = []
    tokens = 0
    priced = True
    for _, day, model, *counts in rows:
        used = Tokens(*map(int, counts))
        tokens += used.total
        try:
            spent.append(exact_cost(used, card.price(model, day)))
        except NoPrice:
            priced = False
    cost = to_cents(total(*spent)) if priced else None
    return HeavyInSeveral(rows[0][0], tokens, cost)
