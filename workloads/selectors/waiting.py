"""Which signatures wait, asked of the database: counts and lists stay fast at any size."""

from datetime import date

from django.db.models import (
    DateField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Value,
)

from portal.kernel.models import User
from workloads.enums import EstimateState, SignRole, Status, Verdict
from workloads.models import Estimate, Signoff, Workload

_STANDING = Signoff.objects.filter(estimate=OuterRef("pk"), end__isnull=True)


def _days_after(day: date, days: str) -> ExpressionWrapper:
    """`day` + a column of whole days: in PostgreSQL a date plus an integer is a date."""
    return ExpressionWrapper(
        Value(day, output_field=DateField()) + F(days), output_field=DateField()
    )


def open_estimates() -> QuerySet[Estimate]:
    """Submitted versions of workloads that are not retired: what can be signed."""
    return Estimate.objects.filter(state=EstimateState.SUBMITTED).exclude(
        workload__status=Status.RETIRED
    )


def lacking(role: SignRole, today: date) -> QuerySet[Estimate]:
    """Versions without a signature of this role that still holds."""
    holds = _STANDING.filter(role=role, verdict=Verdict.APPROVE, lapses_on__gte=today)
    return open_estimates().filter(~Exists(holds))


def lacking_any(today: date) -> QuerySet[Estimate]:
    """Versions that wait for at least one of the three signatures."""
    missing = Q()
    for role in SignRole:
        holds = _STANDING.filter(
            role=role, verdict=Verdict.APPROVE, lapses_on__gte=today
        )
        missing |= Q(~Exists(holds))
    return open_estimates().filter(missing)


def signable(role: SignRole, people: list[User], today: date) -> QuerySet[Estimate]:
    """Versions that these people may sign for `role`: separation of duties for each.

    `people` is who presses and, for a deputy, the signer who is stood in for.
    """
    ids = [person.pk for person in people]
    signed_another = _STANDING.exclude(role=role).filter(
        Q(signer__in=ids) | Q(on_behalf_of__in=ids)
    )
    wrote = Estimate.contributors.through.objects.filter(
        estimate=OuterRef("pk"), user__in=ids
    )
    return (
        lacking(role, today)
        .exclude(workload__owner__in=ids)
        .filter(~Exists(signed_another), ~Exists(wrote))
    )


def renewable(user: User, today: date) -> QuerySet[Estimate]:
    """Versions on which this person's signature lapses within the reminder's days."""
    lapsing = _STANDING.filter(
        signer=user,
        verdict=Verdict.APPROVE,
        lapses_on__gte=today,
        lapses_on__lte=_days_after(today, "estimate__signature_reminder_days"),
    )
    return open_estimates().filter(Exists(lapsing))


def refused_of(owner: User) -> QuerySet[Workload]:
    """A person's workloads whose refusal is to be answered in the open draft."""
    return (
        Workload.objects.filter(
            owner=owner,
            submitted_estimate__state=EstimateState.REFUSED,
            draft_estimate__isnull=False,
        )
        .exclude(status=Status.RETIRED)
        .select_related("submitted_estimate", "draft_estimate")
        .order_by("number")
    )


def ready_of(owner: User, today: date) -> QuerySet[Workload]:
    """A person's candidates whose newest version carries three valid signatures."""
    return (
        Workload.objects.filter(
            owner=owner,
            status=Status.CANDIDATE,
            submitted_estimate__state=EstimateState.SUBMITTED,
            submitted_estimate__signed_at__isnull=False,
        )
        .exclude(submitted_estimate__in=lacking_any(today))
        .select_related("submitted_estimate")
        .order_by("number")
    )
