"""Rows of the plan: proposing and editing a workload."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max, Value
from django.db.models.functions import Lower

from portal.kernel import access, clock
from portal.kernel.errors import FieldError, Invalid, Stale
from portal.kernel.models import AuditEntry, User
from portal.kernel.periods import Quarter, surely_in_reach
from portal.kernel.reach import require_in_reach
from portal.kernel.selectors import numbers
from portal.kernel.services import audit
from workloads.enums import COUNTED, Status
from workloads.models import Department, Workload
from workloads.selectors.signoffs import standing_rows
from workloads.services.errors import (
    GateDecides,
    NameTaken,
    OwnerHasSigned,
    QuarterIsCommitted,
    WorkloadRetired,
)
from workloads.services.links import to_workload
from workloads.services.locks import (
    NEXT_WORKLOAD,
    lock_next,
    lock_workload,
    lock_workloads,
)

EDITABLE: tuple[str, ...] = (
    "name",
    "owner",
    "owner_text",
    "purpose",
    "department",
    "shape",
    "audience",
    "compliance_sensitive",
    "ship_quarter",
    "primary_model",
    "degrade_model",
    "cost_gate",
    "hours_to_add",
    "requested_status",
)
"""What a person or an import may write on a row; the status is not among it."""

MODELS = frozenset({"primary_model", "degrade_model"})
BY_THE_GATE = {
    "primary_model": "/model_tier",
    "degrade_model": "/model_tier",
    "cost_gate": "/cost_gate",
}
"""What a gate says once there is one, and where a body would say it."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Values of one new row; without a number it gets the next free one."""

    values: Mapping[str, Any]
    number: int | None = None


@transaction.atomic
def propose_workload(
    *,
    actor: User,
    values: Mapping[str, Any],
    now: datetime,
    number: int | None = None,
    stakeholders: Iterable[User] = (),
) -> Workload:
    """Add a candidate to the plan, with the next free reference unless one is given.

    Raises NotAllowed or NameTaken.
    """
    proposals = [Proposal(values, number)]
    [workload] = _add_candidates(actor, proposals, now)
    workload.stakeholders.set(stakeholders)
    _record_proposals([workload], proposals, actor, now)
    return workload


@transaction.atomic
def propose_workloads(
    *, actor: User, proposals: Sequence[Proposal], now: datetime
) -> list[Workload]:
    """Add many candidates at once, in a fixed number of statements.

    Raises NotAllowed or NameTaken.
    """
    workloads = _add_candidates(actor, proposals, now)
    _record_proposals(workloads, proposals, actor, now)
    return workloads


def _add_candidates(
    actor: User, proposals: Sequence[Proposal], now: datetime
) -> list[Workload]:
    access.require(actor, "workload.propose")
    lock_next(NEXT_WORKLOAD)
    for proposal in proposals:
        _require_possible_owner(proposal.values.get("owner"))
    _require_near((proposal.values for proposal in proposals), now)
    _require_free_names(str(proposal.values["name"]) for proposal in proposals)
    highest = Workload.objects.aggregate(highest=Max("number"))["highest"] or 0
    workloads = []
    for proposal in proposals:
        workload = Workload(
            number=proposal.number or highest + 1,
            proposed_by=actor,
            proposed_at=now,
            status_since=now,
            **{
                name: proposal.values[name]
                for name in EDITABLE
                if name in proposal.values
            },
        )
        _clear_owner_text(workload)
        highest = max(highest, workload.number)
        workloads.append(workload)
    return Workload.objects.bulk_create(workloads, batch_size=1_000)


def _record_proposals(
    workloads: Sequence[Workload],
    proposals: Sequence[Proposal],
    actor: User,
    now: datetime,
) -> None:
    audit.record_all(
        audit.entry(
            "workload.proposed",
            f"workload/{workload.ref}",
            actor=actor,
            now=now,
            after={"status": workload.status, **_plain(proposal.values)},
        )
        for workload, proposal in zip(workloads, proposals, strict=True)
    )


