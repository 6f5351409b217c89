"""What stands around a gate in the tests of its pages."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from capacity.enums import CeilingBasis, ProposalCause
from capacity.models import Alert, CeilingProposal, GatePolicy, UserCounter
from capacity.services.gates import open_gate_draft
from tests.conftest import NOW
from tests.workloads import stories
from workloads.models import Workload

MONTH = NOW.date().replace(day=1)
TIERS: list[dict[str, Any]] = [
    {"tier": "free", "ceiling_tokens": 100_000, "overage": "hard_cap"},
    {
        "tier": "standard",
        "ceiling_basis": CeilingBasis.ESTIMATE,
        "overage": "soft_cap",
    },
    {
        "tier": "team",
        "ceiling_tokens": 2_000_000,
        "overage": "pay_as_you_go",
        "metered_opt_in": {
            "by": "Jo Berg",
            "at": NOW - timedelta(days=3),
            "reference": "MSA-2026-17",
        },
    },
]


def drafted(cast: SimpleNamespace, workload: Workload, **values: Any) -> GatePolicy:
    return open_gate_draft(
        number=workload.number,
        actor=cast.sarah,
        values={"tiers": TIERS, **values},
        now=NOW,
    )


def with_draft(cast: SimpleNamespace) -> Workload:
    """A signed workload with a draft of its first gate."""
    workload = stories.proposed(cast)
    stories.signed(workload, cast)
    drafted(cast, workload)
    return workload


def gated(cast: SimpleNamespace, **values: Any) -> Workload:
    """A workload whose gate is active, with three tiers."""
    workload = stories.proposed(cast, **values)
    stories.signed(workload, cast)
    stories.activated(drafted(cast, workload), cast)
    workload.refresh_from_db()
    return workload


def used(
    workload: Workload, user: str, tokens: int, tier: str = "standard"
) -> UserCounter:
    return UserCounter.objects.create(
        workload=workload,
        user_ref=user,
        month=MONTH,
        settled=tokens,
        spoken={tier: []},
    )


def said(
    workload: Workload, user: str, level: int = 90, tier: str = "standard"
) -> Alert:
    return Alert.objects.create(
        workload=workload,
        user_ref=user,
        tier=tier,
        month=MONTH,
        level=level,
        spoken=True,
        kind={70: "soft_notice", 90: "banner", 100: "contract_event"}[level],
        decision=uuid4(),
        overage="soft_cap",
        consumed=level / 100,
        projected=1.2,
        at=NOW,
    )


def proposed(gate: GatePolicy, tokens: int, key: str = "2026Q2") -> CeilingProposal:
    return CeilingProposal.objects.create(
        workload=gate.workload,
        policy=gate,
        cause=ProposalCause.QUARTER,
        cause_key=key,
        ceilings=[
            {
                "tier": "free",
                "basis": "fixed",
                "ceiling_tokens": 100_000,
                "proposed_tokens": tokens,
                "formula": "520,000 × 0.3",
            }
        ],
        created_at=NOW,
    )
