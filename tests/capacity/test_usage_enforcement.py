"""Enforced, not on a wiki: by decisions, acknowledged bundles and undecided usage."""

from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from capacity.formulas.enforcement import (
    Acknowledged,
    Arrived,
    Asked,
    Facts,
    Terms,
    judge,
    outage_since,
)
from capacity.models import BundleAcknowledgement, GatePolicy, UsageArrival
from capacity.selectors.enforcement import (
    drift_of,
    enforcement_of,
    evidence_of,
    shadow_results,
)
from tests.capacity.usage import active_gate, decided, event, send
from tests.conftest import NOW
from tests.workloads import stories
from workloads.enums import Status
from workloads.models import Workload

DAY = timedelta(days=1)
FRESH = Asked(NOW - timedelta(hours=1), 3)
OLD = Asked(NOW - DAY, 3)
OTHER = Asked(NOW, 2)
HELD = Acknowledged("gateway", 3, "etag", NOW - timedelta(hours=1))


@pytest.mark.parametrize(
    ("facts", "is_enforced"),
    [
        (Facts(3), False),
        (Facts(3, last=FRESH), True),
        (Facts(3, last=FRESH, observes=True), False),
        # Without usage the last decision holds, however old.
        (Facts(3, last=Asked(NOW - 90 * DAY, 3)), True),
        (Facts(3, last=OTHER), False),
        (Facts(3, last=Asked(NOW, None)), False),
        (Facts(3, last=OTHER, acknowledged=(HELD,)), True),
        (Facts(3, acknowledged=(HELD,)), True),
        (Facts(3, acknowledged=(Acknowledged("gateway", 2, "", NOW),)), False),
        (Facts(3, acknowledged=(Acknowledged("gateway", 3, "", NOW - DAY),)), False),
        # With usage a decision of a day ago is too old.
        (Facts(3, last=OLD, arrived=Arrived(100, 100)), False),
        (Facts(3, last=FRESH, arrived=Arrived(100, 100)), True),
        (Facts(3, last=FRESH, arrived=Arrived(100, 99)), True),
        (Facts(3, last=FRESH, arrived=Arrived(1_000, 989)), False),
        (Facts(3, last=FRESH, arrived=Arrived(100, 0)), False),
        # The portal was out of reach: no fault for a day.
        (Facts(3, last=FRESH, arrived=Arrived(100, 40, 60, NOW - DAY / 2)), True),
        (Facts(3, last=FRESH, arrived=Arrived(100, 40, 60, NOW - DAY)), False),
        (Facts(3, last=FRESH, arrived=Arrived(100, 30, 60, NOW - DAY / 2)), False),
    ],
)
def test_a_gate_is_enforced_by_its_evidence_alone(facts, is_enforced):
    told = judge(facts, NOW, Terms())

    assert told.is_enforced is is_enforced
    assert told.sentence.startswith("Enforced:" if is_enforced else "Not enforced:")


def test_the_tolerance_is_a_term():
    facts = Facts(3, last=FRESH, arrived=Arrived(100, 90))

    assert not judge(facts, NOW, Terms()).is_enforced
    assert judge(facts, NOW, Terms(tolerance=0.10)).is_enforced


@pytest.mark.parametrize(
    ("minutes", "since"),
    [([], None), ([0], 0), ([0, 59, 118], 0), ([0, 59, 120, 130], 120)],
)
def test_an_outage_ends_with_an_hour_without_unreachable_calls(minutes, since):
    told = outage_since([NOW + timedelta(minutes=one) for one in minutes])

    assert told == (None if since is None else NOW + timedelta(minutes=since))


# --- From the database -----------------------------------------------------------------


@pytest.fixture
def support(db: None, cast: SimpleNamespace, rate_card: None) -> Workload:
    return stories.proposed(cast)


@pytest.fixture
def gate(support: Workload, cast: SimpleNamespace) -> GatePolicy:
    return active_gate(support, cast, {"standard": 10_000})


