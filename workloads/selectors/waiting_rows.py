"""The rows of the approvals inbox, one for each signature that waits: filtered, ordered
and cut in the database, so that a page costs the same however long the queue is.

The rules of signing themselves are `workloads.rules.signing`; what is asked here only
chooses and orders rows, and a test holds the two to the same answer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

from django.db.models import (
    Case,
    Count,
    DateField,
    DecimalField,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, Greatest, NullIf

from portal.kernel.models import User
from workloads.enums import SignRole
from workloads.models import Estimate, Reminder, Signoff, SignoffEnd
from workloads.rules.wait_filter import Order, Wait, WaitFilter, Whose
from workloads.selectors import waiting
from workloads.selectors.compiled import fetch_personal
from workloads.selectors.plan_table import filtered
from workloads.selectors.signoffs import deputyships

Arm: TypeAlias = QuerySet[Estimate, Any]

FIGURES = {
    SignRole.ENGINEERING: "users",
    SignRole.FINANCE: "tokens_per_month",
    SignRole.OPS: "ops_hours_week",
}
"""The one figure by which a line names what a role signs."""

_ORDERS: dict[Order, tuple[str, ...]] = {
    Order.OLDEST: ("due_on", "since"),
    Order.NEWEST: ("-since",),
    Order.REF: (),
    Order.QUARTER: ("ships", "due_on", "since"),
}


@dataclass(frozen=True)
class Viewer:
    """Who looks, what they may sign, on which day, and from when on waiting is late.

    Statements are kept by it. So it holds all that they depend on, rights as they are
    now, and no account: that of a request would keep the whole request alive.
    """

    user_id: int
    signs: frozenset[SignRole]
    may_stand_in: bool
    today: date
    late_from: datetime


class WaitRow(NamedTuple):
    """One signature that waits. `mine`: the person who looks can give it."""

    estimate_id: int
    role: str
    renews_id: int | None
    since: datetime
    due_on: date | None
    mine: bool


class ToldRow(NamedTuple):
    """The same with what a line of text says of it."""

    number: int
    name: str
    version: int
    role: str
    wait: str
    since: datetime
    due_on: date | None
    mine: bool
    before: Decimal | None
    figure: Decimal | None
    owner: str
    department: str
    ships: str
    status: str
    for_principal: str
    asked_by: str
    tokens_per_user_month: int | None


def rows(viewer: Viewer, asked: WaitFilter, start: int, size: int) -> list[WaitRow]:
    """A page of what waits: what the person can sign first, then in the order asked."""
    width = len(WaitRow._fields)
    found = fetch_personal(_page, viewer, asked, start, size)
    return [WaitRow._make(row[:width]) for row in found]


def _page(
    viewer: Viewer, asked: WaitFilter, start: int, size: int
) -> QuerySet[Any, Any]:
    arms = [arm for _, arm in _arms(viewer, asked)]
    return _ordered(arms, asked, WaitRow._fields)[start : start + size]


# An export has no pages. No inbox reaches this.
EVERY_ROW = 1_000_000


def told_rows(
    viewer: Viewer, asked: WaitFilter, size: int = EVERY_ROW
) -> Iterator[ToldRow]:
    """The same rows as plain values, for a file or a list of sentences."""
    width = len(ToldRow._fields)
    for row in fetch_personal(_told_page, viewer, asked, size):
        yield ToldRow._make(row[:width])


def _told_page(viewer: Viewer, asked: WaitFilter, size: int) -> QuerySet[Any, Any]:
    arms = [_told(arm, role, viewer) for role, arm in _arms(viewer, asked)]
    return _ordered(arms, asked, ToldRow._fields)[:size]


@dataclass(frozen=True)
class Counts:
    """What each chip would leave of the rows asked for, and how much of it is yours."""

    everything: int = 0
    yours: int = 0
    overdue: int = 0
    yours_overdue: int = 0

    @property
    def chips(self) -> dict[Whose, int]:
        return {whose: self.shown(whose)[0] for whose in Whose}

    def shown(self, only: Whose) -> tuple[int, int]:
        """How many rows the chip leaves, and how many of them are yours."""
        return {
            Whose.ALL: (self.everything, self.yours),
            Whose.YOURS: (self.yours, self.yours),
            Whose.OVERDUE: (self.overdue, self.yours_overdue),
        }[only]


def counts(viewer: Viewer, asked: WaitFilter) -> Counts:
    """One query for all chips, whichever of them is set."""
    found = fetch_personal(_counted, viewer, asked.without_chip())

    def of(*, mine: bool | None = None, late: bool | None = None) -> int:
        return sum(
            rows
            for is_mine, is_late, rows in found
            if mine in (None, is_mine) and late in (None, is_late)
        )

    return Counts(of(), of(mine=True), of(late=True), of(mine=True, late=True))


def _counted(viewer: Viewer, asked: WaitFilter) -> QuerySet[Any, Any]:
    late = Case(
        When(_overdue(viewer), then=Value(value=True)), default=Value(value=False)
    )
    return _union(
        [
            arm.annotate(late=late)
            .values("mine", "late")
            .annotate(rows=Count("pk"))
            .values_list("mine", "late", "rows")
            for _, arm in _arms(viewer, asked)
        ]
    )


# --- One arm a role and kind of wait -------------------------------------------------


def _arms(viewer: Viewer, asked: WaitFilter) -> list[tuple[SignRole, Arm]]:
    arms = []
    for place, role in enumerate(SignRole):
        if asked.role not in (None, role):
            continue
        for arm in (_missing(viewer, role, asked), _lapsing(viewer, role, asked)):
            if arm is None:
                continue
            found = _known(arm, role, place, viewer)
            if asked.workloads.is_narrowed:
                kept = filtered(asked.workloads, viewer.today)
                found = found.filter(workload__in=kept.order_by().values("pk"))
            if asked.only == Whose.YOURS:
                found = found.filter(Q(mine=True))
            elif asked.only == Whose.OVERDUE:
                found = found.filter(_overdue(viewer))
            arms.append((role, found))
    return arms


def _missing(viewer: Viewer, role: SignRole, asked: WaitFilter) -> Arm | None:
    """Versions without this signature; `again` where it was given once and ended."""
    if asked.wait == Wait.RENEW:
        return None
    given = Exists(Signoff.objects.filter(estimate=OuterRef("pk"), role=role))
    found = waiting.lacking(role, viewer.today)
    if asked.wait is not None:
        found = found.filter(given if asked.wait == Wait.AGAIN else ~given)
    return found.annotate(
        wait=Case(When(given, then=Value(Wait.AGAIN)), default=Value(Wait.SIGN)),
        due_on=Value(None, output_field=DateField()),
        renews_id=Value(None, output_field=IntegerField()),
    )


def _lapsing(viewer: Viewer, role: SignRole, asked: WaitFilter) -> Arm | None:
    """Versions on which the viewer's own signature is to be renewed."""
    if asked.wait not in (None, Wait.RENEW):
        return None
    own = waiting.lapsing(viewer.user_id, viewer.today).filter(role=role)
    return (
        waiting.open_estimates()
        .filter(Exists(own))
        .annotate(
            wait=Value(Wait.RENEW),
            due_on=Subquery(own.values("lapses_on")[:1]),
            renews_id=Subquery(own.values("pk")[:1], output_field=IntegerField()),
        )
    )


