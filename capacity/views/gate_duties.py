"""What of the gates waits for a person, as the home page lists it."""

from collections.abc import Iterator
from datetime import date, datetime

from django.db.models import Count, Q
from django.urls import reverse

from capacity.enums import ProposalState
from capacity.models import Alert, CeilingProposal, GatePolicy
from capacity.selectors.gates import OPEN_STATES, awaiting
from portal.kernel import clock, formats
from portal.kernel.enums import Role
from portal.kernel.models import User
from portal.kernel.pages.joints import Waiting
from workloads.rules.shown import ref_of

MOST_SHOWN = 10


def waiting_for(user: User, now: datetime) -> Iterator[Waiting]:
    """Activations that lack this person, proposals of ceilings, and users who are over."""
    yield from _activations(user)
    yield from _proposals(user)
    yield from _breaches(user, clock.today(now))


def _activations(user: User) -> Iterator[Waiting]:
    mine = Q(
        workload__owner=user,
        owner_agreed_by__isnull=True,
        finance_agreed_by__isnull=False,
    )
    if user.has_role(Role.FINANCE):
        mine |= Q(finance_agreed_by__isnull=True, owner_agreed_by__isnull=False)
    rows = (
        GatePolicy.objects.filter(mine, state__in=[str(one) for one in OPEN_STATES])
        # Whoever agreed in one seat cannot take the other.
        .exclude(owner_agreed_by=user)
        .exclude(finance_agreed_by=user)
        .select_related("workload", "owner_agreed_by", "finance_agreed_by")
        .order_by("workload__number")[:MOST_SHOWN]
    )
    for gate in rows:
        seat = "finance" if awaiting(gate) == "finance" else "its owner"
        first = gate.owner_agreed_by or gate.finance_agreed_by
        ref = ref_of(gate.workload.number)
        yield Waiting(
            title=f"Activate gate v{gate.version} as {seat}",
            detail=(
                f"{gate.workload.name}. {first.display_name if first else 'Somebody'} "
                "agreed already; yours is the second of two."
            ),
            link=reverse("gates:version", args=[ref, gate.version]),
            button="Open gate",
            due_on=gate.notice_activates_on,
            ref=ref,
            ref_link=reverse("workloads:workload", args=[ref]),
        )


def _proposals(user: User) -> Iterator[Waiting]:
    rows = (
        CeilingProposal.objects.filter(state=ProposalState.OPEN, workload__owner=user)
        .select_related("workload")
        .order_by("id")[:MOST_SHOWN]
    )
    for one in rows:
        ref = ref_of(one.workload.number)
        count = len(one.ceilings)
        yield Waiting(
            title="New ceilings are proposed",
            detail=f"{one.workload.name}. {count} tier{'s' if count != 1 else ''}; "
            "nothing is applied until you accept them into a draft.",
            link=f"{reverse('gates:gate', args=[ref])}#proposals",
            button="Look at them",
            ref=ref,
            ref_link=reverse("workloads:workload", args=[ref]),
        )


def _breaches(user: User, today: date) -> Iterator[Waiting]:
    rows = (
        Alert.objects.filter(
            month=today.replace(day=1),
            spoken=True,
            acknowledged_at__isnull=True,
            workload__owner=user,
        )
        .order_by()
        .values("workload__number", "workload__name")
        .annotate(
            near=Count("user_ref", distinct=True),
            over=Count("user_ref", distinct=True, filter=Q(level=100)),
        )
        .filter(over__gt=0)
        .order_by("-over", "workload__number")[:MOST_SHOWN]
    )
    for row in rows:
        ref = ref_of(row["workload__number"])
        yield Waiting(
            title=_over_title(row["near"], row["over"]),
            detail=f"{row['workload__name']}. {_over_words(row['over'])}",
            link=f"{reverse('gates:alerts')}?workload={ref}&show=open",
            button="See alerts",
            ref=ref,
            ref_link=reverse("workloads:workload", args=[ref]),
        )


def _over_title(near: int, over: int) -> str:
    users = "One user is" if near == 1 else f"{formats.in_full(near)} users are"
    return f"{users} {'past the' if near == over else 'near or past their'} ceiling"


def _over_words(over: int) -> str:
    reached = "One has" if over == 1 else f"{formats.in_full(over)} have"
    return f"{reached} reached 100 % this month and nobody has acknowledged it."
