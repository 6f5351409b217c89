"""Alerts: what leaves the house at each level, once; who reads and acknowledges them."""

import re
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core import mail
from django.db import connection

from capacity import tasks
from capacity.models import Account, Alert
from capacity.runtime.references import hashed
from capacity.selectors.alerts import MailState, mail_states, open_alerts
from capacity.selectors.user_references import short_hash
from capacity.services.alerts import acknowledge_alert, deliver_alert
from portal.kernel.delivery import DELIVERERS
from portal.kernel.enums import Channel, Scope
from portal.kernel.errors import NotAllowed, NotFound
from portal.kernel.models import AuditEntry, OutboxMessage, WebhookDelivery
from portal.kernel.services.outbox import post_task
from portal.kernel.services.relay import relay_next
from portal.kernel.services.tokens import issue_token
from portal.kernel.services.webhooks import subscribe
from tests.conftest import NOW
from tests.kernel.conftest import Caller
from tests.kernel.in_the_admin import client_of
from tests.workloads import stories
from workloads.models import Workload

pytestmark = pytest.mark.django_db
PATH = "/api/v1/alerts/"


@pytest.fixture
def chat(cast: SimpleNamespace) -> Workload:
    return stories.proposed(cast)


def spoken(workload: Workload, level: int = 90, **values: Any) -> Alert:
    kinds = {70: "soft_notice", 90: "banner", 100: "contract_event"}
    return Alert.objects.create(
        **{
            "workload": workload,
            "user_ref": "ana@example.com",
            "tier": "standard",
            "month": NOW.date().replace(day=1),
            "level": level,
            "spoken": True,
            "kind": kinds[level],
            "decision": uuid4(),
            "overage": "soft_cap",
            "consumed": level / 100,
            "projected": 1.5,
            "at": NOW,
            **values,
        }
    )


def account(**values: str) -> Account:
    return Account.objects.create(
        code="acme",
        name="Acme",
        edited_at=NOW,
        **{"owner_email": "owner@acme.example", **values},
    )


