"""The workloads in which a person has something to do, in one query."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    Case,
    Count,
    Exists,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, JSONObject, NullIf

from portal.kernel import access, clock
from portal.kernel.models import User
from workloads.enums import (
    EstimateState,
    ReadinessCheck,
    SignoffEndKind,
    SignRole,
    Status,
    Verdict,
)
from workloads.models import (
    ReadinessItem,
    Reminder,
    Signoff,
    SuccessCriterion,
    Workload,
)
from workloads.rules.duties import CODES, Ask, Duty, Standing, duties_of
from workloads.rules.estimates import missing_inputs
from workloads.selectors.estimates import inputs_of
from workloads.selectors.waiting import ready

# An ask that nobody answered in a month is no news any more.
ASKS_LAST = timedelta(days=30)

# What others may be asked to do, and the right that it takes besides owning the row.
_DONE_BY = {
    Duty.ESTIMATE: "estimate.write",
    Duty.OWNER: "workload.edit",
    Duty.QUARTER: "workload.edit",
    Duty.CRITERIA: "criteria.edit",
    Duty.READINESS: "readiness.edit",
}


@dataclass(frozen=True)
class ToDo:
    """One duty in one workload. `workload` comes with its newest two estimates."""

    workload: Workload
    duty: Duty
    ask: Ask | None
    missing: tuple[str, ...]
    lapsed: tuple[SignRole, ...]
    proofs: int


def duties_for(user: User, now: datetime, most: int) -> list[ToDo]:
    """What this person alone can mend or was asked to, of at most `most` workloads."""
    if not access.has_a_say(user):
        return []
    found = _rows(user, now).order_by("number")[:most]
    return [todo for row in found for todo in _todos(row, user)]


def _todos(row: Workload, user: User) -> Iterator[ToDo]:
    draft, submitted = row.draft_estimate, row.submitted_estimate
    missing = missing_inputs(inputs_of(draft)) if draft else ()
    refused = submitted is not None and submitted.state == EstimateState.REFUSED
    lapsed = tuple(SignRole(role) for role in SignRole if role in row.lapsed_roles)  # type: ignore[attr-defined]
    proofs: int = row.proofs  # type: ignore[attr-defined]
    standing = Standing(
        status=Status(row.status),
        has_estimate=submitted is not None and not refused,
        refused=refused,
        has_draft=draft is not None,
        draft_is_complete=not missing,
        ready=row.is_ready,  # type: ignore[attr-defined]
        lapsed=lapsed,
        has_owner=row.owner_id is not None,
        has_quarter=bool(row.ship_quarter),
        has_criteria=row.has_criteria,  # type: ignore[attr-defined]
        proofs=proofs,
        is_own=row.owner_id == user.pk,
        asks={ask["code"]: Ask(**ask) for ask in row.asks},  # type: ignore[attr-defined]
    )
    for duty, ask in duties_of(standing):
        yield ToDo(row, duty, ask, missing, lapsed, proofs)


def _rows(user: User, now: datetime) -> QuerySet[Workload]:
    """Rows with something open; the rules then say what, and to whom."""
    today = clock.today(now)
    asked = Reminder.objects.filter(
        asked=user, asked_by__isnull=False, at__gte=now - ASKS_LAST
    )
    asks = asked.filter(workload=OuterRef("pk")).order_by("at")
    by = Coalesce(NullIf("asked_by__name", Value("")), "asked_by__username")
    lapsed = _lapsed(now)
    is_ready = ready(today)
    criteria = SuccessCriterion.objects.filter(workload=OuterRef("pk"))
    proofs = (
        ReadinessItem.objects.filter(workload=OuterRef("pk"))
        .order_by()
        .values("workload")
        .annotate(proofs=Count("pk"))
        .values("proofs")
    )
    open_duties = _open_duties(criteria)
    unsettled = (
        open_duties[Duty.ESTIMATE]
        | Q(Exists(lapsed))
        | is_ready
        | Q(status=Status.PLANNED)
        & (open_duties[Duty.QUARTER] | open_duties[Duty.CRITERIA])
        | Q(status=Status.COMMITTED) & open_duties[Duty.READINESS]
    )
    # An ask that was answered, or that the person cannot follow any more, takes no place
    # from what is still theirs to do.
    unanswered = (
        is_open
        & Q(pk__in=asked.filter(code=CODES[duty]).values("workload"))
        & (Q() if access.allows(user, _DONE_BY[duty]) else Q(owner=user))
        for duty, is_open in open_duties.items()
    )
    return (
        Workload.objects.exclude(status=Status.RETIRED)
        .annotate(proofs=Coalesce(Subquery(proofs), 0))
        .filter(reduce(or_, unanswered, Q(owner=user) & unsettled))
        .annotate(
            is_ready=Case(
                When(is_ready, then=Value(value=True)), default=Value(value=False)
            ),
            has_criteria=Exists(criteria),
            lapsed_roles=ArraySubquery(lapsed.values("role")),
            asks=ArraySubquery(asks.values(ask=JSONObject(code="code", by=by))),
        )
        .select_related("submitted_estimate", "draft_estimate")
    )


def _open_duties(criteria: QuerySet[SuccessCriterion]) -> dict[Duty, Q]:
    """What is missing, one duty for each requirement that can be asked for."""
    return {
        Duty.ESTIMATE: (
            Q(draft_estimate__isnull=False)
            | Q(submitted_estimate__isnull=True)
            | Q(submitted_estimate__state=EstimateState.REFUSED)
        ),
        Duty.OWNER: Q(owner__isnull=True),
        Duty.QUARTER: Q(ship_quarter=""),
        Duty.CRITERIA: ~Q(Exists(criteria)),
        Duty.READINESS: Q(proofs__lt=len(ReadinessCheck)) & ~Q(status=Status.LIVE),
    }


def _lapsed(now: datetime) -> QuerySet[Signoff]:
    """Signatures on the newest submitted version whose day is over, and not renewed."""
    today = clock.today(now)
    holds = Signoff.objects.filter(
        estimate=OuterRef("estimate"),
        role=OuterRef("role"),
        verdict=Verdict.APPROVE,
        lapses_on__gte=today,
        end__isnull=True,
    )
    return Signoff.objects.filter(
        Q(end__kind=SignoffEndKind.LAPSED) | Q(end__isnull=True, lapses_on__lt=today),
        ~Exists(holds),
        estimate=OuterRef("submitted_estimate"),
        estimate__state=EstimateState.SUBMITTED,
    ).order_by("role")
