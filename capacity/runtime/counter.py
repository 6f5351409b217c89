"""Where the gate server receives calls: who asks, by what policies, with what answer."""

import asyncio
import logging
from collections import Counter as Counts
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

import orjson
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from capacity.formulas.gates import Counters, decide_unreachable
from capacity.runtime import callers
from capacity.runtime.answers import Answer, answer, answer_of, stored_answer
from capacity.runtime.asking import ensure_months, repeated, reused
from capacity.runtime.calls import Call, Today, call_of, ground_of, key_of, today_at
from capacity.runtime.desk import Desk, Failed, OutOfReach, Stale, Stood
from capacity.runtime.link import Lost
from capacity.runtime.questions import Question, read_question
from capacity.runtime.reading import read_epoch, read_snapshot
from capacity.runtime.reserve import FRESH, REUSED, Outcome
from capacity.runtime.snapshot import Snapshot
from capacity.runtime.speaking import is_due, speak
from portal.kernel import clock
from portal.kernel.api.errors import MalformedBody
from portal.kernel.errors import Problem, TooLarge, Unavailable

log = logging.getLogger(__name__)

T = TypeVar("T")
TRIES = 10
MEGABYTE = 1024 * 1024
OUT_OF_REACH = "The database does not answer, and nothing is known without it."


