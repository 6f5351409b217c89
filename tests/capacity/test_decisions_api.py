"""POST /gates/decide/: what a runtime is told, and what it leaves behind."""

import json
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from capacity.models import (
    Alert,
    Decision,
    GateException,
    KillSwitch,
    Reservation,
    SpendCounter,
    SpendLimit,
)
from portal.kernel import clock
from portal.kernel.enums import Scope
from portal.kernel.models import OutboxMessage
from portal.kernel.services.tokens import issue_token
from tests.capacity.decisions import DECIDE, MAY, ask, counter, question, settle
from tests.capacity.gates import METERED, activated, drafted, one_tier
from tests.conftest import NOW
from tests.kernel.conftest import Caller
from tests.workloads import stories
from workloads.enums import Status
from workloads.models import Workload

pytestmark = pytest.mark.django_db
CEILING = 100_000


@pytest.fixture
def workload(cast, rate_card):
    return stories.proposed(cast)


@pytest.fixture
def hard(workload, cast):
    """A hard cap of 100,000 tokens a user and month."""
    activated(workload, cast, **one_tier(ceiling_tokens=CEILING, overage="hard_cap"))
    return workload


@pytest.fixture
def soft(workload, cast):
    values = one_tier(ceiling_tokens=CEILING, overage="soft_cap")
    activated(workload, cast, primary_model="Sonnet", degrade_model="Haiku", **values)
    return workload


def test_an_allowed_call_is_answered_in_full(hard, api):
    settle(hard, 20_000)

    answer = ask(api, expected_tokens=1_000)

    assert UUID(answer.pop("decision")).version == 7
    assert answer == {
        "action": "allow",
        "model": "Sonnet",
        "level": None,
        "signals": [],
        "consumed_tokens": 20_000,
        "ceiling_tokens": CEILING,
        "consumed": 0.2,
        "projected": 0.516667,
        "remaining_tokens": 79_000,
        "reserved_tokens": 1_000,
        "resets_at": "2026-06-01T00:00:00Z",
        "gate_version": 1,
        "gate": None,
        "reason": "20,000 of 100,000 tokens used this month.",
        "reason_code": "under_ceiling",
    }


def test_a_decision_and_its_reservation_are_kept(hard, api):
    answer = ask(api, expected_tokens=1_000, trace_id="t-1", agent="a-1")

    row = Decision.objects.get(pk=answer["decision"])
    held = Reservation.objects.get(pk=answer["decision"])
    assert (row.action, row.model, row.reason_code) == (
        "allow",
        "Sonnet",
        "under_ceiling",
    )
    assert (row.trace_id, row.agent, row.ceiling_tokens) == ("t-1", "a-1", CEILING)
    assert (held.tokens, held.expires_at) == (1_000, NOW + timedelta(minutes=10))
    assert counter(hard).reserved == 1_000


def test_settled_plus_reserved_never_passes_the_ceiling(hard, api):
    settle(hard, 90_000)

    actions = [ask(api, expected_tokens=3_000)["action"] for _ in range(5)]

    assert actions == ["allow", "allow", "allow", "block", "block"]
    assert counter(hard).reserved == 9_000


def test_a_refusal_names_what_is_settled_reserved_and_when_it_resets(hard, api):
    settle(hard, 99_000)
    ask(api, expected_tokens=500)

    answer = ask(api, expected_tokens=1_000)

    assert (answer["action"], answer["gate"], answer["model"]) == (
        "block",
        "tier_ceiling",
        None,
    )
    assert (answer["reserved_tokens"], answer["remaining_tokens"]) == (500, 500)
    assert "99,000 settled and 500 reserved of 100,000" in answer["reason"]
    assert "gate v1 of W-01, tier standard" in answer["reason"]


def test_a_soft_cap_goes_on_with_the_budget_model_and_reserves_nothing(soft, api):
    settle(soft, CEILING)

    answer = ask(api, expected_tokens=1_000)

    assert (answer["action"], answer["model"], answer["reserved_tokens"]) == (
        "degrade",
        "Haiku",
        0,
    )


def test_pay_as_you_go_meters_up_to_its_limit(workload, cast, api):
    tier = {**METERED, "overage_limit_tokens": 10_000, "overage_price_per_million": "9"}
    activated(workload, cast, tiers=[tier])
    settle(workload, 109_500)

    assert ask(api, expected_tokens=500)["action"] == "meter"
    assert ask(api, expected_tokens=501)["action"] == "block"


