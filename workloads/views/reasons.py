"""Why a control is dashed: one sentence that names who can, or nothing."""

from typing import Any

from portal.kernel import access
from portal.kernel.selectors import audit
from workloads.enums import Status
from workloads.models import Workload


def why_not(user: Any, action: str, workload: Workload | None = None) -> str:
    """Nothing for whoever may; else who can."""
    if workload is not None and workload.status == Status.RETIRED:
        return f"{workload.ref} is retired."
    if access.allows(user, action, workload):
        return ""
    return f"{access.capitalised(access.who_can(action, workload))} can."


def door(verb: str, why: str) -> str:
    """ "Go live: its owner Sarah can.": a reason after the button that it shuts."""
    if not why:
        return ""
    # The first word is capital as the first of a sentence; a reference stays one.
    first = why.partition(" ")[0]
    return f"{verb}: {why[:1].lower() if first.isalpha() else why[:1]}{why[1:]}"


def last_change_of(workload: Workload) -> str:
    """ "Marcus Webb at 09:40 UTC" of the newest entry: who was faster."""
    entry = audit.entries(object_=workload.ref).select_related("actor").first()
    if entry is None:
        return "Somebody"
    who = entry.actor.display_name if entry.actor else "The system"
    return f"{who} at {entry.at:%H:%M} UTC"
