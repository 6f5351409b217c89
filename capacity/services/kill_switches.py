"""Kill switches: thrown, and lifted with a reason. They hold from the next decision on.

The database's own triggers move the gates' epoch with the commit, whoever threw it.
"""

from datetime import datetime

from django.db import transaction

from capacity.enums import SwitchScope
from capacity.models import KillSwitch
from capacity.selectors.gate_problems import SwitchLifted, UnknownTarget
from capacity.selectors.gate_targets import Target, target_of
from capacity.selectors.kill_switches import get_switch, tag_of
from capacity.services.entries import Entry, given, require
from capacity.services.locks import lock_switches
from portal.kernel import access
from portal.kernel.api.etags import require_match
from portal.kernel.enums import EventKind
from portal.kernel.errors import FieldError
from portal.kernel.models import User
from portal.kernel.services import audit
from portal.kernel.services.webhooks import emit

LONGEST_REASON = 2_000


def require_thrower(actor: User, scope: object, target: object) -> Target | None:
    """The target, once this person may stop it (403); None where there is no such."""
    found = target_of(scope, target)
    access.require(actor, "kill_switch.throw", found)
    return found


@transaction.atomic
def throw_switch(
    *,
    scope: SwitchScope,
    target: str | None,
    reason: str,
    actor: User,
    now: datetime,
) -> Entry[KillSwitch]:
    """Hold every call of a workload, an agent, a department's workloads, or all.

    A switch that stands already is the answer. Raises NotAllowed, UnknownTarget or
    Invalid.
    """
    found = require_thrower(actor, scope, target)
    require(_reason(reason, "A kill switch is thrown with a reason: others read it."))
    if found is None:
        raise UnknownTarget.of(scope, target)
    lock_switches()
    standing = KillSwitch.objects.filter(
        scope=found.scope, target=found.target, lifted_at__isnull=True
    ).first()
    if standing is not None:
        return Entry(standing, is_new=False)
    switch = KillSwitch.objects.create(
        scope=found.scope,
        target=found.target,
        reason=reason.strip(),
        thrown_by=actor,
        thrown_at=now,
    )
    _tell(switch, found, actor=actor, reason=switch.reason, now=now)
    return Entry(switch, is_new=True)


@transaction.atomic
def lift_switch(
    *,
    id: int,
    reason: str,
    actor: User,
    now: datetime,
    if_match: str | None = None,
) -> KillSwitch:
    """Let calls through again. `if_match` is the switch's tag as it was seen.

    Raises NotFound, NotAllowed, Stale, Invalid, or SwitchLifted where another was quicker.
    """
    access.require(actor, "kill_switch.lift")
    lock_switches()
    switch = get_switch(id)
    if if_match is not None:
        require_match(if_match, tag_of(switch))
    require(_reason(reason, "A kill switch is lifted with a reason."))
    if switch.lifted_at is not None:
        raise SwitchLifted(f"Kill switch {switch.pk} is lifted already.")
    switch.lifted_by, switch.lifted_at = actor, now
    switch.lift_reason = reason.strip()
    switch.save(update_fields=["lifted_by", "lifted_at", "lift_reason"])
    # What it stopped may be gone from the plan; its name is enough.
    found = target_of(switch.scope, switch.target) or Target(
        switch.scope, switch.target
    )
    _tell(switch, found, actor=actor, reason=switch.lift_reason, now=now)
    return switch


def _reason(text: str, why: str) -> FieldError | None:
    return given("reason", text, most=LONGEST_REASON, why=why)


def _tell(
    switch: KillSwitch, target: Target, *, actor: User, reason: str, now: datetime
) -> None:
    lifted = switch.lifted_at is not None
    named = {"id": switch.pk, "scope": switch.scope, "target": switch.target or None}
    state = "off" if lifted else "on"
    told = {**named, "state": state, "actor": actor.username, "reason": reason}
    emit(EventKind.KILL_SWITCH_CHANGED, told, now=now)
    audit.record(
        EventKind.KILL_SWITCH_CHANGED,
        target.trail,
        actor=actor,
        now=now,
        before={"state": "on" if lifted else "off"},
        after={"state": state, **named},
        reason=reason,
    )
