"""What a requirement is: one condition of one step of the lifecycle. Plain values."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from workloads.enums import Status


@dataclass(frozen=True)
class StepRequest:
    """The step that is asked for, as the requirements see it.

    `reason` is None where nobody is asking yet (a list of what is missing). `is_taken` where
    the step follows in the same transaction: what a check reads must then stay as it is.
    `once` holds what a check reads for all workloads of a long list, whose keys are its
    `workloads`.
    """

    to: Status
    reason: str | None = None
    is_taken: bool = False
    once: dict[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Requirement:
    """One condition, met or not, in one sentence, with a link to where it is mended.

    `mended_by` names the rows of the access table of which anyone may mend it; `since` is
    the moment from which it has been waiting; `evidence` is what it was met by.
    """

    code: str
    met: bool
    message: str
    link: str
    to: Status
    mended_by: tuple[str, ...] = ()
    since: datetime | None = None
    evidence: str = ""

    def as_json(self) -> dict[str, object]:
        """The four members that the API promises."""
        return {
            "code": self.code,
            "met": self.met,
            "message": self.message,
            "link": self.link,
        }


def all_met(requirements: list[Requirement]) -> bool:
    return all(requirement.met for requirement in requirements)


def unmet_codes(requirements: list[Requirement]) -> list[str]:
    return [item.code for item in requirements if not item.met]
