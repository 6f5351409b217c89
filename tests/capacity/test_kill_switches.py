"""Kill switches: who throws and lifts them, and what stands then."""

from types import SimpleNamespace

import pytest

from capacity.enums import SwitchScope
from capacity.models import GateEpoch, KillSwitch
from capacity.selectors.gate_problems import SwitchLifted, UnknownTarget
from capacity.selectors.kill_switches import switches_over, tag_of
from capacity.services.kill_switches import lift_switch, throw_switch
from portal.kernel.errors import Invalid, NotAllowed, NotFound, Stale
from portal.kernel.models import AuditEntry
from tests.conftest import NOW
from tests.workloads import stories
from workloads.models import Department, Workload
from workloads.services.departments import create_department

pytestmark = pytest.mark.django_db


@pytest.fixture
def department(cast: SimpleNamespace) -> Department:
    return create_department(
        actor=cast.ada, code="service", name="Service", head=cast.dana, now=NOW
    )


@pytest.fixture
def chat(cast: SimpleNamespace, department: Department) -> Workload:
    return stories.proposed(cast, department=department)


def thrown(actor, scope=SwitchScope.WORKLOAD, target="W-01", reason="It leaks."):
    return throw_switch(
        scope=SwitchScope(scope), target=target, reason=reason, actor=actor, now=NOW
    )


# --- Who ------------------------------------------------------------------------------

THROWS_EVERYTHING = {"ines", "felix", "noor", "clara"}
EVERYONE = (
    *sorted(THROWS_EVERYTHING),
    *("sarah", "marcus", "pia", "dana", "adele", "ada", "gateway", "nils"),
)


@pytest.mark.parametrize("who", EVERYONE)
@pytest.mark.parametrize(
    ("scope", "target", "besides"),
    [
        ("workload", "W-01", {"sarah", "dana"}),
        ("department", "service", {"dana"}),
        ("agent", "triage-1", set()),
        ("all", None, set()),
    ],
)
def test_a_switch_is_thrown_by_whom_page_15_names(
    cast, chat, who, scope, target, besides
):
    actor = getattr(cast, who)

    if who in THROWS_EVERYTHING | besides:
        assert thrown(actor, scope, target).row.thrown_by == actor
    else:
        with pytest.raises(NotAllowed):
            thrown(actor, scope, target)
        assert not KillSwitch.objects.exists()


@pytest.mark.parametrize("who", EVERYONE)
def test_a_switch_is_lifted_by_ops_or_committee_alone(cast, chat, who):
    switch = thrown(cast.noor).row
    actor = getattr(cast, who)

    if who in {"noor", "clara"}:
        lifted = lift_switch(id=switch.pk, reason="Mended.", actor=actor, now=NOW)
        assert (lifted.lifted_by, lifted.lift_reason) == (actor, "Mended.")
    else:
        with pytest.raises(NotAllowed):
            lift_switch(id=switch.pk, reason="Mended.", actor=actor, now=NOW)


# --- What -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "target"),
    [
        ("workload", "W-99"),
        ("workload", "chat"),
        ("workload", None),
        ("department", "nowhere"),
        ("agent", " "),
        ("agent", "a" * 201),
        ("all", "W-01"),
    ],
)
def test_a_switch_of_nothing_is_refused(cast, chat, scope, target):
    with pytest.raises(UnknownTarget):
        thrown(cast.noor, scope, target)
    assert not KillSwitch.objects.exists()


def test_a_switch_needs_a_reason_both_ways(cast, chat):
    with pytest.raises(Invalid):
        thrown(cast.noor, reason=" ")
    switch = thrown(cast.noor).row
    with pytest.raises(Invalid):
        lift_switch(id=switch.pk, reason=" ", actor=cast.noor, now=NOW)
    assert KillSwitch.objects.get().lifted_at is None


def test_a_switch_that_stands_is_the_answer(cast, chat):
    first = thrown(cast.noor, target="w1")
    again = thrown(cast.felix, reason="Another reason.")

    assert (first.is_new, again.is_new) == (True, False)
    assert first.row == again.row
    assert first.row.target == "W-01"
    assert AuditEntry.objects.filter(action="kill_switch.changed").count() == 1


def test_a_lifted_switch_may_be_thrown_again_and_its_story_stays(cast, chat):
    first = thrown(cast.noor).row
    lift_switch(id=first.pk, reason="Mended.", actor=cast.clara, now=NOW)
    second = thrown(cast.noor).row

    assert second.pk != first.pk
    assert list(
        AuditEntry.objects.filter(action="kill_switch.changed")
        .order_by("id")
        .values_list("object", "before__state", "after__state", "reason")
    ) == [
        ("workload/W-01", "off", "on", "It leaks."),
        ("workload/W-01", "on", "off", "Mended."),
        ("workload/W-01", "off", "on", "It leaks."),
    ]


def test_a_switch_that_changed_is_not_lifted_by_what_was_seen(cast, chat):
    switch = thrown(cast.noor).row
    seen = tag_of(switch)
    with pytest.raises(Stale):
        lift_switch(
            id=switch.pk, reason="m", actor=cast.noor, now=NOW, if_match='"other"'
        )
    lift_switch(id=switch.pk, reason="m", actor=cast.noor, now=NOW, if_match=seen)
    with pytest.raises(Stale):
        lift_switch(id=switch.pk, reason="m", actor=cast.noor, now=NOW, if_match=seen)
    with pytest.raises(SwitchLifted):
        lift_switch(id=switch.pk, reason="m", actor=cast.noor, now=NOW)


def test_a_switch_that_is_not_there_is_not_lifted(cast):
    with pytest.raises(NotFound):
        lift_switch(id=2**70, reason="m", actor=cast.noor, now=NOW)


def test_a_workload_is_held_by_its_own_its_departments_and_everyones(cast, chat):
    other = stories.proposed(cast, name="Other")
    for scope, target in (
        ("workload", "W-01"),
        ("department", "service"),
        ("agent", "triage-1"),
        ("all", None),
    ):
        thrown(cast.noor, scope, target)

    assert {one.scope for one in switches_over(chat)} == {
        "workload",
        "department",
        "all",
    }
    assert {one.scope for one in switches_over(other)} == {"all"}


@pytest.mark.django_db(transaction=True)
def test_throwing_and_lifting_move_the_epoch(cast, chat):
    seen = [GateEpoch.objects.get().version]
    switch = thrown(cast.noor).row
    seen.append(GateEpoch.objects.get().version)
    lift_switch(id=switch.pk, reason="m", actor=cast.noor, now=NOW)
    seen.append(GateEpoch.objects.get().version)

    assert len(set(seen)) == 3
