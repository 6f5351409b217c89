"""What a runtime is told: the decision's facts in the words of the API."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from django.conf import settings
from django.db import connection

from capacity.formulas.gates import (
    SPOKEN_AS,
    Counters,
    Held,
    Month,
    Policy,
    Reason,
    Stop,
    Thresholds,
    Tier,
    Verdict,
    decide,
    month_of,
    nothing_decides,
)
from capacity.runtime.calls import Call
from capacity.runtime.reading import rung_of
from capacity.runtime.reserve import Outcome
from workloads.rules.shown import ref_of

Answer = dict[str, Any]
PLACES = 6
"""Of the shares consumed and projected."""

_STORED = """
    SELECT d.at, w.number, d.tier, d.asked_model, d.ceiling_tokens, d.expected_tokens,
        d.settled_tokens, d.reserved_tokens, d.answer, p.version, p.primary_model,
        p.degrade_model, p.floor, p.notice_at, p.banner_at, p.mode = 'observe',
        t.overage, t.overage_limit_tokens,
        (SELECT array_agg(a.level) FROM capacity_alert a
         WHERE a.decision = d.id AND a.spoken)
    FROM capacity_decision d
    JOIN workloads_workload w ON w.id = d.workload_id
    LEFT JOIN capacity_gatepolicy p ON p.id = d.policy_id
    LEFT JOIN capacity_gatetier t ON t.policy_id = d.policy_id AND t.tier = d.tier
    WHERE d.id = %s
"""


def answer_of(
    call: Call, outcome: Outcome, verdict: Verdict, spoken: Sequence[int] = ()
) -> Answer:
    """The answer to a call that the statement decided just now."""
    return answer(
        outcome.decision,
        verdict,
        call.month,
        settled=outcome.settled,
        reserved=outcome.reserved,
        ceiling=call.tier.ceiling if call.policy.version is not None else None,
        version=call.policy.version,
        spoken=spoken,
    )


def answer(
    decision: str | None,
    verdict: Verdict,
    month: Month,
    *,
    settled: int | None,
    reserved: int | None,
    ceiling: int | None,
    version: int | None,
    spoken: Sequence[int] = (),
) -> Answer:
    """`reserved` are the tokens that were open before this call."""
    consumed, projected = verdict.consumed, verdict.projected
    return {
        "decision": decision,
        "action": verdict.action,
        "model": verdict.model,
        "level": verdict.level,
        "signals": [{"level": one, "kind": SPOKEN_AS[one]} for one in spoken],
        "consumed_tokens": settled,
        "ceiling_tokens": ceiling,
        "consumed": None if consumed is None else round(consumed, PLACES),
        "projected": None if projected is None else round(projected, PLACES),
        "remaining_tokens": verdict.remaining_tokens,
        "reserved_tokens": None if reserved is None else reserved + verdict.reserves,
        "resets_at": month.resets_at,
        "gate_version": version,
        "gate": verdict.held,
        "reason": verdict.reason,
        "reason_code": verdict.reason_code,
    }


def stored_answer(decision: str) -> Answer | None:
    """An answer that was given, made again from what it was made from. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_STORED, [decision])
        row = cursor.fetchone()
    return _again(decision, *row) if row is not None else None


def _again(  # noqa: PLR0913 - a row, column by column
    decision: str,
    at: datetime,
    number: int,
    tier_code: str,
    asked: str,
    ceiling: int | None,
    expected: int | None,
    settled: int,
    reserved: int,
    stored_facts: str,
    version: int | None,
    *more: Any,
) -> Answer:
    primary, degrade, floor, notice, banner, observes, overage, limit, spoken = more
    month = month_of(at, ZoneInfo(str(settings.ORGANISATION_TIME_ZONE)))
    facts = orjson.loads(stored_facts)
    stop = _stop(facts)
    if version is None or ceiling is None:
        verdict = nothing_decides(stop or _LOST)
    else:
        verdict = decide(
            Policy(
                version, primary, degrade, Thresholds(floor, notice, banner), observes
            ),
            Tier(
                ceiling,
                rung_of(ceiling, overage, limit, opted_in=True).tier.overage,
                not facts.get("opted_out"),
                limit,
            ),
            Counters(settled, reserved, bool(facts.get("was_over"))),
            month,
            expected=expected,
            model=asked,
            stop=stop,
            name=f"gate v{version} of {ref_of(number)}, tier {tier_code}",
        )
    return answer(
        decision,
        verdict,
        month,
        settled=settled,
        reserved=reserved,
        ceiling=ceiling,
        version=version,
        spoken=sorted(spoken or ()),
    )


_LOST = Stop(Held.NO_ACTIVE_GATE, Reason.NO_ACTIVE_GATE, "No gate decided.")


def _stop(facts: Mapping[str, Any]) -> Stop | None:
    if (reached := facts.get("limit")) is not None:
        sentence = facts.get("limits", {}).get(
            str(reached), "A spend limit is reached."
        )
        return Stop(Held.SPEND_LIMIT, Reason.SPEND_LIMIT, sentence)
    if "stop" not in facts:
        return None
    held, reason, sentence = facts["stop"]
    return Stop(Held(held), Reason(reason), sentence)
