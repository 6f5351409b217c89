"""Short ways to questions and what they leave behind."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

from capacity.models import UserCounter
from workloads.models import Workload

DECIDE = "/api/v1/gates/decide/"
MAY = date(2026, 5, 1)


def question(**values: Any) -> dict[str, Any]:
    """User u-1 of W-01, tier standard."""
    return {"workload": "W-01", "tier": "standard", "user": "u-1", **values}


def ask(api: Callable[..., Any], who: str = "gateway", **values: Any) -> dict[str, Any]:
    answer = api(who)("POST", DECIDE, question(**values))
    assert answer.status_code == 200, answer.content
    return dict(json.loads(answer.content))


def settle(
    workload: Workload, tokens: int, user: str = "u-1", month: date = MAY
) -> None:
    """What a user has used this month, as the usage events would leave it."""
    UserCounter.objects.update_or_create(
        workload_id=workload.pk,
        user_ref=user,
        month=month,
        test=False,
        defaults={"settled": tokens},
    )


def counter(
    workload: Workload, user: str = "u-1", *, test: bool = False
) -> UserCounter:
    return UserCounter.objects.get(
        workload_id=workload.pk, user_ref=user, month=MAY, test=test
    )
