"""Entering what was used: what is taken, what is refused, and what a correction does."""

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from capacity.models import ComputeActual, OpsActual, TokenActual
from capacity.rules.actuals.entries import ComputeEntry, OpsEntry, TokenEntry
from capacity.selectors.problems import (
    AlreadyCorrected,
    AlreadyEntered,
    QuarterClosed,
    UsageEventsTell,
)
from capacity.services.actuals import enter_compute, enter_ops, enter_tokens
from portal.kernel.errors import Invalid, NotAllowed
from portal.kernel.models import AuditEntry, ModelNumbers
from tests.capacity import actual_stories as told
from tests.conftest import NOW
from tests.workloads.stories import proposed

pytestmark = pytest.mark.django_db


def an_amount(cast: SimpleNamespace, **values: Any) -> Any:
    given = {"month": "2026-04", "line": "orchestration", "amount": Decimal("800.00")}
    entry = ComputeEntry(**{**given, **values})
    return enter_compute(actor=cast.ines, entry=entry, now=NOW)


def hours(cast: SimpleNamespace, now: datetime = NOW, **values: Any) -> Any:
    given = {
        "ref": None,
        "week": "2026-W17",
        "category": "on_call",
        "hours": Decimal("6.5"),
    }
    entry = OpsEntry(**{**given, **values})
    return enter_ops(actor=cast.noor, entry=entry, now=now)


def usage(cast: SimpleNamespace, **values: Any) -> Any:
    given = {"month": "2026-04", "ref": "W-01", **told.TOKENS}
    entry = TokenEntry(**{**given, **values})
    return enter_tokens(actor=cast.felix, entry=entry, now=NOW)


# --- What is taken -------------------------------------------------------------------


def test_an_amount_is_entered_once_and_audited(cast: SimpleNamespace) -> None:
    first = an_amount(cast)
    again = an_amount(cast)

    assert (first.is_new, again.is_new) == (True, False)
    assert again.row == first.row == ComputeActual.objects.get()
    assert first.row.currency == "USD"
    trail = AuditEntry.objects.filter(action="actual.entered")
    assert [(one.object, one.after) for one in trail] == [
        (
            f"actual/compute/{first.row.pk}",
            {
                "month": "2026-04",
                "line": "orchestration",
                "amount": "800.00",
                "currency": "USD",
            },
        )
    ]


def test_a_peak_belongs_to_no_line(cast: SimpleNamespace) -> None:
    entry = an_amount(
        cast, line="", amount=None, peak_concurrent_sessions=Decimal("71.4")
    )

    assert entry.row.peak_concurrent_sessions == Decimal("71.4")


def test_hours_of_a_week_add_up(cast: SimpleNamespace) -> None:
    assert hours(cast).is_new
    assert hours(cast).is_new
    assert OpsActual.objects.count() == 2


@pytest.mark.parametrize(
    ("week", "starts", "month", "quarter"),
    [
        ("2026-W17", 1, "2026-04", "2026Q2"),
        # Its Thursday is 2 April, its Monday still March.
        ("2026-W14", 1, "2026-04", "2026Q2"),
        # The year's first week begins in the old year; its Thursday is 1 January.
        ("2026-W01", 1, "2026-01", "2026Q1"),
        # Week 53 of 2020 ends in 2021; its Thursday is 31 December.
        ("2020-W53", 1, "2020-12", "2020Q4"),
        # With a fiscal year from April, April is the first quarter of the next year.
        ("2026-W17", 4, "2026-04", "2027Q1"),
        ("2026-W13", 4, "2026-03", "2026Q4"),
    ],
)
def test_a_week_belongs_to_the_month_and_quarter_of_its_thursday(
    cast: SimpleNamespace, week: str, starts: int, month: str, quarter: str
) -> None:
    ModelNumbers.objects.create(
        version=2, changed_at=NOW, fiscal_year_starts=starts, reason="fiscal year"
    )
    told.marked(quarter, "reopened")

    row = hours(cast, week=week).row

    assert (row.month, row.quarter) == (month, quarter)