@transaction.atomic
def edit_workload(
    *,
    number: int,
    actor: User,
    changes: Mapping[str, Any],
    now: datetime,
    if_version: int | None = None,
    stakeholders: Iterable[User] | None = None,
) -> Workload:
    """Change fields of a row; without a change nothing is written.

    Raises NotAllowed, Stale, NameTaken, WorkloadRetired, QuarterIsCommitted,
    OwnerHasSigned or Invalid (who cannot own it).
    """
    workload = lock_workload(number)
    access.require(actor, "workload.edit", workload)
    require_version(workload, if_version)
    people_before, people_after = _stakeholders(workload, stakeholders)
    before, changed = _changed(workload, changes)
    if not changed and people_before == people_after:
        return workload
    _require_near([changed], now)
    _save(workload, changed, actor)
    if people_before != people_after and stakeholders is not None:
        workload.stakeholders.set(stakeholders)
        before["stakeholders"] = people_before
        changed["stakeholders"] = people_after
    audit.record_all([_edit_entry(workload, actor, before, changed, now)])
    return workload


@transaction.atomic
def edit_workloads(
    *, actor: User, changes_of: Mapping[int, Mapping[str, Any]], now: datetime
) -> None:
    """Change fields of many rows, by number; raises as `edit_workload` does."""
    _require_near(changes_of.values(), now)
    entries = []
    for workload in lock_workloads(changes_of).values():
        access.require(actor, "workload.edit", workload)
        before, changed = _changed(workload, changes_of[workload.number])
        if changed:
            _save(workload, changed, actor)
            entries.append(_edit_entry(workload, actor, before, changed, now))
    audit.record_all(entries)


