"""Drafts of gates: what is prefilled, what is computed, what is refused."""

from decimal import Decimal

import pytest

from capacity.models import GatePolicy, GateTier, MeteredOptIn
from capacity.selectors.gate_problems import GateInvalid
from tests.capacity import gates
from tests.workloads import stories

pytestmark = pytest.mark.django_db


def test_a_first_draft_starts_from_the_plan_and_the_estimate(cast):
    workload = stories.proposed(cast)
    stories.submitted(workload, cast.sarah)

    policy = gates.drafted(workload, cast)

    tier = policy.tiers.get()
    assert (policy.version, policy.state, policy.primary_model, policy.degrade_model) == (
        1,
        "draft",
        "Sonnet",
        "Haiku",
    )
    assert (tier.tier, tier.overage, tier.ceiling_tokens, tier.allowance) == (
        "standard",
        "soft_cap",
        780_000,
        Decimal("1.5"),
    )
    assert policy.on_unreachable == "allow"
