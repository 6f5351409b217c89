"""Totals, quarantine and replay, files, housekeeping, and what the page reads."""

import json
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from types import SimpleNamespace
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from capacity.models import (
    DecisionRequest,
    ModelPrice,
    QuarantinedEvent,
    Reservation,
    SpendCounter,
    UsageArrival,
    UsageEvent,
)
from capacity.selectors.overlap import overlap
from capacity.selectors.usage import (
    arrivals,
    sources,
    unregistered_agents,
    waiting_in_quarantine,
)
from capacity.selectors.usage_page import by_day
from capacity.services.usage_housekeeping import (
    lapse_reservations,
    prepare_months,
    remove_expired_usage,
)
from portal.kernel import clock
from portal.kernel.models import AuditEntry
from portal.kernel.periods import Month
from tests.capacity.usage import codes, counter, decided, event, send
from tests.conftest import NOW, PRICED_FROM
from tests.workloads import stories
from workloads.models import Workload

pytestmark = pytest.mark.django_db
TOTALS = "/api/v1/usage/totals/"
QUARANTINE = "/api/v1/usage/quarantine/"


@pytest.fixture
def support(cast: SimpleNamespace, rate_card: None) -> Workload:
    return stories.proposed(cast)


def total(api, query: str, who: str = "pia") -> list[dict]:
    answer = api(who)("GET", f"{TOTALS}?month=2026-05{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


# --- Totals ----------------------------------------------------------------------------


def test_totals_are_sums_of_the_month_by_what_is_asked(support, cast, api):
    stories.proposed(cast, name="Another")
    send(
        api,
        event(cached_input_tokens=100),
        event(user="u-2", model="Nova"),
        event(workload="W-02", calls=3),
        event(test=True),
        event(time="2026-04-30T23:00:00Z"),
    )

    assert total(api, "") == [
        {
            "workload": "W-01",
            "user": None,
            "model": None,
            "calls": 2,
            "input_tokens": 2_000,
            "cached_input_tokens": 100,
            "output_tokens": 400,
            "unpriced": True,
        },
        {
            "workload": "W-02",
            "user": None,
            "model": None,
            "calls": 3,
            "input_tokens": 1_000,
            "cached_input_tokens": 0,
            "output_tokens": 200,
            "unpriced": False,
        },
    ]
    by_all = total(api, "&by=workload,user,model", who="noor")
    assert [(one["workload"], one["user"], one["model"]) for one in by_all] == [
        ("W-01", "u-1", "Sonnet"),
        ("W-01", "u-2", "Nova"),
        ("W-02", "u-1", "Sonnet"),
    ]
    assert [one["model"] for one in total(api, "&by=model")] == ["Nova", "Sonnet"]


def test_totals_come_in_pages(support, api):
    send(api, *(event(user=f"u-{number}") for number in range(5)))

    answer = api("noor")("GET", f"{TOTALS}?month=2026-05&by=user&limit=2").json()
    seen = [one["user"] for one in answer["results"]]
    while answer["next"]:
        answer = api("noor")("GET", answer["next"]).json()
        seen += [one["user"] for one in answer["results"]]

    assert seen == [f"u-{number}" for number in range(5)]


def test_an_alias_or_a_later_price_makes_usage_priced(support, api):
    send(api, event(model="sonnet-4"), event(model="Nova"))
    assert total(api, "")[0]["unpriced"]

    for model, aliases, begins in (
        ("Sonnet", ["sonnet-4"], PRICED_FROM),
        ("Nova", [], NOW.date()),
    ):
        ModelPrice.objects.create(
            model=model,
            aliases=aliases,
            model_class="standard",
            valid_from=begins,
            input_per_million=1,
            cached_input_per_million=1,
            output_per_million=1,
            currency="USD",
            entered_at=NOW,
        )

    assert not total(api, "")[0]["unpriced"]
    send(api, event(model="Nova", time="2026-05-11T08:00:00Z"))
    assert total(api, "")[0]["unpriced"]


def test_users_are_for_those_who_may_see_them(support, cast, api):
    send(api, event())
    support.owner = cast.sarah
    support.save()

    for query in ("&by=user", "&user=u-1"):
        assert api("pia")("GET", f"{TOTALS}?month=2026-05{query}").status_code == 403
        assert len(total(api, f"{query}&workload=W-01", who="sarah")) == 1
        assert len(total(api, query, who="felix")) == 1
    assert total(api, "&by=user&workload=W-99", who="noor") == []


@pytest.mark.parametrize("query", ["&by=tier", "&by=user,user", "&by=", "&limit=0"])
def test_a_question_that_makes_no_sense_is_400(support, api, query):
    assert api("noor")("GET", f"{TOTALS}?month=2026-05{query}").status_code == 400


# --- Quarantine ------------------------------------------------------------------------


def test_refused_events_are_listed_without_users_for_most(support, api):
    send(api, event(workload="W-99"), event(input_tokens=-1))

    answer = api("pia")("GET", f"{QUARANTINE}?code=negative_tokens").json()
    (one,) = answer["results"]
    assert (one["workload"], one["code"]) == ("W-01", "negative_tokens")
    assert one["body"]["user"] != "u-1"
    seen = api("noor")("GET", QUARANTINE).json()["results"]
    assert {one["body"]["user"] for one in seen} == {"u-1"}


def test_what_is_refused_again_stands_once(support, api):
    wrong = event(workload="W-99")
    send(api, wrong, wrong)
    send(api, wrong)

    assert QuarantinedEvent.objects.count() == 1


def test_a_replay_counts_what_holds_now_and_only_once(support, cast, api):
    wrong = event(workload="W-02", user="u-9")
    send(api, wrong)
    kept = QuarantinedEvent.objects.get()
    path = f"{QUARANTINE}{kept.pk}/replay/"

    refused = api("noor")("POST", path).json()
    assert (refused["accepted"], codes(refused)) == (0, ["unknown_workload"])

    stories.proposed(cast, name="Another")
    assert api("noor")("POST", path).json()["accepted"] == 1
    assert counter("u-9") == (1_200, 0)
    again = api("noor")("POST", path)
    assert (again.status_code, again.json()["code"]) == (409, "already_replayed")
    assert send(api, wrong)["duplicates"] == 1
    assert AuditEntry.objects.filter(action="usage.replayed").count() == 1


def test_a_replayed_user_is_hashed_once(support, cast, api, settings):
    settings.USER_REF_KEY = "a key"
    send(api, event(workload="W-02"), event())
    stories.proposed(cast, name="Another")
    api("noor")("POST", f"{QUARANTINE}{QuarantinedEvent.objects.get().pk}/replay/")

    assert len(set(UsageEvent.objects.values_list("user_ref", flat=True))) == 1


def test_what_has_expired_is_gone(support, api):
    send(api, event(workload="W-99"))
    QuarantinedEvent.objects.update(expires_at=NOW)

    assert api("noor")("GET", QUARANTINE).json()["results"] == []
    number = QuarantinedEvent.objects.get().pk
    assert api("noor")("POST", f"{QUARANTINE}{number}/replay/").status_code == 404


# --- Housekeeping ----------------------------------------------------------------------


def test_housekeeping_removes_what_has_had_its_time(support, api):
    send(api, event(workload="W-99"), event())
    DecisionRequest.objects.create(
        token_id=1, request_id="r", body_sha256=b"", decision=UUID(int=1), at=NOW
    )

    assert remove_expired_usage(now=NOW + timedelta(hours=23)) == 0
    assert remove_expired_usage(now=NOW + timedelta(hours=24)) == 1
    assert remove_expired_usage(now=NOW + timedelta(days=31)) == 2
    assert not UsageArrival.objects.exists()


def test_reservations_that_nobody_settles_lapse(support):
    decided(1, support, reserved=700)
    decided(2, support, reserved=300, user_ref="u-2")
    late = decided(3, support, reserved=50)
    Reservation.objects.filter(decision=late.pk).update(
        expires_at=NOW + timedelta(minutes=5), cost=Decimal(2), agent="a"
    )
    for period, day in (("day", NOW.date()), ("month", NOW.date().replace(day=1))):
        SpendCounter.objects.create(
            scope="agent", target="a", period=period, starts_on=day, reserved=5
        )

    assert lapse_reservations(now=NOW) == 2
    assert (counter(), counter("u-2")) == ((0, 50), (0, 0))
    assert lapse_reservations(now=NOW + timedelta(minutes=5)) == 1
    assert lapse_reservations(now=NOW + timedelta(minutes=5)) == 0
    assert counter() == (0, 0)
    assert {one.reserved for one in SpendCounter.objects.all()} == {3}


def test_money_that_a_call_held_is_freed_when_it_is_settled(support, api):
    decision = decided(1, support, reserved=700)
    Reservation.objects.update(cost=Decimal(2))
    for period, day in (("day", NOW.date()), ("month", NOW.date().replace(day=1))):
        SpendCounter.objects.create(
            scope="workload", target="W-01", period=period, starts_on=day, reserved=5
        )
    send(api, event(decision=str(decision.pk)))

    told = {(one.reserved, one.settled) for one in SpendCounter.objects.all()}
    assert told == {(Decimal(3), Decimal("0.006"))}


def test_the_next_month_stands_before_it_begins(support, api, monkeypatch):
    prepare_months(now=NOW)
    prepare_months(now=NOW)
    later = NOW.replace(month=6)
    monkeypatch.setattr(clock, "now", lambda: later)

    assert send(api, event(time="2026-06-12T08:00:00Z"))["accepted"] == 1


# --- What the page reads ---------------------------------------------------------------


def test_the_page_reads_arrivals_sources_days_and_agents(support, api):
    send(
        api,
        event(agent="planner-1"),
        event(source="gateway/us", time="2026-05-11T08:00:00Z"),
        event(test=True, agent="tested"),
        event(workload="W-99"),
    )

    *_, last = arrivals(NOW)
    assert (last.minute, last.events, last.tests) == (NOW, 2, 1)
    assert len(arrivals(NOW)) == 60
    assert [(one.source, one.events) for one in sources()] == [
        ("gateway/eu", 2),
        ("gateway/us", 1),
    ]
    days = by_day(Month(2026, 5))
    assert [(one.day.day, one.ref, one.tokens) for one in days] == [
        (11, "W-01", 1_200),
        (12, "W-01", 1_200),
    ]
    assert [one.agent for one in unregistered_agents(NOW)] == ["planner-1"]
    assert waiting_in_quarantine(NOW) == 1


def known_agents() -> set[str]:
    return {"planner-1"}


def test_a_registered_agent_is_not_listed(support, api, settings):
    send(api, event(agent="planner-1"), event(agent="planner-2"))
    settings.KNOWN_AGENTS = [f"{__name__}.known_agents"]

    assert [one.agent for one in unregistered_agents(NOW)] == ["planner-2"]


def test_reported_usage_shows_in_the_overlap_and_rules_out_entered_actuals(
    support, cast, api
):
    stories.proposed(cast, name="Another")
    send(api, event(), event(workload="W-02"), event(user="u-2"))

    told = overlap(Month(2026, 5))
    assert (told.unique_users, told.shared) == (2, {("W-01", "W-02"): 1})
    body = {
        "month": "2026-05",
        "workload": "W-01",
        "users": 1,
        "sessions": 1,
        "turns": 1,
        "input_tokens": 1,
        "output_tokens": 1,
    }
    answer = api("noor")("POST", "/api/v1/actuals/tokens/", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "usage_events")


# --- Files -----------------------------------------------------------------------------


def imported(path) -> str:
    out = StringIO()
    call_command("import_usage", str(path), stdout=out, stderr=StringIO())
    return out.getvalue()


def test_a_file_of_lines_is_counted_once_however_often(support, api, tmp_path):
    file = tmp_path / "usage.jsonl"
    file.write_text("\n".join(json.dumps(event()) for _ in range(3)) + "\n\n")

    assert imported(file).startswith("3 events: 3 counted, 0 counted before")
    assert imported(file).startswith("3 events: 0 counted, 3 counted before")
    assert counter() == (3_600, 0)


def test_a_csv_is_read_by_its_headings(support, api, tmp_path):
    file = tmp_path / "usage.csv"
    sent = [event(test="false", turns=2, agent=""), event(test="true")]
    names = list(sent[0])
    rows = [",".join(str(one.get(name, "")) for name in names) for one in sent]
    file.write_text("\ufeff" + "\n".join([",".join(names), *rows]))

    assert imported(file).startswith("2 events: 2 counted")
    assert UsageEvent.objects.get(test=False).turns == 2


def test_refused_rows_of_a_file_are_kept_and_told(support, api, tmp_path):
    file = tmp_path / "usage.jsonl"
    file.write_text(json.dumps(event(workload="W-99")) + "\n" + json.dumps(event()))

    with pytest.raises(CommandError, match="quarantine"):
        imported(file)
    assert QuarantinedEvent.objects.get().sent_by == "import_usage"
    assert counter() == (1_200, 0)


@pytest.mark.parametrize(
    ("name", "content"),
    [("usage.jsonl", b"{"), ("usage.csv", b"\xff\xfe"), ("nothing.jsonl", None)],
)
def test_a_file_that_cannot_be_read_is_told_plainly(support, tmp_path, name, content):
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(CommandError):
        imported(file)
