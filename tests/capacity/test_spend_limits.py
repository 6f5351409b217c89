"""Spend limits: who sets them, what they begin with, and how they end."""

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace
from uuid import uuid4

import pytest

from capacity.enums import LimitPeriod, LimitScope
from capacity.models import Reservation, SpendCounter, SpendLimit, UsageDay
from capacity.selectors.gate_problems import LimitEnded, UnknownTarget
from capacity.selectors.spend_limits import spent_against, tag_of
from capacity.services.partitions import ensure_usage_months
from capacity.services.spend_limits import end_limit, set_limit
from portal.kernel.errors import Invalid, NotAllowed, Stale
from portal.kernel.models import AuditEntry
from portal.kernel.periods import Month
from tests.conftest import NOW
from tests.workloads import stories
from workloads.models import Department, Workload
from workloads.services.departments import create_department

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


@pytest.fixture
def department(cast: SimpleNamespace) -> Department:
    return create_department(
        actor=cast.ada, code="service", name="Service", head=cast.dana, now=NOW
    )


@pytest.fixture
def chat(cast: SimpleNamespace, department: Department) -> Workload:
    return stories.proposed(cast, department=department)


def limited(actor, scope="workload", target="W-01", period="day", **values):
    return set_limit(
        scope=LimitScope(scope),
        target=target,
        period=LimitPeriod(period),
        amount=Decimal(values.pop("amount", "100.00")),
        actor=actor,
        now=NOW,
        **values,
    )


def in_flight(workload, cost, *, day=TODAY, minutes=5, **values):
    Reservation.objects.create(
        decision=uuid4(),
        workload=workload,
        user_ref="u-1",
        month=day.replace(day=1),
        tokens=1000,
        cost=Decimal(cost),
        day=day,
        expires_at=NOW + dt.timedelta(minutes=minutes),
        **values,
    )


def used(workload, day, tokens, model="Sonnet"):
    ensure_usage_months([Month.of(day)])
    UsageDay.objects.create(
        day=day,
        workload=workload,
        tier="standard",
        user_ref="u-1",
        model=model,
        calls=1,
        input_tokens=tokens,
    )


# --- Who ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "target", "who", "may"),
    [
        ("workload", "W-01", "felix", True),
        ("workload", "W-01", "sarah", False),
        ("workload", "W-01", "dana", False),
        ("workload", "W-01", "noor", False),
        ("agent", "triage-1", "felix", True),
        ("agent", "triage-1", "dana", False),
        ("department", "service", "felix", True),
        ("department", "service", "dana", True),
        ("department", "other", "dana", False),
        ("department", "service", "clara", False),
        ("department", "service", "ada", False),
    ],
)
def test_finance_limits_anything_and_a_head_the_department(
    cast, chat, scope, target, who, may
):
    create_department(
        actor=cast.ada, code="other", name="Other", head=cast.nils, now=NOW
    )

    if may:
        limit = limited(getattr(cast, who), scope, target).row
        end_limit(id=limit.pk, reason="r", actor=getattr(cast, who), now=NOW)
        assert SpendLimit.objects.get().ended_at == NOW
    else:
        limit = limited(cast.felix, scope, target).row
        with pytest.raises(NotAllowed):
            limited(getattr(cast, who), scope, target, amount="5")
        with pytest.raises(NotAllowed):
            end_limit(id=limit.pk, reason="r", actor=getattr(cast, who), now=NOW)


# --- What -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        {"amount": "0"},
        {"amount": "-1"},
        {"amount": "0.001"},
        {"amount": "1e13"},
        {"alert_at": Decimal(0)},
        {"alert_at": Decimal("1.001")},
        {"alert_at": Decimal("0.1234")},
        {"reason": "x" * 2001},
    ],
    ids=str,
)
def test_a_limit_that_makes_no_sense_is_refused(cast, chat, values):
    with pytest.raises(Invalid):
        limited(cast.felix, **values)
    assert not SpendLimit.objects.exists()


