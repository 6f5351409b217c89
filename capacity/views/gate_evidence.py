"""Whether a gate holds at runtime, and what a version in shadow would do otherwise."""

from datetime import datetime
from typing import Any

from capacity.models import GatePolicy
from workloads.models import Workload


def evidence_of(workload: Workload, gate: GatePolicy, now: datetime) -> Any:
    return None


def shadow_of(gate: GatePolicy, now: datetime, *, may_see: bool) -> Any:
    return None
