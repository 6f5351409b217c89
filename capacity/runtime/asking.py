"""A decision through Django's own connection: the fallback, and the gate server's oracle.

The same parts put together: the snapshot of one workload read afresh, the same statement,
the same decision, the same words.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import DatabaseError, connection, transaction

from capacity.formulas.gates import Counters
from capacity.runtime.answers import Answer, answer_of, stored_answer
from capacity.runtime.calls import Call, call_of, today_at
from capacity.runtime.questions import Question
from capacity.runtime.reading import read_snapshot
from capacity.runtime.reserve import (
    FOR_DJANGO,
    FRESH,
    REUSED,
    Outcome,
    outcome_of,
    parameters_of,
)
from capacity.runtime.snapshot import Caller
from capacity.runtime.speaking import is_due, speak
from capacity.selectors.gate_problems import RequestIdReused
from portal.kernel.errors import Unavailable
from workloads.selectors.plan import number_of

TRIES = 8
DEADLOCK, SERIALISATION, NO_PARTITION = "40P01", "40001", "23514"


def decide_call(
    caller: Caller, question: Question, now: datetime, *, key: str = ""
) -> Answer:
    """Judge one question and reserve for it, durably. `key` repeats it without an id.

    Raises UnknownWorkload, WorkloadNotBound, UnknownTier, RequestIdReused, Unavailable.
    """
    today = today_at(now)
    for _ in range(TRIES):
        snapshot = read_snapshot(now, only=number_of(question.workload) or 0)
        call = call_of(snapshot, caller, question, today, now, key=key)
        outcome = _reserved(snapshot.epoch, call, now)
        if outcome is not None:
            return finished(call, outcome, now)
    raise Unavailable("The gates change too often to be asked now. Ask again.")


def finished(call: Call, outcome: Outcome, now: datetime) -> Answer:
    """The answer to a call that the statement has been given."""
    if outcome.state == REUSED:
        raise reused(call)
    if outcome.state != FRESH:
        return repeated(outcome)
    verdict = call.verdict(
        Counters(outcome.settled, outcome.reserved, outcome.was_over), outcome.reached
    )
    spoken: Sequence[int] = ()
    if is_due(call, outcome, verdict):
        spoken = speak(call, outcome, verdict, now)
    return answer_of(call, outcome, verdict, spoken)


def repeated(outcome: Outcome) -> Answer:
    """What the request was answered before."""
    found = stored_answer(outcome.decision)
    if found is None:
        raise Unavailable("The first answer to this request_id cannot be read now.")
    return found


def reused(call: Call) -> RequestIdReused:
    return RequestIdReused(
        f"The request_id {call.question.request_id[:60]} was used in the last 24 hours"
        " with another body. Another question takes an id of its own."
    )


def ensure_months(now: datetime) -> None:
    """The partition of decisions of this month, and of the next one before it begins."""
    with connection.cursor() as cursor:
        for day in (now.date(), (now + timedelta(days=3)).date()):
            cursor.execute("SELECT capacity_ensure_decision_month(%s)", [day])


def _reserved(epoch: int, call: Call, now: datetime) -> Outcome | None:
    """None where the snapshot was old, or another was in the way."""
    parameters = parameters_of(epoch, [call], today_at(now), now)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(FOR_DJANGO, parameters)
            row = cursor.fetchone()
    except DatabaseError as error:
        state = getattr(error.__cause__, "sqlstate", "")
        if state == NO_PARTITION:
            ensure_months(now)
        elif state not in {DEADLOCK, SERIALISATION}:
            raise
        return None
    return outcome_of(row) if row is not None else None
