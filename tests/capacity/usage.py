"""Usage events for tests, and what they leave behind."""

import itertools
import json
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.db import connection

from capacity.enums import GateState, OnUnreachable
from capacity.models import Decision, GatePolicy, GateTier, Reservation, UserCounter
from tests.conftest import NOW
from workloads.models import Workload

PATH = "/api/v1/usage/"
_numbers = itertools.count(1)


def event(**values: Any) -> dict[str, Any]:
    """One call of user u-1 in W-01, at the tests' moment."""
    return {
        "id": f"e-{next(_numbers)}",
        "source": "gateway/eu",
        "time": "2026-05-12T08:30:00Z",
        "workload": "W-01",
        "tier": "standard",
        "user": "u-1",
        "model": "Sonnet",
        "input_tokens": 1_000,
        "output_tokens": 200,
        **values,
    }


def send(api: Callable[..., Any], *events: Any, who: str = "gateway") -> dict[str, Any]:
    answer = api(who)("POST", PATH, {"events": list(events)})
    assert answer.status_code == 200, answer.content
    return dict(json.loads(answer.content))


def codes(answer: Mapping[str, Any]) -> list[str]:
    return [one["code"] for one in answer["rejected"]]


def active_gate(
    workload: Workload, cast: Any, tiers: Mapping[str, int], overage: str = "soft_cap"
) -> GatePolicy:
    """An active version with these ceilings."""
    policy = GatePolicy.objects.create(
        workload=workload,
        version=1,
        primary_model="Sonnet",
        degrade_model="Haiku",
        on_unreachable=OnUnreachable.BLOCK,
        created_at=NOW,
        edited_at=NOW,
    )
    for tier, ceiling in tiers.items():
        GateTier.objects.create(
            policy=policy, tier=tier, ceiling_tokens=ceiling, overage=overage
        )
    policy.state = GateState.ACTIVE
    policy.owner_agreed_by, policy.finance_agreed_by = cast.sarah, cast.felix
    policy.activated_at = NOW
    policy.save()
    return policy


def decided(number: int, workload: Workload, **values: Any) -> Decision:
    """A decision of the tests' moment; the counter and reservation of an allowed one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT capacity_ensure_decision_month(%s)", [NOW.date()])
    head = int(NOW.timestamp() * 1000) << 80
    tokens = values.pop("reserved", 0)
    user = values.get("user_ref", "u-1")
    decision = Decision.objects.create(
        **{
            "id": UUID(int=head | number),
            "at": NOW,
            "workload": workload,
            "tier": "standard",
            "user_ref": user,
            "action": "allow",
            "model": "Sonnet",
            "reason_code": "under_ceiling",
            "ceiling_tokens": 10_000,
            "shadow_action": "",
            "answer": {},
            **values,
        }
    )
    if tokens:
        month = NOW.date().replace(day=1)
        test = bool(values.get("test"))
        key = {"workload": workload, "user_ref": user, "month": month, "test": test}
        counter, _ = UserCounter.objects.get_or_create(**key)
        UserCounter.objects.filter(**key).update(reserved=counter.reserved + tokens)
        Reservation.objects.create(
            decision=decision.pk, tokens=tokens, day=NOW.date(), expires_at=NOW, **key
        )
    return decision


def counter(user: str = "u-1", **values: Any) -> tuple[int, int]:
    """(settled, reserved) of a user in May."""
    values = {"month": NOW.date().replace(day=1), "test": False, **values}
    found = UserCounter.objects.filter(user_ref=user, **values).first()
    return (found.settled, found.reserved) if found else (0, 0)
