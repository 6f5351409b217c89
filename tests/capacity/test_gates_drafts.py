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


@pytest.mark.parametrize(
    ("change", "values"),
    [
        ("soft cap without a second model", {"degrade_model": ""}),
        ("a model that nobody priced", {"primary_model": "Sonnet 9"}),
        ("a second model that nobody priced", {"degrade_model": "Haiku 9"}),
        ("a version without tiers", {"tiers": []}),
    ],
)
def test_x(cast, change, values):
    workload = stories.proposed(cast)
    with pytest.raises(GateInvalid):
        gates.drafted(workload, cast, **{**gates.one_tier(), **values})
    assert not GatePolicy.objects.exists()
    assert not GateTier.objects.exists()
    assert not MeteredOptIn.objects.exists()


def test_y(cast):
    policy = gates.activated(stories.proposed(cast), cast, **gates.one_tier())
    assert policy.state == "active"
