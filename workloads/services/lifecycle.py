"""The one writer of a workload's status."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from portal.kernel import access, clock
from portal.kernel.enums import EventKind
from portal.kernel.errors import Stale
from portal.kernel.models import User
from portal.kernel.services import audit
from portal.kernel.services.webhooks import emit
from workloads.enums import Status
from workloads.lifecycle import STEPS, Step, step_between
from workloads.models import StatusStep, Workload
from workloads.rules.requirements import (
    Requirement,
    StepRequest,
    all_met,
    unmet_codes,
)
from workloads.selectors.plan import rows_with_requirements
from workloads.selectors.requirements import requirements_of_step
from workloads.selectors.signoffs import is_signed
from workloads.services.errors import IllegalTransition, RequirementsNotMet
from workloads.services.links import to_workload
from workloads.services.locks import lock_workload

MOVES = {
    (Status.CANDIDATE, Status.PLANNED): "to_planned",
    (Status.PLANNED, Status.COMMITTED): "to_committed",
    (Status.COMMITTED, Status.LIVE): "to_live",
    (Status.PLANNED, Status.CANDIDATE): "back_to_candidate",
    (Status.COMMITTED, Status.PLANNED): "back_to_planned",
    (Status.CANDIDATE, Status.RETIRED): "to_retired",
    (Status.PLANNED, Status.RETIRED): "to_retired",
    (Status.COMMITTED, Status.RETIRED): "to_retired",
    (Status.LIVE, Status.RETIRED): "to_retired",
}
"""The state machine's method of each legal step."""


def require_step(workload: Workload, to: Status | None, actor: User) -> Step | None:
    """The legal step, once the actor may take it; None where there is no such step.

    Asked before the body is judged, so that 403 comes before 409; who may take no step of
    this workload at all is refused whatever they ask for.
    """
    step = step_between(Status(workload.status), to) if to is not None else None
    if step is not None:
        access.require(actor, step.action, workload)
    elif not any(access.allows(actor, one.action, workload) for one in STEPS):
        access.require(actor, STEPS[0].action, workload)
    return step


@transaction.atomic
def advance(
    *,
    number: int,
    to: Status,
    actor: User,
    reason: str,
    now: datetime,
    if_version: int | None = None,
) -> Workload:
    """Move a workload to `to`, or raise why not; nothing is changed when it raises.

    `if_version` is the version of the row that the person saw (412 when stale). Raises
    NotAllowed, Stale, IllegalTransition or RequirementsNotMet.
    """
    lock_workload(number)
    workload = rows_with_requirements().get(number=number)
    step = require_step(workload, to, actor)
    if if_version is not None and workload.version != if_version:
        raise Stale(
            f"{workload.ref} changed since you read it: it is {workload.status} now. "
            "Nothing was changed; read it again.",
            link=to_workload(workload),
        )
    if step is None:
        raise IllegalTransition(_no_such_step(workload, to), link=to_workload(workload))
    _require_not_lapsed(workload, step, now)
    request = StepRequest(to=to, reason=reason, is_taken=True)
    requirements = requirements_of_step(workload, step=step, request=request, now=now)
    if not all_met(requirements):
        raise _not_met(workload, to, requirements)
    take_step(
        workload, to=to, actor=actor, reason=reason, requirements=requirements, now=now
    )
    if (step.source, step.target) == (
        Status.COMMITTED,
        Status.PLANNED,
    ) and not is_signed(workload.submitted_estimate, clock.today(now)):
        fall_back_to_candidate(
            workload,
            reason="The newest submitted estimate does not carry three signatures.",
            now=now,
        )
    return workload


def _require_not_lapsed(workload: Workload, step: Step, now: datetime) -> None:
    """A signature that lapsed takes planned back, though the hourly task is yet to come."""
    signed = is_signed(workload.submitted_estimate, clock.today(now))
    if step.source == Status.PLANNED and step.target == Status.COMMITTED and not signed:
        version = workload.submitted_estimate.version  # type: ignore[union-attr]
        raise IllegalTransition(
            f"{workload.ref} falls back to candidate: a signature on v{version} lapsed. "
            "Renew it, then move it to planned again.",
            link=to_workload(workload),
        )


def fall_back_to_candidate(workload: Workload, *, reason: str, now: datetime) -> None:
    """The system's own step: a planned row whose signatures no longer hold."""
    take_step(
        workload,
        to=Status.CANDIDATE,
        actor=None,
        reason=reason,
        requirements=[],
        now=now,
    )


def take_step(
    workload: Workload,
    *,
    to: Status,
    actor: User | None,
    reason: str,
    requirements: Sequence[Requirement],
    now: datetime,
) -> None:
    """Record a step and write the status of a locked row. Called by use cases only."""
    source = Status(workload.status)
    StatusStep.objects.create(
        workload=workload,
        sequence=workload.status_steps + 1,
        source=source,
        target=to,
        at=now,
        actor=actor,
        reason=reason,
        estimate_id=workload.submitted_estimate_id,
        requirements=[requirement.code for requirement in requirements],
    )
    getattr(workload, MOVES[(source, to)])()
    workload.status_steps += 1
    workload.status_since = now
    workload.version += 1
    workload.save(update_fields=["status", "status_steps", "status_since", "version"])
    _tell(workload, source=source, to=to, actor=actor, reason=reason, now=now)
    audit.record(
        "workload.transitioned",
        f"workload/{workload.ref}",
        actor=actor,
        now=now,
        before={"status": str(source)},
        after={"status": str(to)},
        reason=reason,
    )


def _tell(
    workload: Workload,
    *,
    source: Status,
    to: Status,
    actor: User | None,
    reason: str,
    now: datetime,
) -> None:
    told = {
        "workload": workload.ref,
        "name": workload.name,
        "from": str(source),
        "to": str(to),
        "actor": actor.username if actor else None,
        "reason": reason,
    }
    emit(EventKind.WORKLOAD_TRANSITIONED, told, now=now)


def _no_such_step(workload: Workload, to: Status) -> str:
    if workload.status == to:
        last = workload.steps.select_related("actor").order_by("-sequence").first()
        who = last.actor.display_name if last and last.actor else "the system"
        return f"{workload.ref} is {to} already: {who} moved it."
    return f"{workload.ref} is {workload.status}; from there no step leads to {to}."


def _not_met(
    workload: Workload, to: Status, requirements: list[Requirement]
) -> RequirementsNotMet:
    missing = unmet_codes(requirements)
    return RequirementsNotMet(
        f"{workload.ref} is still {workload.status}: nothing was changed. "
        f"{len(missing)} of {len(requirements)} requirements for {to} "
        f"{'is' if len(missing) == 1 else 'are'} missing.",
        to=str(to),
        requirements=requirements,
        link=to_workload(workload),
    )
