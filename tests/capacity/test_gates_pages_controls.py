"""Switches, limits, alerts, accounts, exceptions and proposals, each on its page."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from capacity.enums import LimitPeriod, LimitScope, ProposalState
from capacity.models import (
    Account,
    Alert,
    CeilingProposal,
    GateException,
    GatePolicy,
    KillSwitch,
    SpendCounter,
    SpendLimit,
)
from tests.capacity import gate_pages as told
from tests.conftest import NOW
from tests.workloads import stories
from tests.workloads.pages import Reader, press, toasts, words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]

SWITCHES, LIMITS = "/gates/switches/", "/gates/limits/"
ALERTS, ACCOUNTS = "/gates/alerts/", "/gates/accounts/"
GATE = "/workloads/W-01/gate/"
STOP = {"scope": "workload", "target": "W-01", "reason": "It loops."}
LIMIT = {
    "scope": "workload",
    "target": "W-01",
    "period": "day",
    "amount": "400",
    "alert_at": "80",
}


@pytest.fixture
def reader(cast: SimpleNamespace) -> Reader:
    return Reader(cast)


# --- Kill switches -------------------------------------------------------------------


def test_a_switch_is_thrown_and_lifted_with_reasons(reader: Reader) -> None:
    stories.proposed(reader.cast)
    noor = reader("noor")

    thrown = noor.post(SWITCHES, STOP, follow=True)
    found = KillSwitch.objects.get()
    lifted = press(noor, f"{SWITCHES}{found.pk}/", {"reason": "Mended."}, follow=True)

    assert "W-01 is held from the next decision on." in toasts(thrown)[0]
    assert "One switch stands" in words(thrown)
    assert toasts(lifted) == ["W-01 is let through again."]
    assert "None stands." in words(lifted)


def test_its_owner_may_stop_a_workload_and_cannot_lift_it(reader: Reader) -> None:
    stories.proposed(reader.cast)
    sarah = reader("sarah")

    assert sarah.post(SWITCHES, STOP).status_code == 302
    found = KillSwitch.objects.get()
    page = words(sarah.get(f"{SWITCHES}{found.pk}/"))

    assert "The ops lead or a committee member can." in page
    assert sarah.post(f"{SWITCHES}{found.pk}/", {"reason": "x"}).status_code == 403
    assert reader("marcus").post(SWITCHES, STOP).status_code == 403


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        ({"target": "W-99"}, 422, "There is no workload"),
        ({"reason": ""}, 400, "This field is required."),
        ({"scope": "department", "target": "none"}, 422, "There is no department"),
        ({"scope": "x"}, 400, "valid choice"),
    ],
)
def test_a_wrong_switch_stays_in_its_form(
    reader: Reader, sent: dict[str, str], status: int, said: str
) -> None:
    stories.proposed(reader.cast)

    answer = reader("noor").post(SWITCHES, {**STOP, **sent})

    assert answer.status_code == status
    assert said in words(answer)
    assert not KillSwitch.objects.exists()


def test_switches_are_searched_filtered_and_exported(reader: Reader) -> None:
    stories.proposed(reader.cast)
    noor = reader("noor")
    noor.post(SWITCHES, STOP)
    noor.post(SWITCHES, {"scope": "all", "target": "", "reason": "Drill."})

    def found(query: str) -> list[str]:
        rows = noor.get(f"{SWITCHES}?{query}").context["rows"]
        return [row["name"] for row in rows]

    assert found("") == ["Everything", "W-01"]
    assert found("order=oldest") == ["W-01", "Everything"]
    assert found("scope=all") == ["Everything"]
    assert found("q=loops") == ["W-01"]
    assert found("show=lifted") == []
    lines = noor.get(f"{SWITCHES}export.csv?scope=all").content.decode().splitlines()
    assert len(lines) == 2
    gate = words(reader("nils").get(GATE))
    assert "Every workload is held." in gate


# --- Spend limits --------------------------------------------------------------------


def test_a_limit_is_set_seen_with_its_beam_and_ended(reader: Reader) -> None:
    stories.proposed(reader.cast)
    felix = reader("felix")

    felix.post(LIMITS, LIMIT)
    SpendCounter.objects.filter(target="W-01").update(settled=352)
    page = felix.get(LIMITS)
    limit = SpendLimit.objects.get()
    ended = press(felix, f"{LIMITS}{limit.pk}/", {"reason": "Enough."}, follow=True)

    assert (limit.amount, str(limit.alert_at)) == (400, "0.800")
    assert "$352 of $400 a day" in page.content.decode()
    assert "Alerted" in words(page)
    assert toasts(ended) == ["The limit of W-01 has ended."]
    assert "No spend limit yet." in words(felix.get(LIMITS))
    assert "W-01" in words(felix.get(f"{LIMITS}?show=ended"))


def test_only_finance_and_a_department_for_its_own_set_limits(reader: Reader) -> None:
    stories.proposed(reader.cast)

    page = words(reader("sarah").get(LIMITS))

    assert "The finance lead can; a department's head its own." in page
    assert reader("sarah").post(LIMITS, LIMIT).status_code == 403
    assert reader("felix").post(LIMITS, {**LIMIT, "amount": "0"}).status_code == 400
    assert reader("felix").post(LIMITS, {**LIMIT, "alert_at": "0"}).status_code == 400
    unknown = reader("felix").post(LIMITS, {**LIMIT, "target": "W-99"})
    assert unknown.status_code == 422
    assert not SpendLimit.objects.exists()


def test_limits_ask_as_much_for_three_as_for_one(reader: Reader) -> None:
    felix = reader("felix")
    counts = []
    for number in range(3):
        SpendLimit.objects.create(
            scope=LimitScope.AGENT,
            target=f"agent-{number}",
            period=LimitPeriod.DAY,
            amount=10,
            set_by=reader.cast.felix,
            set_at=NOW,
        )
        felix.get(LIMITS)
        with CaptureQueriesContext(connection) as asked:
            felix.get(LIMITS)
        counts.append(len(asked))

    assert len(set(counts)) == 1, counts


# --- Alerts --------------------------------------------------------------------------


def test_alerts_are_listed_filtered_and_acknowledged(reader: Reader) -> None:
    workload = stories.proposed(reader.cast)
    first = told.said(workload, "u-1", 90)
    told.said(workload, "u-2", 100)
    sarah = reader("sarah")

    page = words(sarah.get(ALERTS))
    over = sarah.get(f"{ALERTS}?show=over").context["rows"]
    answer = sarah.post(
        f"{ALERTS}{first.pk}/acknowledge/",
        {"next": f"{ALERTS}?level=90#alert-{first.pk}"},
    )
    away = sarah.post(
        f"{ALERTS}{first.pk}/acknowledge/", {"next": "https://example.com/"}
    )

    assert (
        "2 were sent, once a user, tier, month and level. 2 are not seen yet." in page
    )
    assert [row["user"] for row in over] == ["u-2"]
    assert answer["Location"] == f"{ALERTS}?level=90#alert-{first.pk}"
    assert away["Location"] == ALERTS
    assert Alert.objects.get(pk=first.pk).acknowledged_by == "sarah"
    assert len(sarah.get(f"{ALERTS}?show=open").context["rows"]) == 1


def test_who_may_not_see_users_reads_hashes_and_cannot_search_them(
    reader: Reader,
) -> None:
    alert = told.said(stories.proposed(reader.cast), "u-secret")
    marcus = reader("marcus")

    page = words(marcus.get(ALERTS))
    export = marcus.get(f"{ALERTS}export.csv").content.decode()

    assert "u-secret" not in page + export
    assert "Acknowledge" in page
    assert "can" in page
    assert marcus.get(f"{ALERTS}?user=u-secret").status_code == 403
    assert marcus.post(f"{ALERTS}{alert.pk}/acknowledge/").status_code == 403
    assert len(reader("noor").get(f"{ALERTS}?user=u-secret").context["rows"]) == 1
    own = reader("sarah").get(f"{ALERTS}?user=u-secret&workload=W-01")
    assert len(own.context["rows"]) == 1


def test_alerts_ask_as_much_for_three_as_for_one(reader: Reader) -> None:
    workload = stories.proposed(reader.cast)
    nils = reader("nils")
    counts = []
    for number in range(3):
        told.said(workload, f"u-{number}")
        nils.get(ALERTS)
        with CaptureQueriesContext(connection) as asked:
            nils.get(ALERTS)
        counts.append(len(asked))

    assert len(set(counts)) == 1, counts


# --- Accounts ------------------------------------------------------------------------


def test_an_account_is_added_and_changed(reader: Reader) -> None:
    felix = reader("felix")
    sent = {"code": "acme", "name": "Acme", "owner_email": "it@acme.example"}

    added = felix.post(ACCOUNTS, sent, follow=True)
    again = felix.post(ACCOUNTS, sent)
    changed = press(
        felix,
        f"{ACCOUNTS}acme/",
        {"name": "Acme AG", "owner_email": "it@acme.example"},
        follow=True,
    )
    stale = felix.post(
        f"{ACCOUNTS}acme/",
        {"name": "Old", "owner_email": "it@acme.example", "if_version": "1"},
    )

    assert toasts(added) == ["Account acme is added."]
    assert again.status_code == 409
    assert toasts(changed) == ["Account acme is changed."]
    assert stale.status_code == 412
    assert Account.objects.get().name == "Acme AG"
    assert reader("nils").post(ACCOUNTS, sent).status_code == 403
    assert "an administrator can." in words(reader("nils").get(ACCOUNTS))
    assert felix.get(f"{ACCOUNTS}nobody/").status_code == 404
    assert felix.post(ACCOUNTS, {**sent, "code": "a b"}).status_code == 400
    assert "acme" in felix.get(f"{ACCOUNTS}export.csv?q=AG").content.decode()


# --- Exceptions ----------------------------------------------------------------------


def test_a_ceiling_is_raised_for_one_user_and_taken_back(reader: Reader) -> None:
    told.gated(reader.cast)
    felix = reader("felix")
    page = f"{GATE}exceptions/"
    sent = {
        "user": "u-1",
        "tier": "standard",
        "ceiling_tokens": "2000000",
        "ends_on": f"{NOW.date() + timedelta(days=9)}",
        "reason": "Year-end close.",
    }

    granted = felix.post(page, sent, follow=True)
    found = GateException.objects.get()
    on_gate = words(reader("sarah").get(GATE))
    both = felix.post(page, {**sent, "account": "nobody"})
    low = felix.post(page, {**sent, "ceiling_tokens": "5"})
    back = press(felix, f"{page}{found.pk}/", {"reason": "Done."}, follow=True)

    assert "u-1 Standard 2M" in words(granted)
    assert "u-1 Standard : 2M tokens until 21 May 2026" in on_gate
    assert (both.status_code, low.status_code) == (409, 422)
    assert "It is no raise" in words(low)
    assert "Nobody has a ceiling of their own now." in words(back)
    assert "taken back" in words(felix.get(f"{page}?show=all"))
    assert reader("sarah").post(page, sent).status_code == 403
    assert "u-1" not in words(reader("nils").get(f"{page}?show=all"))
    assert (
        "u-1" not in reader("nils").get(f"{page}export.csv?show=all").content.decode()
    )


# --- Proposals -----------------------------------------------------------------------


def test_a_proposal_is_accepted_into_a_draft_or_refused(reader: Reader) -> None:
    workload = told.gated(reader.cast)
    one = told.proposed(workload.gates.get(), 150_000)
    sarah = reader("sarah")

    page = words(sarah.get(GATE))
    answer = sarah.post(f"{GATE}proposals/{one.pk}/accept/", follow=True)
    again = sarah.post(f"{GATE}proposals/{one.pk}/accept/")

    assert "New ceilings are proposed" in page
    assert "+50k · +50 %" in page
    assert "Blocked at 150k tokens a month." in words(answer)
    assert GatePolicy.objects.get(version=2).state == "draft"
    assert again.status_code == 409
    assert "Sarah Lind accepted it" in words(again)


def test_a_refused_proposal_keeps_its_reason(reader: Reader) -> None:
    workload = told.gated(reader.cast)
    one = told.proposed(workload.gates.get(), 150_000)
    sarah = reader("sarah")
    address = f"{GATE}proposals/{one.pk}/refuse/"

    empty = sarah.post(address, {"reason": ""})
    done = sarah.post(address, {"reason": "Too early."}, follow=True)

    assert empty.status_code == 400
    assert toasts(done) == ["The proposal is refused; the ceilings stay."]
    assert CeilingProposal.objects.get().state == ProposalState.REFUSED
    assert reader("nils").post(address, {"reason": "x"}).status_code == 403
    assert sarah.get(f"{GATE}proposals/{one.pk}/x/").status_code == 404
    assert sarah.get(f"{GATE}proposals/999/accept/").status_code == 404
