"""What can come of asking, besides a decision."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weighbridge_client.decisions import Decision


class WeighbridgeError(Exception):
    """Everything this package raises."""


class Held(WeighbridgeError):
    """The call must not be made; `decision` says which gate holds it and until when."""

    def __init__(self, decision: "Decision") -> None:
        super().__init__(decision.reason)
        self.decision = decision


class Refused(WeighbridgeError):
    """The portal answered, and refused the question itself: a wrong token, an unknown
    workload or tier. Never a silent allow, and no retry mends it."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail


class Unreachable(WeighbridgeError):
    """Nobody answered at any address."""
