"""What the company's LLM gateway did in the past month: asked before each session, and
told what it used. Judged by the gates as they stand, counted by the runtime's own ingest.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

import orjson
from django.db import connection

from capacity.formulas.gates import Action, Counters, Verdict, is_over, newly_due
from capacity.models import Decision, GatePolicy, UserCounter
from capacity.runtime.calls import Call, Rule, call_of, today_at
from capacity.runtime.events import Batch, Event
from capacity.runtime.ingest import Sender, ingest
from capacity.runtime.questions import Question
from capacity.runtime.reading import read_snapshot
from capacity.runtime.reserve import FRESH, Outcome
from capacity.runtime.snapshot import Caller, Snapshot
from capacity.runtime.speaking import speak
from governance.services.demo.usage import Session
from portal.kernel import clock
from portal.kernel.models import User

SOURCE = "llm-gateway"
AGENTS: Mapping[int, str] = {
    6: "ticket-router",
    8: "release-writer",
    9: "clause-finder",
    10: "returns-clerk",
    11: "campaign-translator",
}
KEEPS_BELOW = 0.85
"""Of the ceiling: a user of the crowd is told by then, and comes back next month."""
COLUMNS = (
    "id, at, workload_id, policy_id, tier, user_ref, agent, account, trace_id, action, "
    "model, reason_code, asked_model, ceiling_tokens, expected_tokens, settled_tokens, "
    "reserved_tokens, shadow_policy_id, shadow_action, test, answer"
)

WATCHED = timedelta(days=2)
"""So far back one looks whether usage came with decisions."""
COUNTED_FOR_THE_PLANNER = ("capacity_decision", "capacity_usercounter")


@dataclass(frozen=True)
class Told:
    """Sessions of one workload; `account` is the customer's, where it has one.

    `is_bounded`: people who slow down before their ceiling.
    """

    number: int
    sessions: list[Session]
    account: str = ""
    is_bounded: bool = True


class Decided(NamedTuple):
    """A question with its answer, and what the counter held before it."""

    call: Call
    at: datetime
    settled: int
    passed: frozenset[int]
    verdict: Verdict


@dataclass
class Gateway:
    """Asks in the order of time and keeps in mind what it will have counted."""

    caller: Caller
    now: datetime
    snapshot: Snapshot = field(init=False)
    unshadowed: Snapshot = field(init=False)
    shadowed_at: dict[int, datetime] = field(default_factory=dict)
    settled: dict[tuple[int, str, date], int] = field(default_factory=dict)
    passed: dict[tuple[int, str, date, str], set[int]] = field(default_factory=dict)
    decided: list[Decided] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.snapshot = read_snapshot(self.now)
        grounds = {
            ref: replace(ground, shadow=None)
            for ref, ground in self.snapshot.grounds.items()
        }
        self.unshadowed = replace(self.snapshot, grounds=grounds, rules={})
        shadows = GatePolicy.objects.filter(shadow_at__isnull=False)
        self.shadowed_at = {
            pk: at for pk, at in shadows.values_list("pk", "shadow_at") if at
        }
        rows = UserCounter.objects.filter(test=False).values_list(
            "workload_id", "user_ref", "month", "settled"
        )
        self.settled = {(pk, user, month): tokens for pk, user, month, tokens in rows}

    def run(self, told: Iterable[Told]) -> None:
        """Ask for every session, tell its usage, and speak the levels that it reached."""
        ordered = sorted(
            (
                (session.at, one.number, session, one)
                for one in told
                for session in one.sessions
            ),
            key=lambda row: row[:2],
        )
        for _, _, session, one in ordered:
            self._ask(session, one)
        self._write_decisions()
        self._tell()
        for one_decided in self.decided:
            self._speak(one_decided)

    def _tell(self) -> None:
        """With the last call of a day; of late, each workload's with its own."""
        today = clock.today(self.now)
        batches: dict[tuple[date, str], list[Event]] = {}
        for event in self.events:
            day = clock.today(event.time)
            whose = event.workload if today - day <= WATCHED else ""
            batches.setdefault((day, whose), []).append(event)
        for events in batches.values():
            ingest(
                Batch(list(enumerate(events)), size=len(events), is_plain=True),
                sender=Sender.of(self.caller.username),
                now=events[-1].time,
            )

    def _ask(self, session: Session, told: Told) -> None:
        ref = f"W-{told.number:02d}"
        ground = self.snapshot.grounds[ref]
        gate = ground.gate
        if gate is None:
            return
        asked = gate.policy.degrade_model if session.is_degraded else ""
        question = Question(
            ref,
            session.tier,
            session.user,
            agent=AGENTS.get(told.number, ""),
            model=asked,
            account=told.account,
        )
        today = today_at(session.at)
        call = call_of(
            self._snapshot_at(session.at, ref), self.caller, question, today, session.at
        )
        counter = (call.workload, call.user, today.day.replace(day=1))
        settled = self.settled.get(counter, 0)
        most = KEEPS_BELOW * call.tier.ceiling
        if told.is_bounded and settled + session.tokens > most:
            return
        passed = self.passed.setdefault((*counter, session.tier), set())
        verdict = call.verdict(Counters(settled, was_over=100 in passed), None)
        before = frozenset(passed)
        passed.update(newly_due(verdict.level, before)[1])
        self.decided.append(Decided(call, session.at, settled, before, verdict))
        if verdict.action == Action.BLOCK:
            return
        self.settled[counter] = settled + session.tokens
        self.events.append(_event(session, call, verdict, len(self.events)))

    def _snapshot_at(self, at: datetime, ref: str) -> Snapshot:
        shadow = self.snapshot.grounds[ref].shadow
        if shadow is not None and at < self.shadowed_at[shadow.row]:
            return self.unshadowed
        return self.snapshot

    def _write_decisions(self) -> None:
        months = sorted({one.at.date().replace(day=1) for one in self.decided})
        with connection.cursor() as cursor:
            for month in months:
                cursor.execute("SELECT capacity_ensure_decision_month(%s)", [month])
            table = Decision._meta.db_table
            with cursor.copy(f"COPY {table} ({COLUMNS}) FROM STDIN") as copy:
                for one in self.decided:
                    copy.write_row(_row(one))
            # In one transaction nobody else counts them for the planner.
            for name in COUNTED_FOR_THE_PLANNER:
                cursor.execute(f"ANALYZE {name}")

    def _speak(self, one: Decided) -> None:
        if newly_due(one.verdict.level, one.passed)[0] is None:
            return
        outcome = Outcome(
            FRESH,
            one.call.decision,
            one.settled,
            reserved=0,
            was_over=100 in one.passed,
            passed=one.passed,
            reached=None,
        )
        speak(one.call, outcome, one.verdict, one.at)


