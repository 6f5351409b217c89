"""Which signatures wait, as the database answers: filters, orders, and whose they are."""

from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils.functional import SimpleLazyObject

from tests.conftest import NOW
from tests.workloads import stories
from workloads.enums import SignRole
from workloads.models import Workload
from workloads.rules.plan_filter import PlanFilter
from workloads.rules.wait_filter import Order, Wait, WaitFilter, Whose
from workloads.rules.working_days import last_day_overdue, working_days_between
from workloads.selectors import waiting_rows
from workloads.selectors.approvals import (
    count_waiting_for,
    viewer_of,
    waiting_signatures,
)
from workloads.services.departments import create_department
from workloads.services.deputies import name_deputy
from workloads.services.signoff_ends import withdraw_signature

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(days=9)


@pytest.fixture
def queue(cast: SimpleNamespace) -> list[Workload]:
    """W-01 misses all three, W-02 ops only, W-03 (no owner) has ops withdrawn."""
    it = create_department(actor=cast.clara, code="it", name="IT", head=None, now=NOW)
    first = stories.proposed(cast, name="Chat", department=it)
    second = stories.proposed(
        cast, name="Drafts", owner=cast.marcus, ship_quarter="2026Q3"
    )
    third = stories.proposed(cast, name="Search", owner=None, ship_quarter="")
    stories.submitted(first, cast.sarah)
    two = stories.submitted(second, cast.marcus, LATER)
    stories.press(two, cast.ines, SignRole.ENGINEERING, now=LATER)
    stories.press(two, cast.felix, SignRole.FINANCE, now=LATER)
    three = stories.submitted(third, cast.pia, NOW + timedelta(hours=1))
    stories.press(three, cast.noor, SignRole.OPS)
    withdraw_signature(
        number=third.number,
        version=1,
        role=SignRole.OPS,
        actor=cast.noor,
        reason="The wrong row.",
        if_match=None,
        now=LATER,
    )
    return [first, second, third]


def found(cast: SimpleNamespace, who: str, **asked: Any) -> list[str]:
    items = waiting_signatures(getattr(cast, who), LATER, WaitFilter(**asked))
    return [
        f"{item.workload.ref} {item.role}{' mine' if item.yours else ''}"
        for item in items
    ]


def test_yours_come_first_then_the_oldest(cast, queue):
    assert found(cast, "noor") == [
        "W-01 ops mine",
        "W-02 ops mine",
        "W-03 ops mine",
        "W-01 engineering",
        "W-01 finance",
        "W-03 engineering",
        "W-03 finance",
    ]


@pytest.mark.parametrize(
    ("asked", "refs"),
    [
        ({"role": SignRole.OPS}, ["W-01 ops mine", "W-02 ops mine", "W-03 ops mine"]),
        ({"only": Whose.YOURS, "role": SignRole.FINANCE}, []),
        ({"wait": Wait.AGAIN}, ["W-03 ops mine"]),
        ({"wait": Wait.RENEW}, []),
        (
            {"wait": Wait.SIGN, "only": Whose.YOURS},
            ["W-01 ops mine", "W-02 ops mine"],
        ),
        (
            {"only": Whose.OVERDUE},
            [
                "W-01 ops mine",
                "W-01 engineering",
                "W-01 finance",
                "W-03 engineering",
                "W-03 finance",
            ],
        ),
        ({"workloads": PlanFilter(quarter="2026Q3")}, ["W-02 ops mine"]),
        ({"workloads": PlanFilter(owner="marcus")}, ["W-02 ops mine"]),
        ({"workloads": PlanFilter(search="drafts")}, ["W-02 ops mine"]),
        ({"workloads": PlanFilter(search="W-02")}, ["W-02 ops mine"]),
        (
            {"workloads": PlanFilter(department="it"), "role": SignRole.OPS},
            ["W-01 ops mine"],
        ),
        (
            {"workloads": PlanFilter(owner="-"), "role": SignRole.FINANCE},
            ["W-03 finance"],
        ),
    ],
)
def test_a_filter_leaves_what_was_asked_for(cast, queue, asked, refs):
    assert found(cast, "noor", **asked) == refs


@pytest.mark.parametrize(
    ("order", "refs"),
    [
        (Order.OLDEST, ["W-01", "W-02", "W-03"]),
        (Order.NEWEST, ["W-02", "W-03", "W-01"]),
        (Order.REF, ["W-01", "W-02", "W-03"]),
        (Order.QUARTER, ["W-03", "W-01", "W-02"]),
    ],
)
def test_an_order_holds_among_yours(cast, queue, order, refs):
    mine = found(cast, "noor", order=order, only=Whose.YOURS)

    assert [one.split()[0] for one in mine] == refs


