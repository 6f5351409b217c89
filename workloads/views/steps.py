"""The stepper, and the buttons of the steps that lead on, back or out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from portal.kernel import access
from portal.kernel.models import User
from workloads.enums import Status
from workloads.lifecycle import FORWARD, Step, steps_from
from workloads.models import StatusStep, Workload

# What the form of a step back or out says before it asks for its reason.
HINTS = {
    Status.CANDIDATE: "Its signatures stay; it asks for planned again when it is ready.",
    Status.PLANNED: "Its hours leave the quarter. Its requirements are not asked again.",
    Status.RETIRED: "It ends here and cannot come back; everything on it is kept.",
}


@dataclass(frozen=True)
class NextStep:
    """The step that leads on. `why` makes its button dashed."""

    to: str
    verb: str
    href: str
    missing: int
    total: int
    why: str


def next_step_of(
    workload: Workload, user: User, road: list[dict[str, Any]]
) -> NextStep | None:
    step = next(
        (one for one in steps_from(Status(workload.status)) if _leads_on(one)), None
    )
    if step is None:
        return None
    asked = [row for row in road if row["to"] == step.target]
    missing = sum(not row["met"] for row in asked)
    why = ""
    if not access.allows(user, step.action, workload):
        why = f"{access.capitalised(access.who_can(step.action, workload))} can."
    elif missing:
        why = f"{missing} of {len(asked)} requirements missing."
    return NextStep(
        to=str(step.target),
        verb=step.verb,
        href=_address(workload, step),
        missing=missing,
        total=len(asked),
        why=why,
    )


def other_steps_of(workload: Workload, user: User) -> list[dict[str, Any]]:
    """Steps back and out: each is a form that asks for a reason."""
    return [
        {
            "to": str(step.target),
            "id": f"step-{step.target}",
            "title": f"{step.verb} {workload.ref}"
            if step.target != Status.CANDIDATE
            else step.verb,
            "action": _address(workload, step),
            "hint": HINTS[step.target],
            "danger": step.target == Status.RETIRED,
            "why": (
                ""
                if access.allows(user, step.action, workload)
                else f"{access.capitalised(access.who_can(step.action, workload))} can."
            ),
        }
        for step in steps_from(Status(workload.status))
        if not _leads_on(step)
    ]


def stepper_of(
    workload: Workload,
    steps: Sequence[StatusStep],
    step: NextStep | None,
) -> list[dict[str, Any]]:
    """Candidate to retired: where it stands, since when, what is missing under the next."""
    entered = {str(Status.CANDIDATE): workload.proposed_at}
    entered |= {one.target: one.at for one in steps}
    if workload.status == Status.RETIRED:
        reached = {str(Status.CANDIDATE), *(one.target for one in steps)}
        return [_retired_place(str(status), entered, reached) for status in Status]
    at = FORWARD.index(Status(workload.status))
    return [
        {
            "status": str(status),
            "state": _state(place, at),
            "on": entered.get(str(status)) if place <= at else None,
            **_note(str(status), step),
        }
        for place, status in enumerate(Status)
    ]


def _retired_place(
    status: str, entered: dict[str, datetime], reached: set[str]
) -> dict[str, Any]:
    if status == Status.RETIRED:
        return {"status": status, "state": "now", "on": entered[status]}
    state = "done" if status in reached else "todo"
    return {"status": status, "state": state, "on": entered.get(status)}


def _state(place: int, at: int) -> str:
    if place == at:
        return "now"
    return "done" if place < at else "todo"


def _note(status: str, step: NextStep | None) -> dict[str, str]:
    if step is None or status != step.to:
        return {}
    if step.missing:
        return {"note": f"{step.missing} of {step.total} missing", "tone": "stop"}
    return {"note": "nothing is missing", "tone": "ok"}


def _leads_on(step: Step) -> bool:
    return step.asks and not step.needs_reason


def _address(workload: Workload, step: Step) -> str:
    return reverse("workloads:step", args=[workload.ref, str(step.target)])
