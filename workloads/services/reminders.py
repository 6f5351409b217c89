"""Reminders: a person asks for what is missing; the system for what waits too long."""

from collections.abc import Iterable
from datetime import date, datetime

from django.conf import settings
from django.db import transaction

from portal.kernel import access, clock
from portal.kernel.enums import Role
from portal.kernel.errors import Conflict, NotFound
from portal.kernel.models import User
from portal.kernel.services import audit, outbox
from workloads.enums import EstimateState, SignRole, Status
from workloads.models import Reminder, Workload
from workloads.rules.requirements import Requirement
from workloads.rules.shown import ref_of
from workloads.rules.working_days import working_days_between
from workloads.selectors.approvals import overdue_after
from workloads.selectors.people import barred_from_signing, menders, people_with_a_say
from workloads.selectors.plan import rows_with_requirements
from workloads.selectors.requirements import road_for
from workloads.selectors.signoffs import (
    active_deputies,
    renewable_from,
    snapshot,
    standing_rows,
    waiting_since,
)
from workloads.services.errors import AlreadyAsked


class NothingToAsk(Conflict):
    code = "nothing_to_ask"
    title = "Nobody needs to be asked"


@transaction.atomic
def ask_for_requirement(
    *, number: int, code: str, actor: User, now: datetime
) -> Reminder:
    """Remind whoever can mend a requirement, by mail; once a day a person and code.

    Raises NotFound, NotAllowed, NothingToAsk (met, or nobody can mend it) or
    AlreadyAsked.
    """
    workload = rows_with_requirements().filter(number=number).first()
    if workload is None:
        raise NotFound(f"There is no workload {ref_of(number)}.")
    access.require(actor, "requirement.ask", workload)
    requirement = _find(workload, code, now)
    if requirement.met:
        raise NothingToAsk(f"{requirement.message} Nobody needs to be asked.")
    people = [user for user in menders(requirement, workload) if user.pk != actor.pk]
    if not people:
        raise NothingToAsk("Nobody else can mend it, so nobody was asked.")
    key = f"ask:{number}:{code}:{actor.pk}:{clock.today(now)}"
    reminder = _remind(
        workload,
        code,
        key,
        people,
        asked_by=actor,
        subject=f"{actor.display_name} asks: {requirement.message}",
        link=requirement.link,
        now=now,
    )
    if reminder is None:
        raise AlreadyAsked("You asked today. They got your mail; ask again tomorrow.")
    audit.record(
        "requirement.asked",
        f"workload/{workload.ref}",
        actor=actor,
        now=now,
        after={"code": code, "asked": [user.username for user in people]},
    )
    return reminder


def _find(workload: Workload, code: str, now: datetime) -> Requirement:
    found = next(
        (
            item
            for item in road_for(workload, to=Status.LIVE, now=now)
            if item.code == code
        ),
        None,
    )
    if found is None:
        raise NotFound(f'No requirement is called "{code}".')
    return found


def remind_of_waiting(*, now: datetime) -> int:
    """The system's reminders of signatures that wait or lapse; returns how many.

    Over five working days the signers, over ten their deputies and the committee; before
    a lapse its signer. Each falls once. The days are numbers of the model.
    """
    people = people_with_a_say()
    rows = rows_with_requirements().filter(
        submitted_estimate__state=EstimateState.SUBMITTED
    )
    sent = 0
    for workload in rows.exclude(status=Status.RETIRED).order_by("number"):
        with transaction.atomic():
            sent += _remind_of_missing(workload, people, now)
            sent += _remind_of_lapses(workload, now)
    return sent


def _remind_of_missing(workload: Workload, people: list[User], now: datetime) -> int:
    estimate = workload.submitted_estimate
    if estimate is None:
        return 0
    today = clock.today(now)
    given = {
        row.role for row in standing_rows(estimate) if snapshot(row).holds_on(today)
    }
    barred = barred_from_signing(workload)
    sent = 0
    for role in SignRole:
        since = waiting_since(estimate, role)
        if role in given or since is None:
            continue
        waited = working_days_between(clock.today(since), today)
        for stage, asked in _due_stages(role, waited, people, barred, today):
            reminder = _remind(
                workload,
                f"signoff_{role}",
                f"waits:{estimate.pk}:{role}:{clock.today(since)}:{stage}",
                asked,
                asked_by=None,
                subject=(
                    f"The {role} signature on {workload.ref} v{estimate.version} "
                    f"has waited {waited} working days"
                ),
                link=f"/approvals/{workload.ref}/{estimate.version}/{role}/",
                now=now,
            )
            sent += reminder is not None
    return sent


def _due_stages(
    role: SignRole,
    waited: int,
    people: list[User],
    barred: frozenset[int],
    today: date,
) -> list[tuple[str, list[User]]]:
    """Whom to remind after so many working days: the signers, then deputy and committee."""
    first, second = overdue_after()
    stages = []
    if waited > first:
        stages.append(
            (
                "signer",
                [
                    one
                    for one in people
                    if str(role) in one.roles and one.pk not in barred
                ],
            )
        )
    if waited > second:
        deputies = {row.deputy for row in active_deputies(role, today)}
        committee = {one for one in people if Role.COMMITTEE in one.roles}
        stages.append(("deputy", sorted(deputies | committee, key=lambda one: one.pk)))
    return stages


def _remind_of_lapses(workload: Workload, now: datetime) -> int:
    estimate = workload.submitted_estimate
    if estimate is None:
        return 0
    today = clock.today(now)
    sent = 0
    for row in standing_rows(estimate):
        from_day = renewable_from(row, estimate)
        if from_day is None or row.lapses_on is None:
            continue
        if from_day <= today <= row.lapses_on:
            reminder = _remind(
                workload,
                f"signoff_{row.role}",
                f"lapses:{row.pk}",
                [row.signer],
                asked_by=None,
                subject=(
                    f"Your {row.role} signature on {workload.ref} v{estimate.version} "
                    f"lapses on {row.lapses_on:%-d %b %Y}"
                ),
                link=f"/approvals/{workload.ref}/{estimate.version}/{row.role}/",
                now=now,
            )
            sent += reminder is not None
    return sent


def _remind(
    workload: Workload,
    code: str,
    key: str,
    people: Iterable[User],
    *,
    asked_by: User | None,
    subject: str,
    link: str,
    now: datetime,
) -> Reminder | None:
    """One reminder with a mail to each; None when it fell before."""
    reminder, fresh = Reminder.objects.get_or_create(
        key=key,
        defaults={"workload": workload, "code": code, "asked_by": asked_by, "at": now},
    )
    if not fresh:
        return None
    asked = list(people)
    reminder.asked.set(asked)
    for user in asked:
        outbox.post_mail(
            user,
            subject,
            f"{workload.ref} {workload.name}\n{subject.rstrip('.')}.\n\n"
            f"Mend it here: {settings.PORTAL_URL}{link}\n",
            now=now,
            kind="reminder",
        )
    return reminder
