"""The same for a program with an event loop: deciding awaits, all else is shared."""

import asyncio
from types import TracebackType
from typing import Any, Self

import httpx

from weighbridge_client.addresses import Step
from weighbridge_client.calls import Call
from weighbridge_client.client import LIMITS, Client
from weighbridge_client.decisions import Decision, Question
from weighbridge_client.errors import Held, Unreachable
from weighbridge_client.portal import DECIDE


class AsyncCall:
    """`async with` around a Call; what a reservation needs of the portal is awaited."""

    def __init__(self, call: Call) -> None:
        self.call = call

    async def __aenter__(self) -> Call:
        return self.call

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self.call.finish)


class AsyncClient:
    """Made of a Client, whose bundle, memory and spool it uses."""

    def __init__(
        self, client: Client, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.client = client
        self._http = httpx.AsyncClient(
            headers=client.headers,
            timeout=client.options.timeout,
            limits=LIMITS,
            transport=transport,
        )

    async def decide(self, question: Question) -> Decision:
        self.client.start()
        try:
            return self.client.heard(question, await self._ask(question))
        except Unreachable as error:
            return self.client.decide_locally(question, error)

    async def call(self, workload: str, *, user: str, **details: Any) -> AsyncCall:
        """Decides; raises Held where the call must not be made."""
        question = self.client.question(workload, user=user, **details)
        decision = await self.decide(question)
        if decision.is_held:
            raise Held(decision)
        return AsyncCall(self.client.begun(question, decision))

    async def _ask(self, question: Question) -> httpx.Response:
        body = question.body()
        steps = self.client.addresses.steps()
        try:
            step = next(steps)
            while True:
                step = steps.send(await self._try(step, body))
        except StopIteration as end:
            response: httpx.Response = end.value
            return response

    async def _try(self, step: Step, body: dict[str, Any]) -> httpx.Response | None:
        if step.pause_seconds:
            await asyncio.sleep(step.pause_seconds)
        try:
            return await self._http.post(step.base + DECIDE, json=body)
        except httpx.TransportError:
            return None

    async def close(self) -> None:
        await self._http.aclose()
        await asyncio.to_thread(self.client.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
