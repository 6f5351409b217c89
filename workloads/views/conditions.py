"""Requirements as the pages list them: who can mend each, since when it waits, the link
and the button that asks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from portal.kernel import access, clock
from portal.kernel.models import User
from workloads.enums import EstimateState, SignRole
from workloads.models import Workload
from workloads.rules.requirements import Requirement
from workloads.selectors.people import (
    barred_from_signing,
    menders,
    people_with_a_say,
    who_can_mend,
)

SIGNATURES = frozenset(f"signoff_{role}" for role in SignRole)
LINK_LABELS = {
    "signoff_engineering": "See what is signed",
    "signoff_finance": "See what is signed",
    "signoff_ops": "See what is signed",
    "owner_named": "Name the owner",
    "ship_quarter_set": "Set the quarter",
    "success_criteria": "Write a criterion",
    "signoff_fresh": "Open the estimate",
    "production_ready": "Record the proofs",
    "reason_given": "Give the reason",
}
# The same page for who cannot change it; a page that only takes changes is shut.
READ_LABELS = {
    "success_criteria": "See the criteria",
    "production_ready": "See the proofs",
}
SHUT = frozenset({"owner_named", "ship_quarter_set"})


@dataclass(frozen=True)
class Reader:
    """Who looks, and the people whom the access table may allow: read once a page."""

    user: User
    people: Sequence[User]
    barred: frozenset[int]
    now: datetime


def reader_of(user: User, workload: Workload, now: datetime) -> Reader:
    return Reader(user, people_with_a_say(), barred_from_signing(workload), now)


def shown_requirements(
    requirements: Iterable[Requirement], workload: Workload, reader: Reader
) -> list[dict[str, Any]]:
    """As components/_requirements.html lists them."""
    return [_shown(one, workload, reader) for one in requirements]


def _shown(
    requirement: Requirement, workload: Workload, reader: Reader
) -> dict[str, Any]:
    row = {
        "code": requirement.code,
        "to": str(requirement.to),
        "met": requirement.met,
        "message": requirement.message,
        "link": requirement.link,
        "why": requirement.evidence,
    }
    if requirement.met:
        return row
    if requirement.code in SIGNATURES and not _takes_signatures(workload):
        return {
            **row,
            "why": "It can be signed once a complete version is submitted.",
            "link_label": _estimate_label(workload),
            "shut": _is_estimate_shut(workload, reader),
        }
    able = menders(requirement, workload, reader.people, reader.barred)
    mine = reader.user in able
    words = who_can_mend(requirement, workload, reader.people, reader.barred)
    return {
        **row,
        "why": " ".join(filter(None, [words, _waiting(requirement, reader.now)])),
        "link_label": _link_label(requirement, workload, mine=mine),
        "shut": not mine
        and (
            requirement.code in SHUT
            or (
                requirement.code == "estimate_complete"
                and _is_estimate_shut(workload, reader)
            )
        ),
        "ask": _ask(requirement, workload, reader, able),
    }


def _takes_signatures(workload: Workload) -> bool:
    estimate = workload.submitted_estimate
    return estimate is not None and estimate.state == EstimateState.SUBMITTED


def _waiting(requirement: Requirement, now: datetime) -> str:
    if requirement.since is None:
        return ""
    days = (clock.today(now) - clock.today(requirement.since)).days
    if not days:
        return "Since today."
    return f"Waiting {days} day{'s' if days != 1 else ''}."


def _estimate_label(workload: Workload) -> str:
    """Where a signature or a version is missing, the way is the draft, or the first."""
    draft = workload.draft_estimate
    return f"Open v{draft.version}" if draft else f"Estimate {workload.ref}"


def _is_estimate_shut(workload: Workload, reader: Reader) -> bool:
    """A draft can be read by everyone; a first one is opened by who may write it."""
    return workload.draft_estimate is None and not access.allows(
        reader.user, "estimate.write", workload
    )


def _link_label(requirement: Requirement, workload: Workload, *, mine: bool) -> str:
    if requirement.code == "estimate_complete":
        return _estimate_label(workload)
    if mine and requirement.code in SIGNATURES:
        return "Weigh and sign"
    if not mine and requirement.code in READ_LABELS:
        return READ_LABELS[requirement.code]
    return LINK_LABELS.get(requirement.code, "Mend it")


def _ask(
    requirement: Requirement, workload: Workload, reader: Reader, able: list[User]
) -> dict[str, str] | None:
    """Nothing where nobody else could be asked; dashed for who may not ask."""
    others = [user for user in able if user.pk != reader.user.pk]
    if not others:
        return None
    may = access.allows(reader.user, "requirement.ask", workload)
    return {
        "action": reverse("workloads:ask", args=[workload.ref, requirement.code]),
        "who": others[0].display_name if len(others) == 1 else f"{len(others)} people",
        "why": "" if may else "You cannot ask.",
    }
