"""A question on its ground: what the statement is given for it, and what decides it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from secrets import randbits
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson
from django.conf import settings

from capacity.formulas.gates import (
    Counters,
    Held,
    Month,
    Overage,
    Policy,
    Reason,
    Stop,
    Tier,
    Verdict,
    asked_model,
    decide,
    month_of,
    nothing_decides,
)
from capacity.runtime.questions import Question
from capacity.runtime.references import hashed
from capacity.runtime.snapshot import Caller, Gate, Ground, HeldCounter, Snapshot
from capacity.selectors.gate_problems import (
    UnknownTier,
    UnknownWorkload,
    WorkloadNotBound,
)
from portal.kernel import clock
from portal.kernel.errors import FieldError
from workloads.rules.shown import ref_of
from workloads.selectors.plan import number_of

NO_TIER = Tier(0, Overage.HARD_CAP)
MOST_RULES = 10_000
NO_POLICY = Policy(None, "", "")
HeldAgainst = tuple[HeldCounter, ...]


class Rule(NamedTuple):
    """What calls have in common, as the statement takes it: one column each."""

    policy: int | None
    tier: str
    agent: str
    department: str
    account: str
    trace: str
    asked: str
    stop: str
    model: str
    over_action: str
    over_model: str
    ceiling: int | None
    most: int | None
    price: Any
    fact: str
    shadow: int | None = None
    shadow_stop: str = ""
    shadow_over: str = ""
    shadow_ceiling: int | None = None
    shadow_most: int | None = None
    held: HeldAgainst = ()


class Today(NamedTuple):
    """Where an instant lies on the organisation's clock; `until` is its next midnight."""

    day: date
    month: Month
    until: datetime


@dataclass(slots=True)
class Call:
    """One question that may be put to the statement."""

    decision: str
    question: Question
    user: str
    workload: int
    rule: Rule
    policy: Policy
    tier: Tier
    stop: Stop | None
    month: Month
    name: str
    token_id: int = 0
    request_id: str = ""
    body_sha256: bytes = b""

    def verdict(self, counters: Counters, reached: int | None) -> Verdict:
        """The one decision, on the numbers that the statement found."""
        stop = self.stop
        if reached is not None:
            stop = limit_stop(self.rule.held, reached)
        if self.policy.version is None and stop is not None:
            return nothing_decides(stop)
        return decide(
            self.policy,
            self.tier,
            counters,
            self.month,
            expected=self.question.expected,
            model=self.question.model,
            stop=stop,
            name=self.name,
        )


def today_at(now: datetime) -> Today:
    """The day and month of `now`; the same object until the next midnight."""
    return _today(clock.today(now), str(settings.ORGANISATION_TIME_ZONE))


@lru_cache(maxsize=4)
def _today(day: date, zone: str) -> Today:
    noon = clock.midnight(day) + timedelta(hours=12)
    return Today(
        day, month_of(noon, ZoneInfo(zone)), clock.midnight(day + timedelta(days=1))
    )


def new_decision(now: datetime) -> str:
    """A UUID of version 7: its head is the time, which says in which month to look."""
    head = f"{int(now.timestamp() * 1000):012x}"
    tail = f"{randbits(74):019x}"
    variant = "89ab"[int(tail[3], 16) & 3]
    return f"{head[:8]}-{head[8:]}-7{tail[:3]}-{variant}{tail[4:7]}-{tail[7:]}"


def call_of(
    snapshot: Snapshot,
    caller: Caller,
    question: Question,
    today: Today,
    now: datetime,
    *,
    key: str = "",
) -> Call:
    """Judge a question by a snapshot. `key` is what repeats it, where it has no id.

    Raises UnknownWorkload, WorkloadNotBound or UnknownTier.
    """
    ground = ground_of(snapshot, question.workload)
    if caller.workloads and ground.ref not in caller.workloads:
        raise WorkloadNotBound(
            f"The token {caller.prefix}… is bound to {', '.join(sorted(caller.workloads))}."
            f" An administrator issues one for {ground.ref}."
        )
    stop = snapshot.stop(ground, question.agent, today.day)
    gate, rung = ground.gate, None
    if gate is not None and gate.stands(today.day):
        rung = gate.rungs.get(question.tier)
        if rung is None:
            raise _unknown_tier(ground.ref, gate, question.tier)
    user = hashed(question.user)
    tier, policy, name = NO_TIER, NO_POLICY, ground.ref
    if gate is not None and rung is not None:
        policy, tier = gate.policy, rung.tier
        name = f"gate v{policy.version} of {ground.ref}, tier {question.tier}"
        if ground.raises:
            tier = raised(ground, tier, question, user, today.day)
    rule = rule_of(snapshot, ground, question, tier, stop, today)
    request_id = question.request_id or key
    return Call(
        decision=new_decision(now),
        question=question,
        user=user,
        workload=ground.row,
        rule=rule,
        policy=policy,
        tier=tier,
        stop=stop,
        month=today.month,
        name=name,
        token_id=caller.token_id,
        request_id=request_id,
        body_sha256=fingerprint(question) if request_id else b"",
    )


