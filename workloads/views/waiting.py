"""What waits for a person in the plan, as the home page lists it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse

from portal.kernel import clock
from portal.kernel.access import capitalised
from portal.kernel.models import User
from portal.kernel.pages.joints import Waiting
from workloads.enums import SignRole
from workloads.rules.shown import ref_of
from workloads.rules.wait_filter import Wait, WaitFilter, Whose
from workloads.rules.working_days import plus_working_days, working_days_between
from workloads.selectors.approvals import overdue_after, viewer_of
from workloads.selectors.duties import duties_for
from workloads.selectors.waiting_rows import ToldRow, told_rows
from workloads.views.duties import told_duty
from workloads.views.queue import approval_address, signed_words

# Home names what is most pressing; the inbox and the plan have the rest.
MOST_SIGNATURES = 20
MOST_WORKLOADS = 30


def waiting_for(user: User, now: datetime) -> Iterator[Waiting]:
    """Signatures to give, then what only this person can mend; the first is marked."""
    items = [*_signatures(user, now), *_duties(user, now)]
    for place, item in enumerate(items):
        yield replace(item, primary=place == 0)


def _signatures(user: User, now: datetime) -> Iterator[Waiting]:
    patience, _ = overdue_after()
    asked = WaitFilter(only=Whose.YOURS)
    rows = list(told_rows(viewer_of(user, now), asked, MOST_SIGNATURES + 1))
    for row in rows[:MOST_SIGNATURES]:
        if row.wait == Wait.RENEW:
            yield _renewal(row)
        else:
            yield _signature(row, patience, now)
    if len(rows) > MOST_SIGNATURES:
        yield Waiting(
            title="More wait for your signature",
            detail="The inbox has all of them, the longest wait first.",
            link=f"{reverse('workloads:approvals')}?only={Whose.YOURS}",
            button="Open the inbox",
            more=True,
        )


def _renewal(row: ToldRow) -> Waiting:
    ref, role = ref_of(row.number), SignRole(row.role)
    return Waiting(
        title=f"Renew your {role} signature on v{row.version}",
        detail="Nothing changed on it; it lapses on the day at the left.",
        link=approval_address(ref, row.version, role),
        button="Renew",
        due_on=row.due_on,
        ref=ref,
        ref_link=_address(ref),
    )


def _signature(row: ToldRow, patience: int, now: datetime) -> Waiting:
    ref, role, since = ref_of(row.number), SignRole(row.role), clock.today(row.since)
    days = working_days_between(since, clock.today(now))
    words = signed_words(role, row.figure, row.tokens_per_user_month)
    stands_in = f" For {row.for_principal}." if row.for_principal else ""
    asks = f" {row.asked_by} asks for it." if row.asked_by else ""
    return Waiting(
        title=f"Sign {role.budget}, estimate v{row.version}",
        detail=(
            f"{row.name}. {capitalised(words)} "
            f"Waited {days} working day{'s' if days != 1 else ''}.{stands_in}{asks}"
        ),
        link=approval_address(ref, row.version, role),
        button="Weigh and sign",
        due_on=plus_working_days(since, patience),
        ref=ref,
        ref_link=_address(ref),
    )


def _duties(user: User, now: datetime) -> Iterator[Waiting]:
    todos = duties_for(user, now, MOST_WORKLOADS + 1)
    shown = list(dict.fromkeys(todo.workload.pk for todo in todos))[:MOST_WORKLOADS]
    for todo in todos:
        if todo.workload.pk in shown:
            yield told_duty(todo)
    if len({todo.workload.pk for todo in todos}) > MOST_WORKLOADS:
        own = urlencode({"owner": user.username})
        yield Waiting(
            title="More of your workloads wait for you",
            detail="The plan lists all that you own.",
            link=f"{reverse('workloads:plan-table')}?{own}",
            button="Open the plan",
            more=True,
        )


def _address(ref: str) -> str:
    return reverse("workloads:workload", args=[ref])