def test_a_withdrawn_opt_in_holds_as_a_hard_cap(workload, cast, api):
    from capacity.services.gates import withdraw_opt_in  # noqa: PLC0415

    policy = activated(workload, cast, tiers=[METERED])
    settle(workload, CEILING)
    assert ask(api)["action"] == "meter"

    withdraw_opt_in(
        number=1,
        version=policy.version,
        tier="standard",
        reason="Over.",
        actor=cast.felix,
        now=NOW,
    )

    assert ask(api)["action"] == "block"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"workload": "W-99"}, 404, "unknown_workload"),
        ({"workload": "nonsense"}, 404, "unknown_workload"),
        ({"tier": "gold"}, 422, "unknown_tier"),
        ({"tier": 5}, 400, "invalid"),
        ({"user": ""}, 400, "invalid"),
        ({"user": "x" * 101}, 400, "invalid"),
        ({"expected_tokens": -1}, 400, "invalid"),
        ({"expected_tokens": "many"}, 400, "invalid"),
        ({"expected_tokens": 1.5}, 400, "invalid"),
        ({"test": "yes"}, 400, "invalid"),
        ({"colour": "red"}, 400, "unknown_field"),
        ({"action": "allow"}, 400, "read_only"),
    ],
)
def test_a_wrong_question_is_never_a_silent_allow(change, status, code, hard, api):
    answer = api("gateway")("POST", DECIDE, question(**change))

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["errors"][0]["pointer"] == f"/{next(iter(change))}"
    assert not Decision.objects.exists()


def test_a_workload_without_an_active_gate_is_blocked(workload, cast, api):
    drafted(workload, cast, **one_tier())

    answer = ask(api)

    assert (answer["action"], answer["gate"], answer["reason_code"]) == (
        "block",
        "no_active_gate",
        "no_active_gate",
    )
    assert (answer["ceiling_tokens"], answer["gate_version"]) == (None, None)


def test_a_retired_workload_is_blocked(hard, api):
    import pgtrigger  # noqa: PLC0415

    with pgtrigger.ignore():
        Workload.objects.filter(pk=hard.pk).update(status=Status.RETIRED)

    answer = ask(api)

    assert (answer["action"], answer["gate"], answer["reason_code"]) == (
        "block",
        "no_active_gate",
        "retired",
    )


@pytest.mark.parametrize(
    ("scope", "target"),
    [("all", ""), ("workload", "W-01"), ("agent", "a-1"), ("department", "ops")],
)
def test_a_kill_switch_holds_whatever_was_used(scope, target, hard, api, cast):
    from workloads.models import Department  # noqa: PLC0415

    department = Department.objects.create(code="ops", name="Operations")
    Workload.objects.filter(pk=hard.pk).update(department=department)
    KillSwitch.objects.create(
        scope=scope, target=target, reason="It spends.", thrown_at=NOW
    )

    answer = ask(api, agent="a-1")
    other = ask(api, agent="a-2")["action"]

    assert (answer["action"], answer["gate"], answer["reason_code"]) == (
        "block",
        "kill_switch",
        "kill_switch",
    )
    assert "It spends." in answer["reason"]
    assert other == ("allow" if scope == "agent" else "block")


def test_a_lifted_switch_holds_nothing(hard, api):
    KillSwitch.objects.create(
        scope="all", target="", reason="x", thrown_at=NOW, lifted_at=NOW
    )

    assert ask(api)["action"] == "allow"


@pytest.mark.parametrize(
    ("scope", "target", "period"),
    [
        ("workload", "W-01", "day"),
        ("workload", "W-01", "month"),
        ("agent", "a-1", "day"),
    ],
)
def test_a_reached_spend_limit_blocks(scope, target, period, hard, api):
    SpendLimit.objects.create(
        scope=scope, target=target, period=period, amount=10, set_at=NOW
    )
    starts_on = MAY if period == "month" else NOW.date()
    SpendCounter.objects.create(
        scope=scope, target=target, period=period, starts_on=starts_on, settled="9.99"
    )
    assert ask(api, agent="a-1")["action"] == "allow"
    SpendCounter.objects.update(settled="10.00")

    answer = ask(api, agent="a-1")

    assert (answer["action"], answer["gate"], answer["reason_code"]) == (
        "block",
        "spend_limit",
        "spend_limit",
    )
    assert Decision.objects.get(pk=answer["decision"]).reason_code == "spend_limit"


