"""What the gates of the demo company say, workload by workload, as data."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from portal.kernel import clock
from workloads.enums import CostGate

STANDARD, FREE, AGENCY = "standard", "free", "agency"
HAS_FREE_TIER = 10
FREE_SHARE = 0x4C
"""Of 256: so many of its users are guests."""
HAS_METERED_TIER = 11
SHADOWED = 10
Values = Mapping[str, Any]


def _of_estimate(allowance: str, overage: CostGate) -> Values:
    return {
        "tier": STANDARD,
        "ceiling_basis": "estimate",
        "allowance": Decimal(allowance),
        "overage": overage,
    }


def _fixed(tier: str, tokens: int, overage: CostGate) -> Values:
    return {"tier": tier, "ceiling_tokens": tokens, "overage": overage}


WHY_SOFT = {"reason": "The clerk goes on with a simpler answer past the ceiling."}
TIERS: Mapping[int, tuple[Values, ...]] = {
    1: (
        _of_estimate("1.5", CostGate.SOFT_CAP),
        _fixed(FREE, 90_000, CostGate.HARD_CAP),
    ),
    2: (_of_estimate("1.5", CostGate.SOFT_CAP),),
    6: (_of_estimate("4", CostGate.HARD_CAP),),
    7: (
        {
            "tier": STANDARD,
            "ceiling_basis": "money",
            "amount": Decimal("2.08"),
            "overage": CostGate.HARD_CAP,
        },
    ),
    8: (_of_estimate("4", CostGate.SOFT_CAP),),
    9: (_of_estimate("4", CostGate.HARD_CAP),),
    10: (
        {**_fixed(STANDARD, 300_000, CostGate.SOFT_CAP), **WHY_SOFT},
        _fixed(FREE, 150_000, CostGate.HARD_CAP),
    ),
    11: (_of_estimate("4", CostGate.SOFT_CAP),),
    12: (_of_estimate("4", CostGate.HARD_CAP),),
}
"""Ceilings leave room for a user at P99, who takes some three times the mean.

W-07's follows the rate card, whose cheaper price since then is an open proposal.
"""

AGENCY_CEILING, AGENCY_LIMIT = 2_400_000, 1_200_000


def first_gate(number: int) -> Callable[[datetime], Values]:
    """The first version's body; what it leaves out is prefilled from the plan."""
    return lambda now: _first(number, now)


def _first(number: int, now: datetime) -> Values:
    tiers = [dict(one) for one in TIERS[number]]
    if number == HAS_METERED_TIER:
        tiers.append(_agency(now))
    values: dict[str, Any] = {"tiers": tiers}
    if number == 2:
        # The plan wished for a soft cap and named no model to degrade to.
        values["degrade_model"] = "Haiku"
    return values


def _agency(now: datetime) -> dict[str, Any]:
    return {
        "tier": AGENCY,
        "ceiling_tokens": AGENCY_CEILING,
        "overage": CostGate.PAY_AS_YOU_GO,
        "overage_limit_tokens": AGENCY_LIMIT,
        "overage_price_per_million": Decimal("9.00"),
        "metered_opt_in": {
            "by": "Jonas Weber, Lumen agency",
            "at": now - timedelta(days=3),
            "reference": "Order form LUM-114, section 4",
        },
    }


def stricter_values(now: datetime) -> Values:
    """W-10's next version, which decides in shadow before anybody is held by it."""
    return {
        "tiers": [
            {**_fixed(STANDARD, 120_000, CostGate.SOFT_CAP), **WHY_SOFT},
            _fixed(FREE, 60_000, CostGate.HARD_CAP),
        ],
        "notice": {
            "text": "From this day on, long conversations get shorter answers.",
            "audience": "Customers with more than twenty questions a month",
            "activates_on": clock.today(now) + timedelta(days=28),
        },
    }


def tier_of(number: int, user: str) -> str:
    """By which tier this user calls: a guest of the shop's replies is one for good."""
    is_guest = number == HAS_FREE_TIER and int(user[:2], 16) < FREE_SHARE
    return FREE if is_guest else STANDARD