class Counter:
    """One for the process. What needs Django's connection is done beside the loop."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.beside_the_loop = ThreadPoolExecutor(1, "gate")
        self.desk = Desk(clock.now, self._stands, self._ensure)
        self.snapshot: Snapshot | None = None
        self.reading: asyncio.Task[Snapshot] | None = None
        self.today: Today = today_at(clock.now())
        self.noted: callers.Noted = {}
        self.answered: Counts[str] = Counts()
        self.is_cut_off = False

    def close(self) -> None:
        self.desk.close()
        self.beside_the_loop.shutdown(wait=False, cancel_futures=True)

    async def decide(self, scope: Any, protocol: Any) -> bytes:
        """The answer's body. Raises a Problem for what no answer can be given to."""
        question: Question | None = None
        for _ in range(TRIES):
            snapshot = self.snapshot or await self._read(None)
            now = clock.now()
            if now >= self.today.until:
                self.today = today_at(now)
            try:
                caller = callers.admitted(snapshot, scope, now)
                if question is None:
                    question = await _asked(scope, protocol)
                key = _key(scope)
                call = call_of(snapshot, caller, question, self.today, now, key=key)
            except Problem:
                # What memory refuses, the newest policies may not.
                if await self._is_current(snapshot):
                    raise
                continue
            if callers.is_use_due(self.noted, caller, now):
                self._later(callers.note_use, caller.token_id, now)
            found = await self._decided(snapshot, call, now)
            if found is not None:
                self.answered[found["action"]] += 1
                return orjson.dumps(found, option=orjson.OPT_UTC_Z)
        raise Unavailable("The gates change too often to be asked now. Ask again.")

    async def _decided(
        self, snapshot: Snapshot, call: Call, now: datetime
    ) -> Answer | None:
        """None where it is to be judged anew."""
        try:
            outcome = await self.desk.ask(call, snapshot.epoch, self.today)
        except Stale:
            await self._read(snapshot.epoch)
            return None
        except Stood:
            return await self._beside(stored_answer, call.decision)
        except OutOfReach:
            return self._unreachable(snapshot, call)
        except Failed:
            raise Unavailable("The database could not take this question.") from None
        if self.is_cut_off:
            self.is_cut_off = False
            log.warning("gate: the database answers again")
        if outcome.state != FRESH:
            if outcome.state == REUSED:
                raise reused(call)
            return await self._beside(repeated, outcome)
        return await self._told(call, outcome, now)

    async def _told(self, call: Call, outcome: Outcome, now: datetime) -> Answer:
        verdict = call.verdict(
            Counters(outcome.settled, outcome.reserved, outcome.was_over),
            outcome.reached,
        )
        spoken: tuple[int, ...] = ()
        if is_due(call, outcome, verdict):
            try:
                spoken = await self._beside(speak, call, outcome, verdict, now)
            except Unavailable:
                # The next decision speaks it.
                log.warning("gate: a level waits to be spoken: %s", call.name)
        return answer_of(call, outcome, verdict, spoken)

    def _unreachable(self, snapshot: Snapshot, call: Call) -> Answer:
        """From memory, as the policy's own field says; counted."""
        if not self.is_cut_off:
            self.is_cut_off = True
            log.warning("gate: the database is out of reach; policies say what to do")
        gate = ground_of(snapshot, call.question.workload).gate
        verdict = decide_unreachable(
            call.policy,
            allows=gate is not None and gate.allows_unreachable,
            model=call.question.model,
            stop=call.stop,
            name=call.name,
        )
        self.answered["unreachable"] += 1
        decides = call.policy.version is not None
        return answer(
            None,
            verdict,
            call.month,
            settled=None,
            reserved=None,
            ceiling=call.tier.ceiling if decides else None,
            version=call.policy.version,
        )

    # --- Beside the loop ---------------------------------------------------------------

    async def _read(self, known: int | None) -> Snapshot:
        """The policies as they are now; those who ask meanwhile wait for the same."""
        if self.snapshot is not None and self.snapshot.epoch != known:
            return self.snapshot
        if self.reading is None:
            self.reading = self.loop.create_task(
                self._beside(read_snapshot, clock.now())
            )
        reading = self.reading
        try:
            self.snapshot = await asyncio.shield(reading)
        finally:
            if self.reading is reading and reading.done():
                self.reading = None
        return self.snapshot

    async def _is_current(self, snapshot: Snapshot) -> bool:
        if self.snapshot is not snapshot:
            return False
        if await self._beside(read_epoch) == snapshot.epoch:
            return True
        await self._read(snapshot.epoch)
        return False

    async def _stands(self, calls: Sequence[Call]) -> bool:
        try:
            return await self._beside(_any_stands, calls)
        except Unavailable as error:
            raise Lost(OUT_OF_REACH) from error

    async def _ensure(self) -> None:
        await self._beside(ensure_months, clock.now())

    async def _beside(self, work: Callable[..., T], *arguments: Any) -> T:
        return await self.loop.run_in_executor(
            self.beside_the_loop, _with_database, work, arguments
        )

    def _later(self, work: Callable[..., object], *arguments: Any) -> None:
        """Not waited for: nothing hangs on it."""
        self.beside_the_loop.submit(_with_database, work, arguments).add_done_callback(
            lambda done: done.exception()
        )


async def _asked(scope: Any, protocol: Any) -> Question:
    length = scope.headers.get("content-length") or "0"
    if not length.isdecimal():
        raise MalformedBody("Content-Length is not a number.")
    allowed = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
    if int(length[:20]) > allowed:
        raise TooLarge(
            f"The body is larger than {allowed / MEGABYTE:g} MB, the most this address"
            " takes. Nothing was read.",
            extra={"limit_bytes": allowed},
        )
    body = await protocol()
    if body:
        callers.require_json(scope)
    return read_question(body)


def _key(scope: Any) -> str:
    sent = scope.headers.get("idempotency-key")
    return key_of(sent) if sent else ""


def _any_stands(calls: Sequence[Call]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM capacity_decision WHERE id = ANY(%s::uuid[]) LIMIT 1",
            [[one.decision for one in calls]],
        )
        return cursor.fetchone() is not None


def _with_database(work: Callable[..., T], arguments: Sequence[Any]) -> T:
    """A connection that was lost costs one more try, then the call."""
    for is_last in (False, True):
        try:
            return work(*arguments)
        except (DatabaseError, InterfaceError) as error:
            connection.close()
            if is_last:
                raise Unavailable(OUT_OF_REACH) from error
    raise AssertionError
