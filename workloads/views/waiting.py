"""What waits for a person in the plan, as the home page lists it."""

from collections.abc import Iterator
from datetime import date, datetime

from django.urls import reverse

from portal.kernel import clock, formats
from portal.kernel.access import capitalised
from portal.kernel.models import User
from portal.kernel.pages.joints import Waiting
from workloads.enums import Status
from workloads.rules.working_days import plus_working_days
from workloads.selectors.approvals import (
    WaitingSignature,
    overdue_after,
    waiting_signatures,
)
from workloads.selectors.waiting import ready_of, refused_of
from workloads.views.queue import address_of, what_is_signed


def waiting_for(user: User, now: datetime) -> Iterator[Waiting]:
    """Signatures, refusals to answer, and workloads that are ready to move."""
    patience, _ = overdue_after()
    yours = [item for item in waiting_signatures(user, now) if item.yours]
    for place, item in enumerate(yours):
        yield _signature(item, patience, primary=place == 0)
    yield from _refused(user)
    yield from _ready(user, clock.today(now))


def _signature(item: WaitingSignature, patience: int, *, primary: bool) -> Waiting:
    version, ref = item.estimate.version, item.workload.ref
    if item.renews is not None:
        return Waiting(
            title=f"Renew your {item.role} signature on v{version}",
            detail="Nothing changed on it; it lapses on the day at the left.",
            link=address_of(item),
            button="Renew",
            due_on=item.due_on,
            ref=ref,
            ref_link=_address(ref),
        )
    stands_in = f" For {item.for_principal.display_name}." if item.for_principal else ""
    days = item.waited_working_days
    signed = capitalised(what_is_signed(item.estimate, item.role))
    return Waiting(
        title=f"Sign {item.role.budget}, estimate v{version}",
        detail=(
            f"{item.workload.name}. {signed} "
            f"Waited {days} working day{'s' if days != 1 else ''}.{stands_in}"
        ),
        link=address_of(item),
        button="Weigh and sign",
        due_on=plus_working_days(clock.today(item.since), patience),
        ref=ref,
        ref_link=_address(ref),
        primary=primary,
    )


def _refused(user: User) -> Iterator[Waiting]:
    for row in refused_of(user):
        refused, draft = row.submitted_estimate, row.draft_estimate
        if refused is None or draft is None:
            continue
        yield Waiting(
            title=f"Answer the refusal of v{refused.version}",
            detail=f"{row.name}. Draft v{draft.version} is open with its numbers.",
            link=reverse("workloads:estimate", args=[row.ref, draft.version]),
            button=f"Open v{draft.version}",
            ref=row.ref,
            ref_link=_address(row.ref),
        )


def _ready(user: User, today: date) -> Iterator[Waiting]:
    """The third signature moves nothing by itself: its owner presses."""
    for row in ready_of(user, today):
        signed = row.submitted_estimate
        if signed is None or signed.signed_at is None:
            continue
        day = formats.day(clock.today(signed.signed_at))
        yield Waiting(
            title="Move it to planned",
            detail=f"{row.name}. v{signed.version} carries three signatures since {day}.",
            link=reverse("workloads:step", args=[row.ref, str(Status.PLANNED)]),
            button="See the step",
            ref=row.ref,
            ref_link=_address(row.ref),
        )


def _address(ref: str) -> str:
    return reverse("workloads:workload", args=[ref])
