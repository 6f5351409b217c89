"""Drafts of gates: what is prefilled, what is computed, what is refused."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from capacity.models import GatePolicy, GateTier, MeteredOptIn
from capacity.selectors.gate_problems import GateInvalid
from capacity.services.gates import (
    edit_gate_draft,
    open_gate_draft,
    shadow_gate,
    withdraw_opt_in,
)
from portal.kernel.errors import Invalid, NotAllowed, Stale
from portal.kernel.models import AuditEntry
from tests.capacity import gates
from tests.conftest import NOW
from tests.workloads import stories
from workloads.enums import Status
from workloads.models import Workload
from workloads.services.errors import NotADraft, WorkloadRetired

pytestmark = pytest.mark.django_db

TODAY = NOW.date()


def pointers(refused) -> list[tuple[str, str]]:
    return [(one.pointer, one.code) for one in refused.value.errors]


# --- Prefilled -----------------------------------------------------------------------


def test_a_first_draft_starts_from_the_plan_and_the_estimate(cast):
    workload = stories.proposed(cast)
    stories.submitted(workload, cast.sarah)

    policy = gates.drafted(workload, cast)

    tier = policy.tiers.get()
    assert (policy.version, policy.state) == (1, "draft")
    assert (policy.primary_model, policy.degrade_model) == ("Sonnet", "Haiku")
    assert (tier.tier, tier.overage, tier.ceiling_tokens, tier.allowance) == (
        "standard",
        "soft_cap",
        780_000,
        Decimal("1.5"),
    )
    assert policy.on_unreachable == "allow"
    assert policy.estimate.version == 1


@pytest.mark.parametrize(
    ("row", "tier", "overage", "why"),
    [
        (
            {},
            "standard",
            "soft_cap",
            "People at work go on with Haiku past the ceiling.",
        ),
        (
            {"audience": "customer"},
            "paid",
            "soft_cap",
            "Customers go on with Haiku past the ceiling.",
        ),
        (
            {"audience": "customer"},
            "free_trial",
            "hard_cap",
            "free_trial is a free tier: nobody pays for a call past the ceiling.",
        ),
        (
            {"compliance_sensitive": True},
            "standard",
            "hard_cap",
            "It is compliance-sensitive: every call past the ceiling is held.",
        ),
        (
            {"shape": "extraction"},
            "standard",
            "hard_cap",
            "Its answers take effect before anybody reads them: a cheaper model past the"
            " ceiling would change them unseen.",
        ),
        (
            {"degrade_model": ""},
            "standard",
            "hard_cap",
            "Only one model is named, so there is nothing to degrade to.",
        ),
    ],
)
def test_a_tier_without_a_pattern_takes_the_recommended_one_and_its_reason(
    cast, row, tier, overage, why
):
    workload = stories.proposed(cast, cost_gate="", **row)

    policy = gates.drafted(
        workload, cast, tiers=[{"tier": tier, "ceiling_tokens": 1_000}]
    )

    stored = policy.tiers.get()
    assert (stored.overage, stored.reason) == (overage, why)


@pytest.mark.parametrize(
    ("overages", "expected"),
    [
        (["soft_cap"], "allow"),
        (["hard_cap"], "block"),
        (["soft_cap", "hard_cap"], "block"),
    ],
)
def test_out_of_reach_a_hard_cap_blocks(cast, overages, expected):
    tiers = [
        {"tier": f"t{index}", "ceiling_tokens": 1_000, "overage": overage}
        for index, overage in enumerate(overages)
    ]

    policy = gates.drafted(stories.proposed(cast), cast, tiers=tiers)

    assert policy.on_unreachable == expected


def test_the_next_draft_goes_on_from_the_active_version(cast):
    workload = stories.proposed(cast)
    gates.activated(workload, cast, **gates.one_tier(tier="paid", ceiling_tokens=5_000))

    policy = gates.drafted(workload, cast)

    stored = policy.tiers.get()
    assert (policy.version, stored.tier, stored.ceiling_tokens) == (2, "paid", 5_000)


# --- Computed ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tier", "ceiling"),
    [
        ({"ceiling_basis": "estimate"}, 780_000),
        ({"ceiling_basis": "estimate", "allowance": Decimal("1.001")}, 521_000),
        ({"ceiling_basis": "estimate", "allowance": Decimal(2)}, 1_040_000),
        # 390,000 at 3.00 and 130,000 at 15.00 are 6.00 a million.
        ({"ceiling_basis": "money", "amount": Decimal("3.12")}, 520_000),
        ({"ceiling_basis": "money", "amount": Decimal("3.13")}, 521_000),
        ({"ceiling_basis": "money", "amount": Decimal("0.01")}, 1_000),
    ],
)
def test_a_ceiling_is_computed_whatever_the_body_says(cast, tier, ceiling):
    workload = stories.proposed(cast)
    stories.submitted(workload, cast.sarah)

    policy = gates.drafted(workload, cast, **gates.one_tier(**tier, ceiling_tokens=7))

    assert policy.tiers.get().ceiling_tokens == ceiling


def test_cached_input_cheapens_the_blended_price(cast):
    workload = stories.proposed(cast)
    factors = {
        "declared_tokens_per_user_month": None,
        "turns_per_session": Decimal(1),
        "input_tokens_per_turn": Decimal(10_000),
        "output_tokens_per_turn": Decimal(10_000),
        "cached_input_share": Decimal("0.5"),
    }
    stories.submitted(workload, cast.sarah, **factors)

    policy = gates.drafted(
        workload,
        cast,
        **gates.one_tier(ceiling_basis="money", amount=Decimal("8.325")),
    )

    # Half of the input at 3.00, half at 0.30, as much output at 15.00: 8.325 a million.
    assert policy.tiers.get().ceiling_tokens == 1_000_000


# --- Refused, and nothing stored -----------------------------------------------------

OTHER = {"tier": "standard", "ceiling_tokens": 1_000, "overage": "hard_cap"}
REFUSED = [
    ({"degrade_model": ""}, "/degrade_model", "nothing_to_degrade_to"),
    ({"degrade_model": "Sonnet"}, "/degrade_model", "same_model"),
    ({"primary_model": "Sonnet 9"}, "/primary_model", "unknown_model"),
    ({"degrade_model": "Haiku 9"}, "/degrade_model", "unknown_model"),
    ({"primary_model": ""}, "/primary_model", "required"),
    ({"tiers": []}, "/tiers", "required"),
    (gates.one_tier(ceiling_tokens=None), "/tiers/0/ceiling_tokens", "required"),
    (gates.one_tier(ceiling_tokens=0), "/tiers/0/ceiling_tokens", "min_value"),
    (gates.one_tier(ceiling_tokens=-5), "/tiers/0/ceiling_tokens", "min_value"),
    (gates.one_tier(ceiling_tokens=10**15 + 1), "/tiers/0/ceiling_tokens", "max_value"),
    (gates.one_tier(tier="Free Tier"), "/tiers/0/tier", "invalid"),
    ({"tiers": [OTHER, OTHER]}, "/tiers/1/tier", "twice"),
    (
        gates.one_tier(overage="pay_as_you_go"),
        "/tiers/0/metered_opt_in",
        "opt_in_required",
    ),
    (
        gates.one_tier(metered_opt_in=gates.OPT_IN),
        "/tiers/0/metered_opt_in",
        "not_metered",
    ),
    (
        {
            "tiers": [
                {
                    **gates.METERED,
                    "metered_opt_in": {
                        **gates.OPT_IN,
                        "at": NOW + timedelta(seconds=1),
                    },
                }
            ]
        },
        "/tiers/0/metered_opt_in/at",
        "in_future",
    ),
    (
        gates.one_tier(overage_limit_tokens=5),
        "/tiers/0/overage_limit_tokens",
        "not_metered",
    ),
    (gates.one_tier(tier="free"), "/tiers/0/reason", "reason_required"),
    (
        gates.one_tier(ceiling_basis="estimate"),
        "/tiers/0/ceiling_basis",
        "no_estimate",
    ),
    ({"spend_limit": Decimal(5)}, "/spend_limit", "only_observe"),
    ({"mode": "observe", "ends_on": TODAY}, "/spend_limit", "required"),
    ({"mode": "observe", "spend_limit": Decimal(5)}, "/ends_on", "required"),
    (
        {
            "mode": "observe",
            "spend_limit": Decimal(5),
            "ends_on": TODAY + timedelta(days=91),
        },
        "/ends_on",
        "out_of_range",
    ),
    (
        {
            "mode": "observe",
            "spend_limit": Decimal(5),
            "ends_on": TODAY - timedelta(days=1),
        },
        "/ends_on",
        "out_of_range",
    ),
]


@pytest.mark.parametrize(("values", "pointer", "code"), REFUSED)
def test_a_draft_that_could_hold_nobody_is_refused_and_stores_nothing(
    cast, values, pointer, code
):
    workload = stories.proposed(cast)

    with pytest.raises(GateInvalid) as refused:
        gates.drafted(workload, cast, **{**gates.one_tier(), **values})

    assert refused.value.status == 422
    assert (pointer, code) in pointers(refused)
    assert not GatePolicy.objects.exists()
    assert not GateTier.objects.exists()
    assert not MeteredOptIn.objects.exists()
    assert not AuditEntry.objects.filter(action__startswith="gate.").exists()
    workload.refresh_from_db(fields=["version", "gate_decides"])
    assert (workload.version, workload.gate_decides) == (1, False)


@pytest.mark.parametrize("overage", ["soft_cap", "pay_as_you_go"])
@pytest.mark.parametrize(
    ("row", "tier"), [({"compliance_sensitive": True}, "paid"), ({}, "free")]
)
def test_to_go_on_past_the_ceiling_needs_a_written_reason_there(
    cast, row, tier, overage
):
    workload = stories.proposed(cast, **row)
    asked = {"tier": tier, "overage": overage}
    if overage == "pay_as_you_go":
        asked["metered_opt_in"] = gates.OPT_IN

    with pytest.raises(GateInvalid) as refused:
        gates.drafted(workload, cast, **gates.one_tier(**asked))
    policy = gates.drafted(
        workload, cast, **gates.one_tier(**asked, reason="Legal agreed in LG-4.")
    )

    assert pointers(refused) == [("/tiers/0/reason", "reason_required")]
    assert policy.tiers.get().reason == "Legal agreed in LG-4."


def test_a_wish_that_no_gate_could_hold_is_refused_as_a_gate(cast):
    workload = stories.proposed(cast, degrade_model="")

    with pytest.raises(GateInvalid) as refused:
        gates.drafted(
            workload, cast, tiers=[{"ceiling_tokens": 5, "overage": "soft_cap"}]
        )

    assert pointers(refused) == [("/degrade_model", "nothing_to_degrade_to")]


def test_a_retired_workload_takes_no_draft(cast):
    workload = stories.proposed(cast)
    stories.moved(workload, Status.RETIRED, cast.sarah, reason="Dropped.")

    with pytest.raises(WorkloadRetired):
        gates.drafted(workload, cast, **gates.one_tier())


@pytest.mark.parametrize(
    ("person", "may"),
    [
        ("sarah", True),
        ("pia", True),
        ("marcus", False),
        ("felix", False),
        ("ines", False),
        ("clara", False),
        ("adele", False),
        ("ada", False),
        ("gateway", False),
        ("nils", False),
    ],
)
def test_owner_and_planner_draft_a_gate(cast, person, may):
    workload = stories.proposed(cast)
    asked = {
        "number": workload.number,
        "actor": getattr(cast, person),
        "values": gates.one_tier(),
        "now": NOW,
    }

    if may:
        assert open_gate_draft(**asked).version == 1
    else:
        with pytest.raises(NotAllowed):
            open_gate_draft(**asked)


# --- Edited, discarded ---------------------------------------------------------------


def test_a_new_draft_discards_an_open_one(cast):
    workload = stories.proposed(cast)
    first = gates.drafted(workload, cast, **gates.one_tier())

    second = gates.drafted(workload, cast)

    first.refresh_from_db()
    assert (first.state, first.ended_at) == ("superseded", NOW)
    assert (second.version, second.state) == (2, "draft")
    entry = AuditEntry.objects.filter(action="gate.drafted").latest("id")
    assert entry.after["discards"] == 1


def test_an_edit_changes_what_is_named_and_is_audited(cast):
    policy = gates.drafted(stories.proposed(cast), cast, **gates.one_tier())

    edited = edit_gate_draft(
        number=1,
        version=1,
        actor=cast.sarah,
        changes=gates.one_tier(ceiling_tokens=5_000, overage="hard_cap"),
        now=NOW,
    )

    tier = edited.tiers.get()
    assert (tier.ceiling_tokens, tier.overage) == (5_000, "hard_cap")
    assert edited.on_unreachable == "block"
    assert edited.primary_model == policy.primary_model
    entry = AuditEntry.objects.get(action="gate.edited")
    assert (entry.object, set(entry.after)) == (
        "workload/W-01",
        {"version", "tiers", "on_unreachable"},
    )


def test_an_edit_that_changes_nothing_writes_nothing(cast):
    gates.drafted(stories.proposed(cast), cast, **gates.one_tier())
    before = AuditEntry.objects.count()

    edit_gate_draft(
        number=1, version=1, actor=cast.pia, changes=gates.one_tier(), now=NOW
    )

    assert AuditEntry.objects.count() == before


def test_a_stale_edit_is_refused(cast):
    gates.drafted(stories.proposed(cast), cast, **gates.one_tier())

    with pytest.raises(Stale):
        edit_gate_draft(
            number=1,
            version=1,
            actor=cast.pia,
            changes=gates.one_tier(ceiling_tokens=5),
            if_match='"another"',
            now=NOW,
        )


def test_a_shadow_is_no_draft_any_more(cast):
    gates.drafted(stories.proposed(cast), cast, **gates.one_tier())
    shadow_gate(number=1, version=1, actor=cast.pia, now=NOW)

    with pytest.raises(NotADraft):
        edit_gate_draft(
            number=1, version=1, actor=cast.pia, changes={"tiers": []}, now=NOW
        )
    with pytest.raises(NotADraft):
        shadow_gate(number=1, version=1, actor=cast.pia, now=NOW)


# --- Opt-ins -------------------------------------------------------------------------


def test_an_opt_in_is_recorded_with_the_draft_and_stands_for_the_next(cast):
    workload = stories.proposed(cast)
    gates.drafted(workload, cast, tiers=[gates.METERED])

    bare = {**gates.METERED, "metered_opt_in": None}
    policy = gates.drafted(workload, cast, tiers=[bare])

    opt_in = MeteredOptIn.objects.get()
    assert (opt_in.by, opt_in.reference, opt_in.recorded_by) == (
        "Jo Berg, ACME",
        "MSA-2026-17",
        cast.pia,
    )
    assert policy.tiers.get().opt_in == opt_in


def test_an_opt_in_is_corrected_while_no_gate_rests_on_it(cast):
    gates.drafted(stories.proposed(cast), cast, tiers=[gates.METERED])
    corrected = {**gates.OPT_IN, "reference": "MSA-2026-18"}

    policy = edit_gate_draft(
        number=1,
        version=1,
        actor=cast.pia,
        changes={"tiers": [{**gates.METERED, "metered_opt_in": corrected}]},
        now=NOW,
    )

    assert policy.tiers.get().opt_in.reference == "MSA-2026-18"
    assert MeteredOptIn.objects.filter(withdrawn_at__isnull=True).count() == 1


def test_an_opt_in_that_a_gate_rests_on_is_not_written_over(cast):
    workload = stories.proposed(cast)
    gates.activated(workload, cast, tiers=[gates.METERED])
    other = {**gates.OPT_IN, "reference": "MSA-2026-18"}

    with pytest.raises(GateInvalid) as refused:
        gates.drafted(
            workload, cast, tiers=[{**gates.METERED, "metered_opt_in": other}]
        )

    assert pointers(refused) == [("/tiers/0/metered_opt_in", "opt_in_stands")]


@pytest.mark.parametrize(
    ("person", "may"),
    [
        ("sarah", True),
        ("felix", True),
        ("pia", False),
        ("marcus", False),
        ("clara", False),
        ("ada", False),
    ],
)
def test_owner_or_finance_withdraws_an_opt_in(cast, person, may):
    gates.activated(stories.proposed(cast), cast, tiers=[gates.METERED])
    asked = {
        "number": 1,
        "version": 1,
        "tier": "standard",
        "actor": getattr(cast, person),
        "reason": "The contract ended.",
        "now": NOW,
    }

    if not may:
        with pytest.raises(NotAllowed):
            withdraw_opt_in(**asked)
        return
    withdraw_opt_in(**asked)

    row = MeteredOptIn.objects.get()
    assert (row.withdrawn_by, row.withdrawal_reason) == (
        getattr(cast, person),
        "The contract ended.",
    )
    assert AuditEntry.objects.filter(action="opt_in.withdrawn").count() == 1


def test_a_withdrawal_needs_a_reason(cast):
    gates.activated(stories.proposed(cast), cast, tiers=[gates.METERED])

    with pytest.raises(Invalid):
        withdraw_opt_in(
            number=1,
            version=1,
            tier="standard",
            actor=cast.felix,
            reason=" ",
            now=NOW,
        )


# --- The database --------------------------------------------------------------------

RAW = [
    ("UPDATE capacity_gatepolicy SET degrade_model = ''", "gate_soft_cap_degrades"),
    (
        "UPDATE capacity_gatepolicy SET primary_model = 'Sonnet 9'",
        "gate_primary_model_known",
    ),
    (
        "UPDATE capacity_gatetier SET overage = 'pay_as_you_go'",
        "gatetier_metered_is_opted_in",
    ),
    ("UPDATE capacity_gatetier SET ceiling_tokens = 0", "gatetier_ceiling_in_range"),
    ("UPDATE capacity_gatepolicy SET state = 'active'", "gate_active_has_two_people"),
]


def constraint_of(refused) -> str:
    """The rule that the database names."""
    return refused.value.__cause__.diag.constraint_name


@pytest.mark.parametrize(("sql", "constraint"), RAW)
def test_the_database_refuses_what_the_use_case_refuses(cast, sql, constraint):
    gates.drafted(stories.proposed(cast), cast, **gates.one_tier())

    with (
        pytest.raises(IntegrityError) as refused,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    assert constraint_of(refused) == constraint


def test_the_database_holds_a_tier_to_its_own_opt_in(cast):
    gates.drafted(stories.proposed(cast), cast, tiers=[gates.METERED])
    policy = gates.drafted(Workload.objects.get(), cast, **gates.one_tier(tier="paid"))

    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        policy.tiers.update(overage="pay_as_you_go", opt_in=MeteredOptIn.objects.get())
    assert constraint_of(refused) == "gatetier_metered_is_opted_in"
