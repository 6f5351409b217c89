"""A level is spoken once per user, workload, tier and month, however many ask at once.

The counter's memory of spoken levels is changed under its lock, together with the alerts
and the message that delivers them. Test calls never speak.
"""

from datetime import datetime

import orjson
from django.db import connection, transaction

from capacity.formulas.gates import SPOKEN_AS, Verdict, newly_due
from capacity.runtime.calls import Call
from capacity.runtime.reserve import Outcome
from portal.kernel.services.outbox import post_task

DELIVER = "capacity.tasks.deliver_alert"

_LOCK = """
    SELECT spoken FROM capacity_usercounter
    WHERE workload_id = %s AND user_ref = %s AND month = %s AND NOT test
    FOR UPDATE
"""
_REMEMBER = """
    UPDATE capacity_usercounter SET spoken = %s
    WHERE workload_id = %s AND user_ref = %s AND month = %s AND NOT test
"""
_ALERT = """
    INSERT INTO capacity_alert (workload_id, user_ref, tier, month, level, spoken, kind,
        account, decision, trace_id, overage, consumed, projected, at, acknowledged_by)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, '')
    ON CONFLICT (workload_id, user_ref, tier, month, level) DO NOTHING
    RETURNING id
"""


def is_due(call: Call, outcome: Outcome, verdict: Verdict) -> bool:
    """Whether this answer may be the first to speak its level."""
    if verdict.level is None or call.question.test:
        return False
    return newly_due(verdict.level, outcome.passed)[0] is not None


def speak(
    call: Call, outcome: Outcome, verdict: Verdict, now: datetime
) -> tuple[int, ...]:
    """The levels that this answer speaks: its own one, or none if another was first."""
    tier = call.question.tier
    place = (call.workload, call.user, call.month.first_day)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK, place)
        row = cursor.fetchone()
        memory = orjson.loads(row[0]) if row else {}
        passed = frozenset(memory.get(tier, ()))
        level, over = newly_due(verdict.level, passed)
        if level is None:
            return ()
        for one in over:
            cursor.execute(_ALERT, _alert(call, outcome, verdict, one, now))
            found = cursor.fetchone()
            if one == level and found is not None:
                post_task(DELIVER, [found[0]], now=now, dedup_key=f"alert-{found[0]}")
        memory[tier] = sorted(passed.union(over))
        cursor.execute(_REMEMBER, (orjson.dumps(memory).decode(), *place))
    return (level,)


def _alert(
    call: Call, outcome: Outcome, verdict: Verdict, level: int, now: datetime
) -> tuple[str | int | float | bool | datetime | None, ...]:
    return (
        call.workload,
        call.user,
        call.question.tier,
        call.month.first_day,
        level,
        level == verdict.level,
        SPOKEN_AS[level],
        call.question.account,
        outcome.decision,
        call.question.trace_id,
        call.tier.overage,
        verdict.consumed,
        verdict.projected,
        now,
    )