def caller_of(person: User) -> Caller:
    return Caller(0, user_id=person.pk, username=person.username)


def _event(session: Session, call: Call, verdict: Verdict, place: int) -> Event:
    question = call.question
    return Event(
        id=f"call-{session.at:%Y%m%d}-{place:06d}",
        source=SOURCE,
        time=session.at,
        workload=question.workload,
        tier=question.tier,
        user=question.user,
        model=verdict.model or "",
        input_tokens=session.input_tokens,
        output_tokens=session.output_tokens,
        cached_input_tokens=session.cached_input_tokens,
        session=f"s-{session.at:%Y%m%d}-{place:06d}",
        agent=question.agent or None,
        decision=str(call.decision),
        decided_calls=session.calls,
        turns=session.turns,
        tool_calls=session.tool_calls,
        retries=session.retries,
        calls=session.calls,
        account=question.account or None,
    )


def _row(one: Decided) -> Iterator[object]:
    call, verdict, rule = one.call, one.verdict, one.call.rule
    facts = rule.fact
    if 100 in one.passed:
        facts = orjson.dumps({**orjson.loads(facts), "was_over": True}).decode()
    yield from (call.decision, one.at, call.workload, rule.policy, rule.tier)
    yield from (call.user, rule.agent, rule.account, rule.trace, str(verdict.action))
    yield from (verdict.model or "", str(verdict.reason_code), rule.asked, rule.ceiling)
    yield from (None, one.settled, 0, rule.shadow, _shadowed(rule, one.settled))
    yield from (False, facts)


def _shadowed(rule: Rule, settled: int) -> str:
    """How the version in shadow would have treated the call."""
    if rule.shadow is None:
        return ""
    if rule.shadow_stop:
        return "block"
    if not is_over(rule.shadow_ceiling or 0, Counters(settled), None):
        return "allow"
    most = rule.shadow_most
    if rule.shadow_over == "meter" and most is not None and settled >= most:
        return "block"
    return rule.shadow_over
