"""Which rows of the plan a page or an export shows, and in which order. Plain Python."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

# In place of a value: the rows that have none.
ABSENT: Final = "-"


class Group(StrEnum):
    """What stands under one head; rows of a group stay together across pages."""

    QUARTER = "quarter"
    STATUS = "status"
    OWNER = "owner"
    DEPARTMENT = "department"
    NONE = "none"


class Only(StrEnum):
    """The questions that people ask of a plan."""

    ALL = ""
    UNSIGNED = "unsigned"
    NO_GATE = "no-gate"


class Sort(StrEnum):
    """The columns of the plan in their order; the reference is the order of arrival."""

    REF = "ref"
    NAME = "name"
    OWNER = "owner"
    STATUS = "status"
    USERS = "users"
    SESSIONS = "sessions"
    TOKENS = "tokens"
    OPS_HOURS = "ops_hours"
    MODEL_TIER = "model_tier"
    COST_GATE = "cost_gate"
    SHIP_QUARTER = "ship_quarter"


@dataclass(frozen=True, slots=True)
class PlanFilter:
    """What was asked for. Empty text asks for nothing; `ABSENT` for rows without."""

    search: str = ""
    status: str = ""
    owner: str = ""
    department: str = ""
    quarter: str = ""
    only: Only = Only.ALL
    group: Group = Group.QUARTER
    sort: Sort = Sort.REF
    descending: bool = False

    @property
    def is_narrowed(self) -> bool:
        """Whether it leaves rows of the plan out."""
        return bool(
            self.search
            or self.status
            or self.owner
            or self.department
            or self.quarter
            or self.only
        )

    def without_chip(self) -> "PlanFilter":
        return replace(self, only=Only.ALL)
