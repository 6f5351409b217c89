"""Closing a quarter, by finance, by its days and by a recalibration; opening it again."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from capacity import tasks
from capacity.models import QuarterEvent
from capacity.selectors.problems import NotRecalibrated, QuarterNotEnded, QuarterOpen
from capacity.selectors.quarters_state import is_closed, state_of
from capacity.services.quarters import (
    close_due_quarters,
    close_quarter,
    close_recalibrated,
    reopen_quarter,
)
from portal.kernel import clock
from portal.kernel.errors import Invalid, NotAllowed
from portal.kernel.models import AuditEntry, ModelNumbers
from portal.kernel.periods import Quarter
from tests.capacity import actual_stories as told

pytestmark = pytest.mark.django_db

Q1 = Quarter(2026, 1)
APRIL = datetime(2026, 4, 10, 9, tzinfo=UTC)
JUNE = datetime(2026, 6, 1, 9, tzinfo=UTC)


def close(cast: SimpleNamespace, quarter: Quarter = Q1, **values: Any) -> Any:
    given = {"actor": cast.felix, "quarter": quarter, "now": APRIL}
    return close_quarter(**{**given, **values})


def reopen(cast: SimpleNamespace, **values: Any) -> Any:
    given = {"actor": cast.felix, "quarter": Q1, "now": APRIL, "reason": "a late bill"}
    return reopen_quarter(**{**given, **values})


def test_finance_closes_a_recalibrated_quarter_once(cast: SimpleNamespace) -> None:
    told.recalibrated("2026Q1")

    first, again = close(cast), close(cast)

    assert (first.is_new, again.is_new) == (True, False)
    assert first.row.is_closed
    assert QuarterEvent.objects.count() == 1
    entry = AuditEntry.objects.get(action="quarter.closed")
    assert (entry.object, entry.actor_username) == ("quarter/2026Q1", "felix")


@pytest.mark.parametrize("who", ["noor", "clara", "pia", "ada", "nils"])
def test_nobody_but_finance_closes_or_opens(cast: SimpleNamespace, who: str) -> None:
    told.recalibrated("2026Q1")

    with pytest.raises(NotAllowed):
        close(cast, actor=getattr(cast, who))
    with pytest.raises(NotAllowed):
        reopen(cast, actor=getattr(cast, who))


def test_a_quarter_without_a_complete_recalibration_stays_open(
    cast: SimpleNamespace,
) -> None:
    run = told.recalibrated("2026Q1")
    run.status, run.is_current = "failed", False
    run.save()
    told.recalibrated("2025Q4")
    told.recalibrated("2026-03")

    with pytest.raises(NotRecalibrated):
        close(cast)


def test_a_recalibration_asked_for_before_the_quarter_ended_closes_nothing(
    cast: SimpleNamespace,
) -> None:
    told.recalibrated("2026Q1", datetime(2026, 3, 31, 12, tzinfo=UTC))

    with pytest.raises(NotRecalibrated):
        close(cast)


def test_a_running_quarter_is_not_closed(cast: SimpleNamespace) -> None:
    told.recalibrated("2026Q2")

    with pytest.raises(QuarterNotEnded):
        close(cast, Quarter(2026, 2))


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 4, 29, 23, 59, tzinfo=UTC), False),
        (datetime(2026, 4, 30, 0, 0, tzinfo=UTC), True),
    ],
)
def test_the_days_after_its_end_close_a_quarter(
    db: None, at: datetime, expected: bool
) -> None:
    assert is_closed(Q1, at) is expected


def test_the_days_are_a_setting_and_the_year_may_begin_in_april(db: None) -> None:
    ModelNumbers.objects.create(
        version=2,
        changed_at=APRIL,
        fiscal_year_starts=4,
        quarter_closes_after_days=5,
        reason="ours",
    )

    # The fourth quarter of the fiscal year 2026 ends on 31 March.
    assert state_of(Quarter(2026, 4), APRIL).is_closed
    assert not state_of(Quarter(2027, 1), APRIL).has_ended


def test_the_task_writes_each_closing_once(
    cast: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.compute("2025-10", "orchestration", "1.00")
    monkeypatch.setattr(clock, "now", lambda: JUNE)

    assert tasks.close_due_quarters() == 2
    assert tasks.close_due_quarters() == 0

    events = QuarterEvent.objects.order_by("quarter").values_list("quarter", "mark")
    assert list(events) == [("2025Q4", "closed"), ("2026Q1", "closed")]
    entries = AuditEntry.objects.filter(action="quarter.closed")
    assert {(one.actor_username, one.source) for one in entries} == {("", "system")}


def test_the_task_leaves_a_reopened_quarter_open(cast: SimpleNamespace) -> None:
    told.compute("2026-01", "orchestration", "1.00")
    close_due_quarters(now=JUNE)
    reopen(cast, now=JUNE)

    assert close_due_quarters(now=JUNE + timedelta(days=90)) == [Quarter(2026, 2)]
    assert not is_closed(Q1, JUNE + timedelta(days=90))


def test_opening_again_needs_a_reason_and_a_closed_quarter(
    cast: SimpleNamespace,
) -> None:
    with pytest.raises(QuarterOpen):
        reopen(cast)
    told.marked("2026Q1", "closed")
    with pytest.raises(Invalid):
        reopen(cast, reason="  ")

    assert reopen(cast).is_new
    assert not reopen(cast).is_new
    entry = AuditEntry.objects.get(action="quarter.reopened")
    assert entry.reason == "a late bill"


def test_a_quarter_closed_by_its_days_alone_can_be_opened(
    cast: SimpleNamespace,
) -> None:
    reopen(cast, now=JUNE)

    marks = QuarterEvent.objects.order_by("id").values_list("mark", flat=True)
    assert list(marks) == ["closed", "reopened"]
    assert not is_closed(Q1, JUNE)


def test_a_reopened_quarter_is_closed_by_its_next_recalibration(
    cast: SimpleNamespace,
) -> None:
    told.recalibrated("2026Q1", told.LONG_BEFORE)
    close(cast)
    assert not close_recalibrated(quarter=Q1, asked=APRIL, now=APRIL)
    reopen(cast, now=APRIL)

    # The run from before says nothing of what is entered now.
    with pytest.raises(NotRecalibrated):
        close(cast, now=APRIL + timedelta(days=1))

    later = APRIL + timedelta(days=1)
    before = APRIL - timedelta(seconds=1)
    assert not close_recalibrated(quarter=Q1, asked=before, now=later)
    assert close_recalibrated(quarter=Q1, asked=later, now=later)
    assert is_closed(Q1, later)
    assert not close_recalibrated(quarter=Q1, asked=later, now=later)
