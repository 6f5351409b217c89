"""Three people of whom the gates have something to say this month.

They are nobody of the crowds, so that what they use is what is wanted, on any day.
"""

from datetime import datetime, timedelta
from fractions import Fraction

from capacity.selectors.gates import active_gate
from governance.services.demo.days import Days, at_work, moment
from governance.services.demo.gate_terms import AGENCY, STANDARD
from governance.services.demo.gateway import Told
from governance.services.demo.habits import HABITS
from governance.services.demo.usage import Session, user_ref
from portal.kernel import clock
from workloads.models import Workload

NEAR, OVER, METERED = 9, 8, 11
"""Workloads: its user at 92 %, its user over the ceiling, its metered agency."""
ACCOUNT = "lumen"
SHARES_NEAR = tuple(Fraction(share, 100) for share in (14, 13, 15, 12, 14, 13, 11))
SHARES_OVER = tuple(Fraction(share, 100) for share in (22, 25, 24, 18, 14, 3, 2))
SHARES_METERED = tuple(Fraction(share, 100) for share in (30, 28, 26, 20, 7))
LAST_WAS_AGO = timedelta(minutes=25)
LONGEST = timedelta(days=11)
INPUT_SHARE = Fraction(9, 10)


def heavy_users(days: Days, now: datetime) -> list[Told]:
    return [
        Told(NEAR, _sessions(NEAR, STANDARD, SHARES_NEAR, days, now), is_bounded=False),
        Told(OVER, _sessions(OVER, STANDARD, SHARES_OVER, days, now), is_bounded=False),
        Told(
            METERED,
            _sessions(METERED, AGENCY, SHARES_METERED, days, now),
            account=ACCOUNT,
            is_bounded=False,
        ),
    ]


def _sessions(
    number: int,
    tier: str,
    shares: tuple[Fraction, ...],
    days: Days,
    now: datetime,
) -> list[Session]:
    """Shares of the ceiling, one session each, all within this month."""
    ceiling = _ceiling(number, tier)
    crowd = HABITS[number].crowd
    user = user_ref(crowd, crowd.size + 1)
    begins = moment(days.today.replace(day=1), 0)
    last = max(begins, now - LAST_WAS_AGO)
    first = max(begins, last - LONGEST)
    times = _times(len(shares), first, last)
    done, found = 0, []
    for place in range(len(shares)):
        tokens = round(sum(shares[: place + 1]) * ceiling) - done
        done += tokens
        given = round(tokens * INPUT_SHARE)
        found.append(
            Session(
                at=times[place],
                user=user,
                tier=tier,
                is_degraded=False,
                turns=6,
                retries=0,
                tool_calls=0,
                input_tokens=given,
                cached_input_tokens=0,
                output_tokens=tokens - given,
            )
        )
    return found


def _times(count: int, first: datetime, last: datetime) -> list[datetime]:
    """At work where the month is old enough for that, the last one just now."""
    step = (last - first) / (count - 1)
    evenly = [first + step * place for place in range(count)]
    working = [
        at_work(clock.today(one), 9 + place % 7) + timedelta(minutes=11 * place % 60)
        for place, one in enumerate(evenly[:-1])
    ]
    fits = all(first <= one < last for one in working)
    return [*(sorted(working) if fits else evenly[:-1]), last]


def _ceiling(number: int, tier: str) -> int:
    gate = active_gate(Workload.objects.get(number=number))
    if gate is None:
        msg = f"the story's W-{number:02d} has no active gate"
        raise LookupError(msg)
    row = next(one for one in gate.tiers.all() if one.tier == tier)
    return row.ceiling_tokens