def _known(arm: Arm, role: SignRole, place: int, viewer: Viewer) -> Arm:
    ended = SignoffEnd.objects.filter(
        signoff__estimate=OuterRef("pk"), signoff__role=role
    )
    principal = _principal(role, viewer)
    return arm.annotate(
        estimate_id=F("pk"),
        role=Value(str(role)),
        place=Value(place),
        # PostgreSQL leaves out what is null: a version without an end has its submit.
        since=Greatest(
            "submitted_at", Subquery(ended.order_by("-at").values("at")[:1])
        ),
        number=F("workload__number"),
        ships=F("workload__ship_quarter"),
        principal=principal,
        mine=Case(
            When(_can_sign(role, viewer), then=Value(value=True)),
            default=Value(value=False),
        ),
    )


def _can_sign(role: SignRole, viewer: Viewer) -> Q:
    separated = waiting.separated(role, [viewer.user_id])
    if role in viewer.signs:
        return separated
    return separated & Q(principal__isnull=False)


def _principal(role: SignRole, viewer: Viewer) -> Combinable:
    """For whom the viewer may sign it as deputy: the first who is not barred."""
    nobody = Value(None, output_field=IntegerField())
    # Who holds the role signs in their own name only.
    if role in viewer.signs or not viewer.may_stand_in:
        return nobody
    spans = deputyships(viewer.user_id, viewer.today).filter(
        role=role, signer__roles__contains=[str(role)]
    )
    others = Signoff.objects.filter(
        estimate=OuterRef(OuterRef("pk")), end__isnull=True
    ).exclude(role=role)
    wrote = Estimate.contributors.through.objects.filter(
        estimate=OuterRef(OuterRef("pk")), user=OuterRef("signer")
    )
    free = spans.filter(
        ~Exists(others.filter(signer=OuterRef("signer"))),
        ~Exists(others.filter(on_behalf_of=OuterRef("signer"))),
        ~Exists(wrote),
    ).exclude(signer=Coalesce(OuterRef("workload__owner"), 0))
    # The plain question is answered once for all rows: hardly anyone is a deputy.
    return Case(
        When(
            Exists(spans),
            then=Subquery(
                free.order_by("id").values("signer")[:1], output_field=IntegerField()
            ),
        ),
        default=nobody,
    )


