"""Actuals that stand, added up by month, workload, line and category."""

from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from capacity.selectors.actuals import (
    compute_by_month,
    ops_hours_by_month,
    usage_by_month,
)
from portal.kernel.periods import Month
from tests.capacity import actual_stories as told
from tests.workloads.stories import proposed

pytestmark = pytest.mark.django_db

APRIL, MAY = Month(2026, 4), Month(2026, 5)


def test_users_of_a_month_are_counted_once_and_tokens_are_summed(
    cast: SimpleNamespace,
) -> None:
    chat = proposed(cast)
    told.used(chat, "2026-04-01", "u-1", input_tokens=100, output_tokens=10)
    told.used(chat, "2026-04-30", "u-1", input_tokens=200, output_tokens=20, tier="vip")
    told.used(chat, "2026-04-30", "u-2", cached_input_tokens=5, input_tokens=7)
    told.used(chat, "2026-05-01", "u-3", retries=2, tool_calls=9)

    found = usage_by_month([APRIL])

    (april,) = found.values()
    assert (april.ref, april.month, april.users, april.sessions) == (
        "W-01",
        APRIL,
        2,
        3,
    )
    assert (april.input_tokens, april.cached_input_tokens, april.output_tokens) == (
        *(307, 5, 30),
    )
    assert april.is_measured


def test_an_entered_month_counts_only_where_no_event_tells_it(
    cast: SimpleNamespace,
) -> None:
    chat, other = proposed(cast), proposed(cast, name="Q&A")
    told.tokens(chat, "2026-04")
    told.tokens(chat, "2026-05")
    told.tokens(other, "2026-05", users=7)
    told.used(chat, "2026-05-02")

    found = usage_by_month([APRIL, MAY])

    assert {key: (one.users, one.is_measured) for key, one in found.items()} == {
        ("W-01", APRIL): (40, False),
        ("W-01", MAY): (1, True),
        ("W-02", MAY): (7, False),
    }


def test_a_corrected_entry_counts_for_nothing(cast: SimpleNamespace) -> None:
    chat = proposed(cast)
    first = told.compute("2026-04", "orchestration", "100.00")
    told.compute("2026-04", "orchestration", "120.00", corrects=first)
    told.ops(chat, "2026-W17", "5")
    wrong = told.ops(chat, "2026-W17", "9")
    told.ops(chat, "2026-W17", "2", corrects=wrong)
    told.ops(None, "2026-W17", "3", category="platform")
    told.ops(chat, "2026-W17", "1.5", category="engineering_time_lost")

    compute = compute_by_month([APRIL])
    hours = ops_hours_by_month([APRIL])

    assert compute[APRIL].cost == Decimal("120.00")
    assert compute[APRIL].peak_concurrent_sessions is None
    assert hours["W-01", APRIL].hours == 7
    assert hours["W-01", APRIL].entries == 3
    assert hours[None, APRIL].by_category == {"platform": Decimal(3)}


def test_months_are_read_in_as_many_queries_as_one(cast: SimpleNamespace) -> None:
    chat = proposed(cast)
    told.used(chat, "2026-04-02")
    counts = []
    for months in ([APRIL], [APRIL, MAY, Month(2026, 8)]):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            usage_by_month(months)
            ops_hours_by_month(months)
            compute_by_month(months)
        counts.append(len(asked))

    assert counts == [4, 4]


def test_no_months_are_no_usage() -> None:
    assert usage_by_month([]) == {}
