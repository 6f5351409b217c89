"""Webhooks through the API, the settings pages and the admin."""

import re
from types import SimpleNamespace

import pytest

from portal.kernel.enums import Scope
from portal.kernel.models import WebhookDelivery, WebhookSubscription
from portal.kernel.services.webhooks import emit, subscribe
from tests.conftest import NOW
from tests.kernel.in_the_admin import client_of
from tests.workloads import stories
from tests.workloads.conftest import api, at_now

__all__ = ["api", "at_now"]
pytestmark = pytest.mark.django_db
PATH = "/api/v1/webhooks/"
URL = "https://hooks.example.com/services/s3cret"
BODY = {"url": URL, "kinds": ["workload.transitioned"], "description": "To chat"}


@pytest.fixture
def kept(cast: SimpleNamespace) -> WebhookSubscription:
    made = subscribe(actor=cast.ada, now=NOW, **BODY).subscription
    emit("workload.transitioned", {"user": "u-77"}, now=NOW)
    return made


# --- API ------------------------------------------------------------------------------


def test_a_webhook_is_made_and_its_secret_shown_once(api):
    caller = api("ada")
    made = caller("POST", PATH, BODY, Idempotency_Key="one")
    again = caller("POST", PATH, BODY, Idempotency_Key="one")

    assert made.status_code == 201
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", made.json()["secret"])
    assert again.json()["secret"] is None
    assert WebhookSubscription.objects.count() == 1
    read = caller("GET", made["Location"])
    assert "secret" not in read.json()
    assert read.json()["url"] == URL
    assert read["ETag"] == made["ETag"]


def test_others_read_it_without_the_path(api, kept):
    listed = api("nils")("GET", PATH).json()["results"]

    assert [one["url"] for one in listed] == ["https://hooks.example.com/…"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"url": "http://hooks.example.com/"}, "/url"),
        ({"url": "https://10.0.0.1/"}, "/url"),
        ({"kinds": []}, "/kinds"),
        ({"kinds": ["gate.opened"]}, "/kinds/0"),
        ({"secret": "mine"}, "/secret"),
        ({"color": "red"}, "/color"),
    ],
)
def test_what_makes_no_sense_names_its_field(api, changes, pointer):
    answer = api("ada")("POST", PATH, {**BODY, **changes})

    assert answer.status_code == 400
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


def test_a_change_needs_the_version_that_was_seen(api, kept):
    caller = api("ada")
    path = f"{PATH}{kept.pk}/"
    seen = caller("GET", path)["ETag"]
    without = caller("PATCH", path, {"is_active": False})
    done = caller("PATCH", path, {"is_active": False}, If_Match=seen)
    stale = caller("DELETE", path, If_Match=seen)
    gone = caller("DELETE", path, If_Match=done["ETag"])

    codes = [one.status_code for one in (without, done, stale, gone)]
    assert codes == [428, 200, 412, 204]
    assert done.json()["is_active"] is False
    assert caller("GET", path).status_code == 404


def test_the_log_tells_states_and_tries_and_no_bodies(api, kept):
    caller = api("nils", Scope.GOVERNANCE_READ)
    answer = caller("GET", f"{PATH}{kept.pk}/deliveries/?kind=workload.transitioned")

    (told,) = answer.json()["results"]
    assert (told["state"], told["tries"]) == ("waiting", [])
    assert b"u-77" not in answer.content


def test_a_delivery_is_told_again(api, kept):
    event = WebhookDelivery.objects.get().event_id
    caller = api("ada")

    answer = caller("POST", f"{PATH}{kept.pk}/deliveries/{event}/resend/")
    missing = caller("POST", f"{PATH}{kept.pk}/deliveries/msg_0/resend/")

    assert (answer.status_code, answer.json()["id"]) == (202, event)
    assert missing.status_code == 404


def test_a_new_secret_is_another_version(api, kept):
    caller = api("ada")
    answer = caller("POST", f"{PATH}{kept.pk}/secret/")

    assert answer.json()["secret"].startswith("whsec_")
    assert answer["ETag"] == f'"webhook.{kept.pk}.2"'


