"""Spend alerts: one before a limit and one at it, once a period, to the right person."""

from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from capacity import tasks
from capacity.enums import LimitPeriod, LimitScope
from capacity.models import SpendAlert, SpendCounter
from capacity.services.spend_alerts import alert_spending
from capacity.services.spend_limits import end_limit, set_limit
from portal.kernel.models import OutboxMessage, WebhookDelivery
from portal.kernel.services.webhooks import subscribe
from tests.conftest import NOW
from tests.kernel.in_the_admin import client_of
from tests.workloads import stories
from workloads.services.departments import create_department

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(cast: SimpleNamespace) -> SimpleNamespace:
    service = create_department(
        actor=cast.ada, code="service", name="Service", head=cast.dana, now=NOW
    )
    stories.proposed(cast, department=service)
    return cast


def limited(cast: SimpleNamespace, scope: str, target: str, period: str) -> Any:
    return set_limit(
        scope=LimitScope(scope),
        target=target,
        period=LimitPeriod(period),
        amount=Decimal("100.00"),
        actor=cast.felix,
        now=NOW,
    ).row


def spend(limit: Any, settled: str, reserved: str = "0") -> None:
    SpendCounter.objects.filter(scope=limit.scope, target=limit.target).update(
        settled=Decimal(settled), reserved=Decimal(reserved)
    )


def mailed() -> list[tuple[str, str]]:
    rows = OutboxMessage.objects.filter(channel="mail").order_by("id")
    return [
        (one.payload["to"].partition("@")[0], one.payload["subject"]) for one in rows
    ]


@pytest.mark.parametrize(
    ("settled", "reserved", "said"),
    [
        ("79.99", "0", []),
        ("80.00", "0", [False]),
        ("60.00", "20.00", [False]),
        ("99.999999", "0", [False]),
        ("100.00", "0", [True]),
        ("60.00", "40.00", [True]),
        ("250.00", "0", [True]),
    ],
)
def test_an_alert_at_eighty_percent_and_one_at_the_limit(
    house, settled, reserved, said
):
    spend(limited(house, "workload", "W-01", "day"), settled, reserved)

    for _ in range(3):
        alert_spending(now=NOW)

    assert list(SpendAlert.objects.values_list("reached", flat=True)) == said
    assert len(mailed()) == len(said)


def test_both_are_told_as_they_come_and_neither_twice(house):
    limit = limited(house, "workload", "W-01", "day")
    told = []
    for settled in ("85.00", "90.00", "101.00", "90.00", "101.00"):
        spend(limit, settled)
        told.append(alert_spending(now=NOW))

    assert told == [1, 0, 1, 0, 0]
    assert [subject for _, subject in mailed()] == [
        "W-01: 85 % of the spend limit a day is spent",
        "W-01: the spend limit of $100.00 a day is reached",
    ]


@pytest.mark.parametrize(
    ("scope", "target", "period", "who"),
    [
        ("workload", "W-01", "day", "sarah"),
        ("department", "service", "month", "dana"),
        # An agent has no owner before it is registered: whoever set it is told.
        ("agent", "triage-1", "day", "felix"),
    ],
)
def test_the_owner_or_the_head_is_told(house, scope, target, period, who):
    spend(limited(house, scope, target, period), "100")

    alert_spending(now=NOW)

    assert [to for to, _ in mailed()] == [who]


def test_another_day_is_another_alert_and_an_ended_limit_is_silent(house):
    limit = limited(house, "workload", "W-01", "day")
    spend(limit, "100")
    alert_spending(now=NOW)
    tomorrow = NOW + timedelta(days=1)
    assert alert_spending(now=tomorrow) == 0
    SpendCounter.objects.create(
        scope="workload",
        target="W-01",
        period="day",
        starts_on=tomorrow.date(),
        settled=100,
    )
    assert alert_spending(now=tomorrow) == 1
    end_limit(id=limit.pk, reason="r", actor=house.felix, now=tomorrow)
    SpendAlert.objects.all().delete()
    assert alert_spending(now=tomorrow) == 0


def test_webhooks_hear_of_it(house):
    subscribe(
        actor=house.ada,
        url="https://hooks.example.com/",
        kinds=["gate.threshold"],
        now=NOW,
    )
    spend(limited(house, "workload", "W-01", "day"), "100")
    alert_spending(now=NOW)

    assert '"kind": "spend_limit"' in WebhookDelivery.objects.get().body


@pytest.mark.parametrize("count", [1, 3])
def test_limits_that_are_fine_cost_a_fixed_number_of_questions(
    house, count, django_assert_num_queries
):
    for number in range(count):
        limited(house, "agent", f"a-{number}", "day")

    with django_assert_num_queries(2):
        assert alert_spending(now=NOW) == 0


def test_the_task_and_the_admin_find_it(house, monkeypatch):
    monkeypatch.setattr("portal.kernel.clock.now", lambda: NOW)
    limit = limited(house, "workload", "W-01", "day")
    spend(limit, "100")

    assert tasks.alert_spending() == 1
    client = client_of(house.clara)
    for table, row in (
        ("spendlimit", limit.pk),
        ("spendalert", SpendAlert.objects.get().pk),
    ):
        for path in ("", "?q=W-01", f"{row}/change/"):
            page = client.get(f"/admin/capacity/{table}/{path}")
            assert page.status_code == 200
