"""Which waiting signatures the inbox or its export shows, in which order. Plain Python."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from workloads.enums import SignRole
from workloads.rules.plan_filter import PlanFilter


class Wait(StrEnum):
    """What a signature waits for."""

    SIGN = "sign"
    AGAIN = "again"
    RENEW = "renew"


class Whose(StrEnum):
    """The questions that people ask of an inbox."""

    ALL = ""
    YOURS = "yours"
    OVERDUE = "overdue"


class Order(StrEnum):
    """Within yours, and within those of others."""

    OLDEST = "oldest"
    NEWEST = "newest"
    REF = "ref"
    QUARTER = "quarter"


@dataclass(frozen=True, slots=True)
class WaitFilter:
    """What was asked for; `workloads` narrows as the plan's own filter does."""

    workloads: PlanFilter = field(default_factory=PlanFilter)
    role: SignRole | None = None
    wait: Wait | None = None
    only: Whose = Whose.ALL
    order: Order = Order.OLDEST

    @property
    def is_narrowed(self) -> bool:
        """Whether it leaves something that waits out."""
        return bool(self.workloads.is_narrowed or self.role or self.wait or self.only)

    def without_chip(self) -> "WaitFilter":
        return replace(self, only=Whose.ALL)
