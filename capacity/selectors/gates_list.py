"""The gates of all workloads as a list: which rows, in which order, with what around.

A fixed number of queries whatever the number of rows: the page, its counts, and one each
for policies, tiers, opt-ins, alerts and proposals of the rows that are shown.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Lower

from capacity.enums import GateState, ProposalState, SwitchScope
from capacity.models import Alert, CeilingProposal, GatePolicy, GateTier, KillSwitch
from capacity.selectors.gates import OPEN_STATES, with_terms
from portal.kernel import clock
from workloads.enums import Status
from workloads.models import Workload
from workloads.rules.shown import ref_of
from workloads.selectors.plan import number_of


class Show(StrEnum):
    """The questions that people ask of the list."""

    ALL = ""
    WITHOUT = "without"
    WAITING = "waiting"
    PROPOSED = "proposed"
    NEAR = "near"


class Sort(StrEnum):
    REF = "ref"
    NAME = "name"
    STATUS = "status"
    NEAR = "near"
    CEILING = "ceiling"


@dataclass(frozen=True)
class GatesFilter:
    search: str = ""
    status: str = ""
    overage: str = ""
    show: Show = Show.ALL
    sort: Sort = Sort.REF
    descending: bool = False

    @property
    def is_narrowed(self) -> bool:
        return bool(self.search or self.status or self.overage or self.show)


@dataclass
class GateRow:
    """One workload, the gate that decides there, and the version that is not there yet.

    `near` counts users to whom something was said this month, `over` those at 100.
    """

    workload: Workload
    active: GatePolicy | None = None
    open: GatePolicy | None = None
    near: int = 0
    over: int = 0
    proposals: int = 0
    stops: list[KillSwitch] = field(default_factory=list)

    @property
    def ref(self) -> str:
        return ref_of(self.workload.number)


def narrowed(asked: GatesFilter, month: date) -> QuerySet[Workload]:
    """Workloads that the filter leaves, but for what `show` asks. Retired ones only when
    they are asked for."""
    rows = Workload.objects.order_by()
    if asked.status:
        rows = rows.filter(status=asked.status)
    else:
        rows = rows.exclude(status=Status.RETIRED)
    for word in asked.search.split():
        found = (
            Q(name__icontains=word)
            | Q(owner__name__icontains=word)
            | Q(department__name__icontains=word)
        )
        number = number_of(word)
        if number is not None:
            found |= Q(number=number)
        rows = rows.filter(found)
    if asked.overage:
        tiers = GateTier.objects.filter(
            policy__workload=OuterRef("pk"),
            policy__state=GateState.ACTIVE,
            overage=asked.overage,
        )
        rows = rows.filter(Exists(tiers))
    return rows.annotate(
        is_gated=Exists(_policies(GateState.ACTIVE)),
        waits=Exists(_policies(*OPEN_STATES)),
        is_proposed=Exists(
            CeilingProposal.objects.filter(
                workload=OuterRef("pk"), state=ProposalState.OPEN
            )
        ),
        is_near=Exists(
            Alert.objects.filter(workload=OuterRef("pk"), month=month, spoken=True)
        ),
    )


def shown(rows: QuerySet[Workload], show: Show) -> QuerySet[Workload]:
    return rows.filter(**_SHOWS[show])


def counted(rows: QuerySet[Workload]) -> dict[Show, int]:
    """How many rows answer each question. One query."""
    return {
        Show(name.removeprefix("n_")): count
        for name, count in rows.aggregate(
            **{
                f"n_{show}": Count("pk", filter=Q(**_SHOWS[show]))
                if show
                else Count("pk")
                for show in Show
            }
        ).items()
    }


def ordered(
    rows: QuerySet[Workload], asked: GatesFilter, month: date
) -> QuerySet[Workload]:
    key: Any = {
        Sort.REF: F("number"),
        Sort.NAME: Lower("name"),
        Sort.STATUS: F("status"),
        Sort.NEAR: Coalesce(Subquery(_near(month)), 0),
        Sort.CEILING: Subquery(_ceiling()),
    }[asked.sort]
    by = key.desc(nulls_last=True) if asked.descending else key.asc(nulls_last=True)
    return rows.order_by(by, "number").select_related("owner", "department")


def rows_for(workloads: Sequence[Workload], now: datetime) -> list[GateRow]:
    """The rows of these workloads with what stands around each gate. Six queries."""
    rows = {one.pk: GateRow(one) for one in workloads}
    month = clock.today(now).replace(day=1)
    _add_policies(rows)
    said = (
        Alert.objects.filter(workload__in=rows, month=month, spoken=True)
        .order_by()
        .values("workload_id")
        .annotate(
            near=Count("user_ref", distinct=True),
            over=Count("user_ref", distinct=True, filter=Q(level=100)),
        )
    )
    for one in said:
        rows[one["workload_id"]].near = one["near"]
        rows[one["workload_id"]].over = one["over"]
    proposals = (
        CeilingProposal.objects.filter(workload__in=rows, state=ProposalState.OPEN)
        .order_by()
        .values_list("workload_id")
        .annotate(count=Count("pk"))
    )
    for workload_id, count in proposals:
        rows[workload_id].proposals = count
    stops = list(KillSwitch.objects.filter(lifted_at__isnull=True))
    for row in rows.values():
        row.stops = [one for one in stops if holds(one, row.workload)]
    return list(rows.values())


def holds(switch: KillSwitch, workload: Workload) -> bool:
    """Whether a switch holds every call of the workload."""
    if switch.scope == SwitchScope.ALL:
        return True
    if switch.scope == SwitchScope.WORKLOAD:
        return switch.target == ref_of(workload.number)
    department = workload.department
    return (
        switch.scope == SwitchScope.DEPARTMENT
        and department is not None
        and switch.target == department.code
    )


def _add_policies(rows: dict[int, GateRow]) -> None:
    states = [str(state) for state in (GateState.ACTIVE, *OPEN_STATES)]
    policies = with_terms(
        GatePolicy.objects.filter(workload__in=rows, state__in=states)
    )
    found: dict[int, list[GatePolicy]] = defaultdict(list)
    for policy in policies:
        found[policy.workload_id].append(policy)
    for workload_id, several in found.items():
        for policy in several:
            if policy.state == GateState.ACTIVE:
                rows[workload_id].active = policy
            else:
                rows[workload_id].open = policy


def _policies(*states: GateState) -> QuerySet[GatePolicy]:
    return GatePolicy.objects.filter(
        workload=OuterRef("pk"), state__in=[str(state) for state in states]
    )


def _near(month: date) -> QuerySet[Any]:
    return (
        Alert.objects.filter(workload=OuterRef("pk"), month=month, spoken=True)
        .order_by()
        .values("workload")
        .annotate(n=Count("user_ref", distinct=True))
        .values("n")
    )


def _ceiling() -> QuerySet[Any]:
    """The smallest ceiling that is in force."""
    return (
        GateTier.objects.filter(
            policy__workload=OuterRef("pk"), policy__state=GateState.ACTIVE
        )
        .order_by("ceiling_tokens")
        .values("ceiling_tokens")[:1]
    )


_SHOWS: dict[Show, dict[str, bool]] = {
    Show.ALL: {},
    Show.WITHOUT: {"is_gated": False},
    Show.WAITING: {"waits": True},
    Show.PROPOSED: {"is_proposed": True},
    Show.NEAR: {"is_near": True},
}
