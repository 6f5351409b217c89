"""Short ways to a gate in a given state, always through the use cases."""

from datetime import datetime
from types import SimpleNamespace
from typing import Any

from capacity.models import GatePolicy
from capacity.services.gates import activate_gate, open_gate_draft
from tests.conftest import NOW
from workloads.models import Workload

STANDARD: dict[str, Any] = {
    "tier": "standard",
    "ceiling_tokens": 780_000,
    "overage": "soft_cap",
}
OPT_IN = {
    "by": "Jo Berg, ACME",
    "at": datetime.fromisoformat("2026-05-01T09:00:00+00:00"),
    "reference": "MSA-2026-17",
}
METERED: dict[str, Any] = {
    "tier": "standard",
    "ceiling_tokens": 100_000,
    "overage": "pay_as_you_go",
    "metered_opt_in": OPT_IN,
}


def one_tier(**values: Any) -> dict[str, Any]:
    """A body with one tier, `standard` unless it is named."""
    return {"tiers": [{**STANDARD, **values}]}


def drafted(
    workload: Workload, cast: SimpleNamespace, now: datetime = NOW, **values: Any
) -> GatePolicy:
    return open_gate_draft(
        number=workload.number, actor=cast.pia, values=values, now=now
    )


def agreed(policy: GatePolicy, cast: SimpleNamespace, now: datetime = NOW):
    """By its owner and by finance: it is active then."""
    for actor in (policy.workload.owner, cast.felix):
        policy = activate_gate(
            number=policy.workload.number,
            version=policy.version,
            actor=actor,
            now=now,
        )
    return policy


def activated(
    workload: Workload, cast: SimpleNamespace, now: datetime = NOW, **values: Any
) -> GatePolicy:
    return agreed(drafted(workload, cast, now, **values), cast, now)