def test_reservations_count_against_spend_limits(cast, api, rate_card):
    workload = stories.proposed(cast)
    stories.submitted(workload, cast.pia)
    activated(workload, cast, **one_tier(ceiling_tokens=10**9, overage="hard_cap"))
    SpendLimit.objects.create(
        scope="workload", target="W-01", period="day", amount="0.01", set_at=NOW
    )

    first = ask(api, expected_tokens=10_000)
    second = ask(api, expected_tokens=10_000)

    held = Reservation.objects.get(pk=first["decision"])
    assert held.cost > 0
    assert SpendCounter.objects.get(period="day").reserved == held.cost
    assert (first["action"], second["gate"]) == ("allow", "spend_limit")


def test_an_exception_raises_the_ceiling_of_one_user(hard, api):
    settle(hard, CEILING)
    settle(hard, CEILING, "u-2")
    GateException.objects.create(
        workload=hard,
        user_ref="u-1",
        ceiling_tokens=150_000,
        reason="Quarter end.",
        created_at=NOW,
        ends_on=NOW.date(),
    )

    raised, other = ask(api), ask(api, user="u-2")

    assert (raised["action"], raised["ceiling_tokens"]) == ("allow", 150_000)
    assert (other["action"], other["ceiling_tokens"]) == ("block", CEILING)


def test_an_exception_ends_with_its_last_day(hard, api):
    settle(hard, CEILING)
    GateException.objects.create(
        workload=hard,
        user_ref="u-1",
        ceiling_tokens=150_000,
        reason="Over.",
        created_at=NOW,
        ends_on=NOW.date() - timedelta(days=1),
    )

    assert ask(api)["action"] == "block"


def test_a_shadow_decides_beside_and_is_recorded(hard, cast, api):
    from capacity.services.gates import shadow_gate  # noqa: PLC0415

    draft = drafted(
        hard,
        cast,
        no_notice_reason="A trial.",
        **one_tier(ceiling_tokens=50_000, overage="hard_cap"),
    )
    shadow_gate(number=1, version=draft.version, actor=hard.owner, now=NOW)
    settle(hard, 60_000)

    answer = ask(api)

    row = Decision.objects.get(pk=answer["decision"])
    assert (answer["action"], answer["gate_version"]) == ("allow", 1)
    assert (row.shadow_action, row.shadow_policy.version) == ("block", 2)


def test_test_calls_are_kept_apart(hard, api):
    settle(hard, 90_000)

    answer = ask(api, test=True, expected_tokens=50_000)

    assert (answer["action"], answer["consumed_tokens"]) == ("allow", 0)
    assert (counter(hard).reserved, counter(hard, test=True).reserved) == (0, 50_000)


def test_a_level_is_spoken_once_and_in_order(hard, api):
    settle(hard, 30_000)
    assert ask(api)["signals"] == []
    # Day 12 of 31: half the ceiling is far ahead of the pace.
    settle(hard, 50_000)

    first, second = ask(api), ask(api)

    assert first["signals"] == [{"level": 90, "kind": "banner"}]
    assert (second["level"], second["signals"]) == (90, [])
    rows = Alert.objects.order_by("level").values_list("level", "spoken", "kind")
    assert list(rows) == [(70, False, "soft_notice"), (90, True, "banner")]
    assert counter(hard).spoken == {"standard": [70, 90]}
    assert (
        OutboxMessage.objects.filter(kind="capacity.tasks.deliver_alert").count() == 1
    )


def test_the_contract_event_is_spoken_by_the_first_answer_that_was_over(soft, api):
    settle(soft, 99_500)
    ask(api)

    over, under = ask(api, expected_tokens=600), ask(api, expected_tokens=400)

    assert over["signals"] == [{"level": 100, "kind": "contract_event"}]
    assert (under["action"], under["level"], under["signals"]) == ("allow", 100, [])


def test_test_calls_and_observers_never_speak(workload, cast, api):
    activated(
        workload,
        cast,
        mode="observe",
        ends_on=NOW.date() + timedelta(days=30),
        spend_limit=Decimal(100),
        **one_tier(ceiling_tokens=1_000, overage="hard_cap"),
    )
    settle(workload, 5_000)

    watched, tried = ask(api, expected_tokens=10), ask(api, test=True)

    assert [watched["action"], watched["level"]] == ["allow", None]
    assert [tried["action"], Alert.objects.count()] == ["allow", 0]


def test_the_same_request_id_is_the_same_decision_and_reserves_once(hard, api):
    settle(hard, 50_000)

    first = ask(api, request_id="r-1", expected_tokens=1_000)
    settle(hard, 99_999)
    again = ask(api, request_id="r-1", expected_tokens=1_000)

    assert first["signals"] != []
    assert again == first
    assert Reservation.objects.count() == 1