@pytest.mark.parametrize(
    ("scope", "target"),
    [("workload", "W-99"), ("department", "nowhere"), ("agent", "")],
)
def test_a_limit_of_nothing_is_refused(cast, chat, scope, target):
    with pytest.raises(UnknownTarget):
        limited(cast.felix, scope, target)


def test_another_amount_takes_the_place_and_an_equal_one_changes_nothing(cast, chat):
    first = limited(cast.felix, reason="As agreed.")
    same = limited(cast.felix)
    other = limited(cast.felix, amount="120.00")
    monthly = limited(cast.felix, period="month")

    assert (first.is_new, same.is_new, other.is_new) == (True, False, True)
    assert same.row == first.row
    standing = SpendLimit.objects.filter(ended_at__isnull=True)
    assert set(standing) == {other.row, monthly.row}
    entry = AuditEntry.objects.filter(action="spend_limit.set").order_by("id")[1]
    assert (entry.object, entry.before["amount"], entry.after["amount"]) == (
        "workload/W-01",
        "100.00",
        "120.00",
    )


def test_a_limit_ends_once_with_a_reason_by_what_was_seen(cast, chat):
    limit = limited(cast.felix).row
    seen = tag_of(limit)
    with pytest.raises(Stale):
        end_limit(id=limit.pk, reason="r", actor=cast.felix, now=NOW, if_match='"x"')
    with pytest.raises(Invalid):
        end_limit(id=limit.pk, reason=" ", actor=cast.felix, now=NOW, if_match=seen)
    end_limit(id=limit.pk, reason="r", actor=cast.felix, now=NOW, if_match=seen)
    with pytest.raises(LimitEnded):
        end_limit(id=limit.pk, reason="r", actor=cast.felix, now=NOW)


# --- What was spent before ------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "target", "period", "settled", "reserved"),
    [
        # 3.00 a million tokens; the 12th and the 1st of May; two calls in flight.
        ("workload", "W-01", "day", "3", "0.5"),
        ("workload", "W-01", "month", "9", "0.75"),
        ("department", "service", "month", "9", "0.5"),
        ("agent", "triage-1", "day", "0", "0.5"),
    ],
)
def test_a_limit_begins_with_what_was_spent_and_what_is_in_flight(
    cast, chat, scope, target, period, settled, reserved
):
    other = stories.proposed(cast, name="Other")
    used(chat, TODAY, 1_000_000)
    used(chat, TODAY.replace(day=1), 2_000_000)
    used(chat, TODAY.replace(month=4, day=30), 4_000_000)
    used(chat, TODAY, 1_000, model="unknown to the card")
    used(other, TODAY, 8_000_000)
    in_flight(chat, "0.5", agent="triage-1", department="service")
    in_flight(chat, "0.25", day=TODAY.replace(day=11))
    in_flight(chat, "4", minutes=-1, agent="triage-1", department="service")
    in_flight(chat, "4", test=True, agent="triage-1", department="service")
    in_flight(other, "4")

    limit = limited(cast.felix, scope, target, period).row

    counter = SpendCounter.objects.get()
    assert (counter.settled, counter.reserved) == (Decimal(settled), Decimal(reserved))
    (spent,) = spent_against([limit], NOW)
    assert spent.total == Decimal(settled) + Decimal(reserved)


def test_a_counter_that_runs_keeps_what_it_settled(cast, chat):
    used(chat, TODAY, 1_000_000)
    SpendCounter.objects.create(
        scope="workload",
        target="W-01",
        period="day",
        starts_on=TODAY,
        settled=Decimal("7.25"),
    )
    in_flight(chat, "0.5")

    limited(cast.felix)

    counter = SpendCounter.objects.get()
    assert (counter.settled, counter.reserved) == (Decimal("7.25"), Decimal("0.5"))
