"""Usage is counted once each, in its own month, priced, settled and summed."""

import json
from decimal import Decimal
from types import SimpleNamespace

import pytest

from capacity.models import (
    QuarantinedEvent,
    Reservation,
    SpendCounter,
    UsageArrival,
    UsageDay,
    UsageEvent,
    UsageHour,
    UsageSource,
)
from portal.kernel.enums import Scope
from portal.kernel.services.tokens import issue_token
from tests.capacity.usage import (
    PATH,
    active_gate,
    codes,
    counter,
    decided,
    event,
    send,
)
from tests.conftest import NOW
from tests.kernel.conftest import Caller
from tests.workloads import stories
from workloads.models import Department, Workload

pytestmark = pytest.mark.django_db


@pytest.fixture
def support(cast: SimpleNamespace, rate_card: None) -> Workload:
    return stories.proposed(cast)


def sums() -> list[tuple]:
    return list(
        UsageDay.objects.order_by("day", "tier", "user_ref", "model").values_list(
            "day", "tier", "user_ref", "model", "calls", "input_tokens", "output_tokens"
        )
    )


def test_an_event_is_counted_priced_and_summed(support, api):
    told = send(api, event(cached_input_tokens=400, agent="planner-1", session="s-1"))

    assert told == {"accepted": 1, "duplicates": 0, "rejected": []}
    kept = UsageEvent.objects.get()
    # 600 × 3.00 + 400 × 0.30 + 200 × 15.00, a million.
    assert kept.cost == Decimal("0.004920")
    assert (kept.decided_calls, kept.unreachable_calls) == (0, 0)
    assert counter() == (1_200, 0)
    assert sums() == [(NOW.date(), "standard", "u-1", "Sonnet", 1, 1_000, 200)]
    assert UsageDay.objects.get().sessions == 1
    hour = UsageHour.objects.get()
    assert (hour.hour, hour.calls, hour.sessions, hour.decided_calls) == (8, 1, 1, 0)
    assert UsageArrival.objects.get().calls == 1
    assert UsageSource.objects.get().last_event_at == kept.at
    spent = {
        (one.scope, one.target, one.period): one.settled
        for one in SpendCounter.objects.all()
    }
    assert spent == {
        (scope, target, period): Decimal("0.004920")
        for scope, target in (("workload", "W-01"), ("agent", "planner-1"))
        for period in ("day", "month")
    }


def test_what_is_sent_again_is_a_duplicate_whatever_else_it_says(support, api):
    first, second = event(), event()

    assert send(api, first, second, first)["duplicates"] == 1
    told = send(
        api, second, {**first, "input_tokens": 9, "time": "2026-05-11T08:00:00Z"}
    )

    assert told == {"accepted": 0, "duplicates": 2, "rejected": []}
    assert counter() == (2_400, 0)
    assert UsageEvent.objects.count() == 2


def test_the_same_id_of_another_source_is_another_event(support, api):
    told = send(api, event(id="1"), event(id="1", source="gateway/us"))

    assert told["accepted"] == 2