@pytest.mark.parametrize(
    "kind", ["over", "switch", "limit", "no gate", "withdrawn", "raised"]
)
def test_a_repeated_answer_is_the_first_one_whatever_it_was(kind, workload, cast, api):
    from capacity.services.gates import withdraw_opt_in  # noqa: PLC0415

    if kind == "withdrawn":
        policy = activated(workload, cast, tiers=[METERED])
        withdraw_opt_in(
            number=1,
            version=policy.version,
            tier="standard",
            reason="x",
            actor=cast.felix,
            now=NOW,
        )
    elif kind != "no gate":
        values = one_tier(ceiling_tokens=CEILING, overage="soft_cap")
        activated(workload, cast, degrade_model="Haiku", **values)
    settle(workload, 120_000)
    if kind == "switch":
        KillSwitch.objects.create(scope="all", target="", reason="x", thrown_at=NOW)
    if kind == "limit":
        SpendLimit.objects.create(
            scope="workload", target="W-01", period="day", amount=1, set_at=NOW
        )
        SpendCounter.objects.create(
            scope="workload",
            target="W-01",
            period="day",
            starts_on=NOW.date(),
            settled=2,
        )
    if kind == "raised":
        GateException.objects.create(
            workload=workload,
            user_ref="u-1",
            ceiling_tokens=150_000,
            reason="x",
            created_at=NOW,
            ends_on=NOW.date(),
        )

    first = ask(api, request_id="r-1", expected_tokens=10)

    assert ask(api, request_id="r-1", expected_tokens=10) == first


def test_the_same_request_id_with_another_body_is_refused(hard, api):
    ask(api, request_id="r-1", expected_tokens=1_000)

    answer = api("gateway")(
        "POST", DECIDE, question(request_id="r-1", expected_tokens=2_000)
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "request_id_reused")


def test_a_request_id_is_remembered_for_a_day(hard, api, monkeypatch):
    first = ask(api, request_id="r-1")
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(hours=24))

    assert ask(api, request_id="r-1")["decision"] != first["decision"]


def test_an_idempotency_key_does_what_a_request_id_does(hard, api):
    send = api("gateway")
    answers = [
        send("POST", DECIDE, question(expected_tokens=5), Idempotency_Key="k").json()
        for _ in range(2)
    ]

    assert answers[0] == answers[1]
    assert Reservation.objects.count() == 1


def test_a_reservation_lapses_after_ten_minutes(hard, api, monkeypatch):
    settle(hard, 99_000)
    assert ask(api, expected_tokens=1_000)["action"] == "allow"
    assert ask(api, expected_tokens=1_000)["action"] == "block"

    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(minutes=10))

    answer = ask(api, expected_tokens=1_000)
    assert (answer["action"], answer["reserved_tokens"]) == ("allow", 1_000)
    assert Reservation.objects.count() == 1


def test_a_long_call_extends_its_reservation(hard, api, monkeypatch):
    settle(hard, 99_000)
    held = ask(api, expected_tokens=1_000)["decision"]
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(minutes=9))

    extended = api("gateway")("POST", f"/api/v1/gates/reservations/{held}/extend/", {})
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(minutes=18))

    assert extended.json() == {
        "decision": held,
        "tokens": 1_000,
        "lapses_at": "2026-05-12T09:19:00Z",
    }
    assert ask(api, expected_tokens=1_000)["action"] == "block"


def test_a_cancelled_call_releases_its_reservation(hard, api):
    settle(hard, 99_000)
    held = ask(api, expected_tokens=1_000)["decision"]
    path = f"/api/v1/gates/reservations/{held}/release/"

    released = [api("gateway")("POST", path, {}).json()["tokens"] for _ in range(2)]

    assert released == [1_000, 0]
    assert ask(api, expected_tokens=1_000)["action"] == "allow"


@pytest.mark.parametrize("step", ["extend", "release"])
def test_only_what_was_decided_is_extended_or_released(step, hard, api):
    unknown = "019f0000-0000-7000-8000-000000000000"

    answer = api("gateway")("POST", f"/api/v1/gates/reservations/{unknown}/{step}/", {})

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("who", "scopes", "status", "code"),
    [
        (None, (), 401, "not_signed_in"),
        ("gateway", (Scope.USAGE_WRITE,), 403, "insufficient_scope"),
        ("pia", (Scope.GATES_DECIDE,), 403, "not_allowed"),
    ],
)
def test_only_a_runtime_with_the_scope_may_ask(who, scopes, status, code, hard, api):
    answer = api(who, *scopes)("POST", DECIDE, question())

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_bound_token_asks_for_its_workloads_alone(hard, cast, at_now):
    issued = issue_token(
        actor=cast.ada,
        user=cast.gateway,
        scopes=[Scope.GATES_DECIDE],
        now=NOW,
        workloads=["W-02"],
    )

    answer = Caller(issued.secret)("POST", DECIDE, question())

    assert (answer.status_code, answer.json()["code"]) == (403, "workload_not_bound")


