"""What a spend limit or a kill switch is about: a workload, an agent, a department, all."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from capacity.enums import SwitchScope
from portal.kernel.models import User
from workloads.models import Department, Workload
from workloads.selectors.plan import number_of

LONGEST_TARGET = 200


@dataclass(frozen=True)
class Target:
    """One target, and who has a word in it: a workload's owner and its department's head,
    or the head of the department itself. An agent has neither until it is registered."""

    scope: str
    target: str
    workload: Workload | None = None
    department: Department | None = None

    @cached_property
    def ref(self) -> str:
        """As a sentence names it."""
        if self.scope == SwitchScope.ALL:
            return "every workload"
        if self.department is not None and self.workload is None:
            return f"the department {self.department.name}"
        return f"the agent {self.target}" if self.workload is None else self.target

    @property
    def trail(self) -> str:
        """The object of its audit entries; a workload's own trail tells its switches."""
        return f"{self.scope}/{self.target}" if self.target else "kill-switch/all"

    @property
    def owner(self) -> User | None:
        return self.workload.owner if self.workload else None

    @property
    def owner_id(self) -> int | None:
        return self.workload.owner_id if self.workload else None

    @property
    def head(self) -> User | None:
        return self.department.head if self.department else None

    @property
    def head_id(self) -> int | None:
        return self.department.head_id if self.department else None


def target_of(scope: Any, target: Any) -> Target | None:
    """The target of these words, as they stand in the plan; None where there is none."""
    if scope == SwitchScope.ALL:
        return Target(SwitchScope.ALL, "") if target in (None, "") else None
    if not isinstance(target, str) or not target.strip():
        return None
    named = target.strip()
    if len(named) > LONGEST_TARGET:
        return None
    if scope == SwitchScope.WORKLOAD:
        return _workload(named)
    if scope == SwitchScope.DEPARTMENT:
        found = Department.objects.select_related("head").filter(code=named).first()
        return (
            Target(SwitchScope.DEPARTMENT, found.code, department=found)
            if found
            else None
        )
    return Target(SwitchScope.AGENT, named) if scope == SwitchScope.AGENT else None


def _workload(ref: str) -> Target | None:
    number = number_of(ref)
    if number is None:
        return None
    found = (
        Workload.objects.select_related("owner", "department__head")
        .filter(number=number)
        .first()
    )
    if found is None:
        return None
    return Target(
        SwitchScope.WORKLOAD, found.ref, workload=found, department=found.department
    )