@pytest.mark.parametrize(
    ("time", "zone", "day", "hour"),
    [
        ("2026-04-30T23:30:00Z", "UTC", "2026-04-30", 23),
        ("2026-04-30T23:30:00Z", "Europe/Warsaw", "2026-05-01", 1),
        ("2026-05-01T01:00:00+05:45", "UTC", "2026-04-30", 19),
        ("2026-05-12T03:44:59Z", "Asia/Kathmandu", "2026-05-12", 9),
    ],
)
def test_an_event_counts_in_the_month_of_its_own_time(
    support, api, settings, time, zone, day, hour
):
    settings.ORGANISATION_TIME_ZONE = zone
    send(api, event(time=time))

    assert str(UsageDay.objects.get().day) == day
    assert UsageHour.objects.get().hour == hour
    assert str(UsageEvent.objects.get().day) == day


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"time": "2026-05-12T09:05:01Z"}, "time_in_future"),
        ({"time": "2025-11-01T09:00:00Z"}, "quarter_closed"),
        ({"workload": "W-99"}, "unknown_workload"),
        ({"workload": "sales"}, "unknown_workload"),
        ({"input_tokens": -1}, "negative_tokens"),
        ({"output_tokens": -1}, "negative_tokens"),
        ({"cached_input_tokens": -1}, "negative_tokens"),
        ({"cached_input_tokens": 1_001}, "cached_exceeds_input"),
        ({"input_tokens": "many"}, "invalid_event"),
        ({"input_tokens": 1.5}, "invalid_event"),
        ({"input_tokens": 10**13}, "invalid_event"),
        ({"input_tokens": 10**30}, "invalid_event"),
        ({"input_tokens": None}, "invalid_event"),
        ({"input_tokens": True}, "invalid_event"),
        ({"user": ""}, "invalid_event"),
        ({"user": "u" * 101}, "invalid_event"),
        ({"user": "u\x00"}, "invalid_event"),
        ({"user": ["u"]}, "invalid_event"),
        ({"time": "2026-05-12T09:00:00"}, "invalid_event"),
        ({"time": "yesterday"}, "invalid_event"),
        ({"time": 5}, "invalid_event"),
        ({"id": "x" * 201}, "invalid_event"),
        ({"calls": 0}, "invalid_event"),
        ({"turns": -1}, "invalid_event"),
        ({"inputTokens": 5}, "invalid_event"),
        ({"outcome": "good"}, "invalid_event"),
        ({"outcome": {"a": "\x00"}}, "invalid_event"),
    ],
)
def test_a_wrong_event_is_refused_alone(support, api, values, code):
    told = send(api, event(), event(**{"id": "wrong", **values}), event())

    assert told["accepted"] == 2
    assert [(one["index"], one["code"]) for one in told["rejected"]] == [(1, code)]
    assert told["rejected"][0]["detail"]
    kept = QuarantinedEvent.objects.get()
    assert (kept.code, kept.sent_by) == (code, "gateway")


@pytest.mark.parametrize("wrong", [5, None, "text", [], {}])
def test_what_is_no_event_is_refused_alone(support, api, wrong):
    told = send(api, wrong, event())

    assert (told["accepted"], codes(told)) == (1, ["invalid_event"])
    assert told["rejected"][0]["id"] is None


def test_half_a_surrogate_is_refused_alone(support, api):
    body = json.dumps({"events": [event(user="\ud800"), event()]}).encode()
    answer = api("gateway")("POST", PATH, body).json()

    assert (answer["accepted"], codes(answer)) == (1, ["invalid_event"])


def test_five_minutes_ahead_is_still_now(support, api):
    assert send(api, event(time="2026-05-12T09:05:00Z"))["accepted"] == 1


def test_every_event_refused_is_200(support, api):
    told = send(api, event(workload="W-99"))

    assert (told["accepted"], codes(told)) == (0, ["unknown_workload"])