def ground_of(snapshot: Snapshot, workload: str) -> Ground:
    found = snapshot.grounds.get(workload)
    if found is None and (number := number_of(workload)) is not None:
        found = snapshot.grounds.get(ref_of(number))
    if found is None:
        raise UnknownWorkload(
            f"The plan has no workload {workload[:50]}.",
            errors=[
                FieldError("/workload", "unknown_workload", "It is not in the plan.")
            ],
        )
    return found


def raised(
    ground: Ground, tier: Tier, question: Question, user: str, day: date
) -> Tier:
    """The tier with the ceiling that an exception gives this user or account."""
    ceiling = ground.ceiling(question.tier, user, question.account, day, tier.ceiling)
    if ceiling == tier.ceiling:
        return tier
    return Tier(ceiling, tier.overage, tier.opted_in, tier.overage_limit)


def rule_of(
    snapshot: Snapshot,
    ground: Ground,
    question: Question,
    tier: Tier,
    stop: Stop | None,
    today: Today,
) -> Rule:
    """The same rule for the same facts: most calls differ in their user alone."""
    # An exception may be the user's own.
    whose = question.user if ground.raises else ""
    facts = (
        ground.ref,
        tier.ceiling,
        question[1],
        question[3],
        *question[6:9],
        whose,
        today.day,
    )
    known = snapshot.rules.get(facts)
    if known is None:
        if len(snapshot.rules) > MOST_RULES:
            snapshot.rules.clear()
        known = _rule(snapshot, ground, question, tier, stop, today)
        snapshot.rules[facts] = known
    return known


def _rule(
    snapshot: Snapshot,
    ground: Ground,
    question: Question,
    tier: Tier,
    stop: Stop | None,
    today: Today,
) -> Rule:
    gate = ground.gate if tier is not NO_TIER else None
    model = asked_model(gate.policy, question.model) if gate else None
    held = snapshot.limits_of(ground, question.agent, today.month, today.day)
    rung = gate.rungs[question.tier] if gate else None
    over_action = rung.over_action if rung else "block"
    over_models = {"degrade": gate.policy.degrade_model if gate else "", "meter": model}
    most = None if tier.overage_limit is None else tier.ceiling + tier.overage_limit
    reason = stop.reason if stop else "" if model else Reason.MODEL_NOT_IN_POLICY
    return Rule(
        policy=gate.row if gate else None,
        tier=question.tier,
        agent=question.agent,
        department=ground.department,
        account=question.account,
        trace=question.trace_id,
        asked=question.model,
        stop=str(reason),
        model=model or "",
        over_action=over_action,
        over_model=over_models.get(over_action) or "",
        ceiling=tier.ceiling if gate else None,
        most=most if over_action == "meter" else None,
        price=ground.prices.get(model or "", 0) if held else 0,
        fact=_fact(stop, tier, held),
        **_shadow(ground, question, stop, today),
        held=held,
    )


def _shadow(
    ground: Ground, question: Question, stop: Stop | None, today: Today
) -> dict[str, Any]:
    """How the version in shadow would treat the call; a tier it lacks is a block."""
    shadow = ground.shadow
    if shadow is None:
        return {}
    rung = shadow.rungs.get(question.tier)
    # A switch holds it too; that no version is active does not.
    switched = stop is not None and stop.held == Held.KILL_SWITCH
    stopped = rung is None or switched or not asked_model(shadow.policy, question.model)
    own = rung.tier.ceiling if rung else 0
    ceiling = ground.ceiling(
        question.tier, hashed(question.user), question.account, today.day, own
    )
    limit = rung.tier.overage_limit if rung else None
    return {
        "shadow": shadow.row,
        "shadow_stop": "block" if stopped else "",
        "shadow_over": rung.over_action if rung else "block",
        "shadow_ceiling": ceiling,
        "shadow_most": None if limit is None else ceiling + limit,
    }


def _fact(stop: Stop | None, tier: Tier, held: HeldAgainst) -> str:
    """What a repetition of the answer needs and no column holds."""
    facts: dict[str, Any] = {}
    if stop is not None:
        facts["stop"] = [stop.held, stop.reason, stop.sentence]
    if tier.overage == Overage.PAY_AS_YOU_GO and not tier.opted_in:
        facts["opted_out"] = True
    limits = {str(one.row): one.sentence for *_, one in held if one is not None}
    if limits:
        facts["limits"] = limits
    return orjson.dumps(facts).decode()


def limit_stop(held: HeldAgainst, row: int) -> Stop:
    sentence = next(
        one.sentence for *_, one in held if one is not None and one.row == row
    )
    return Stop(Held.SPEND_LIMIT, Reason.SPEND_LIMIT, sentence)


def key_of(sent: str) -> str:
    """An Idempotency-Key does what a request_id does."""
    return f"key {sha256(sent.encode()).hexdigest()}"


def fingerprint(question: Question) -> bytes:
    """Of what was asked, not of how it was written."""
    return sha256(orjson.dumps(tuple(question))).digest()


def _unknown_tier(ref: str, gate: Gate, tier: str) -> UnknownTier:
    known = ", ".join(gate.rungs) or "none"
    detail = f"{ref} has no tier {tier[:60]}. Its gate has {known}."
    return UnknownTier(detail, errors=[FieldError("/tier", "unknown_tier", detail)])
