"""The client: decide before a call, report after it."""

import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

import httpx

from weighbridge_client.addresses import Addresses, Step, require_accepted
from weighbridge_client.bundle import Bundle, decide_locally
from weighbridge_client.calls import Call
from weighbridge_client.decisions import Decision, Question, read_decision
from weighbridge_client.errors import Held, Refused, Unreachable
from weighbridge_client.gates import month_of
from weighbridge_client.keeping import Background, BundleKeeper, deliver
from weighbridge_client.memory import Memory
from weighbridge_client.portal import DECIDE, Portal
from weighbridge_client.spool import Spool

logger = logging.getLogger("weighbridge_client")


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the only place that reads the clock


@dataclass(frozen=True, slots=True)
class Options:
    """What seldom needs a change. Seconds are those of one try.

    An address that did not answer is left alone for `cool_off_seconds`. `test` keeps
    every call apart from counts and bills.
    """

    decide_seconds: float = 1.0
    bundle_seconds: float = 30.0
    usage_seconds: float = 2.0
    cool_off_seconds: float = 5.0
    most_spooled: int = 100_000
    test: bool = False
    transport: httpx.BaseTransport | None = None
    clock: Callable[[], datetime] = _now

    @property
    def timeout(self) -> httpx.Timeout:
        return httpx.Timeout(self.decide_seconds, connect=min(self.decide_seconds, 0.5))


# A call that waits for a free connection would look like a portal that is away.
LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=100)


class Client:
    """One for a process; threads share it.

    `url` is the portal's; `gate_url` the gate server's, asked first. `runtime` names this
    program in usage and acknowledgements. `directory` keeps the bundle and the usage not
    yet delivered; several processes may share one.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str,
        runtime: str,
        directory: Path | str,
        gate_url: str | None = None,
        options: Options | None = None,
    ) -> None:
        self.options = options or Options()
        self.headers = {"Authorization": f"Bearer {token}"}
        self.addresses = Addresses(
            [gate_url, url] if gate_url else [url],
            cool_off_seconds=self.options.cool_off_seconds,
        )
        self._runtime = runtime
        self._http = self._opened(self.options.timeout)
        # Batches and the bundle take longer than a call may wait.
        self._patient_http = self._opened(httpx.Timeout(30))
        self._reservations = Portal(self._http, url)
        self._portal = Portal(self._patient_http, url)
        place = Path(directory)
        self._spool = Spool(
            place / "usage.sqlite3", most_events=self.options.most_spooled
        )
        self._keeper = BundleKeeper(self._portal, place / "bundle.json", runtime)
        self._memory = Memory()
        self._background = Background(self._keeper, self._portal, self._spool)
        self.dropped = 0

    @property
    def bundle(self) -> Bundle | None:
        return self._keeper.bundle

    # --- Deciding ------------------------------------------------------------------

    def question(
        self,
        workload: str,
        *,
        user: str,
        tier: str = "standard",
        request_id: str | None = None,
        **details: Any,
    ) -> Question:
        """`details`: expected_tokens, model, agent, account, trace_id."""
        return Question(
            workload=workload,
            tier=tier,
            user=user,
            request_id=request_id or str(uuid.uuid4()),
            test=self.options.test,
            **details,
        )

    def decide(self, question: Question) -> Decision:
        """May this call run, and on which model? Raises Refused where the question is
        wrong; where nobody answers, the bundle decides."""
        self.start()
        try:
            return self.heard(question, self._ask(question))
        except Unreachable as error:
            return self.decide_locally(question, error)

    def call(self, workload: str, *, user: str, **details: Any) -> Call:
        """Decides; raises Held where the call must not be made."""
        question = self.question(workload, user=user, **details)
        decision = self.decide(question)
        if decision.is_held:
            raise Held(decision)
        return self.begun(question, decision)

    def begun(self, question: Question, decision: Decision) -> Call:
        """The call of a decision that was asked for apart."""
        return Call(
            self, question, decision, source=self._runtime, clock=self.options.clock
        )

    def _ask(self, question: Question) -> httpx.Response:
        # The same body each time: the portal gives the same answer and reserves once.
        body = question.body()
        steps = self.addresses.steps()
        try:
            step = next(steps)
            while True:
                step = steps.send(self._try(step, body))
        except StopIteration as end:
            response: httpx.Response = end.value
            return response

    def _try(self, step: Step, body: dict[str, Any]) -> httpx.Response | None:
        if step.pause_seconds:
            time.sleep(step.pause_seconds)
        try:
            return self._http.post(step.base + DECIDE, json=body)
        except httpx.TransportError as error:
            logger.info("%s does not answer: %r", step.base, error)
            return None

    def heard(self, question: Question, response: httpx.Response) -> Decision:
        """An answer of the portal: read, and remembered for when there is none."""
        answer = read_decision(require_accepted(response))
        now = self.options.clock()
        self._memory.keep(question, answer, now, self._month(now))
        return answer

    def decide_locally(self, question: Question, error: Unreachable) -> Decision:
        logger.warning("%s The bundle decides.", error)
        now = self.options.clock()
        heard = self._memory.heard(question, self._month(now))
        return decide_locally(self.bundle, question, heard, now)

    def _month(self, now: datetime) -> str:
        zone = self.bundle.zone if self.bundle else ZoneInfo("UTC")
        return month_of(now, zone).first_day

    def start(self) -> None:
        """The thread that keeps the bundle and delivers usage; the first call does it."""
        self._background.start(
            bundle_seconds=self.options.bundle_seconds,
            usage_seconds=self.options.usage_seconds,
        )

    def _opened(self, timeout: httpx.Timeout) -> httpx.Client:
        return httpx.Client(
            headers=self.headers,
            timeout=timeout,
            limits=LIMITS,
            transport=self.options.transport,
        )

    # --- Reporting -----------------------------------------------------------------

    def report(self, question: Question, event: dict[str, Any]) -> None:
        """Spools a usage event; it is delivered beside the calls."""
        self.start()
        tokens = event["input_tokens"] + event["output_tokens"]
        self._memory.add(question, tokens, self._month(self.options.clock()))
        if not self._spool.put(event):
            self.dropped += 1
            logger.error("The spool is full: the usage of %s is lost.", event["id"])

    def extend(self, decision: Decision) -> None:
        if decision.decision and not decision.is_local:
            self._attempt(self._reservations.extend, decision.decision)

    def release(self, decision: Decision) -> None:
        """Lets a reservation go; one that is not let go lapses by itself."""
        if decision.decision and not decision.is_local:
            self._attempt(self._reservations.release, decision.decision)

    def flush(self) -> int:
        """Delivers what waits now; how many events left. Raises what stood in the way."""
        return deliver(self._portal, self._spool)

    def refresh(self) -> None:
        """Fetches the bundle now."""
        self._keeper.refresh()

    @property
    def spooled(self) -> int:
        return len(self._spool)

    def _attempt(self, act: Callable[[str], None], decision: str) -> None:
        try:
            act(decision)
        except (httpx.HTTPError, Refused) as error:
            logger.warning("The reservation of %s: %s", decision, error)

    def close(self) -> None:
        """Delivers once more; what cannot be delivered waits on disk."""
        self._background.stop()
        try:
            self.flush()
        except (httpx.HTTPError, Refused) as error:
            logger.warning("Usage waits on disk: %s", error)
        self._spool.close()
        self._http.close()
        self._patient_http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
