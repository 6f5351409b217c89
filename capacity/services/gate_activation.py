"""A version that decides: in shadow beside the active one, then in its place.

Activation takes two people, the workload's owner and finance, in either order. The first
press records an agreement to what the draft says; the second activates.
"""

from datetime import datetime
from enum import StrEnum

from django.db import transaction

from capacity.enums import (
    GateMode,
    GateState,
    LimitPeriod,
    LimitScope,
    ProposalState,
)
from capacity.models import CeilingProposal, GatePolicy
from capacity.rules.gates import retrofitted, slips_in, without_notice
from capacity.selectors.gate_ground import Ground
from capacity.selectors.gate_problems import (
    AlreadyActive,
    AlreadyAgreed,
    GateIncomplete,
    NoticeRunning,
    ObservationOver,
)
from capacity.selectors.gates import (
    OPEN_STATES,
    active_gate,
    get_gate,
    tag_of,
    terms_of,
    to_gate,
)
from capacity.services.gate_rows import (
    AGREEMENTS,
    require_draft,
    require_not_retired,
    show_on_plan,
)
from capacity.services.spend_limits import set_limit
from portal.kernel import access, clock
from portal.kernel.api.etags import require_match
from portal.kernel.enums import EventKind, Role
from portal.kernel.errors import FieldError
from portal.kernel.models import User
from portal.kernel.selectors import numbers
from portal.kernel.services import audit
from portal.kernel.services.webhooks import emit
from workloads.models import Workload
from workloads.services.errors import SeparationOfDuties
from workloads.services.locks import lock_workload


class Seat(StrEnum):
    """As whom somebody agrees."""

    OWNER = "owner"
    FINANCE = "finance"


@transaction.atomic
def shadow_gate(
    *,
    number: int,
    version: int,
    actor: User,
    now: datetime,
    if_match: str | None = None,
) -> GatePolicy:
    """Let a draft decide beside the active version; it is only recorded.

    It is frozen by that. Raises NotAllowed, Stale, NotADraft or WorkloadRetired.
    """
    workload, policy = _locked(number, version, "gate.draft", actor, if_match)
    require_draft(policy)
    policy.state, policy.shadow_at = GateState.SHADOW, now
    policy.save(update_fields=["state", "shadow_at"])
    audit.record(
        "gate.shadowed",
        f"workload/{workload.ref}",
        actor=actor,
        now=now,
        before={"state": str(GateState.DRAFT)},
        after={"version": version, "state": str(GateState.SHADOW)},
    )
    return get_gate(workload, version)


@transaction.atomic
def activate_gate(
    *,
    number: int,
    version: int,
    actor: User,
    now: datetime,
    if_match: str | None = None,
) -> GatePolicy:
    """Agree to a version as its owner or as finance; the second of two people activates.

    Raises NotAllowed, Stale, SeparationOfDuties, AlreadyAgreed, AlreadyActive, NotADraft,
    WorkloadRetired, GateIncomplete, NoticeRunning or ObservationOver.
    """
    workload, policy = _locked(number, version, "gate.activate", actor, if_match)
    if policy.state == GateState.ACTIVE:
        raise AlreadyActive(
            f"Gate v{version} of {workload.ref} is active since "
            f"{policy.activated_at:%Y-%m-%d %H:%M} UTC."
        )
    if policy.state not in OPEN_STATES:
        require_draft(policy)
    _drop_lapsed_agreements(policy, workload)
    seat = _seat_of(policy, workload, actor)
    ground = Ground(workload, now)
    _require_still_sound(policy, ground)
    setattr(policy, f"{seat}_agreed_by", actor)
    setattr(policy, f"{seat}_agreed_at", now)
    if policy.owner_agreed_by_id and policy.finance_agreed_by_id:
        _activate(policy, ground, actor)
    else:
        policy.save(update_fields=[*AGREEMENTS])
        audit.record(
            "gate.agreed",
            f"workload/{workload.ref}",
            actor=actor,
            now=now,
            after={"version": version, "as": str(seat)},
        )
    return get_gate(workload, version)


def end_observations(*, now: datetime) -> list[int]:
    """Supersede observers whose last day has passed; their keys. Twice is as once."""
    over = GatePolicy.objects.filter(
        state=GateState.ACTIVE, mode=GateMode.OBSERVE, ends_on__lt=clock.today(now)
    ).values_list("pk", "workload__number")
    return [pk for pk, number in over.order_by("workload_id") if _end(pk, number, now)]


@transaction.atomic
def _end(pk: int, number: int, now: datetime) -> bool:
    workload = lock_workload(number)
    ended = GatePolicy.objects.filter(pk=pk, state=GateState.ACTIVE).update(
        state=GateState.SUPERSEDED, ended_at=now
    )
    if ended:
        version = GatePolicy.objects.get(pk=pk).version
        audit.record(
            "gate.observation_ended",
            f"workload/{workload.ref}",
            actor=None,
            now=now,
            after={"version": version},
        )
    return bool(ended)


def _locked(
    number: int, version: int, action: str, actor: User, if_match: str | None
) -> tuple[Workload, GatePolicy]:
    workload = lock_workload(number)
    access.require(actor, action, workload)
    policy = get_gate(workload, version)
    if if_match is not None:
        require_match(if_match, tag_of(policy))
    require_not_retired(workload)
    return workload, policy


