"""Which signatures wait, asked of the database: counts and lists stay fast at any size."""

from collections.abc import Collection
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
from workloads.models import Estimate, Signoff

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


def separated(role: SignRole, people: list[int]) -> Q:
    """Versions on which none of these people is barred from signing for `role`.

    `people` is who presses and, for a deputy, the signer who is stood in for.
    """
    signed_another = _STANDING.exclude(role=role).filter(
        Q(signer__in=people) | Q(on_behalf_of__in=people)
    )
    wrote = Estimate.contributors.through.objects.filter(
        estimate=OuterRef("pk"), user__in=people
    )
    return (
        ~Q(workload__owner__in=people) & ~Q(Exists(signed_another)) & ~Q(Exists(wrote))
    )


def signable(role: SignRole, people: list[User], today: date) -> QuerySet[Estimate]:
    """Versions that these people may sign for `role`: separation of duties for each."""
    return lacking(role, today).filter(separated(role, [one.pk for one in people]))


def lapsing(user_id: int, today: date) -> QuerySet[Signoff]:
    """This person's signatures on a version that lapse within the reminder's days."""
    return _STANDING.filter(
        signer=user_id,
        verdict=Verdict.APPROVE,
        lapses_on__gte=today,
        lapses_on__lte=_days_after(today, "estimate__signature_reminder_days"),
    )


def renewable(
    user: User, roles: Collection[SignRole], today: date
) -> QuerySet[Estimate]:
    """Versions on which this person's signature for one of `roles` is to be renewed."""
    own = lapsing(user.pk, today).filter(role__in=list(roles))
    return open_estimates().filter(Exists(own))


def ready(today: date) -> Q:
    """Candidates whose newest version carries three valid signatures."""
    return Q(
        status=Status.CANDIDATE,
        submitted_estimate__state=EstimateState.SUBMITTED,
        submitted_estimate__signed_at__isnull=False,
    ) & ~Q(submitted_estimate__in=lacking_any(today))