def test_users_are_counted_under_their_hashed_reference(hard, api, settings):
    settings.USER_REF_KEY = "a key"

    answer = ask(api, expected_tokens=10)

    row = Decision.objects.get(pk=answer["decision"])
    assert row.user_ref not in {"u-1", ""}


# --- Simulate, and the bundle ------------------------------------------------------------

SIMULATE = "/api/v1/gates/simulate/"
BUNDLE = "/api/v1/gates/bundle/"


def policy(**values):
    return {
        "ceiling_tokens": CEILING,
        "overage": "soft_cap",
        "metered_opt_in": False,
        "primary_model": "Sonnet",
        "degrade_model": "Haiku",
        "consumed_tokens": 72_000,
        "at": "2026-06-29T12:00:00Z",
        **values,
    }


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, ("allow", "Sonnet", 70)),
        ({"consumed_tokens": CEILING}, ("degrade", "Haiku", 100)),
        ({"consumed_tokens": CEILING, "overage": "hard_cap"}, ("block", None, 100)),
        (
            {"consumed_tokens": CEILING, "overage": "pay_as_you_go"},
            ("block", None, 100),
        ),
        (
            {
                "consumed_tokens": CEILING,
                "overage": "pay_as_you_go",
                "metered_opt_in": True,
            },
            ("meter", "Sonnet", 100),
        ),
    ],
)
def test_simulate_answers_and_changes_nothing(values, told, api):
    answer = api("gateway")("POST", SIMULATE, policy(**values)).json()

    assert (answer["action"], answer["model"], answer["level"]) == told
    assert (answer["decision"], answer["gate_version"]) == (None, None)
    assert not Decision.objects.exists()


def test_simulate_refuses_a_soft_cap_with_nothing_to_degrade_to(api):
    answer = api("gateway")("POST", SIMULATE, policy(degrade_model=""))

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/degrade_model"


def test_the_bundle_is_sent_once_until_it_changes(hard, api):
    first = api("gateway")("GET", BUNDLE)
    same = api("gateway")("GET", BUNDLE, If_None_Match=first["ETag"])
    ask(api, expected_tokens=100)
    counted = api("gateway")("GET", BUNDLE, If_None_Match=first["ETag"])
    KillSwitch.objects.create(scope="all", target="", reason="x", thrown_at=NOW)
    changed = api("gateway")("GET", BUNDLE, If_None_Match=first["ETag"])

    assert [one.status_code for one in (first, same, counted, changed)] == [
        200,
        304,
        304,
        200,
    ]
    assert first.json()["workloads"] == [
        {
            "workload": "W-01",
            "department": None,
            "version": 1,
            "mode": "enforce",
            "ends_on": None,
            "primary_model": "Sonnet",
            "degrade_model": "Haiku",
            "on_unreachable": "block",
            "thresholds": {"floor": 0.5, "notice": 0.7, "banner": 0.9},
            "tiers": [
                {
                    "tier": "standard",
                    "ceiling_tokens": CEILING,
                    "overage": "hard_cap",
                    "metered_opt_in": False,
                    "overage_limit_tokens": None,
                }
            ],
        }
    ]


def test_an_acknowledged_bundle_is_evidence(hard, api):
    from capacity.models import BundleAcknowledgement  # noqa: PLC0415

    etag = api("gateway")("GET", BUNDLE)["ETag"]

    answer = api("gateway")("POST", f"{BUNDLE}ack/", {"etag": etag, "runtime": "eu-1"})

    assert answer.status_code == 200
    row = BundleAcknowledgement.objects.get()
    assert (row.runtime, row.versions, row.etag) == ("eu-1", {"W-01": 1}, etag)


def test_only_the_bundle_in_force_is_acknowledged(hard, api):
    answer = api("gateway")(
        "POST", f"{BUNDLE}ack/", {"etag": '"old"', "runtime": "eu-1"}
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "bundle_changed")


def test_the_question_is_the_schemas(hard, api):
    """Whitespace is trimmed, null is absent, escapes are read."""
    body = json.dumps(question(user=" u-1 ", agent=None, trace_id='a\\u0301"é'))

    answer = api("gateway")("POST", DECIDE, body.encode())

    assert answer.status_code == 200
    row = Decision.objects.get(pk=answer.json()["decision"])
    assert (row.user_ref, row.agent, row.trace_id) == ("u-1", "", 'a\\u0301"é')
