"""The reserve: sized on the forecast, rebalanced by a ratio, drawn on by decision."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from capacity.enums import Budget
from capacity.models import ReserveDraw, ReserveSize
from capacity.selectors.problems import (
    DecisionUsed,
    PriceMissing,
    ReserveLapsed,
    ReserveNotFixed,
    ReserveTooSmall,
)
from capacity.selectors.reserve import reserve_of, reserves_of
from capacity.services.reserve import draw_reserve, fix_reserve
from portal.kernel.errors import Invalid, NotAllowed
from portal.kernel.models import AuditEntry
from portal.kernel.periods import Month, Quarter
from tests.capacity import rates
from tests.conftest import NOW
from tests.workloads import stories

pytestmark = pytest.mark.django_db
Q2, Q3 = Quarter(2026, 2), Quarter(2026, 3)


@pytest.fixture
def plan(cast):
    """W-01 committed for 2026Q2: tokens, a database for 900 a month, 18 ops hours."""
    stories.committed(cast)
    rates.line("vector_database", month="900.00")


def fix(cast, ratio="0.175", decision="D-10", quarter=Q2, **changes):
    arguments = {"actor": cast.clara, "now": NOW, **changes}
    return fix_reserve(
        quarter=quarter, ratio=Decimal(ratio), decision=decision, **arguments
    )


def draw(cast, amount="1000", decision="D-11", quarter=Q2, **changes):
    arguments = {
        "actor": cast.clara,
        "budget": Budget.OPS,
        "reason": "Two incidents in one week.",
        "now": NOW,
        **changes,
    }
    return draw_reserve(
        quarter=quarter, amount=Decimal(amount), decision=decision, **arguments
    )


# W-01 ramps: 873.6, 1,528.8 and 2,184 million tokens, three quarters of them input.
TOKENS = Decimal("5241.60") + Decimal("9172.80") + Decimal("13104.00")
COMPUTE = Decimal(2700)
OPS = Decimal(18 * 13 * 80)


def test_before_it_is_fixed_the_reserve_follows_the_forecast(plan):
    found = reserve_of(Q2)

    assert found.provisional
    assert (found.ratio, found.drawn) == (Decimal("0.175"), 0)
    assert found.parts.from_tokens == Decimal("4815.72")  # 27,518.40 × 0.175
    assert found.parts.from_compute == Decimal("472.50")
    assert found.parts.from_ops == Decimal("3276.00")
    assert found.amount == found.left == Decimal("8564.22")


def test_a_month_holds_a_third(plan):
    assert reserve_of(Q2).by_month() == {
        Month(2026, 4): Decimal("2854.74"),
        Month(2026, 5): Decimal("2854.74"),
        Month(2026, 6): Decimal("2854.74"),
    }


def test_once_fixed_it_stands_still_while_the_forecast_moves(cast, plan):
    fix(cast)
    rates.line("orchestration", month="500.00")

    found = reserve_of(Q2)
    assert (found.provisional, found.amount) == (False, Decimal("8564.22"))
    row = ReserveSize.objects.get()
    assert (row.tokens_cost, row.compute_cost, row.ops_cost) == (TOKENS, COMPUTE, OPS)
    entry = AuditEntry.objects.latest("id")
    assert (entry.action, entry.object) == ("reserve.fixed", "reserve/2026Q2")
    assert entry.after["amount"] == "8564.22"


def test_rebalancing_moves_the_ratio_and_not_the_ground(cast, plan):
    fix(cast)
    rates.line("orchestration", month="500.00")
    fix(cast, "0.20", "D-14")

    found = reserve_of(Q2)
    assert found.ratio == Decimal("0.20")
    assert found.parts.from_compute == Decimal("540.00")
    assert found.amount == (TOKENS + COMPUTE + OPS) / 5
    assert AuditEntry.objects.latest("id").action == "reserve.rebalanced"


def test_the_same_ratio_again_changes_nothing(cast, plan):
    first = fix(cast)
    again = fix(cast, "0.1750")

    assert (again.row, again.is_new) == (first.row, False)
    assert ReserveSize.objects.count() == 1


@pytest.mark.parametrize("ratio", ["0.1499", "0.2001", "-0.175", "17.5", "NaN"])
def test_a_ratio_outside_15_to_20_percent_is_refused(cast, plan, ratio):
    with pytest.raises(Invalid, match="15 to 20 %") as refused:
        fix(cast, ratio)

    assert [(e.pointer, e.code) for e in refused.value.errors] == [
        ("/ratio", "out_of_range")
    ]
    assert not ReserveSize.objects.exists()


@pytest.mark.parametrize("decision", ["", "12", "D-0", "D-1234567890", "M-4"])
def test_every_record_names_its_decision(cast, plan, decision):
    with pytest.raises(Invalid) as refused:
        fix(cast, decision=decision)

    assert [e.pointer for e in refused.value.errors] == ["/decision"]


def test_without_a_price_of_each_month_nothing_is_fixed(cast):
    rates.price("Sonnet", "2026-05-01")
    stories.committed(cast)

    with pytest.raises(PriceMissing, match="so 2026-04 has none"):
        fix(cast)

    assert not ReserveSize.objects.exists()


def test_a_draw_leaves_less(cast, plan):
    fix(cast)
    draw(cast, "1000")
    draw(cast, "64.22", "D-12", budget=Budget.TOKENS)

    found = reserve_of(Q2)
    assert (found.drawn, found.left) == (Decimal("1064.22"), Decimal(7500))
    entry = AuditEntry.objects.latest("id")
    assert (entry.action, entry.reason) == (
        "reserve.drawn",
        "Two incidents in one week.",
    )
    assert entry.after == {
        "amount": "64.22",
        "budget": "tokens",
        "decision": "D-12",
        "currency": "USD",
    }


def test_a_draw_takes_all_that_is_left_and_not_a_cent_more(cast, plan):
    fix(cast)
    draw(cast, "8000")

    with pytest.raises(ReserveTooSmall, match=r"\$564.22 is left") as refused:
        draw(cast, "564.23", "D-12")

    assert (refused.value.status, refused.value.extra["left"]) == (409, "564.22")
    draw(cast, "564.22", "D-13")
    assert reserve_of(Q2).left == 0


def test_a_decision_is_drawn_once(cast, plan):
    fix(cast)
    first = draw(cast)
    again = draw(cast)

    assert (again.row, again.is_new) == (first.row, False)
    with pytest.raises(DecisionUsed, match="D-11 stands behind"):
        draw(cast, "999")
    assert ReserveDraw.objects.count() == 1


def test_nothing_is_drawn_from_a_provisional_reserve(cast, plan):
    with pytest.raises(ReserveNotFixed):
        draw(cast)


def test_what_is_left_lapses_with_the_quarter(cast, plan):
    fix(cast)
    last_day, next_day = (
        datetime(2026, 6, 30, 23, 59, tzinfo=UTC),
        datetime(2026, 7, 1, tzinfo=UTC),
    )

    draw(cast, now=last_day)
    with pytest.raises(ReserveLapsed):
        draw(cast, decision="D-12", now=next_day)
    with pytest.raises(ReserveLapsed):
        fix(cast, "0.20", now=next_day)


def test_rebalancing_never_falls_below_what_is_drawn(cast, plan):
    fix(cast, "0.20")
    draw(cast, "9000")

    with pytest.raises(ReserveTooSmall, match="is drawn from the reserve"):
        fix(cast, "0.15", "D-12")

    assert reserve_of(Q2).ratio == Decimal("0.20")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"amount": "0"}, "/amount"),
        ({"amount": "-1"}, "/amount"),
        ({"amount": "0.001"}, "/amount"),
        ({"amount": "1E+18"}, "/amount"),
        ({"reason": " "}, "/reason"),
    ],
    ids=str,
)
def test_a_draw_that_makes_no_sense_names_its_field(cast, plan, changes, pointer):
    fix(cast)

    with pytest.raises(Invalid) as refused:
        draw(cast, **changes)

    assert [e.pointer for e in refused.value.errors] == [pointer]
    assert not ReserveDraw.objects.exists()


@pytest.mark.parametrize("who", ["felix", "noor", "ines", "pia", "ada", "sarah"])
def test_only_the_committee_records_the_reserve(cast, plan, who):
    actor = getattr(cast, who)

    with pytest.raises(NotAllowed, match="A committee member can"):
        fix(cast, actor=actor)
    with pytest.raises(NotAllowed, match="A committee member can"):
        draw(cast, actor=actor)


@pytest.mark.parametrize("count", [1, 3])
def test_reserves_take_the_same_queries_for_one_quarter_and_for_three(
    cast, plan, django_assert_num_queries, count
):
    fix(cast)
    quarters = [Q2.plus(later) for later in range(count)]

    with django_assert_num_queries(1 if count == 1 else 5):
        found = reserves_of(quarters)

    assert [one.provisional for one in found.values()] == [False, True, True][:count]