def test_the_week_that_runs_is_taken_and_the_next_is_not(cast: SimpleNamespace) -> None:
    assert hours(cast, week="2026-W20").is_new

    with pytest.raises(Invalid) as refused:
        hours(cast, week="2026-W21")

    assert [one.code for one in refused.value.errors] == ["in_the_future"]


def test_a_month_that_runs_is_taken_as_the_organisation_counts_days(
    cast: SimpleNamespace,
) -> None:
    assert an_amount(cast, month="2026-05").is_new
    with pytest.raises(Invalid):
        an_amount(cast, month="2026-06")


# --- What is refused -----------------------------------------------------------------

BAD: list[tuple[Any, dict[str, Any], str, str]] = [
    (an_amount, {"amount": Decimal(-1)}, "/amount", "min_value"),
    (an_amount, {"amount": Decimal("0.001")}, "/amount", "places"),
    (an_amount, {"amount": Decimal(10) ** 18}, "/amount", "max_value"),
    (an_amount, {"line": ""}, "/line", "amount_or_peak"),
    (an_amount, {"amount": None}, "/amount", "amount_or_peak"),
    (an_amount, {"peak_concurrent_sessions": Decimal(1)}, "/amount", "amount_or_peak"),
    (an_amount, {"line": "gpu_farm"}, "/line", "unknown_line"),
    (an_amount, {"line": "Orchestration"}, "/line", "unknown_line"),
    (an_amount, {"corrects": 99}, "/corrects", "unknown_entry"),
    (an_amount, {"corrects": 2**70}, "/corrects", "unknown_entry"),
    (an_amount, {"month": "2031-01"}, "/month", "in_the_future"),
    (an_amount, {"reason": "x" * 2001}, "/reason", "max_length"),
    (hours, {"hours": Decimal(-1)}, "/hours", "min_value"),
    (hours, {"hours": Decimal(10_001)}, "/hours", "max_value"),
    (hours, {"ref": "W-77"}, "/workload", "unknown_workload"),
    (hours, {"week": "2026-W54"}, "/week", "invalid"),
    (hours, {"week": "2025-W53"}, "/week", "invalid"),
    (hours, {"week": "2026-W00"}, "/week", "invalid"),
    (hours, {"week": "2026-17"}, "/week", "invalid"),
    (hours, {"week": "1999-W17"}, "/week", "invalid"),
    (hours, {"week": "\uff12026-W17"}, "/week", "invalid"),
    (usage, {"input_tokens": -1}, "/input_tokens", "min_value"),
    (usage, {"output_tokens": 10**18}, "/output_tokens", "max_value"),
    (
        usage,
        {"cached_input_tokens": 3_000_001},
        "/cached_input_tokens",
        "contradiction",
    ),
    (usage, {"turns": 0}, "/turns", "contradiction"),
    (usage, {"sessions": 0}, "/sessions", "contradiction"),
    (usage, {"users": 0}, "/users", "contradiction"),
    (usage, {"ref": "W-09"}, "/workload", "unknown_workload"),
]


@pytest.mark.parametrize(("enter", "values", "pointer", "code"), BAD)
def test_a_bad_entry_names_field_and_reason(
    cast: SimpleNamespace, enter: Any, values: Any, pointer: str, code: str
) -> None:
    proposed(cast)

    with pytest.raises(Invalid) as refused:
        enter(cast, **values)

    assert (pointer, code) in [(one.pointer, one.code) for one in refused.value.errors]
    for model in (ComputeActual, OpsActual, TokenActual):
        assert not model.objects.exists()


@pytest.mark.parametrize(
    ("enter", "who"),
    [
        (enter_compute, "noor"),
        (enter_compute, "felix"),
        (enter_ops, "ines"),
        (enter_ops, "sarah"),
        (enter_tokens, "pia"),
        (enter_tokens, "adele"),
    ],
)
def test_others_enter_nothing(cast: SimpleNamespace, enter: Any, who: str) -> None:
    with pytest.raises(NotAllowed):
        enter(actor=getattr(cast, who), entry=ComputeEntry(month="2026-04"), now=NOW)