@pytest.mark.parametrize("count", [1, 3])
def test_lists_ask_a_fixed_number_of_times(
    api, cast, kept, count, django_assert_num_queries
):
    for _ in range(count - 1):
        subscribe(actor=cast.ada, now=NOW, **BODY)
        emit("workload.transitioned", {}, now=NOW)
    caller = api("nils")
    caller("GET", PATH)

    with django_assert_num_queries(2):
        assert len(caller("GET", PATH).json()["results"]) == count
    with django_assert_num_queries(3):
        listed = caller("GET", f"{PATH}{kept.pk}/deliveries/").json()
    assert len(listed["results"]) == count


# --- Pages ----------------------------------------------------------------------------


def test_the_page_shows_the_secret_once(cast):
    client = client_of(cast.ada)
    made = client.post("/settings/webhooks/new/", BODY)

    secret = re.search(r'value="(whsec_[^"]+)"', made.content.decode())[1]
    number = WebhookSubscription.objects.get().pk
    shown = client.get(f"/settings/webhooks/{number}/").content.decode()
    assert secret not in shown
    assert URL in shown
    assert "no-store" in made["Cache-Control"]


def test_a_refused_form_says_why_at_its_field(cast):
    answer = client_of(cast.ada).post(
        "/settings/webhooks/new/", {**BODY, "url": "https://192.168.0.1/"}
    )

    assert answer.status_code == 400
    assert "is inside this network" in answer.content.decode()


def test_everyone_reads_the_log_and_nobody_else_the_path_or_the_forms(cast, kept):
    shown = client_of(cast.nils).get(f"/settings/webhooks/{kept.pk}/").content.decode()

    assert WebhookDelivery.objects.get().event_id in shown
    assert "s3cret" not in shown
    assert "Tell again" not in shown.replace('class="vh">Tell again', "")
    assert "u-77" not in shown


def test_an_edit_says_which_version_it_was_made_from(cast, kept):
    client = client_of(cast.ada)
    path = f"/settings/webhooks/{kept.pk}/"
    done = client.post(path, {**BODY, "description": "To pager", "seen": 1})
    stale = client.post(path, {**BODY, "description": "To nobody", "seen": 1})

    assert (done.status_code, stale.status_code) == (302, 412)
    kept.refresh_from_db()
    # The box was not ticked.
    assert (kept.description, kept.is_active) == ("To pager", False)


def test_secret_resend_and_removal_are_buttons(cast, kept):
    client = client_of(cast.ada)
    path = f"/settings/webhooks/{kept.pk}/"
    event = WebhookDelivery.objects.get().event_id

    assert "whsec_" in client.post(f"{path}secret/").content.decode()
    assert client.post(f"{path}{event}/resend/").status_code == 302
    assert client.post(f"{path}remove/").status_code == 302
    assert client.get(path).status_code == 404


# --- Admin ----------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["webhooksubscription", "webhookdelivery"])
def test_the_admin_shows_neither_secret_nor_path_nor_body(cast, kept, table):
    client = client_of(cast.ada)
    row = {"webhooksubscription": kept.pk, "webhookdelivery": kept.deliveries.get().pk}
    pages = [
        client.get(f"/admin/portal/{table}/"),
        client.get(f"/admin/portal/{table}/?q=x"),
        client.get(f"/admin/portal/{table}/{row[table]}/change/"),
    ]

    for page in pages:
        assert page.status_code == 200
        for hidden in (kept.salt, "s3cret", "u-77"):
            assert hidden not in page.content.decode()


# --- What is told ---------------------------------------------------------------------


def test_moves_signatures_and_gates_are_told_as_they_happen(cast):
    subscribe(
        actor=cast.ada,
        url=URL,
        kinds=["workload.transitioned", "signoff.given", "gate.activated"],
        now=NOW,
    )

    stories.live(cast)

    kinds = WebhookDelivery.objects.order_by("id").values_list("kind", flat=True)
    assert list(kinds) == [
        *["signoff.given"] * 3,
        "workload.transitioned",
        "gate.activated",
        *["workload.transitioned"] * 2,
    ]
    bodies = list(WebhookDelivery.objects.order_by("id").values_list("body", flat=True))
    assert '"workload": "W-01"' in bodies[0]
    assert '"role": "engineering"' in bodies[0]
    assert '"from": "candidate", "to": "planned"' in bodies[3]
    assert '"version": 1' in bodies[4]
