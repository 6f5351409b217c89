"""Where calls wait for the statement: what waits while it runs goes into the next one."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from capacity.runtime.asking import DEADLOCK, NO_PARTITION, SERIALISATION
from capacity.runtime.calls import Call, Today
from capacity.runtime.link import Link, Lost, Refused, Row
from capacity.runtime.reserve import Outcome, outcome_of, parameters_of

log = logging.getLogger(__name__)

LINKS = 2
"""Two: one batch is read and answered while the other's statement runs."""
MOST_AT_ONCE = 100
GATHERING_TURNS = 3
TRIES = 5
AGAIN_AFTER_SECONDS = 0.2


class Stale(Exception):
    """The policies changed: nothing was done, the question is to be judged anew."""


class OutOfReach(Exception):
    """The database does not answer now."""


class Failed(Exception):
    """The database refused a call for what it is; it is logged."""


class Stood(Exception):
    """The decision was made, and its answer is to be read."""


class Waiting(NamedTuple):
    call: Call
    epoch: int
    today: Today
    answer: "asyncio.Future[Outcome]"


class Desk:
    """`recover` finds what became of calls whose connection was lost; `ensure` makes the
    month's partition. Both run beside the loop."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        recover: Callable[[Sequence[Call]], Awaitable[bool]],
        ensure: Callable[[], Awaitable[None]],
    ) -> None:
        self.clock, self.recover, self.ensure = clock, recover, ensure
        self.loop = asyncio.get_running_loop()
        self.waiting: deque[Waiting] = deque()
        self.idle: list[asyncio.Future[None]] = []
        self.links = [Link(self._ring) for _ in range(LINKS)]
        self.workers = [self.loop.create_task(self._work(one)) for one in self.links]

    @property
    def is_up(self) -> bool:
        return any(link.is_up for link in self.links)

    def ask(self, call: Call, epoch: int, today: Today) -> "asyncio.Future[Outcome]":
        """Its outcome; or Stale, OutOfReach or Failed."""
        answer: asyncio.Future[Outcome] = self.loop.create_future()
        self.waiting.append(Waiting(call, epoch, today, answer))
        while self.idle:
            bell = self.idle.pop()
            if not bell.done():
                bell.set_result(None)
                break
        return answer

    def _ring(self) -> None:
        """A connection that was cut while nobody asked is opened again at once: the next
        question shall not wait for it, nor readiness call the server down."""
        while self.idle:
            bell = self.idle.pop()
            if not bell.done():
                bell.set_result(None)

    def close(self) -> None:
        for worker in self.workers:
            worker.cancel()
        for link in self.links:
            link.close()

    async def _work(self, link: Link) -> None:
        while True:
            if not link.is_up and not await self._opened(link):
                continue
            if not self.waiting:
                bell = self.loop.create_future()
                self.idle.append(bell)
                await bell
                # The connection may have been lost while nobody asked.
                continue
            # What arrived together goes together.
            for _ in range(GATHERING_TURNS):
                await asyncio.sleep(0)
            await self._carry_out(link, self._taken())

    async def _opened(self, link: Link) -> bool:
        try:
            await link.open()
        except Lost as error:
            log.warning("gate: the database does not answer: %s", str(error).strip())
            if not self.is_up:
                self._give_up()
            await asyncio.sleep(AGAIN_AFTER_SECONDS)
            return False
        return True

    def _give_up(self) -> None:
        while self.waiting:
            _end(self.waiting.popleft(), OutOfReach())

    def _taken(self) -> list[Waiting]:
        """The next batch: of one epoch and day; each request_id once."""
        batch: list[Waiting] = []
        later: list[Waiting] = []
        asked: set[tuple[int, str]] = set()
        while self.waiting and len(batch) < MOST_AT_ONCE:
            one = self.waiting.popleft()
            request = (one.call.token_id, one.call.request_id)
            first = batch[0] if batch else one
            fits = one.epoch == first.epoch and one.today is first.today
            if not fits or (request[1] and request in asked):
                later.append(one)
                continue
            if request[1]:
                asked.add(request)
            batch.append(one)
        self.waiting.extendleft(reversed(later))
        return batch

    async def _carry_out(self, link: Link, batch: list[Waiting]) -> None:
        for _ in range(TRIES):
            try:
                rows = await self._asked(link, batch)
            except Lost:
                if not await self._found_again(link, batch):
                    return
                continue
            except Refused as error:
                if not await self._may_repeat(link, batch, error):
                    return
                continue
            _answer(batch, rows)
            return
        for one in batch:
            _end(one, OutOfReach())

    async def _asked(self, link: Link, batch: list[Waiting]) -> list[Row]:
        calls = [one.call for one in batch]
        first = batch[0]
        return await link.ask(
            parameters_of(first.epoch, calls, first.today, self.clock())
        )

    async def _found_again(self, link: Link, batch: list[Waiting]) -> bool:
        """After a lost connection: whether the batch is still to be carried out."""
        try:
            await link.open()
            stands = await self.recover([one.call for one in batch])
        except Lost:
            for one in batch:
                _end(one, OutOfReach())
            return False
        if not stands:
            return True
        # It was committed, and only its answer was lost: every decision stands.
        for one in batch:
            _end(one, Stood())
        return False

    async def _may_repeat(
        self, link: Link, batch: list[Waiting], error: Refused
    ) -> bool:
        if error.sqlstate in {DEADLOCK, SERIALISATION}:
            return True
        if error.sqlstate == NO_PARTITION:
            await self.ensure()
            return True
        # Shutdown, crash, too many clients: the connection goes next.
        if error.sqlstate[:2] in {"57", "53", "08", "25"}:
            await asyncio.sleep(AGAIN_AFTER_SECONDS)
            return await self._found_again(link, batch)
        if len(batch) > 1:
            # One of them is at fault, and the others are not held for it.
            for one in batch:
                await self._carry_out(link, [one])
            return False
        log.error("gate: a call was refused: %s", error)
        _end(batch[0], Failed())
        return False


def _answer(batch: list[Waiting], rows: list[Row]) -> None:
    if not rows:
        for one in batch:
            _end(one, Stale())
        return
    for one, row in zip(batch, rows, strict=True):
        if not one.answer.done():
            one.answer.set_result(outcome_of(row))


def _end(one: Waiting, error: Exception) -> None:
    if not one.answer.done():
        one.answer.set_exception(error)
