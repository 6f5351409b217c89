"""One session of an agent that went round in circles, as operators know them."""

from dataclasses import replace

from governance.services.demo.days import Days, moment
from governance.services.demo.gate_terms import STANDARD
from governance.services.demo.habits import HABITS
from governance.services.demo.shipped import Shipped
from governance.services.demo.usage import Session, Used, user_ref
from portal.kernel.periods import Month

LOOPED, DAYS_AGO, HOUR = 8, 9, 21
TURNS, TOOL_CALLS = 4, 68
INPUT_TOKENS, OUTPUT_TOKENS = 644_000, 41_000


def with_loop(used: Used, shipped: Shipped, month: Month, days: Days) -> Used:
    """W-08 on an evening nine days ago: 68 tool calls for one draft of release notes."""
    day = days.before(DAYS_AGO).date()
    if shipped.number != LOOPED or Month.of(day) != month:
        return used
    crowd = HABITS[shipped.number].crowd
    session = Session(
        at=moment(day, HOUR, 4),
        # An engineer who uses it on no other day.
        user=user_ref(crowd, crowd.size),
        tier=STANDARD,
        is_degraded=False,
        turns=TURNS,
        retries=0,
        tool_calls=TOOL_CALLS,
        input_tokens=INPUT_TOKENS,
        cached_input_tokens=0,
        output_tokens=OUTPUT_TOKENS,
    )
    return replace(used, sessions=[*used.sessions, session])
