"""Activation takes two people; retrofits, observers, and what the plan shows of a gate."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from capacity.models import GatePolicy, MeteredOptIn, SpendLimit
from capacity.selectors.gate_problems import (
    AlreadyActive,
    AlreadyAgreed,
    GateIncomplete,
    GateInvalid,
    NoticeRunning,
    ObservationOver,
)
from capacity.selectors.gates import awaiting, sentences_of, with_active_gate
from capacity.services.gate_activation import end_observations
from capacity.services.gates import (
    activate_gate,
    edit_gate_draft,
    shadow_gate,
    withdraw_opt_in,
)
from portal.kernel.enums import Role
from portal.kernel.errors import NotAllowed, Stale
from portal.kernel.models import AuditEntry
from portal.kernel.services.numbers import change_numbers
from tests.capacity import gates
from tests.conftest import NOW
from tests.workloads import stories
from workloads.enums import Status
from workloads.models import Workload
from workloads.services.errors import (
    GateDecides,
    NotADraft,
    SeparationOfDuties,
    WorkloadRetired,
)
from workloads.services.plan import edit_workload

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


@pytest.fixture
def workload(cast) -> Workload:
    return stories.proposed(cast)


def press(cast, person: str, version: int = 1, now=NOW, **values) -> GatePolicy:
    return activate_gate(
        number=1, version=version, actor=getattr(cast, person), now=now, **values
    )


# --- Two people, in either order -----------------------------------------------------


@pytest.mark.parametrize(
    ("first", "waits_for", "second"),
    [("sarah", "finance", "felix"), ("felix", "owner", "sarah")],
)
def test_the_second_of_owner_and_finance_activates(
    cast, workload, first, waits_for, second
):
    gates.drafted(workload, cast, **gates.one_tier())

    agreed = press(cast, first)
    active = press(cast, second)

    assert (agreed.state, awaiting(agreed)) == ("draft", waits_for)
    assert (active.state, awaiting(active)) == ("active", None)
    assert (active.owner_agreed_by, active.finance_agreed_by) == (
        cast.sarah,
        cast.felix,
    )
    assert with_active_gate() == {"W-01"}
    actions = AuditEntry.objects.filter(action__startswith="gate.").order_by("id")
    assert [one.action for one in actions] == [
        "gate.drafted",
        "gate.agreed",
        "gate.activated",
    ]


@pytest.mark.parametrize(
    ("person", "may"),
    [
        ("sarah", True),
        ("felix", True),
        ("pia", False),
        ("marcus", False),
        ("ines", False),
        ("noor", False),
        ("clara", False),
        ("dana", False),
        ("adele", False),
        ("ada", False),
        ("gateway", False),
        ("nils", False),
    ],
)
def test_owner_and_finance_alone_agree(cast, workload, person, may):
    gates.drafted(workload, cast, **gates.one_tier())

    if may:
        assert press(cast, person).state == "draft"
    else:
        with pytest.raises(NotAllowed):
            press(cast, person)


def test_one_person_who_is_both_gives_one_agreement(cast, workload):
    cast.sarah.roles = [Role.OWNER, Role.FINANCE]
    cast.sarah.save(update_fields=["roles"])
    gates.drafted(workload, cast, **gates.one_tier())
    first = press(cast, "sarah")

    with pytest.raises(SeparationOfDuties):
        press(cast, "sarah")

    assert (awaiting(first), GatePolicy.objects.get().state) == ("finance", "draft")


@pytest.mark.parametrize("person", ["sarah", "felix"])
def test_an_agreement_is_given_once(cast, workload, person):
    gates.drafted(workload, cast, **gates.one_tier())
    press(cast, person)

    with pytest.raises(AlreadyAgreed):
        press(cast, person)


def test_an_active_version_is_active_already(cast, workload):
    gates.activated(workload, cast, **gates.one_tier())

    with pytest.raises(AlreadyActive):
        press(cast, "sarah")


def test_a_superseded_version_is_no_draft(cast, workload):
    gates.activated(workload, cast, **gates.one_tier())
    gates.activated(workload, cast, **gates.one_tier())

    with pytest.raises(NotADraft):
        press(cast, "sarah", version=1)


def test_a_changed_draft_voids_the_first_agreement(cast, workload):
    gates.drafted(workload, cast, **gates.one_tier())
    press(cast, "felix")

    edited = edit_gate_draft(
        number=1,
        version=1,
        actor=cast.pia,
        changes=gates.one_tier(ceiling_tokens=5_000),
        now=NOW,
    )

    assert (edited.finance_agreed_by, awaiting(edited)) == (None, None)
    assert AuditEntry.objects.latest("id").after["agreement"] == "void"
    assert press(cast, "sarah").state == "draft"


def test_an_agreement_lapses_with_its_owner(cast, workload):
    gates.drafted(workload, cast, **gates.one_tier())
    press(cast, "sarah")
    edit_workload(number=1, actor=cast.pia, changes={"owner": cast.marcus}, now=NOW)

    agreed = press(cast, "felix")

    assert (agreed.state, awaiting(agreed)) == ("draft", "owner")
    assert press(cast, "marcus").state == "active"


def test_one_agrees_to_what_one_saw(cast, workload):
    gates.drafted(workload, cast, **gates.one_tier())

    with pytest.raises(Stale):
        press(cast, "sarah", if_match='"of an earlier draft"')


def test_a_shadow_is_activated_too(cast, workload):
    gates.drafted(workload, cast, **gates.one_tier())
    shadow = shadow_gate(number=1, version=1, actor=cast.sarah, now=NOW)

    active = gates.agreed(shadow, cast)

    assert (shadow.state, active.state) == ("shadow", "active")


def test_a_retired_workload_activates_nothing(cast, workload):
    gates.drafted(workload, cast, **gates.one_tier())
    stories.moved(workload, Status.RETIRED, cast.sarah, reason="Dropped.")

    with pytest.raises(WorkloadRetired):
        press(cast, "sarah")


def test_a_withdrawn_opt_in_stops_an_activation(cast, workload):
    gates.drafted(workload, cast, tiers=[gates.METERED])
    withdraw_opt_in(
        number=1, version=1, tier="standard", actor=cast.felix, reason="r", now=NOW
    )

    with pytest.raises(GateIncomplete) as refused:
        press(cast, "sarah")

    assert [one.code for one in refused.value.errors] == ["opt_in_required"]


def test_one_version_is_active_and_the_one_before_is_superseded(cast, workload):
    gates.activated(workload, cast, **gates.one_tier())
    gates.activated(workload, cast, **gates.one_tier(ceiling_tokens=900_000))

    states = GatePolicy.objects.order_by("version").values_list("state", flat=True)
    assert list(states) == ["superseded", "active"]
    assert AuditEntry.objects.latest("id").before == {"version": 1}


def test_thresholds_are_copied_at_activation(cast, workload):
    gates.drafted(workload, cast, **gates.one_tier())
    change_numbers(
        actor=cast.clara,
        changes={"gate_banner_at": Decimal("0.95"), "gate_floor": Decimal("0.6")},
        reason="Fewer banners.",
        if_version=1,
        now=NOW,
    )

    active = gates.agreed(GatePolicy.objects.get(), cast)

    assert (active.floor, active.notice_at, active.banner_at) == (600, 700, 950)


# --- Retrofits -----------------------------------------------------------------------

LOWER = gates.one_tier(ceiling_tokens=500_000)
STRICTER = gates.one_tier(overage="hard_cap")


def live(cast) -> Workload:
    """In use: its active gate is a soft cap at 780,000."""
    return stories.live(cast, name="Live chat")


def notice(days: int) -> dict:
    return {
        "text": "Lower from then on.",
        "audience": "All users",
        "activates_on": TODAY + timedelta(days=days),
    }


@pytest.mark.parametrize("change", [LOWER, STRICTER, gates.one_tier(tier="paid")])
def test_a_stricter_version_of_a_tier_in_use_needs_a_notice_or_a_reason(cast, change):
    workload = live(cast)

    with pytest.raises(GateInvalid) as refused:
        gates.drafted(workload, cast, **change)

    assert [(one.pointer, one.code) for one in refused.value.errors] == [
        ("/notice", "notice_required")
    ]
    policy = gates.drafted(workload, cast, **change, no_notice_reason="A leak.")
    assert gates.agreed(policy, cast).state == "active"


@pytest.mark.parametrize(
    "change", [gates.one_tier(ceiling_tokens=900_000), gates.one_tier()]
)
def test_a_version_that_is_no_stricter_needs_neither(cast, change):
    policy = gates.drafted(live(cast), cast, **change)

    assert gates.agreed(policy, cast).state == "active"


def test_a_tier_that_nobody_uses_yet_may_get_stricter(cast, workload):
    gates.activated(workload, cast, **gates.one_tier())

    assert gates.activated(workload, cast, **LOWER).state == "active"


@pytest.mark.parametrize(("days", "code"), [(13, "too_soon"), (14, None)])
def test_a_notice_is_given_fourteen_days_before(cast, days, code):
    workload = live(cast)

    if code is None:
        assert gates.drafted(workload, cast, **LOWER, notice=notice(days)).version == 2
        return
    with pytest.raises(GateInvalid) as refused:
        gates.drafted(workload, cast, **LOWER, notice=notice(days))
    assert [(one.pointer, one.code) for one in refused.value.errors] == [
        ("/notice/activates_on", code)
    ]


def test_a_retrofit_is_activated_on_the_day_that_users_were_told(cast):
    workload = live(cast)
    gates.drafted(workload, cast, **LOWER, notice=notice(14))
    press(cast, "felix", version=2)

    with pytest.raises(NoticeRunning):
        press(cast, "sarah", version=2, now=NOW + timedelta(days=13))
    active = press(cast, "sarah", version=2, now=NOW + timedelta(days=14))

    assert active.state == "active"


# --- Observers -----------------------------------------------------------------------

OBSERVER = {
    "mode": "observe",
    "spend_limit": Decimal("250.00"),
    "ends_on": date(2026, 8, 10),
}


def test_an_observer_has_its_spend_limit_from_its_activation_on(cast, workload):
    active = gates.activated(workload, cast, **gates.one_tier(), **OBSERVER)

    limit = SpendLimit.objects.get()
    assert (active.mode, active.state) == ("observe", "active")
    assert (limit.scope, limit.target, limit.period, limit.amount) == (
        "workload",
        "W-01",
        "month",
        Decimal("250.00"),
    )


def test_an_observer_counts_for_nothing_else(cast, workload):
    gates.activated(workload, cast, tiers=[{"tier": "standard"}], **OBSERVER)

    row = Workload.objects.get()
    assert with_active_gate() == frozenset()
    assert (row.gate_decides, row.cost_gate) == (False, "soft_cap")
    # A gate after it is no retrofit: nobody was held.
    assert gates.activated(row, cast, **LOWER).state == "active"


def test_an_observer_takes_no_gate_away(cast, workload):
    gates.activated(workload, cast, **gates.one_tier())

    with pytest.raises(GateInvalid) as refused:
        gates.drafted(workload, cast, **gates.one_tier(), **OBSERVER)

    assert [one.code for one in refused.value.errors] == ["gate_is_active"]


def test_an_observer_ends_on_its_last_day(cast, workload):
    gates.activated(workload, cast, **gates.one_tier(), **OBSERVER)
    last = NOW + timedelta(days=90)

    assert end_observations(now=last) == []
    ended = end_observations(now=last + timedelta(days=1))

    assert ended == [GatePolicy.objects.get().pk]
    assert GatePolicy.objects.get().state == "superseded"
    assert end_observations(now=last + timedelta(days=2)) == []


def test_an_observer_is_not_activated_after_its_end(cast, workload):
    gates.drafted(workload, cast, **gates.one_tier(), **OBSERVER)
    later = NOW + timedelta(days=91)
    press(cast, "felix", now=later)

    with pytest.raises(ObservationOver):
        press(cast, "sarah", now=later)


# --- What the plan shows -------------------------------------------------------------


def cells(number: int = 1) -> tuple[str, str]:
    row = Workload.objects.get(number=number)
    return row.model_tier, row.cost_gate


def test_the_cells_show_the_active_gate_else_the_newest_draft(cast, workload):
    gates.drafted(workload, cast, **gates.one_tier(overage="hard_cap"))
    drafted = cells()
    opus = gates.one_tier()
    gates.activated(workload, cast, **opus, primary_model="Opus")
    activated = cells()
    gates.drafted(
        workload, cast, **gates.one_tier(overage="hard_cap"), primary_model="Sonnet"
    )

    assert drafted == ("Sonnet→Haiku", "hard_cap")
    assert activated == ("Opus→Haiku", "soft_cap")
    assert cells() == activated


@pytest.mark.parametrize(
    "change", [{"cost_gate": ""}, {"primary_model": "Opus"}, {"degrade_model": ""}]
)
def test_the_cells_are_the_gates_alone(cast, workload, change):
    gates.drafted(workload, cast, **gates.one_tier())

    with pytest.raises(GateDecides) as refused:
        edit_workload(number=1, actor=cast.pia, changes=change, now=NOW)

    assert (refused.value.status, refused.value.code) == (400, "read_only")


def test_what_a_draft_says_of_the_models_is_written_by_its_author(cast, workload):
    stories.drafted(workload, cast.sarah)

    gates.drafted(workload, cast, **gates.one_tier(), primary_model="Opus")

    contributors = Workload.objects.get().draft_estimate.contributors.all()
    assert {one.username for one in contributors} == {"sarah", "pia"}


# --- In words ------------------------------------------------------------------------


def test_each_tier_is_one_sentence(cast, workload):
    tiers = [
        {"tier": "free", "ceiling_tokens": 100_000, "overage": "hard_cap"},
        {"tier": "standard", "ceiling_tokens": 780_000, "overage": "soft_cap"},
        {
            **gates.METERED,
            "tier": "team",
            "overage_price_per_million": Decimal("9.50"),
            "overage_limit_tokens": 50_000,
        },
    ]
    policy = gates.drafted(workload, cast, tiers=tiers)

    assert sentences_of(policy) == [
        "Free: blocked at 100k tokens a month",
        "Standard: served by Haiku past 780k tokens a month",
        "Team: metered from 100k tokens a month at 9.5 a million, for at most 50k more",
    ]


def test_a_withdrawn_opt_in_reads_as_the_hard_cap_that_it_is(cast, workload):
    gates.activated(workload, cast, tiers=[gates.METERED])
    withdraw_opt_in(
        number=1, version=1, tier="standard", actor=cast.sarah, reason="r", now=NOW
    )

    assert MeteredOptIn.objects.get().withdrawn_by == cast.sarah
    assert sentences_of(GatePolicy.objects.get()) == [
        "Standard: blocked at 100k tokens a month, since its opt-in was withdrawn"
    ]
