"""Closing a quarter's actuals, and opening them again."""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction
from django.db.models import Min

from capacity.enums import QuarterMark
from capacity.models import (
    ComputeActual,
    OpsActual,
    QuarterEvent,
    TokenActual,
    UsageDay,
)
from capacity.rules.actuals.entries import LONGEST_REASON
from capacity.selectors.problems import NotRecalibrated, QuarterNotEnded, QuarterOpen
from capacity.selectors.quarters_state import (
    QuarterState,
    has_complete_run,
    quarter_of,
    state_of,
)
from capacity.services.entries import Entry, at_most, given, require, too_far
from capacity.services.locks import lock_actuals
from portal.kernel import access, clock
from portal.kernel.models import User
from portal.kernel.periods import Month, Quarter
from portal.kernel.selectors import numbers
from portal.kernel.services import audit

RECALIBRATION = "/capacity/recalibration/"


@transaction.atomic
def close_quarter(
    *, actor: User, quarter: Quarter, reason: str = "", now: datetime
) -> Entry[QuarterState]:
    """Finance closes a quarter that has ended and is recalibrated; a closed one stays.

    Raises NotAllowed, Invalid, QuarterNotEnded or NotRecalibrated.
    """
    access.require(actor, "quarter.close")
    require(at_most("reason", reason, LONGEST_REASON), too_far(quarter, now))
    lock_actuals()
    state = state_of(quarter, now)
    if state.is_closed:
        return Entry(state, is_new=False)
    if not state.has_ended:
        raise QuarterNotEnded(
            f"{quarter.label} has not ended, so what was used in it is not known yet."
        )
    since = state.event.entered_at if state.is_reopened and state.event else None
    if not has_complete_run(quarter, since=since):
        again = " since it was opened again" if since else ""
        raise NotRecalibrated(
            f"{quarter.label} has no complete recalibration{again}. The finance lead, "
            "the ops lead or a planner can start one.",
            link=RECALIBRATION,
        )
    _mark(quarter, QuarterMark.CLOSED, actor=actor, reason=reason, now=now)
    return Entry(state_of(quarter, now), is_new=True)


@transaction.atomic
def reopen_quarter(
    *, actor: User, quarter: Quarter, reason: str, now: datetime
) -> Entry[QuarterState]:
    """Finance lets a closed quarter take entries again, and says why.

    The next complete recalibration closes it. Raises NotAllowed, Invalid or QuarterOpen.
    """
    access.require(actor, "quarter.close")
    require(
        given(
            "reason",
            reason,
            most=LONGEST_REASON,
            why="A closed quarter is opened again with a reason: its figures were final.",
        ),
        too_far(quarter, now),
    )
    lock_actuals()
    state = state_of(quarter, now)
    if state.is_reopened:
        return Entry(state, is_new=False)
    if not state.is_closed:
        raise QuarterOpen(f"{quarter.label} is open and takes entries already.")
    if state.event is None:
        _mark_due(state, now)
    _mark(quarter, QuarterMark.REOPENED, actor=actor, reason=reason, now=now)
    return Entry(state_of(quarter, now), is_new=True)


@transaction.atomic
def close_recalibrated(*, quarter: Quarter, asked: datetime, now: datetime) -> bool:
    """A complete recalibration closes a quarter that was opened again; others stay.

    One that was `asked` for before the opening reads nothing entered since, and leaves it
    open. Called in the transaction that completes the run. Returns whether it closed one.
    """
    lock_actuals()
    state = state_of(quarter, now)
    if not state.is_reopened or (state.event and state.event.entered_at > asked):
        return False
    reason = "A recalibration of the re-opened quarter is complete."
    _mark(quarter, QuarterMark.CLOSED, actor=None, reason=reason, now=now)
    return True


def close_due_quarters(*, now: datetime) -> list[Quarter]:
    """Write down the closing of quarters whose days have passed. Twice is as once."""
    closed = []
    for quarter in _ended_with_data(now):
        with transaction.atomic():
            lock_actuals()
            state = state_of(quarter, now)
            if state.is_closed and state.event is None:
                _mark_due(state, now)
                closed.append(quarter)
    return closed


def _mark_due(state: QuarterState, now: datetime) -> None:
    days = numbers.current().quarter_closes_after_days
    reason = f"{days} days have passed since its end."
    _mark(state.quarter, QuarterMark.CLOSED, actor=None, reason=reason, now=now)


def _mark(
    quarter: Quarter,
    mark: QuarterMark,
    *,
    actor: User | None,
    reason: str,
    now: datetime,
) -> None:
    QuarterEvent.objects.create(
        quarter=str(quarter),
        mark=mark,
        entered_by=actor,
        entered_at=now,
        reason=reason.strip(),
    )
    audit.record(
        f"quarter.{mark}",
        f"quarter/{quarter}",
        actor=actor,
        now=now,
        after={"state": str(mark)},
        reason=reason.strip(),
    )


def _ended_with_data(now: datetime) -> Iterator[Quarter]:
    """From the quarter of the first entry or usage to the one before this, in order."""
    this = quarter_of(Month.of(clock.today(now)))
    first = _first_month()
    quarter = quarter_of(first) if first is not None else this.plus(-2)
    while quarter < this:
        yield quarter
        quarter = quarter.plus(1)


def _first_month() -> Month | None:
    entered = [
        model.objects.aggregate(first=Min("month"))["first"]
        for model in (ComputeActual, OpsActual, TokenActual)
    ]
    months = [Month.parse(month) for month in entered if month]
    day = UsageDay.objects.aggregate(first=Min("day"))["first"]
    return min([*months, Month.of(day)] if day else months, default=None)
