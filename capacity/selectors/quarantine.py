"""Refused events as people may see them."""

from collections.abc import Callable
from typing import Any

from capacity.selectors.user_references import short_hash
from portal.kernel import access
from portal.kernel.models import User
from workloads.models import Workload
from workloads.selectors.plan import number_of


def told_workloads(actor: User) -> Callable[[str], bool]:
    """Whether the actor may see the users of the workload that an event names."""
    if access.allows(actor, "user_reference.see"):
        return lambda _ref: True
    owned = frozenset(
        one.number
        for one in Workload.objects.filter(owner=actor).only("number", "owner")
        if access.allows(actor, "user_reference.see", one)
    )
    return lambda ref: number_of(ref) in owned


def shown_body(body: Any, *, may_see: bool) -> Any:
    """As it is kept; a user's reference as a short hash for those who may not see it."""
    if may_see or not isinstance(body, dict):
        return body
    if isinstance(body.get("data"), dict):
        body = {**body, "data": shown_body(body["data"], may_see=False)}
    user = body.get("user")
    return {**body, "user": short_hash(user)} if isinstance(user, str) else body
