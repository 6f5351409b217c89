"""One call: decided before, counted after."""

from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Protocol, Self

from weighbridge_client.decisions import UNREACHABLE, Decision, Question


class Reporter(Protocol):
    """What a call needs of its client."""

    def report(self, question: Question, event: dict[str, Any]) -> None: ...
    def release(self, decision: Decision) -> None: ...
    def extend(self, decision: Decision) -> None: ...


class Call:
    """An allowed call. Its model is `call.model`; say what it used before it ends.

    `used` may be said more than once, for turns under one decision: the tokens add up to
    one event, reported when the call ends, also when it ends by an exception. A call
    that used nothing lets its reservation go.
    """

    def __init__(
        self,
        reporter: Reporter,
        question: Question,
        decision: Decision,
        *,
        source: str,
        clock: Callable[[], datetime],
    ) -> None:
        self.question = question
        self.decision = decision
        self._reporter = reporter
        self._source = source
        self._clock = clock
        self._event: dict[str, Any] | None = None
        self._is_finished = False

    @property
    def model(self) -> str:
        """The model to use, in the words of the rate card; degraded calls have another
        than they asked for."""
        return self.decision.model or ""

    @property
    def _reserves(self) -> bool:
        """Degraded and metered calls reserve nothing."""
        return bool(self.question.expected_tokens) and self.decision.action == "allow"

    def used(
        self,
        *,
        input_tokens: int,
        output_tokens: int,
        cached_input_tokens: int = 0,
        model: str | None = None,
        **details: Any,
    ) -> None:
        """Cached tokens are a part of the input. `details` are further members of a usage
        event: session, turns, tool_calls, retries, called_by, outcome."""
        event = self._event or self._begun()
        event["input_tokens"] += input_tokens
        event["output_tokens"] += output_tokens
        event["cached_input_tokens"] += cached_input_tokens
        if model:
            event["model"] = model
        event.update(details)
        self._event = event

    def extend(self) -> None:
        """Keeps the reservation of a long stream from lapsing."""
        if self._reserves:
            self._reporter.extend(self.decision)

    def finish(self) -> None:
        """Reports, or lets go; a second time does nothing."""
        if self._is_finished:
            return
        self._is_finished = True
        if self._event is None:
            if self._reserves:
                self._reporter.release(self.decision)
            return
        now = self._clock().astimezone(UTC)
        self._event["time"] = now.isoformat().replace("+00:00", "Z")
        self._reporter.report(self.question, self._event)

    def _begun(self) -> dict[str, Any]:
        question, decision = self.question, self.decision
        event: dict[str, Any] = {
            # Stable: however often it is sent, it counts once.
            "id": question.request_id,
            "source": self._source,
            "workload": question.workload,
            "tier": question.tier,
            "user": question.user,
            "model": self.model,
            "input_tokens": 0,
            "output_tokens": 0,
            "cached_input_tokens": 0,
        }
        for name in ("agent", "account", "trace_id"):
            if value := getattr(question, name):
                event[name] = value
        if question.test:
            event["test"] = True
        if decision.decision:
            event["decision"] = decision.decision
        else:
            event["undecided_reason"] = UNREACHABLE
        return event

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.finish()
