"""One question before a call, and its answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from weighbridge_client.errors import Unreachable

UNREACHABLE = "unreachable"
"""Why a call has no decision, in the words of its usage event."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a runtime is about to do. `request_id` makes its repetition harmless."""

    workload: str
    tier: str
    user: str
    request_id: str
    expected_tokens: int | None = None
    model: str | None = None
    agent: str | None = None
    account: str | None = None
    trace_id: str | None = None
    test: bool = False

    def body(self) -> dict[str, Any]:
        """As `POST /gates/decide/` takes it: what is not known is left out."""
        members = {name: getattr(self, name) for name in self.__slots__}
        return {
            name: value
            for name, value in members.items()
            if value is not None and value is not False
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer. Tokens are those of the user, the workload and the month.

    `decision` is its id, none where nobody could be asked and the bundle decided; then
    `is_local` is true, and what the call uses is reported as undecided.
    """

    action: str
    model: str | None
    reason: str
    reason_code: str
    gate: str | None = None
    decision: str | None = None
    level: int | None = None
    signals: tuple[Mapping[str, Any], ...] = ()
    consumed_tokens: int | None = None
    ceiling_tokens: int | None = None
    consumed: float | None = None
    projected: float | None = None
    remaining_tokens: int | None = None
    reserved_tokens: int | None = None
    resets_at: datetime | None = None
    gate_version: int | None = None
    is_local: bool = field(default=False)

    @property
    def is_held(self) -> bool:
        return self.action == "block"


def read_decision(response: httpx.Response) -> Decision:
    """Members that a newer portal adds are left alone. What is no decision at all (a
    proxy's page, say) counts as nobody's answer."""
    try:
        answer = response.json()
        known = {
            name: answer[name]
            for name in Decision.__slots__
            if name in answer and name != "is_local"
        }
        if known.get("resets_at"):
            known["resets_at"] = datetime.fromisoformat(known["resets_at"])
        known["signals"] = tuple(known.get("signals") or ())
        return Decision(**known)
    except (ValueError, TypeError) as error:
        raise Unreachable(f"{response.url} answers with no decision.") from error