def test_another_amount_needs_to_name_what_it_corrects(cast: SimpleNamespace) -> None:
    first = an_amount(cast).row

    with pytest.raises(AlreadyEntered) as refused:
        an_amount(cast, amount=Decimal(900))

    assert f"({first.pk})" in refused.value.detail


def test_a_month_told_by_events_takes_no_entry(cast: SimpleNamespace) -> None:
    chat, other = proposed(cast), proposed(cast, name="Q&A")
    told.used(chat, "2026-04-30")

    with pytest.raises(UsageEventsTell):
        usage(cast)

    # Another month, and another workload, are their own.
    assert usage(cast, month="2026-05").is_new
    assert usage(cast, ref=other.ref).is_new


# --- Corrections ---------------------------------------------------------------------


def test_a_correction_takes_the_place_of_what_it_names(cast: SimpleNamespace) -> None:
    first = an_amount(cast).row

    second = an_amount(cast, amount=Decimal(900), corrects=first.pk, reason="invoice")

    assert second.row.corrects == first
    assert ComputeActual.objects.get(pk=first.pk).amount == 800
    entry = AuditEntry.objects.get(action="actual.corrected")
    assert (entry.before["amount"], entry.after["amount"]) == ("800.00", "900.00")
    assert entry.reason == "invoice"


def test_an_entry_is_corrected_once(cast: SimpleNamespace) -> None:
    first = an_amount(cast).row
    second = an_amount(cast, amount=Decimal(900), corrects=first.pk).row

    with pytest.raises(AlreadyCorrected) as refused:
        an_amount(cast, amount=Decimal(950), corrects=first.pk)

    assert f"entry {second.pk}" in refused.value.detail
    # To say what the first said would bring it back, which is another correction.
    with pytest.raises(AlreadyCorrected):
        an_amount(cast, amount=first.amount, corrects=first.pk)
    assert not an_amount(cast, amount=Decimal(900), corrects=first.pk).is_new
    assert an_amount(cast, amount=Decimal(950), corrects=second.pk).is_new


@pytest.mark.parametrize("values", [{"month": "2026-05"}, {"line": "observability"}])
def test_a_correction_is_of_the_same_month_and_line(
    cast: SimpleNamespace, values: Any
) -> None:
    first = an_amount(cast).row

    with pytest.raises(Invalid) as refused:
        an_amount(cast, corrects=first.pk, **values)

    assert [one.code for one in refused.value.errors] == ["not_the_same"]


def test_hours_are_corrected_in_their_week_and_workload(cast: SimpleNamespace) -> None:
    chat = proposed(cast)
    first = hours(cast, ref=chat.ref).row

    for values in ({"week": "2026-W18"}, {"ref": None}):
        with pytest.raises(Invalid):
            hours(cast, **{"ref": chat.ref, "corrects": first.pk, **values})

    assert hours(cast, ref=chat.ref, category="prompt_drift", corrects=first.pk).is_new


# --- Closed quarters -----------------------------------------------------------------


def test_a_closed_quarter_takes_nothing(cast: SimpleNamespace) -> None:
    first = an_amount(cast).row
    told.marked("2026Q2", "closed")

    for enter in (
        lambda: an_amount(cast, month="2026-05"),
        lambda: an_amount(cast, amount=Decimal(1), corrects=first.pk),
        lambda: hours(cast),
    ):
        with pytest.raises(QuarterClosed):
            enter()
    # What stands already is no entry.
    assert not an_amount(cast).is_new


def test_a_quarter_is_closed_30_days_after_its_end(cast: SimpleNamespace) -> None:
    last = datetime(2026, 4, 29, 12, tzinfo=UTC)
    after = datetime(2026, 4, 30, 12, tzinfo=UTC)

    assert hours(cast, last, week="2026-W13").is_new
    with pytest.raises(QuarterClosed):
        hours(cast, after, week="2026-W13")
