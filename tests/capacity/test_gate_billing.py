"""The bill of metered overage: by workload, tier, account and version, to the cent."""

from datetime import date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from capacity.models import GatePolicy, GateTier, MeteredOptIn, UsageEvent
from capacity.services.partitions import ensure_usage_months
from portal.kernel.periods import Month
from tests.conftest import NOW
from tests.workloads import stories
from workloads.models import Workload

pytestmark = pytest.mark.django_db
PATH = "/api/v1/gates/billing/?month=2026-05"
TODAY = NOW.date()


@pytest.fixture
def chat(cast: SimpleNamespace) -> Workload:
    ensure_usage_months([Month(2026, 4), Month(2026, 5)])
    with connection.cursor() as cursor:
        cursor.execute("SELECT capacity_ensure_decision_month(%s)", [NOW.date()])
    return stories.proposed(cast)


def gate(cast: SimpleNamespace, chat: Workload, version: int, price: str | None) -> Any:
    """A version with one metered tier, active from the first of May or of its version."""
    opt_in, _ = MeteredOptIn.objects.get_or_create(
        workload=chat,
        tier="pro",
        defaults={"by": "Acme", "at": NOW, "reference": "C-1", "recorded_at": NOW},
    )
    policy = GatePolicy.objects.create(
        workload=chat,
        version=version,
        primary_model="Sonnet",
        on_unreachable="allow",
        created_at=NOW,
        edited_at=NOW,
    )
    GateTier.objects.create(
        policy=policy,
        tier="pro",
        ceiling_tokens=1000,
        overage="pay_as_you_go",
        overage_price_per_million=price and Decimal(price),
        opt_in=opt_in,
    )
    return policy


def activate(cast: SimpleNamespace, policy: Any, since: datetime) -> Any:
    GatePolicy.objects.filter(workload=policy.workload, state="active").update(
        state="superseded", ended_at=since
    )
    GatePolicy.objects.filter(pk=policy.pk).update(
        state="active",
        owner_agreed_by=cast.sarah,
        finance_agreed_by=cast.felix,
        activated_at=since,
    )
    return policy


def decided(chat: Workload, policy: Any) -> UUID:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO capacity_decision (id, at, workload_id, policy_id, tier, user_ref,
                agent, account, trace_id, action, model, reason_code, asked_model,
                settled_tokens, reserved_tokens, shadow_action, test, answer)
            VALUES (capacity_uuid_from(%s), %s, %s, %s, 'pro', 'u', '', '', '', 'meter',
                '', 'over_ceiling', '', 0, 0, '', false, '{}')
            RETURNING id
            """,
            [NOW, NOW, chat.pk, policy.pk],
        )
        return cursor.fetchone()[0]


def metered(chat: Workload, tokens: int, *, day: date = TODAY, **values: Any) -> None:
    at = values.pop("at", NOW)
    UsageEvent.objects.create(
        day=day,
        key=uuid4(),
        source="s",
        event_id="e",
        at=at,
        received_at=at,
        workload=chat,
        tier="pro",
        user_ref="u",
        model="Sonnet",
        input_tokens=tokens,
        output_tokens=0,
        billable_tokens=tokens,
        **values,
    )


def test_lines_by_account_at_the_gates_price(api, cast, chat):
    activate(cast, gate(cast, chat, 1, "12.5"), NOW.replace(day=1))
    metered(chat, 1_000_000, account="acme")
    metered(chat, 500_000, account="acme", calls=3)
    metered(chat, 4_000, account="bond")
    metered(chat, 9_000, account="bond", test=True)
    metered(chat, 9_000, account="bond", day=date(2026, 4, 30))
    answer = api("nils")("GET", PATH).json()

    assert answer["results"] == [
        {
            "workload": "W-01",
            "tier": "pro",
            "account": account,
            "gate_version": 1,
            "calls": calls,
            "billable_tokens": tokens,
            "price_per_million": "12.5",
            "amount": amount,
        }
        for account, calls, tokens, amount in (
            ("acme", 4, 1_500_000, "18.75"),
            ("bond", 1, 4_000, "0.05"),
        )
    ]
    assert (answer["amount"], answer["unpriced_tokens"]) == ("18.80", 0)


def test_the_version_that_decided_says_the_price(api, cast, chat):
    first = activate(cast, gate(cast, chat, 1, "10"), NOW.replace(day=1))
    decision = decided(chat, first)
    activate(cast, gate(cast, chat, 2, "20"), NOW.replace(day=10))
    # Settled under the second version, decided by the first; the others by their time.
    metered(chat, 1_000_000, decision=decision)
    metered(chat, 1_000_000, day=date(2026, 5, 9), at=NOW.replace(day=9))
    metered(chat, 1_000_000, day=date(2026, 5, 10), at=NOW.replace(day=10))

    told = [
        (one["gate_version"], one["billable_tokens"], one["amount"])
        for one in api("nils")("GET", PATH).json()["results"]
    ]
    assert told == [(1, 2_000_000, "20.00"), (2, 1_000_000, "20.00")]


def test_what_has_no_price_is_told_and_not_charged(api, cast, chat):
    activate(cast, gate(cast, chat, 1, None), NOW.replace(day=1))
    metered(chat, 700)
    answer = api("nils")("GET", PATH).json()

    assert (answer["amount"], answer["unpriced_tokens"]) == ("0.00", 700)
    assert answer["results"][0]["amount"] is None


def test_the_export_is_harmless_to_a_spreadsheet(api, cast, chat):
    activate(cast, gate(cast, chat, 1, "12.5"), NOW.replace(day=1))
    metered(chat, 1_000_000, account="=cmd()")
    answer = api("nils")("GET", f"{PATH}&format=csv")

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert 'filename="overage-2026-05.csv"' in answer["Content-Disposition"]
    heading, line = answer.content.decode().splitlines()
    assert heading.startswith("Month,Workload,Name,Tier,Account,Gate version")
    assert line == (
        "2026-05,W-01,Customer support chat,pro,'=cmd(),1,1,1000000,12.5,12.5,USD"
    )


def test_a_month_without_overage_is_an_empty_bill(api, chat):
    answer = api("nils")("GET", PATH).json()

    assert (answer["results"], answer["amount"]) == ([], "0.00")
    assert api("nils")("GET", "/api/v1/gates/billing/").status_code == 400
