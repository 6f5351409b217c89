"""The approvals inbox: which signatures wait, for whom, and since when."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from operator import add, or_

from django.db.models import Count, Exists, Q, QuerySet, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from portal.kernel import access, clock
from portal.kernel.models import User
from portal.kernel.selectors import numbers
from workloads.enums import EstimateState, SignRole, Status
from workloads.models import Estimate, Signoff, Workload
from workloads.rules.signing import is_renewal, separation_refusal
from workloads.rules.wait_filter import WaitFilter
from workloads.rules.working_days import last_day_overdue, working_days_between
from workloads.selectors import waiting, waiting_rows
from workloads.selectors.plan import rows
from workloads.selectors.signoffs import (
    deputyships,
    prefetch_signoffs,
    principals_by_role,
    signing_case,
    snapshot,
    standing_rows,
    stands_in_for,
    waiting_since,
)
from workloads.selectors.waiting_rows import Viewer, WaitRow


@dataclass(frozen=True)
class WaitingSignature:
    """One role's signature that is missing on a submitted version, or lapses soon.

    `yours` tells whether the person who looks may give it; `barred` says in words why a
    person with the role may not (separation of duties). `due_on` is the day of lapse for
    a renewal; a missing signature has `waited_working_days` instead.
    """

    workload: Workload
    estimate: Estimate
    role: SignRole
    renews: Signoff | None
    since: datetime
    waited_working_days: int
    due_on: date | None
    yours: bool
    for_principal: User | None
    barred: str


MOST_SHOWN = 100
EVERYTHING = WaitFilter()


def viewer_of(user: User, now: datetime) -> Viewer:
    today = clock.today(now)
    patience, _ = overdue_after()
    late = last_day_overdue(today, patience) + timedelta(days=1)
    return Viewer(
        user_id=user.pk,
        signs=frozenset(_own_roles(user)),
        may_stand_in=access.has_a_say(user),
        today=today,
        late_from=clock.midnight(late),
    )


def waiting_signatures(
    user: User,
    now: datetime,
    asked: WaitFilter = EVERYTHING,
    start: int = 0,
    most: int = MOST_SHOWN,
) -> list[WaitingSignature]:
    """A page of what waits for a signature, the person's own first, oldest first."""
    viewer = viewer_of(user, now)
    found = waiting_rows.rows(viewer, asked, start, most)
    by_estimate = {
        workload.submitted_estimate_id: workload
        for workload in rows()
        .filter(submitted_estimate__in={row.estimate_id for row in found})
        .prefetch_related(
            prefetch_signoffs("submitted_estimate__signoffs"),
            "submitted_estimate__contributors",
        )
    }
    principals = principals_by_role(user, viewer.today)
    return [
        item
        for row in found
        if (workload := by_estimate.get(row.estimate_id)) is not None
        and (item := _found(workload, row, user, principals, viewer.today)) is not None
    ]


def _found(
    workload: Workload,
    row: WaitRow,
    user: User,
    principals: dict[SignRole, list[User]],
    today: date,
) -> WaitingSignature | None:
    estimate = workload.submitted_estimate
    if estimate is None:
        return None
    # The row at hand, so that no version asks for its workload.
    estimate.workload = workload
    given = (one for one in standing_rows(estimate) if one.pk == row.renews_id)
    return _item(
        workload,
        estimate,
        SignRole(row.role),
        next(given, None),
        user,
        principals,
        today,
    )


def waiting_on(workload: Workload, user: User, now: datetime) -> list[WaitingSignature]:
    """The same for one workload, however long the queue before it is."""
    estimate = workload.submitted_estimate
    if (
        estimate is None
        or estimate.state != EstimateState.SUBMITTED
        or workload.status == Status.RETIRED
    ):
        return []
    today = clock.today(now)
    return _of(workload, user, principals_by_role(user, today), today)


def count_waiting_for(user: User, now: datetime) -> int:
    """The number on the badge: what this very person can sign or renew now.

    It stands on every page, so it takes one statement, and a second for a deputy.
    """
    today = clock.today(now)
    asked = User.objects.filter(pk=user.pk).values_list(
        Exists(deputyships(user.pk, today)), _sum_of(_yours(user, {}, today))
    )
    is_deputy, own = asked.get()
    if not is_deputy:
        return int(own)
    found = _yours(user, principals_by_role(user, today), today)
    return sum(one.count() for one in found)


def _sum_of(found: Iterable[QuerySet[Estimate]]) -> Combinable:
    counts = [
        Coalesce(
            Subquery(
                one.order_by()
                .values(nothing=Value(1))
                .annotate(versions=Count("pk"))
                .values("versions")
            ),
            0,
        )
        for one in found
    ]
    return reduce(add, counts, Value(0))


def _yours(
    user: User, principals: dict[SignRole, list[User]], today: date
) -> Iterator[QuerySet[Estimate]]:
    """One query a role: versions that this person can sign, then those to renew."""
    own = _own_roles(user)
    for role in SignRole:
        if role in own:
            yield waiting.signable(role, [user], today)
        elif role in principals:
            ids = [
                waiting.signable(role, [user, principal], today).values("pk")
                for principal in principals[role]
            ]
            yield Estimate.objects.filter(
                reduce(or_, (Q(pk__in=found) for found in ids))
            )
    if own or principals:
        yield waiting.renewable(user, [*own, *principals], today)


def _own_roles(user: User) -> list[SignRole]:
    return [role for role in SignRole if access.allows(user, f"signoff.{role}")]


def _of(
    workload: Workload,
    user: User,
    principals: dict[SignRole, list[User]],
    today: date,
) -> list[WaitingSignature]:
    estimate = workload.submitted_estimate
    if estimate is None or estimate.submitted_at is None:
        return []
    # The row at hand, so that no version asks for its workload.
    estimate.workload = workload
    given = {SignRole(row.role): row for row in standing_rows(estimate)}
    items = []
    for role in SignRole:
        row = given.get(role)
        if row is None or not snapshot(row).holds_on(today):
            items.append(_item(workload, estimate, role, None, user, principals, today))
        elif is_renewal(signing_case(estimate, role, user, None, today)):
            items.append(_item(workload, estimate, role, row, user, principals, today))
    return items


def _item(
    workload: Workload,
    estimate: Estimate,
    role: SignRole,
    renews: Signoff | None,
    user: User,
    principals: dict[SignRole, list[User]],
    today: date,
) -> WaitingSignature:
    barred, principal, yours = "", None, False
    for candidate in stands_in_for(user, role, principals):
        refusal = separation_refusal(
            signing_case(estimate, role, user, candidate, today)
        )
        if refusal is None:
            barred, principal, yours = "", candidate, True
            break
        barred = refusal.sentence
    since = waiting_since(estimate, role) or workload.status_since
    return WaitingSignature(
        workload=workload,
        estimate=estimate,
        role=role,
        renews=renews,
        since=since,
        waited_working_days=working_days_between(clock.today(since), today),
        due_on=renews.lapses_on if renews else None,
        yours=yours,
        for_principal=principal,
        barred=barred,
    )


def overdue_after() -> tuple[int, int]:
    """Working days after which the signer, then the deputy and committee, are told."""
    current = numbers.current()
    return current.signer_reminder_working_days, current.deputy_reminder_working_days