def _drop_lapsed_agreements(policy: GatePolicy, workload: Workload) -> None:
    """An agreement is that of the present owner, and of somebody who is finance still."""
    owner, finance = policy.owner_agreed_by, policy.finance_agreed_by
    if owner is not None and (owner.pk != workload.owner_id or not owner.is_active):
        policy.owner_agreed_by = policy.owner_agreed_at = None
    if finance is not None and not (
        finance.is_active and finance.has_role(Role.FINANCE)
    ):
        policy.finance_agreed_by = policy.finance_agreed_at = None


def _seat_of(policy: GatePolicy, workload: Workload, actor: User) -> Seat:
    """As whom this person agrees: an owner as the owner, since nobody else can."""
    seats = [Seat.OWNER] if actor.pk == workload.owner_id else []
    if actor.has_role(Role.FINANCE):
        seats.append(Seat.FINANCE)
    free = [one for one in seats if getattr(policy, f"{one}_agreed_by_id") is None]
    agreed = (policy.owner_agreed_by_id, policy.finance_agreed_by_id)
    if free and actor.pk in agreed:
        raise SeparationOfDuties(
            f"{actor.display_name} has agreed to gate v{policy.version} of "
            f"{workload.ref} already. The other agreement is another person's."
        )
    if not free:
        [seat, *_] = seats
        person = getattr(policy, f"{seat}_agreed_by")
        raise AlreadyAgreed(
            f"{person.display_name} has agreed to gate v{policy.version} of "
            f"{workload.ref} as {seat} already. It awaits "
            f"{'finance' if seat == Seat.OWNER else 'its owner'}."
        )
    return free[0]


def _require_still_sound(policy: GatePolicy, ground: Ground) -> None:
    """What was sound when it was drafted may have lost its opt-in or its reason since."""
    slips = [
        slip
        for slip in slips_in(without_notice(terms_of(policy)), ground.setting())
        if slip.pointer not in ("/notice", "/ends_on")
    ]
    if slips:
        told = " ".join(dict.fromkeys(slip.detail for slip in slips))
        raise GateIncomplete(
            f"{told} Nothing was activated.",
            errors=[FieldError(*slip) for slip in slips],
            link=to_gate(ground.workload.ref, policy.version),
        )


def _require_day_come(policy: GatePolicy, ground: Ground) -> None:
    ends = policy.ends_on
    if policy.mode == GateMode.OBSERVE and ends is not None and ends < ground.today:
        raise ObservationOver(
            f"Gate v{policy.version} was to observe until {ends}. Its owner or a planner "
            "can draft it anew."
        )
    if policy.no_notice_reason or not retrofitted(terms_of(policy), ground.setting()):
        return
    told = policy.notice_activates_on
    if told is None:
        raise NoticeRunning(
            f"Gate v{policy.version} is stricter for tiers in use, and nobody was told. "
            "Its owner or a planner can write the notice, or the reason for none."
        )
    if told > ground.today:
        raise NoticeRunning(
            f"The users of {ground.workload.ref} were told that it gets stricter on "
            f"{told}; it is activated from that day on."
        )


def _activate(policy: GatePolicy, ground: Ground, actor: User) -> None:
    """Supersede and activate in one transaction: at no moment do two decide, or none."""
    _require_day_come(policy, ground)
    workload, now = ground.workload, ground.now
    before = active_gate(workload)
    if before is not None:
        before.state, before.ended_at = GateState.SUPERSEDED, now
        before.save(update_fields=["state", "ended_at"])
    _outdate_proposals(workload, now)
    present = numbers.current()
    policy.state, policy.activated_at = GateState.ACTIVE, now
    policy.floor = round(present.gate_floor * 1000)
    policy.notice_at = round(present.gate_notice_at * 1000)
    policy.banner_at = round(present.gate_banner_at * 1000)
    thresholds = ("floor", "notice_at", "banner_at")
    policy.save(update_fields=["state", "activated_at", *thresholds, *AGREEMENTS])
    show_on_plan(workload, actor)
    if policy.mode == GateMode.OBSERVE:
        _limit_what_it_costs(policy, workload, now)
    after = {
        "version": policy.version,
        "mode": str(policy.mode),
        "owner": _username(policy.owner_agreed_by),
        "finance": _username(policy.finance_agreed_by),
    }
    emit(EventKind.GATE_ACTIVATED, {"workload": workload.ref, **after}, now=now)
    audit.record(
        EventKind.GATE_ACTIVATED,
        f"workload/{workload.ref}",
        actor=actor,
        now=now,
        before={"version": before.version if before else None},
        after=after,
    )


def _outdate_proposals(workload: Workload, now: datetime) -> None:
    """They were computed beside a version that decides no more."""
    CeilingProposal.objects.filter(workload=workload, state=ProposalState.OPEN).update(
        state=ProposalState.OUTDATED, decided_at=now
    )


def _limit_what_it_costs(policy: GatePolicy, workload: Workload, now: datetime) -> None:
    """In the name of whoever agreed as finance: money is limited by finance."""
    if policy.spend_limit is None or policy.finance_agreed_by is None:
        return
    set_limit(
        scope=LimitScope.WORKLOAD,
        target=workload.ref,
        period=LimitPeriod.MONTH,
        amount=policy.spend_limit,
        reason=f"Gate v{policy.version} observes until {policy.ends_on}.",
        actor=policy.finance_agreed_by,
        now=now,
    )


def _username(person: User | None) -> str | None:
    return person.username if person else None