def test_texts_that_need_escaping_are_kept_as_they_are(support, api):
    odd = 'a"b\\c{d},e\tf NULL'
    send(api, event(user=odd, outcome={"said": odd}), event(user="NULL"))

    assert set(UsageEvent.objects.values_list("user_ref", flat=True)) == {odd, "NULL"}
    assert UsageEvent.objects.get(user_ref=odd).outcome == {"said": odd}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "malformed"),
        (b"\xff", 400, "malformed"),
        (b'{"events": NaN}', 400, "malformed"),
        (b"[]", 400, "invalid"),
        (b'{"events": 5}', 400, "invalid"),
        (b'{"events": [], "more": 1}', 400, "invalid"),
        (b"[" * 100_000, 400, "malformed"),
        (json.dumps({"events": [{}] * 5_001}).encode(), 413, "too_many_events"),
    ],
)
def test_a_body_that_cannot_be_read_says_why(support, api, body, status, code):
    answer = api("gateway")("POST", PATH, body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_tier_that_no_version_of_the_gate_knows_is_refused(support, cast, api):
    assert send(api, event(tier="gold"))["accepted"] == 1
    active_gate(support, cast, {"standard": 10_000})

    told = send(api, event(tier="standard"), event(tier="gold"))

    assert (told["accepted"], codes(told)) == (1, ["unknown_tier"])


def test_a_bound_token_reports_its_own_workloads_alone(support, cast, api):
    stories.proposed(cast, name="Another")
    issued = issue_token(
        actor=cast.ada,
        user=cast.gateway,
        scopes=[Scope.USAGE_WRITE],
        workloads=["W-02"],
        now=NOW,
    )
    answer = Caller(issued.secret)(
        "POST", PATH, {"events": [event(), event(workload="W-02")]}
    ).json()

    assert (answer["accepted"], codes(answer)) == (1, ["unknown_workload"])


def test_a_known_decision_settles_what_it_reserved(support, api):
    decision = decided(1, support, reserved=5_000)
    assert counter() == (0, 5_000)

    send(api, event(decision=str(decision.pk)))

    assert counter() == (1_200, 0)
    assert not Reservation.objects.exists()
    kept = UsageEvent.objects.get()
    assert (kept.decided_calls, kept.decision) == (1, decision.pk)
    assert UsageHour.objects.get().decided_calls == 1


def test_a_duplicate_settles_nothing(support, api):
    sent = event()
    send(api, sent)
    decision = decided(1, support, reserved=5_000)

    send(api, {**sent, "decision": str(decision.pk)})

    assert counter() == (1_200, 5_000)


def test_a_decision_of_another_workload_is_unknown_and_keeps_its_tokens(
    support, cast, api
):
    other = stories.proposed(cast, name="Another")
    decision = decided(1, other, reserved=5_000)

    send(api, event(decision=str(decision.pk)), event(decision="nobody's"))

    assert set(UsageEvent.objects.values_list("decided_calls", flat=True)) == {0}
    assert counter(workload=other) == (0, 5_000)


def test_an_aggregate_says_how_many_of_its_calls_were_decided(support, api):
    known = [str(decided(number, support).pk) for number in (1, 2, 3)]
    send(
        api,
        event(calls=5, decisions=[*known, known[0], "unknown"]),
        event(calls=5, decided_calls=4),
        event(calls=5, decided_calls=9),
        event(calls=5, undecided_reason="unreachable", decided_calls=2),
        event(calls=5),
    )

    told = UsageEvent.objects.order_by("event_id").values_list(
        "decided_calls", "unreachable_calls"
    )
    assert sorted(told) == [(0, 0), (2, 3), (3, 0), (4, 0), (5, 0)]
    hour = UsageHour.objects.get()
    assert (hour.calls, hour.decided_calls, hour.unreachable_calls) == (25, 14, 3)


def test_billable_is_what_lies_above_the_ceiling_when_it_is_settled(support, api):
    metered = [
        str(decided(number, support, action="meter", ceiling_tokens=3_000).pk)
        for number in (1, 2, 3)
    ]
    send(api, event())
    send(
        api,
        event(id="m-1", decision=metered[0]),
        event(id="m-2", decision=metered[1]),
        event(id="m-3"),
    )
    send(api, event(id="m-4", decision=metered[2]))

    told = UsageEvent.objects.filter(event_id__startswith="m-").order_by("event_id")
    assert list(told.values_list("billable_tokens", flat=True)) == [0, 600, 0, 1_200]


def test_test_events_are_kept_apart_from_every_count_and_bill(support, api):
    decision = decided(
        1, support, test=True, reserved=5_000, action="meter", ceiling_tokens=10
    )
    send(api, event(test=True, decision=str(decision.pk), agent="a", session="s"))

    assert counter() == (0, 0)
    assert counter(test=True) == (1_200, 0)
    kept = UsageEvent.objects.get()
    assert (kept.test, kept.decided_calls, kept.billable_tokens) == (True, 1, 0)
    assert UsageArrival.objects.get().test
    for table in (UsageDay, UsageHour, SpendCounter):
        assert not table.objects.exists()


def test_a_live_call_is_not_decided_by_a_test(support, api):
    decision = decided(1, support, test=True, reserved=5_000)
    send(api, event(decision=str(decision.pk)))

    assert UsageEvent.objects.get().decided_calls == 0
    assert counter(test=True) == (0, 5_000)


def test_a_session_counts_once_in_the_hour_it_was_first_seen(support, api):
    send(
        api,
        event(session="s", time="2026-05-12T08:59:59Z", tier="pro"),
        event(session="s", time="2026-05-12T08:10:00Z"),
        event(session="s", user="u-2"),
    )
    send(api, event(session="s", time="2026-05-12T07:10:00Z"))

    by_tier = UsageDay.objects.order_by("tier", "user_ref").values_list(
        "tier", "user_ref", "sessions"
    )
    assert list(by_tier) == [
        ("pro", "u-1", 0),
        ("standard", "u-1", 1),
        ("standard", "u-2", 1),
    ]
    hours = UsageHour.objects.order_by("hour").values_list("hour", "sessions")
    assert list(hours) == [(7, 0), (8, 2)]


def test_an_unknown_model_is_counted_and_costs_nothing_yet(support, api):
    send(api, event(model="Nova"))

    assert UsageEvent.objects.get().cost is None
    assert SpendCounter.objects.filter(settled=0).count() == 2


def test_money_is_spent_by_the_primary_department_too(support, api):
    support.department = Department.objects.create(code="care", name="Care")
    support.save()
    send(api, event())

    assert SpendCounter.objects.filter(scope="department", target="care").count() == 2


def test_users_are_hashed_where_there_is_a_key(support, api, settings):
    settings.USER_REF_KEY = "a key"
    send(
        api, event(user="jo@example.com"), event(user="jo@example.com", tier="", id="x")
    )

    refs = set(UsageEvent.objects.values_list("user_ref", flat=True))
    kept = QuarantinedEvent.objects.get()
    assert refs == {kept.body["user"]}
    assert len(kept.body["user"]) == 32


def test_opentelemetry_names_are_read(support, api):
    sent = event()
    for name in ("model", "input_tokens", "output_tokens"):
        del sent[name]
    told = send(
        api,
        {
            **sent,
            "gen_ai.request.model": "Haiku",
            "gen_ai.usage.input_tokens": 7,
            "gen_ai.usage.output_tokens": 5,
            "gen_ai.system": "other",
        },
        sent,
    )

    assert (told["accepted"], codes(told)) == (1, ["invalid_event"])
    kept = UsageEvent.objects.get()
    assert (kept.model, kept.input_tokens, kept.output_tokens) == ("Haiku", 7, 5)


def cloud(**values) -> dict:
    sent = event()
    envelope = {name: sent.pop(name) for name in ("id", "source", "time")}
    return {
        "specversion": "1.0",
        "type": "weighbridge.usage",
        "datacontenttype": "application/json",
        **envelope,
        "data": sent,
        **values,
    }


def test_a_batch_of_cloud_events_is_taken(support, api):
    content = "application/cloudevents-batch+json"
    wrong = [
        cloud(type="other"),
        cloud(specversion="0.3"),
        cloud(data=None),
        cloud(data={**cloud()["data"], "id": "twice"}),
        5,
    ]
    answer = api("gateway")(
        "POST", PATH, [cloud(), *wrong, cloud()], Content_Type=content
    ).json()

    assert (answer["accepted"], codes(answer)) == (2, ["invalid_event"] * 5)
    assert QuarantinedEvent.objects.filter(workload_ref="W-01").count() == 3


def test_a_single_cloud_event_is_taken_and_counted_once_with_a_native_one(support, api):
    sent = cloud()
    content = "application/cloudevents+json"
    api("gateway")("POST", PATH, sent, Content_Type=content)
    native = {**sent["data"], **{name: sent[name] for name in ("id", "source", "time")}}

    assert send(api, native)["duplicates"] == 1


def test_nobody_but_a_runtime_reports_usage(support, api):
    for who in ("pia", "ada", "noor"):
        answer = api(who)("POST", PATH, {"events": [event()]})
        assert answer.status_code == 403
    assert api(None)("POST", PATH, {"events": []}).status_code == 401


def test_an_idempotency_key_answers_alike(support, api):
    sent = {"events": [event()]}
    first = api("gateway")("POST", PATH, sent, Idempotency_Key="k-1")
    again = api("gateway")("POST", PATH, sent, Idempotency_Key="k-1")

    assert first.json() == again.json()
    assert first.json()["accepted"] == 1