def _changed(
    workload: Workload, changes: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What differs, before and after, once it may be changed."""
    if workload.status == Status.RETIRED:
        raise WorkloadRetired(f"{workload.ref} is retired; its row stays as it was.")
    present = {name: getattr(workload, name) for name in changes}
    changed = {name: new for name, new in changes.items() if new != present[name]}
    _require_changeable(workload, changed)
    return {name: present[name] for name in changed}, changed


def _save(workload: Workload, changed: Mapping[str, Any], actor: User) -> None:
    for name, new in changed.items():
        setattr(workload, name, new)
    _clear_owner_text(workload)
    workload.version += 1
    workload.save(update_fields=[*changed, "owner_text", "version"])
    wrote_models(workload, changed, actor)


def wrote_models(workload: Workload, changed: Mapping[str, Any], actor: User) -> None:
    """The row's models are part of what is signed: who changes them under an open draft
    wrote a part of it."""
    draft = workload.draft_estimate
    if draft is not None and not MODELS.isdisjoint(changed):
        draft.contributors.add(actor)


def _edit_entry(
    workload: Workload,
    actor: User,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    now: datetime,
) -> AuditEntry:
    return audit.entry(
        "workload.edited",
        f"workload/{workload.ref}",
        actor=actor,
        now=now,
        before=_plain(before),
        after=_plain(after),
    )


def require_version(workload: Workload, if_version: int | None) -> None:
    """Refuse an edit of a row that changed since the person read it (412)."""
    if if_version is not None and workload.version != if_version:
        raise Stale(
            f"{workload.ref} changed since you read it; nothing was saved.",
            link=to_workload(workload),
        )


def _stakeholders(
    workload: Workload, wanted: Iterable[User] | None
) -> tuple[list[str], list[str]]:
    """Usernames of the stakeholders before and after; equal when nothing is asked."""
    if wanted is None:
        return [], []
    present = workload.stakeholders.values_list("username", flat=True)
    return sorted(present), sorted(user.username for user in wanted)


def _require_changeable(workload: Workload, changed: Mapping[str, Any]) -> None:
    if "name" in changed:
        lock_next(NEXT_WORKLOAD)
        _require_free_names([str(changed["name"])], besides=workload.pk)
    _require_not_of_the_gate(workload, changed)
    if "ship_quarter" in changed and workload.status in COUNTED:
        raise QuarterIsCommitted(
            f"{workload.ref} is {workload.status} for {workload.ship_quarter}. "
            "De-commit it first; then its ship quarter can move.",
            link=to_workload(workload),
        )
    owner = changed.get("owner")
    _require_possible_owner(owner)
    if owner is not None:
        _require_not_signed_by(owner, workload)


def _require_not_of_the_gate(workload: Workload, changed: Mapping[str, Any]) -> None:
    pointers = {BY_THE_GATE[name]: None for name in BY_THE_GATE if name in changed}
    if not workload.gate_decides or not pointers:
        return
    detail = (
        f"The gate of {workload.ref} says its model tier and cost gate. Its owner or a "
        "planner can draft the next version."
    )
    errors = [FieldError(pointer, "read_only", detail) for pointer in pointers]
    raise GateDecides(detail, errors=errors, link=to_workload(workload))


def _require_near(rows: Iterable[Mapping[str, Any]], now: datetime) -> None:
    """A ship quarter decades away is a slip, and pages would forecast up to it."""
    named = {str(row["ship_quarter"]) for row in rows if row.get("ship_quarter")}
    here = quarter_to_reach_from(map(Quarter.parse, named), now)
    if here is not None:
        for quarter in sorted(named):
            require_in_reach("/ship_quarter", Quarter.parse(quarter), here)


def quarter_to_reach_from(quarters: Iterable[Quarter], now: datetime) -> Quarter | None:
    """The present quarter; None, and no query, where all of these lie near it."""
    today = clock.today(now)
    if all(surely_in_reach(quarter, today.year) for quarter in quarters):
        return None
    return Quarter.of(today, numbers.current().fiscal_year_starts)


def _require_not_signed_by(owner: User, workload: Workload) -> None:
    """On the version in force and on the one that waits: an owner signed neither."""
    versions = {
        one.pk: one
        for one in (workload.submitted_estimate, workload.shown_estimate)
        if one is not None
    }
    for estimate in versions.values():
        for row in standing_rows(estimate):
            if owner.pk in (row.signer_id, row.on_behalf_of_id):
                raise OwnerHasSigned(
                    f"{owner.display_name} gave the {row.role} signature on "
                    f"v{estimate.version}, and an owner does not sign. Name another "
                    "owner, or submit a new version first."
                )


def _require_possible_owner(owner: User | None) -> None:
    """An owner edits and moves the row, so it is a person with a say in the plan."""
    if owner is None or (owner.is_active and access.has_a_say(owner)):
        return
    detail = (
        f"{owner.display_name} cannot own a workload: an auditor, an administrator, a "
        "service account and a closed account have no say in the plan. Name another "
        "person."
    )
    raise Invalid(detail, errors=[FieldError("/owner", "no_say", detail)])


def _require_free_names(names: Iterable[str], *, besides: int = 0) -> None:
    """Compared as the unique index compares them, and found by it."""
    wanted = [Lower(Value(name)) for name in names]
    taken = (
        Workload.objects.alias(folded=Lower("name"))
        .filter(folded__in=wanted)
        .exclude(pk=besides)
        .first()
    )
    if taken is not None:
        raise NameTaken(
            f'{taken.ref} is called "{taken.name}" already. Choose another name.',
            link=to_workload(taken),
        )


def _clear_owner_text(workload: Workload) -> None:
    """The typed name stands in only while there is no account."""
    if workload.owner_id is not None:
        workload.owner_text = ""


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the audit trail keeps them: people and departments by name."""
    return {name: _shown(value) for name, value in values.items()}


def _shown(value: Any) -> Any:
    if isinstance(value, User):
        return value.username
    if isinstance(value, Department):
        return value.code
    if value is None or isinstance(value, str | bool | int | list):
        return value
    return str(value)