def decided(workload: Workload, action: str) -> UUID:
    """A decision of that action, in the month of the tests."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT capacity_ensure_decision_month(%s)", [NOW.date()])
        cursor.execute(
            """
            INSERT INTO capacity_decision (id, at, workload_id, tier, user_ref, agent,
                account, trace_id, action, model, reason_code, asked_model,
                settled_tokens, reserved_tokens, shadow_action, test, answer)
            VALUES (capacity_uuid_from(%s), %s, %s, 'standard', 'u', '', '', '', %s, '',
                'over_ceiling', '', 0, 0, '', false, '{}')
            RETURNING id
            """,
            [NOW, NOW, workload.pk, action],
        )
        return cursor.fetchone()[0]


def mails() -> list[tuple[str, str]]:
    rows = OutboxMessage.objects.filter(channel=Channel.MAIL).order_by("id")
    return [(one.payload["to"], one.payload["subject"]) for one in rows]


def to_whom() -> list[str]:
    return [to for to, _ in mails()]


# --- What leaves at each level --------------------------------------------------------

OWNER, PAYER, WORKLOADS = (
    "owner@acme.example",
    "bills@acme.example",
    "sarah@example.com",
)


@pytest.mark.parametrize(
    ("level", "overage", "action", "named", "billing", "told"),
    [
        (70, "soft_cap", None, "", "", []),
        (70, "pay_as_you_go", None, "acme", PAYER, []),
        (90, "soft_cap", None, "", "", [WORKLOADS]),
        (90, "soft_cap", None, "acme", "", [OWNER]),
        (90, "hard_cap", None, "acme", PAYER, [OWNER]),
        (90, "pay_as_you_go", None, "unknown", PAYER, [WORKLOADS]),
        # A soft cap is silent; a hard cap says so in its answer.
        (100, "soft_cap", "degrade", "acme", PAYER, []),
        (100, "hard_cap", "block", "acme", PAYER, []),
        (100, "pay_as_you_go", "meter", "", "", [WORKLOADS]),
        (100, "pay_as_you_go", "meter", "acme", "", [OWNER]),
        (100, "pay_as_you_go", "meter", "acme", PAYER, [PAYER]),
        # The opt-in was withdrawn: nothing is metered.
        (100, "pay_as_you_go", "block", "acme", PAYER, []),
    ],
)
def test_each_level_is_mailed_to_whom_page_30_names(
    chat, level, overage, action, named, billing, told
):
    account(billing_email=billing)
    values = {"decision": decided(chat, action)} if action else {}
    alert = spoken(chat, level, overage=overage, account=named, **values)

    for _ in range(3):
        assert deliver_alert(alert_id=alert.pk, now=NOW)

    assert to_whom() == told


def test_the_mail_says_who_where_and_what_comes_next(chat):
    deliver_alert(alert_id=spoken(chat).pk, now=NOW)

    body = OutboxMessage.objects.get(channel="mail").payload["body"]
    assert "User ana@example.com has used 90" in body
    assert "calls go to the budget model" in body
    assert "/workloads/W-01/gate/" in body


@pytest.mark.parametrize("level", [70, 90, 100])
def test_every_level_is_told_to_the_webhooks_once(cast, chat, level):
    subscribe(
        actor=cast.ada,
        url="https://hooks.example.com/",
        kinds=["gate.threshold"],
        now=NOW,
    )
    alert = spoken(chat, level)

    for _ in range(2):
        deliver_alert(alert_id=alert.pk, now=NOW)

    body = WebhookDelivery.objects.get().body
    assert f'"level": {level}' in body
    assert '"workload": "W-01"' in body


def test_a_level_that_was_passed_over_is_told_nowhere(chat, api):
    alert = spoken(chat, spoken=False)

    assert not deliver_alert(alert_id=alert.pk, now=NOW)
    assert not deliver_alert(alert_id=0, now=NOW)
    assert mails() == []
    assert api("felix")("GET", PATH).json()["results"] == []


def test_the_task_delivers_and_the_mail_leaves(chat, monkeypatch):
    monkeypatch.setattr("portal.kernel.clock.now", lambda: NOW)
    alert = spoken(chat)
    post_task("capacity.tasks.deliver_alert", [alert.pk], now=NOW)
    # The worker, in this process.
    deliverers = {**DELIVERERS, Channel.TASK: _run}

    relay_next(deliverers, now=NOW)
    assert mail_states([alert.pk]) == {alert.pk: MailState.WAITING}
    relay_next(deliverers, now=NOW)

    assert mail_states([alert.pk]) == {alert.pk: MailState.SENT}
    assert [one.to for one in mail.outbox] == [[WORKLOADS]]


def _run(sent: Any) -> None:
    getattr(tasks, sent["task"].rpartition(".")[2])(*sent["arguments"])


def test_a_mail_that_never_leaves_is_seen(chat):
    alert = spoken(chat)
    deliver_alert(alert_id=alert.pk, now=NOW)
    OutboxMessage.objects.filter(channel="mail").update(given_up_at=NOW)

    assert mail_states([alert.pk, 0]) == {alert.pk: MailState.GIVEN_UP}


# --- Acknowledging --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("sarah", True),
        ("noor", True),
        ("felix", True),
        ("gateway", True),
        ("marcus", False),
        ("pia", False),
        ("clara", False),
        ("ada", False),
        ("adele", False),
    ],
)
def test_an_alert_is_acknowledged_by_who_sees_the_user(cast, chat, who, may):
    alert = spoken(chat)
    actor = getattr(cast, who)

    if may:
        seen = acknowledge_alert(alert_id=alert.pk, actor=actor, now=NOW)
        assert (seen.acknowledged_at, seen.acknowledged_by) == (NOW, who)
        assert AuditEntry.objects.get(action="alert.acknowledged").actor == actor
    else:
        with pytest.raises(NotAllowed):
            acknowledge_alert(alert_id=alert.pk, actor=actor, now=NOW)


def test_the_first_who_acknowledges_is_kept(cast, chat):
    alert = spoken(chat)
    for actor in (cast.noor, cast.felix):
        acknowledge_alert(alert_id=alert.pk, actor=actor, now=NOW)

    alert.refresh_from_db()
    assert alert.acknowledged_by == "noor"
    assert AuditEntry.objects.filter(action="alert.acknowledged").count() == 1
    with pytest.raises(NotFound):
        acknowledge_alert(alert_id=2**70, actor=cast.noor, now=NOW)


def test_open_alerts_are_this_months_and_nobodys_yet(cast, chat):
    spoken(chat, 70)
    top = spoken(chat, 100)
    spoken(chat, 90, spoken=False)
    spoken(chat, month=NOW.date().replace(month=4, day=1))
    seen = spoken(chat, user_ref="b")
    acknowledge_alert(alert_id=seen.pk, actor=cast.noor, now=NOW)
    spoken(stories.proposed(cast, name="Other"))

    assert [one.level for one in open_alerts(chat, NOW)] == [100, 70]
    assert open_alerts(chat, NOW)[0] == top


# --- API ------------------------------------------------------------------------------


def listed(caller: Any, query: str = "") -> list[dict[str, Any]]:
    answer = caller("GET", f"{PATH}{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def test_the_list_tells_level_kind_and_whom(api, chat):
    spoken(chat, 70, account="acme", trace_id="t-1")

    assert listed(api("noor", Scope.GATES_DECIDE)) == [
        {
            "id": Alert.objects.get().pk,
            "workload": "W-01",
            "user": "ana@example.com",
            "tier": "standard",
            "month": "2026-05",
            "level": 70,
            "kind": "soft_notice",
            "at": "2026-05-12T09:00:00Z",
            "account": "acme",
            "trace_id": "t-1",
            "acknowledged_at": None,
            "acknowledged_by": None,
        }
    ]


@pytest.mark.parametrize(
    ("who", "sees"),
    [("noor", True), ("felix", True), ("gateway", True), ("sarah", True)]
    + [(who, False) for who in ("marcus", "pia", "clara", "ines", "ada", "adele")],
)
def test_users_are_a_short_hash_to_others_and_no_filter(api, chat, who, sees):
    spoken(chat)
    (row,) = listed(api(who))
    asked = api(who)("GET", f"{PATH}?user=ana@example.com&workload=W-01")

    assert row["user"] == ("ana@example.com" if sees else short_hash("ana@example.com"))
    assert asked.status_code == (200 if sees else 403)
    assert re.fullmatch(r"[0-9a-f]{10}", short_hash("ana@example.com"))


def test_an_owner_filters_by_user_in_their_own_workload_alone(api, cast, chat):
    spoken(chat)
    spoken(stories.proposed(cast, name="Other", owner=cast.marcus))
    caller = api("sarah")

    assert len(listed(caller, "?workload=W-01&user=ana@example.com")) == 1
    for query in ("?user=ana@example.com", "?user=a&workload=W-02"):
        assert caller("GET", f"{PATH}{query}").status_code == 403
    assert [one["user"] == "ana@example.com" for one in listed(caller)] == [False, True]


def test_filters(api, cast, chat):
    spoken(chat, 70)
    spoken(chat, 90)
    spoken(chat, 100, user_ref="bo", acknowledged_at=NOW, acknowledged_by="noor")
    spoken(stories.proposed(cast, name="Other"), 90)
    caller = api("noor")

    def levels(query: str) -> list[int]:
        return [one["level"] for one in listed(caller, query)]

    assert levels("?workload=w1") == [100, 90, 70]
    assert levels("?user=bo") == [100]
    assert levels("?open=true&level=90") == [90, 90]
    assert levels("?open=false") == [100]
    assert levels("?kind=banner&kind=contract_event&ordering=id") == [90, 100, 90]
    assert levels("?month=2026-04") == []
    assert levels("?workload=W-99") == []
    assert caller("GET", f"{PATH}?workload=chat").status_code == 400


def test_a_user_is_found_as_sent_where_references_are_hashed(api, chat, settings):
    settings.USER_REF_KEY = "key"
    spoken(chat, user_ref=hashed("ana"))

    assert len(listed(api("noor"), "?user=ana")) == 1
    assert len(listed(api("noor"), f"?user={hashed('ana')}")) == 1


def test_a_bound_token_reads_and_acknowledges_its_own(cast, chat, at_now):
    mine, other = spoken(chat), spoken(stories.proposed(cast, name="Other"))
    issued = issue_token(
        actor=cast.ada,
        user=cast.gateway,
        scopes=[Scope.GATES_DECIDE],
        workloads=["W-01"],
        now=NOW,
    )
    caller = Caller(issued.secret)

    assert [one["id"] for one in listed(caller)] == [mine.pk]
    seen = caller("POST", f"{PATH}{mine.pk}/acknowledge/")
    assert (seen.status_code, seen.json()["acknowledged_by"]) == (200, "gateway")
    assert caller("POST", f"{PATH}{other.pk}/acknowledge/").status_code == 404


def test_acknowledging_needs_no_body_and_keeps_the_key(api, chat):
    alert = spoken(chat)
    answers = [
        api("noor")("POST", f"{PATH}{alert.pk}/acknowledge/", Idempotency_Key="k")
        for _ in range(2)
    ]

    assert [one.status_code for one in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert api("pia")("POST", f"{PATH}{alert.pk}/acknowledge/").status_code == 403


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_a_fixed_number_of_times(
    api, chat, count, django_assert_num_queries
):
    for number in range(count):
        spoken(chat, user_ref=f"u-{number}")
    caller = api("nils")
    listed(caller)

    with django_assert_num_queries(2):
        assert len(listed(caller)) == count


# --- Admin ----------------------------------------------------------------------------


def test_the_admin_names_no_user(cast, chat):
    alert = spoken(chat)
    client = client_of(cast.clara)

    for path in ("", "?q=W", f"{alert.pk}/change/"):
        page = client.get(f"/admin/capacity/alert/{path}")
        assert page.status_code == 200
        assert "ana@example.com" not in page.content.decode()