def at(workload: Workload, moment: datetime = NOW):
    return evidence_of(workload, moment)


def test_without_an_active_gate_nothing_is_enforced(support):
    assert at(support).sentence == "Not enforced: no version of its gate is active."


def test_decisions_and_decided_usage_are_the_evidence(support, gate, api):
    known = [decided(number, support, policy=gate) for number in range(1, 4)]
    send(api, *(event(decision=str(one.pk)) for one in known))

    told = at(support)

    assert told.is_enforced
    assert (told.calls, told.undecided_calls, told.share) == (3, 0, 0.0)
    assert told.last_decision == Asked(NOW, 1)
    assert told.decisions_a_day == ((NOW.date(), 3),)
    assert told.versions_seen == ((1, 3, NOW),)


def test_usage_without_a_decision_takes_the_word_away(support, gate, api):
    known = decided(1, support, policy=gate)
    send(api, event(decision=str(known.pk)), event(agent="rogue", calls=4))

    told = at(support)

    assert not told.is_enforced
    assert (told.undecided_calls, told.share) == (4, 0.8)
    (drift,) = drift_of(support, NOW)
    assert (drift.agent, drift.calls, drift.undecided_calls) == ("rogue", 4, 4)


def test_unreachable_calls_are_excused_for_a_day(support, gate, api):
    decided(1, support, policy=gate)
    send(api, event(calls=50, undecided_reason="unreachable"))

    assert at(support).is_enforced
    # They go on arriving, half an hour apart, for more than a day.
    for number in range(1, 50):
        UsageArrival.objects.create(
            minute=NOW - number * timedelta(minutes=30),
            workload=support,
            calls=1,
            unreachable_calls=1,
        )
    assert not at(support).is_enforced


def test_an_acknowledged_bundle_is_evidence_for_a_day(support, gate):
    BundleAcknowledgement.objects.create(
        at=NOW, runtime="gateway", etag="e", versions={"W-01": 1}
    )

    assert at(support).acknowledged[0].runtime == "gateway"
    assert at(support).is_enforced
    assert not at(support, NOW + DAY).is_enforced


def test_a_test_speaks_before_the_workload_is_live_and_never_after(support, gate):
    decided(1, support, policy=gate, test=True)
    assert at(support).is_enforced

    vars(support)["status"] = Status.LIVE
    assert not at(support).is_enforced


def test_an_old_version_at_the_runtime_is_named(support, gate):
    old = GatePolicy.objects.create(
        workload=support,
        version=2,
        primary_model="Sonnet",
        on_unreachable="block",
        created_at=NOW,
        edited_at=NOW,
    )
    decided(1, support, policy=old)

    assert "used version 2; version 1 is active" in at(support).sentence


def test_many_workloads_are_judged_in_as_many_queries_as_one(
    support, gate, cast, django_assert_num_queries
):
    decided(1, support, policy=gate)
    others = [stories.proposed(cast, name=f"Another {number}") for number in (1, 2)]
    for other in others:
        decided(1 + other.pk, other, policy=active_gate(other, cast, {"pro": 5}))

    for some in ([support], [support, *others]):
        with django_assert_num_queries(6):
            told = enforcement_of(some, NOW)
        assert {one.is_enforced for one in told.values()} == {True}


def test_a_shadow_says_which_calls_and_users_it_would_treat_otherwise(support, gate):
    for number, (user, action) in enumerate(
        [("u-1", "allow"), ("u-1", "block"), ("u-2", "degrade"), ("u-1", "block")], 1
    ):
        decided(
            number, support, user_ref=user, shadow_policy=gate, shadow_action=action
        )

    told = shadow_results(gate)

    assert (told.calls, told.otherwise, told.user_count) == (4, 3, 2)
    assert [(one.user_ref, one.calls) for one in told.users] == [("u-1", 2), ("u-2", 1)]
