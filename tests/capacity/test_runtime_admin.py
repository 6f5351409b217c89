"""Decisions, events and counters stand in the admin, without anybody's reference."""

from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.contrib.admin.utils import quote
from django.urls import reverse

from capacity.models import CounterByKey, EventByKey, SpendByKey
from capacity.selectors.user_references import short_hash
from tests.capacity.usage import decided, event, send
from tests.kernel.in_the_admin import client_of
from tests.workloads import stories

pytestmark = pytest.mark.django_db
USER = "jo@example.com"


@pytest.fixture
def used(cast: SimpleNamespace, rate_card: None, api) -> None:
    support = stories.proposed(cast)
    known = decided(1, support, user_ref=USER, reserved=50)
    decided(2, support, user_ref=USER, reserved=70)
    send(
        api,
        event(user=USER, decision=str(known.pk), agent="planner-1"),
        event(user=USER, input_tokens=-1),
    )


@pytest.mark.parametrize(
    ("model", "rows"),
    [
        ("decision", 2),
        ("reservation", 1),
        ("counterbykey", 1),
        ("spendbykey", 4),
        ("eventbykey", 1),
        ("quarantinedevent", 1),
        ("usagesource", 1),
    ],
)
def test_lists_and_rows_open_and_name_nobody(cast, used, model, rows):
    client = client_of(cast.clara)
    answer = client.get(reverse(f"admin:capacity_{model}_changelist"), {"q": ""})
    page = answer.context["cl"]

    assert answer.status_code == 200
    assert len(page.result_list) == rows
    for row in page.result_list[:1]:
        key = quote(str(row.pk))
        one = client.get(reverse(f"admin:capacity_{model}_change", args=[key]))
        assert one.status_code == 200
        assert USER not in answer.content.decode() + one.content.decode()


def test_a_counter_is_told_with_a_short_hash(cast, used):
    page = reverse("admin:capacity_counterbykey_changelist")
    answer = client_of(cast.clara).get(page, {"q": "W-01"}).content.decode()

    assert short_hash(USER) in answer
    assert (
        CounterByKey.objects.get().settled,
        CounterByKey.objects.get().reserved,
    ) == (
        1_200,
        70,
    )


def test_a_key_that_is_none_is_not_found(cast, used):
    for model in ("counterbykey", "eventbykey", "spendbykey"):
        for key in ("no", "[]", '["x", 1, 2, 3]'):
            page = reverse(f"admin:capacity_{model}_change", args=[quote(key)])
            assert client_of(cast.clara).get(page).status_code in {302, 404}


def test_the_views_hold_what_the_tables_hold(used):
    assert EventByKey.objects.get().decided_calls == 1
    assert {one.settled for one in SpendByKey.objects.all()} == {Decimal("0.006")}
