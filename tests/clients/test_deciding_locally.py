"""When neither gate server nor portal answers, the bundle decides."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.clients.bundles import bundle_of
from tests.clients.portals import ANSWER
from tests.conftest import NOW

EVERYBODY = {"gate.test", "portal.test"}
SWITCH = {"scope": "all", "target": None, "reason": "Leak."}
LIMIT = {"scope": "workload", "target": "W-01", "period": "day", "amount": "10.00"}


def _locally(client, portal, document=None, **details):
    """The decision by this bundle, after everybody went away."""
    if document is not None:
        portal.bundle = document
    portal.away = set()
    client.refresh()
    portal.away = EVERYBODY
    return client.decide(client.question("W-01", user="u-1", **details))


def _heard(client, portal, **answer):
    """The portal answers once; what it said is remembered."""
    portal.answers["decide"] = lambda _: httpx.Response(200, json=ANSWER | answer)
    client.decide(client.question("W-01", user="u-1"))
    portal.answers.clear()


def test_under_the_ceiling_the_call_is_allowed_and_reported_undecided(client, portal):
    client.refresh()
    portal.away = EVERYBODY

    with client.call("W-01", user="u-1", request_id="r-1") as call:
        call.used(input_tokens=10, output_tokens=5)

    assert (call.decision.action, call.model) == ("allow", "Sonnet")
    portal.away = set()
    client.flush()
    [event] = portal.counted.values()
    assert event["undecided_reason"] == "unreachable"
    assert "decision" not in event


@pytest.mark.parametrize(
    ("document", "details", "expected"),
    [
        (bundle_of(on_unreachable="block"), {}, ("block", None, None, "unreachable")),
        (
            bundle_of(on_unreachable="block", switches=[SWITCH]),
            {},
            ("block", None, "kill_switch", "kill_switch"),
        ),
        (
            bundle_of(switches=[{"scope": "department", "target": "support"}]),
            {},
            ("block", None, "kill_switch", "kill_switch"),
        ),
        (
            bundle_of(switches=[{"scope": "agent", "target": "triage"}]),
            {"agent": "triage"},
            ("block", None, "kill_switch", "kill_switch"),
        ),
        (
            bundle_of(switches=[{"scope": "agent", "target": "triage"}]),
            {"agent": "other"},
            ("allow", "Sonnet", None, "under_ceiling"),
        ),
        (
            bundle_of(),
            {"model": "Opus"},
            ("block", None, "model_policy", "model_not_in_policy"),
        ),
        (bundle_of(), {"model": "haiku"}, ("allow", "Haiku", None, "under_ceiling")),
        (
            bundle_of(ends_on="2026-05-11", mode="observe"),
            {},
            ("block", None, "no_active_gate", "no_active_gate"),
        ),
        (
            bundle_of(workload="W-02"),
            {},
            ("block", None, "no_active_gate", "no_active_gate"),
        ),
        (bundle_of(), {"tier": "gold"}, ("block", None, None, "unreachable")),
        (
            bundle_of(),
            {"expected_tokens": 10_001},
            ("degrade", "Haiku", "tier_ceiling", "over_ceiling"),
        ),
        (
            bundle_of(tier={"overage": "pay_as_you_go", "metered_opt_in": True}),
            {"expected_tokens": 10_001},
            ("meter", "Sonnet", "tier_ceiling", "over_ceiling"),
        ),
        (
            bundle_of(tier={"overage": "pay_as_you_go"}),
            {"expected_tokens": 10_001},
            ("block", None, "tier_ceiling", "over_ceiling"),
        ),
    ],
)
def test_the_bundle_decides_as_the_portal_would(
    client, portal, document, details, expected
):
    decision = _locally(client, portal, document, **details)

    assert decision.is_local
    assert expected == (
        decision.action,
        decision.model,
        decision.gate,
        decision.reason_code,
    )


def test_without_any_bundle_the_call_is_held(client, portal):
    portal.away = EVERYBODY

    decision = client.decide(client.question("W-01", user="u-1"))

    assert (decision.action, decision.reason_code) == ("block", "unreachable")


def test_the_counter_goes_on_from_the_last_answer(client, portal):
    _heard(client, portal, consumed_tokens=9_990)
    with client.call("W-01", user="u-1") as call:
        call.used(input_tokens=9_000, output_tokens=0)
    client.flush()

    decision = _locally(client, portal)

    assert decision.consumed_tokens == 1_000 + 9_000
    assert decision.action == "degrade"


@pytest.mark.parametrize(("version", "action"), [(3, "allow"), (2, "degrade")])
def test_a_ceiling_that_was_raised_for_a_user_is_kept_while_its_version_stands(
    client, portal, version, action
):
    _heard(
        client,
        portal,
        consumed_tokens=15_000,
        ceiling_tokens=20_000,
        gate_version=version,
    )

    assert _locally(client, portal).action == action


def test_what_was_heard_last_month_is_forgotten(connect, portal):
    instant = [datetime(2026, 5, 31, 23, 59, tzinfo=UTC)]
    client = connect(clock=lambda: instant[0])
    _heard(client, portal, consumed_tokens=10_000, level=100)
    assert _locally(client, portal).action == "degrade"

    instant[0] += timedelta(minutes=2)

    decision = client.decide(client.question("W-01", user="u-1"))
    assert (decision.action, decision.level) == ("allow", None)


@pytest.mark.parametrize(
    ("period", "later", "held"),
    [
        ("day", timedelta(hours=1), True),
        ("day", timedelta(days=1), False),
        ("month", timedelta(days=1), True),
        ("month", timedelta(days=30), False),
    ],
)
def test_a_spend_limit_that_was_reached_holds_to_the_end_of_its_period(
    connect, portal, period, later, held
):
    instant = [NOW]
    client = connect(clock=lambda: instant[0])
    _heard(client, portal, action="block", gate="spend_limit", model=None)
    instant[0] += later

    decision = _locally(client, portal, bundle_of(limits=[LIMIT | {"period": period}]))

    assert (decision.gate == "spend_limit") is held


def test_a_limit_that_was_lifted_holds_no_longer(client, portal):
    _heard(client, portal, action="block", gate="spend_limit", model=None)

    assert _locally(client, portal, bundle_of()).action == "allow"


def test_a_restarted_program_has_the_bundle_of_the_one_before(connect, portal):
    connect().refresh()
    portal.away = EVERYBODY

    later = connect()

    assert later.decide(later.question("W-01", user="u-1")).action == "allow"


def test_a_bundle_is_fetched_again_only_when_it_changed_and_acknowledged(
    client, portal
):
    client.refresh()
    client.refresh()
    portal.etag = '"8"'
    client.refresh()

    acknowledged = [body for _, body in portal.to("/bundle/ack/")]
    assert acknowledged == [
        {"etag": '"7"', "runtime": "support-bot"},
        {"etag": '"8"', "runtime": "support-bot"},
    ]
    assert client.bundle.etag == '"8"'
