"""The three signatures of a version as pages list them: name, time, lapse."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.urls import reverse

from portal.kernel import formats
from portal.kernel.models import User
from workloads.enums import EstimateState, SignRole, Status, Verdict
from workloads.models import Estimate, Signoff, Workload
from workloads.rules.requirements import Requirement
from workloads.rules.signing import status_rests_on
from workloads.selectors.people import menders
from workloads.selectors.signoffs import ended, marks_of, renewable_from

ACTED = {Verdict.APPROVE: "signed", Verdict.REFUSE: "refused"}


def who_can_sign(
    role: SignRole,
    workload: Workload,
    people: Sequence[User],
    barred: frozenset[int],
) -> str:
    """Names of those who hold the role and are barred by nothing; else the role."""
    able = _signers(role, workload, people, barred)
    if not able:
        return f"somebody else with the role {role}"
    return formats.listed([user.display_name for user in able[:3]], "or")


def _signers(
    role: SignRole,
    workload: Workload,
    people: Sequence[User],
    barred: frozenset[int],
) -> list[User]:
    asked = Requirement(
        code=f"signoff_{role}",
        met=False,
        message="",
        link="",
        to=Status.PLANNED,
        mended_by=(f"signoff.{role}",),
    )
    return menders(asked, workload, people, barred)


def _open(
    role: SignRole,
    estimate: Estimate,
    workload: Workload,
    user: User,
    people: Sequence[User],
    barred: frozenset[int],
) -> dict[str, str]:
    """Whom a missing signature waits for, and the way to it for whoever may give it."""
    waits_for = {"waits_for": who_can_sign(role, workload, people, barred)}
    if user not in _signers(role, workload, people, barred):
        return waits_for
    place = [workload.ref, estimate.version, str(role)]
    return {**waits_for, "sign": reverse("workloads:approval", args=place)}


def shown_signatures(
    estimate: Estimate,
    workload: Workload,
    *,
    user: User,
    people: Sequence[User],
    barred: frozenset[int],
    today: date,
) -> list[dict[str, Any]]:
    """One row a role, in the order E F O."""
    marks = marks_of(estimate, today)
    newest = {row.role: row for row in estimate.signoffs.all() if _speaks(row)}
    return [
        {
            "role": str(role),
            "budget": role.budget,
            "state": marks[role],
            **_signed(newest.get(role), estimate, workload, user, today),
            **(
                _open(role, estimate, workload, user, people, barred)
                if marks[role] in ("waiting", "lapsed")
                else {}
            ),
        }
        for role in SignRole
    ]


def _speaks(row: Signoff) -> bool:
    """A withdrawn or renewed signature is history; a lapsed one still stands there."""
    return not ended(row) or row.end.kind == "lapsed"


def _signed(
    row: Signoff | None,
    estimate: Estimate,
    workload: Workload,
    user: User,
    today: date,
) -> dict[str, Any]:
    if row is None:
        return {"by": ""}
    own = row.signer_id == user.pk and row.verdict == Verdict.APPROVE
    standing = not ended(row) and estimate.state == EstimateState.SUBMITTED
    return {
        "by": row.signer.display_name,
        "acted": ACTED[Verdict(row.verdict)],
        "for": row.on_behalf_of.display_name if row.on_behalf_of else "",
        "attested": row.attested,
        "at": row.at,
        "reason": row.reason,
        **_lapse(row, estimate, today),
        **(_withdrawal(row, estimate, workload) if own and standing else {}),
    }


def _lapse(row: Signoff, estimate: Estimate, today: date) -> dict[str, str]:
    if row.lapses_on is None:
        return {}
    if row.lapses_on < today:
        return {"lapse": f"lapsed on {formats.day(row.lapses_on)}", "tone": "wait"}
    soon = renewable_from(row, estimate)
    if soon is not None and soon <= today:
        return {
            "lapse": f"lapses {formats.due(row.lapses_on, today).lower()}",
            "tone": "wait",
        }
    return {"lapse": f"until {formats.day(row.lapses_on)}", "tone": "quiet"}


def _withdrawal(row: Signoff, estimate: Estimate, workload: Workload) -> dict[str, str]:
    signed = estimate.signed_at is not None
    retired = workload.status == Status.RETIRED
    in_use = status_rests_on(Status(workload.status), signed=signed)
    return {
        "withdraw": reverse(
            "workloads:withdraw", args=[workload.ref, estimate.version, row.role]
        ),
        "withdraw_why": (
            f"{workload.ref} is retired."
            if retired
            else f"{workload.ref} is {workload.status} on it."
            if in_use
            else ""
        ),
    }