def _overdue(viewer: Viewer) -> Q:
    """Waiting for longer than a signer is given; what still holds is never late."""
    return Q(renews_id__isnull=True, since__lt=viewer.late_from)


# --- What a line says ----------------------------------------------------------------


def _told(arm: Arm, role: SignRole, viewer: Viewer) -> Arm:
    figure = FIGURES[role]
    asks = Reminder.objects.filter(
        workload=OuterRef("workload"),
        code=f"signoff_{role}",
        asked=viewer.user_id,
        asked_by__isnull=False,
        at__gte=OuterRef("since"),
    ).order_by("-at")
    owner = Coalesce(
        NullIf("workload__owner__name", Value("")),
        "workload__owner__username",
        "workload__owner_text",
    )
    principal = User.objects.filter(pk=OuterRef("principal"))
    return arm.annotate(
        name=F("workload__name"),
        # A version that was never signed is shown itself: nothing is in force before it.
        before=Case(
            When(workload__shown_estimate=F("pk"), then=None),
            default=_number(f"workload__shown_estimate__{figure}"),
        ),
        figure=_number(figure),
        owner=owner,
        department=Coalesce("workload__department__name", Value("")),
        status=F("workload__status"),
        for_principal=_named(principal, "name", "username"),
        asked_by=_named(asks, "asked_by__name", "asked_by__username"),
    )


def _number(field: str) -> Combinable:
    """Whole and decimal figures stand in one column."""
    return Cast(field, DecimalField(max_digits=30, decimal_places=2))


def _named(people: QuerySet[Any], name: str, username: str) -> Combinable:
    """The name of the first of them as pages write it; "" where there is none."""
    shown = Coalesce(NullIf(name, Value("")), username)
    return Coalesce(Subquery(people.values(shown=shown)[:1]), Value(""))


# --- Together ------------------------------------------------------------------------


def _ordered(
    arms: Sequence[Arm], asked: WaitFilter, fields: Sequence[str]
) -> QuerySet[Any, Any]:
    """Yours first, whatever the order; workload and role break every tie."""
    orders = ("-mine", *_ORDERS[asked.order], "number", "place")
    names = [order.removeprefix("-") for order in orders]
    columns = [*fields, *(name for name in names if name not in fields)]
    return _union([arm.values_list(*columns) for arm in arms]).order_by(*orders)


def _union(arms: Sequence[QuerySet[Any, Any]]) -> QuerySet[Any, Any]:
    first, *others = (arm.order_by() for arm in arms)
    return first.union(*others, all=True) if others else first
