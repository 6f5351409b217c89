"""What each past quarter ended with: its recalibration, its closing, its reserve."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from capacity.enums import Budget
from capacity.services.quarters import close_quarter
from capacity.services.recalibration import request_recalibration, run_recalibration
from capacity.services.reserve import draw_reserve, fix_reserve
from governance.services.demo.days import Days
from governance.services.demo.events import Act, Story
from governance.services.demo.shipped import FIRST_QUARTER
from portal.kernel.models import User
from portal.kernel.periods import Quarter

RATIO = Decimal("0.175")
DRAWN = Decimal("950.00")
DRAWN_FOR = (
    "W-09 takes more sessions and longer contracts than it was estimated for; "
    "the draft of its new estimate follows."
)
FIXED, FIXED_NOW, DRAW = "D-1", "D-2", "D-3"
"""Their numbers, as the committee will keep them."""


def recalibrations_of_the_past(people: Mapping[str, User], days: Days) -> Story:
    """Ten days into a quarter the one before is recalibrated, then finance closes it."""
    story = Story()
    for offset in range(FIRST_QUARTER, 0):
        quarter = days.quarter(offset)
        story.then(
            days.in_quarter(offset + 1, 13, 9),
            _recalibrated(people["noor"], str(quarter)),
            _closed(people["daniel"], quarter),
        )
    return story


def _recalibrated(actor: User, period: str) -> Act:
    def act(now: datetime) -> None:
        run = request_recalibration(period=period, actor=actor, now=now)
        run_recalibration(run_id=run.pk, worker="demo", clock=lambda: now)

    return act


def _closed(actor: User, quarter: Quarter) -> Act:
    reason = "Every actual is in, and the recalibration is complete."
    return lambda now: close_quarter(
        actor=actor, quarter=quarter, reason=reason, now=now
    )


def reserves_of_the_quarters(people: Mapping[str, User], days: Days) -> Story:
    """Fixed for the last quarter and for today's; one draw, for what runs over."""
    story = Story()
    helen = people["helen"]
    last, this = days.quarter(-1), days.quarter(0)
    story.then(days.in_quarter(-1, 3, 15), _fixed(helen, last, FIXED))
    # The day after the plan's first two workloads were committed.
    story.then(days.before(29, 15), _fixed(helen, this, FIXED_NOW))
    story.then(
        days.working_days_before(6, 15),
        lambda now: draw_reserve(
            actor=helen,
            quarter=this,
            amount=DRAWN,
            budget=Budget.TOKENS,
            decision=DRAW,
            reason=DRAWN_FOR,
            now=now,
        ),
    )
    return story


def _fixed(actor: User, quarter: Quarter, decision: str) -> Act:
    return lambda now: fix_reserve(
        actor=actor, quarter=quarter, ratio=RATIO, decision=decision, now=now
    )
