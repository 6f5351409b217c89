"""Two people press on one gate at the same moment, on a real PostgreSQL."""

import os
from functools import partial
from types import SimpleNamespace

import pytest

from capacity.models import CeilingProposal, GatePolicy
from capacity.selectors.gates import tag_of
from capacity.services.gate_proposals import propose_ceilings
from capacity.services.gates import activate_gate, edit_gate_draft, open_gate_draft
from portal.kernel.enums import Role
from portal.kernel.models import AuditEntry
from tests.capacity import gates
from tests.conftest import NOW
from tests.faults.races import at_once, codes
from tests.workloads import stories

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = int(os.environ.get("WEIGHBRIDGE_RACE_ROUNDS", "3"))


@pytest.fixture(params=range(ROUNDS))
def round_number(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def press(actor, **values):
    return partial(activate_gate, number=1, version=1, actor=actor, now=NOW, **values)


def count(action: str) -> int:
    return AuditEntry.objects.filter(action=action).count()


def test_two_finance_people_and_the_owner_activate_once(
    cast: SimpleNamespace, round_number: int
) -> None:
    cast.nils.roles = [Role.FINANCE]
    cast.nils.save(update_fields=["roles"])
    gates.drafted(stories.proposed(cast), cast, **gates.one_tier())

    outcomes = at_once([press(cast.felix), press(cast.nils), press(cast.sarah)])

    told = codes(outcomes)
    assert told in (["already_active", "ok", "ok"], ["already_agreed", "ok", "ok"])
    assert GatePolicy.objects.get().state == "active"
    assert (count("gate.agreed"), count("gate.activated")) == (1, 1)


def test_of_an_edit_and_an_activation_one_comes_first(
    cast: SimpleNamespace, round_number: int
) -> None:
    policy = gates.drafted(stories.proposed(cast), cast, **gates.one_tier())
    press(cast.felix)()
    seen = tag_of(policy)
    edit = partial(
        edit_gate_draft,
        number=1,
        version=1,
        actor=cast.pia,
        changes=gates.one_tier(ceiling_tokens=5_000),
        if_match=seen,
        now=NOW,
    )

    outcomes = at_once([edit, press(cast.sarah, if_match=seen)])

    assert codes(outcomes) == ["ok", "stale"]
    stored = GatePolicy.objects.get()
    ceiling = stored.tiers.get().ceiling_tokens
    assert (stored.state, ceiling, stored.finance_agreed_by_id is None) in (
        ("active", 780_000, False),
        ("draft", 5_000, True),
    )


def test_two_drafts_at_once_leave_one_open(
    cast: SimpleNamespace, round_number: int
) -> None:
    stories.proposed(cast)
    draft = partial(
        open_gate_draft, number=1, actor=cast.pia, values=gates.one_tier(), now=NOW
    )

    outcomes = at_once([draft] * 5)

    assert codes(outcomes) == ["ok"] * 5
    states = GatePolicy.objects.order_by("version").values_list("state", flat=True)
    assert list(states) == ["superseded"] * 4 + ["draft"]


def test_two_jobs_make_one_proposal(cast: SimpleNamespace, round_number: int) -> None:
    workload = stories.proposed(cast)
    stories.signed(workload, cast)
    tier = {"tier": "standard", "overage": "soft_cap", "ceiling_basis": "estimate"}
    gates.activated(workload, cast, tiers=[tier])
    stories.signed(workload, cast, declared_tokens_per_user_month=600_000)

    at_once([partial(propose_ceilings, now=NOW)] * 3)

    assert CeilingProposal.objects.count() == 1
    assert propose_ceilings(now=NOW) == []