def test_a_chip_counts_what_it_would_leave(cast, queue):
    def counted(**asked: Any) -> list[int]:
        viewer = viewer_of(cast.noor, LATER)
        return list(waiting_rows.counts(viewer, WaitFilter(**asked)).chips.values())

    assert counted() == [7, 3, 5]
    assert counted(only=Whose.OVERDUE) == [7, 3, 5]
    assert counted(role=SignRole.OPS) == [3, 3, 1]
    assert counted(wait=Wait.RENEW, role=SignRole.OPS) == [0, 0, 0]
    assert counted(workloads=PlanFilter(quarter="2031Q1")) == [0, 0, 0]


def test_a_renewal_is_a_kind_of_wait_of_its_signer(cast):
    stories.signed(stories.proposed(cast), cast)
    late = NOW.replace(month=12, day=20)

    def refs(who: str, wait: Wait) -> list[SignRole]:
        asked = WaitFilter(wait=wait, role=SignRole.OPS)
        rows = waiting_signatures(getattr(cast, who), late, asked)
        return [item.role for item in rows if item.renews]

    assert refs("noor", Wait.RENEW) == [SignRole.OPS]
    assert refs("noor", Wait.SIGN) == []
    assert refs("felix", Wait.RENEW) == []


def test_pages_follow_one_another(cast, queue):
    pages = [
        waiting_signatures(cast.noor, LATER, start=start, most=3) for start in (0, 3, 6)
    ]

    shown = [f"{item.workload.ref} {item.role}" for page in pages for item in page]
    assert shown == [one.removesuffix(" mine") for one in found(cast, "noor")]


@pytest.mark.parametrize(
    "who", ["noor", "felix", "ines", "nils", "sarah", "adele", "clara", "gateway"]
)
def test_the_database_and_the_rules_name_the_same_as_yours(cast, queue, who):
    """Owner, contributor, signer of another role, deputy: each is among them."""
    cast.noor.roles = ["ops", "finance"]
    cast.noor.save()
    cast.marcus.roles = ["owner", "ops"]
    cast.marcus.save()
    for deputy, signer in (
        ("nils", "noor"),
        ("sarah", "noor"),
        ("clara", "marcus"),
        ("clara", "noor"),
    ):
        name_deputy(
            actor=getattr(cast, signer),
            role=SignRole.OPS,
            deputy=getattr(cast, deputy),
            from_day=date(2026, 5, 1),
            until_day=date(2026, 6, 30),
            now=NOW,
        )
    estimate = queue[0].estimates.get()
    stories.press(estimate, cast.noor, SignRole.FINANCE, now=LATER)
    user = getattr(cast, who)

    asked = waiting_rows.rows(viewer_of(user, LATER), WaitFilter(), 0, 100)
    judged = waiting_signatures(user, LATER)

    assert [row.mine for row in asked] == [item.yours for item in judged]
    assert sum(row.mine for row in asked) == count_waiting_for(user, LATER)
    told = list(waiting_rows.told_rows(viewer_of(user, LATER), WaitFilter()))
    assert [row.for_principal for row in told] == [
        item.for_principal.display_name if item.for_principal else "" for item in judged
    ]


def test_a_role_that_was_taken_away_takes_its_rows_along_at_once(cast, queue):
    def counted() -> tuple[int, int]:
        viewer = viewer_of(cast.noor, LATER)
        yours = waiting_rows.rows(viewer, WaitFilter(only=Whose.YOURS), 0, 100)
        return len(yours), waiting_rows.counts(viewer, WaitFilter()).yours

    before = counted()
    cast.noor.roles = ["finance"]
    cast.noor.save()
    moved = counted()
    cast.noor.roles = []
    cast.noor.save()

    assert (before, moved, counted()) == ((3, 3), (2, 2), (0, 0))


def test_a_kept_statement_keeps_no_account_and_so_no_request(cast):
    lazily = SimpleLazyObject(lambda: cast.noor)

    viewer = viewer_of(lazily, LATER)

    assert viewer == viewer_of(cast.noor, LATER)
    plain = {type(value) for value in vars(viewer).values()}
    assert plain == {int, frozenset, bool, date, datetime}


@pytest.mark.parametrize("patience", [0, 1, 5, 10])
def test_the_last_day_that_is_overdue_is_the_last(patience):
    for offset in range(14):
        today = date(2026, 5, 4) + timedelta(days=offset)
        last = last_day_overdue(today, patience)

        assert working_days_between(last, today) > patience
        assert working_days_between(last + timedelta(days=1), today) <= patience
