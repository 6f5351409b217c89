"""Entries, corrections and closings pressed at the same moment."""

from decimal import Decimal
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from capacity.models import ComputeActual, OpsActual, QuarterEvent
from capacity.rules.actuals.entries import ComputeEntry, OpsEntry
from capacity.services.actuals import enter_compute, enter_ops
from capacity.services.quarters import close_due_quarters, close_quarter, reopen_quarter
from portal.kernel.periods import Quarter
from portal.kernel.selectors.audit import verify
from tests.capacity import actual_stories as told
from tests.conftest import NOW
from tests.faults.races import at_once, codes

pytestmark = pytest.mark.django_db(transaction=True)

Q1 = Quarter(2026, 1)


def amount(cast: SimpleNamespace, value: str, **more: Any) -> Any:
    entry = ComputeEntry(
        **{
            "month": "2026-04",
            "line": "orchestration",
            "amount": Decimal(value),
            **more,
        }
    )
    return partial(enter_compute, actor=cast.ines, entry=entry, now=NOW)


def test_two_corrections_of_one_entry_leave_one(cast: SimpleNamespace) -> None:
    first = amount(cast, "100")().row

    outcomes = at_once(
        [amount(cast, f"{value}", corrects=first.pk) for value in (110, 120)]
    )

    assert codes(outcomes) == ["already_corrected", "ok"]
    assert ComputeActual.objects.filter(corrected_by__isnull=True).count() == 1
    assert verify().broken is None


def test_a_month_entered_twice_at_once_is_entered_once(cast: SimpleNamespace) -> None:
    same = at_once([amount(cast, "100")] * 4)
    other = at_once([amount(cast, v, month="2026-05") for v in ("1", "2")])

    assert codes(same) == ["ok"] * 4
    assert codes(other) == ["already_entered", "ok"]
    assert ComputeActual.objects.count() == 2


def test_an_entry_comes_before_the_closing_or_not_at_all(cast: SimpleNamespace) -> None:
    told.recalibrated("2026Q1")
    told.marked("2026Q1", "reopened", told.LONG_BEFORE)
    hours = partial(
        enter_ops,
        actor=cast.noor,
        entry=OpsEntry(ref=None, week="2026-W10", category="on_call", hours=Decimal(1)),
        now=NOW,
    )
    closing = partial(close_quarter, actor=cast.felix, quarter=Q1, now=NOW)

    outcomes = at_once([hours, closing, hours, closing])

    assert set(codes(outcomes)) <= {"ok", "quarter_closed"}
    closed = QuarterEvent.objects.get(mark="closed")
    taken = sum(code == "ok" for code in codes([outcomes[0], outcomes[2]]))
    assert OpsActual.objects.count() == taken
    assert closed.quarter == "2026Q1"


def test_two_beats_and_a_reopening_write_one_closing(cast: SimpleNamespace) -> None:
    told.compute("2026-01", "orchestration", "1.00")
    reopening = partial(
        reopen_quarter, actor=cast.felix, quarter=Q1, reason="late", now=NOW
    )

    outcomes = at_once([partial(close_due_quarters, now=NOW)] * 3 + [reopening])

    assert codes(outcomes) == ["ok"] * 4
    marks = QuarterEvent.objects.order_by("id").values_list("mark", flat=True)
    assert list(marks) == ["closed", "reopened"]
