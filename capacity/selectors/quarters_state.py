"""Whether a quarter still takes entries."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from capacity.enums import QuarterMark, RunStatus
from capacity.models import QuarterEvent, RecalibrationRun
from portal.kernel import clock
from portal.kernel.models import ModelNumbers
from portal.kernel.periods import Month, Quarter
from portal.kernel.selectors import numbers


@dataclass(frozen=True, slots=True)
class QuarterState:
    """Closed or open; `event` is the newest that says so, None where none was written.

    `closes_on` is the day from which it takes no more entries, unless finance opens it.
    """

    quarter: Quarter
    is_closed: bool
    has_ended: bool
    closes_on: date
    event: QuarterEvent | None

    @property
    def is_reopened(self) -> bool:
        return self.event is not None and self.event.mark == QuarterMark.REOPENED


def quarter_of(month: Month) -> Quarter:
    """The fiscal quarter in which a month lies."""
    return Quarter.of(month.first_day, numbers.current().fiscal_year_starts)


def is_closed(quarter: Quarter, now: datetime) -> bool:
    """What the newest event says; without one, whether its days have passed.

    The days count even before the hourly task has written the closing down.
    """
    return state_of(quarter, now).is_closed


def state_of(quarter: Quarter, now: datetime) -> QuarterState:
    """Two queries."""
    return states_of([quarter], now)[quarter]


def states_of(quarters: list[Quarter], now: datetime) -> dict[Quarter, QuarterState]:
    """Of each quarter, in two queries however many there are."""
    current = numbers.current()
    events = {
        event.quarter: event
        for event in QuarterEvent.objects.filter(
            quarter__in=[str(quarter) for quarter in quarters]
        )
        .select_related("entered_by")
        .order_by("quarter", "-id")
        .distinct("quarter")
    }
    today = clock.today(now)
    return {
        quarter: _state(quarter, current, today, events.get(str(quarter)))
        for quarter in quarters
    }


def closes_on(quarter: Quarter, current: ModelNumbers) -> date:
    """The first day on which it is closed by itself: `quarter_closes_after_days` after
    its last day."""
    last = quarter.last_day(current.fiscal_year_starts)
    return last + timedelta(days=current.quarter_closes_after_days)


def has_complete_run(quarter: Quarter, *, since: datetime | None = None) -> bool:
    """Whether the current recalibration of the quarter read all of it: asked for after its
    end, and after `since`. It reads what was entered when it was asked for."""
    run = RecalibrationRun.objects.filter(
        period=str(quarter), status=RunStatus.COMPLETE, is_current=True
    ).first()
    if run is None:
        return False
    last = quarter.last_day(numbers.current().fiscal_year_starts)
    is_whole = clock.today(run.requested_at) > last
    return is_whole and (since is None or run.requested_at > since)


def _state(
    quarter: Quarter, current: ModelNumbers, today: date, event: QuarterEvent | None
) -> QuarterState:
    until = closes_on(quarter, current)
    return QuarterState(
        quarter=quarter,
        is_closed=(
            event.mark == QuarterMark.CLOSED if event is not None else today >= until
        ),
        has_ended=today > quarter.last_day(current.fiscal_year_starts),
        closes_on=until,
        event=event,
    )
