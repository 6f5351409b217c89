"""What a person asks of the approvals inbox, read from its address."""

from collections.abc import Mapping
from typing import Any

from workloads.enums import SignRole
from workloads.forms.plan import one_of, read_filter, text_of
from workloads.rules.plan_filter import PlanFilter
from workloads.rules.wait_filter import Order, Wait, WaitFilter, Whose


def read_waits(query: Mapping[str, Any]) -> WaitFilter:
    """A value that means nothing asks for nothing: an address never fails."""
    plan = read_filter(query)
    return WaitFilter(
        workloads=PlanFilter(
            search=plan.search,
            owner=plan.owner,
            department=plan.department,
            quarter=plan.quarter,
        ),
        role=one_of(SignRole, text_of(query, "role")),
        wait=one_of(Wait, text_of(query, "wait")),
        only=one_of(Whose, text_of(query, "only")) or Whose.ALL,
        order=one_of(Order, text_of(query, "order")) or Order.OLDEST,
    )
