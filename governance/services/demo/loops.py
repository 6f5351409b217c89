"""One session of an agent that went round in circles, as operators know them."""

from datetime import date
from typing import Any

from governance.services.demo.days import Days
from governance.services.demo.habits import HABITS
from governance.services.demo.shipped import Shipped
from governance.services.demo.usage import TIER, Used, user_ref

LOOPED, DAYS_AGO, HOUR = 8, 9, 21
TURNS, TOOL_CALLS = 4, 68
INPUT_TOKENS, OUTPUT_TOKENS = 644_000, 41_000


def with_loop(
    used: Used, shipped: Shipped, span: tuple[date, date], days: Days
) -> Used:
    """W-08 on an evening nine days ago: 68 tool calls for one draft of release notes."""
    day = days.before(DAYS_AGO).date()
    if shipped.number != LOOPED or not span[0] <= day <= span[1]:
        return used
    calls = TURNS + TOOL_CALLS
    crowd = HABITS[shipped.number].crowd
    row: tuple[Any, ...] = (
        day,
        TIER,
        # An engineer who uses it on no other day.
        user_ref(crowd, crowd.size),
        shipped.row["primary_model"],
        calls,
        1,
        TURNS,
        0,
        TOOL_CALLS,
        INPUT_TOKENS,
        0,
        OUTPUT_TOKENS,
    )
    return Used([*used.by_day, row], [*used.by_hour, (day, HOUR, 1, calls)])
