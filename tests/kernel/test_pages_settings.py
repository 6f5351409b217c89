"""Settings pages: look, keys, tokens, views, password, numbers, accounts, mail."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from portal.kernel.models import (
    ApiToken,
    AuditEntry,
    ModelNumbers,
    OutboxMessage,
    SavedView,
    User,
)
from portal.kernel.selectors import numbers as numbers_selector
from portal.kernel.services.saved_views import save_view
from portal.kernel.services.tokens import issue_token
from tests.conftest import NOW
from tests.workloads.pages import press

BACKEND = "django.contrib.auth.backends.ModelBackend"
TABS = [
    "/settings/",
    "/settings/tokens/",
    "/settings/views/",
    "/settings/password/",
    "/settings/numbers/",
    "/settings/accounts/",
    "/settings/mail/",
    "/settings/webhooks/",
]


@pytest.fixture
def as_(cast, client):
    def sign_in(username: str):
        client.force_login(getattr(cast, username), backend=BACKEND)
        return client

    return sign_in


def said(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.mark.parametrize("address", TABS)
@pytest.mark.parametrize("who", ["nils", "adele", "ada", "gateway"])
def test_every_tab_opens_for_everyone_signed_in(as_, who, address):
    assert as_(who).get(address).status_code == 200


@pytest.mark.parametrize("address", TABS)
def test_every_tab_sends_an_outsider_to_the_sign_in(client, db, address):
    response = client.get(address)

    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in/")


@pytest.mark.parametrize(
    ("address", "who_can"),
    [
        ("/settings/numbers/", "A committee member can."),
        ("/settings/accounts/", "An administrator can."),
        ("/settings/mail/", "An administrator can."),
        ("/settings/webhooks/", "An administrator can."),
    ],
)
def test_what_one_cannot_do_is_dashed_and_says_who_can(as_, address, who_can):
    page = as_("nils").get(address)

    assert who_can in said(page)
    assert 'aria-disabled="true"' in page.content.decode()


# --- look and keys -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "attribute"),
    [("dark", ' data-theme="dark"'), ("light", ' data-theme="light"'), ("system", "")],
)
def test_theme_is_kept_in_a_cookie_and_drawn_by_the_server(as_, chosen, attribute):
    client = as_("nils")

    client.post("/settings/look/", {"theme": chosen})

    assert f'<html lang="en"{attribute}>' in client.get("/settings/").content.decode()


def test_a_theme_that_is_none_is_not_kept(as_):
    client = as_("nils")
    client.post("/settings/look/", {"theme": '"><script>'})
    assert '<html lang="en">' in client.get("/settings/").content.decode()


def test_shortcuts_are_switched_off_and_on(as_, cast):
    client = as_("nils")

    client.post("/settings/keys/", {})
    off = client.get("/settings/").content.decode()
    client.post("/settings/keys/", {"shortcuts": "on"})
    on = client.get("/settings/").content.decode()

    assert 'data-keys="off"' in off
    assert 'data-keys="off"' not in on


# --- tokens --------------------------------------------------------------------------

TOKEN = {"name": "BI export", "scopes": ["plan:read"], "lifetime": "90"}


def test_a_token_is_shown_once(as_, cast):
    client = as_("pia")

    made = client.post("/settings/tokens/new/", TOKEN)
    listed = client.get("/settings/tokens/").content.decode()

    secret = re.search(r'value="(wb_[^"]+)"', made.content.decode())[1]
    token = ApiToken.objects.get()
    assert token.user == cast.pia
    assert secret not in listed
    assert token.prefix in listed
    assert "no-store" in made["Cache-Control"]


def test_a_token_ends_with_the_last_of_its_days(as_):
    as_("pia").post("/settings/tokens/new/", TOKEN)

    token = ApiToken.objects.get()
    life = token.expires_at - token.created_at
    assert timedelta(days=90) < life <= timedelta(days=91)


@pytest.mark.parametrize(
    "wrong", [{"scopes": []}, {"scopes": ["plan:everything"]}, {"name": "n\x00l"}]
)
def test_a_wrong_token_form_makes_no_token(as_, wrong):
    response = as_("pia").post("/settings/tokens/new/", {**TOKEN, **wrong})

    assert "Nothing was saved." in said(response)
    assert not ApiToken.objects.exists()


def test_a_service_account_makes_no_tokens_for_itself(as_):
    assert as_("gateway").post("/settings/tokens/new/", TOKEN).status_code == 403


def test_only_the_owner_or_an_administrator_revokes(as_, cast):
    token = issue_token(
        actor=cast.pia, user=cast.pia, scopes=["plan:read"], now=NOW
    ).token

    refused = as_("nils").post(f"/settings/tokens/{token.pk}/revoke/")
    token.refresh_from_db()
    assert (refused.status_code, token.revoked_at) == (403, None)

    as_("pia").post(f"/settings/tokens/{token.pk}/revoke/")
    token.refresh_from_db()
    assert token.revoked_at is not None


# --- saved views ---------------------------------------------------------------------


def test_a_view_is_kept_and_opened_again(as_, cast):
    client = as_("nils")

    response = client.post(
        "/settings/views/new/",
        {"name": "By Ada", "page": "portal:audit", "query": "actor=ada"},
    )

    assert response["Location"] == "/audit/?actor=ada"
    assert 'href="/audit/?actor=ada"' in client.get("/settings/views/").content.decode()


def test_a_view_of_no_page_is_refused(as_):
    response = as_("nils").post(
        "/settings/views/new/", {"name": "x", "page": "no:where", "query": ""}
    )

    assert "There is no such page to keep a view of." in said(response)
    assert not SavedView.objects.exists()


def test_nobody_deletes_the_view_of_another(as_, cast):
    view = save_view(
        actor=cast.pia, page="portal:audit", name="Mine", query="", now=NOW
    )

    assert as_("nils").post(f"/settings/views/{view.pk}/delete/").status_code == 404
    assert SavedView.objects.filter(pk=view.pk).exists()


# --- password ------------------------------------------------------------------------


def test_a_password_needs_the_present_one(as_, cast):
    cast.nils.set_password("the present one")
    cast.nils.save()
    client = as_("nils")

    wrong = client.post(
        "/settings/password/", {"present": "no", "password": "a new long one"}
    )
    weak = client.post(
        "/settings/password/", {"present": "the present one", "password": "short"}
    )
    right = client.post(
        "/settings/password/",
        {"present": "the present one", "password": "a new long one"},
    )

    assert "This is not your present password." in said(wrong)
    assert weak.status_code == 400
    assert right.status_code == 302
    assert client.get("/settings/").status_code == 200
    assert User.objects.get(pk=cast.nils.pk).check_password("a new long one")


def guessed(client, present: str):
    return client.post(
        "/settings/password/", {"present": present, "password": "a new long one"}
    )


def test_guesses_at_the_present_password_lock_the_account_as_sign_ins_do(as_, cast):
    cast.nils.set_password("the present one")
    cast.nils.save()
    client = as_("nils")

    answers = [guessed(client, f"guess {n}") for n in range(6)]
    right = guessed(client, "the present one")

    assert [answer.status_code for answer in answers] == [400] * 4 + [429] * 2
    assert right.status_code == 429
    assert "Five wrong passwords locked this account for 15 minutes." in said(right)
    assert User.objects.get(pk=cast.nils.pk).check_password("the present one")
    client.logout()
    sign_in = {"username": "nils", "password": "the present one"}
    assert client.post("/sign-in/", sign_in).status_code == 429


def test_failed_sign_ins_and_guesses_are_one_count(as_, cast):
    cast.nils.set_password("the present one")
    cast.nils.save()
    client, elsewhere = as_("nils"), Client()
    for _ in range(4):
        elsewhere.post("/sign-in/", {"username": "Nils", "password": "no"})

    assert guessed(client, "no").status_code == 429


def test_the_right_present_password_begins_the_count_again(as_, cast):
    cast.nils.set_password("the present one")
    cast.nils.save()
    client = as_("nils")

    for present in ("a", "b", "c", "d", "the present one", "e"):
        answer = guessed(client, present)

    assert answer.status_code == 400


# --- numbers of the model ------------------------------------------------------------


def numbers_form(**changes) -> dict[str, str]:
    present = numbers_selector.current()
    form = {
        field.name: str(getattr(present, field.name))
        for field in ModelNumbers._meta.concrete_fields
    }
    form["adoption_ramp"] = "0.4, 0.7, 1"
    form |= {"reason": "Q3 review.", "if_version": str(present.version)}
    return {**form, **changes}


def test_the_committee_changes_a_number_with_a_reason(as_):
    response = as_("clara").post(
        "/settings/numbers/change/", numbers_form(platform_hours_week="6")
    )

    entry = AuditEntry.objects.get(action="setting.changed")
    assert response.status_code == 302
    assert numbers_selector.current().version == 2
    assert list(entry.after) == ["platform_hours_week"]
    assert entry.reason == "Q3 review."


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"platform_hours_week": "many"}, 200),
        ({"first_quarter_uplift_hours_week": "99"}, 400),
        ({"reason": ""}, 200),
        ({"currency": "euro"}, 200),
        ({"adoption_ramp": "0.4, x"}, 200),
    ],
)
def test_a_number_that_cannot_be_leaves_the_version(as_, wrong, status):
    response = as_("clara").post("/settings/numbers/change/", numbers_form(**wrong))

    assert response.status_code == status
    assert "Nothing was saved." in said(response)
    assert numbers_selector.current().version == 1


def test_stale_numbers_are_refused_with_both_values(as_):
    client = as_("clara")
    late = numbers_form(platform_hours_week="8")
    client.post("/settings/numbers/change/", numbers_form(platform_hours_week="6"))

    response = client.post("/settings/numbers/change/", late)

    assert response.status_code == 412
    assert "Platform hours week 8 6" in said(response)
    assert numbers_selector.current().version == 2


def test_everyone_else_is_refused_and_told_who_can(as_):
    response = as_("pia").post("/settings/numbers/change/", numbers_form())

    assert response.status_code == 403
    assert "A committee member can." in said(response)


# --- accounts ------------------------------------------------------------------------

ACCOUNT = {
    "username": "tom",
    "name": "Tom Hale",
    "email": "tom@example.com",
    "roles": ["owner"],
    "password": "a long enough one",
}


def test_an_administrator_makes_changes_and_closes_an_account(as_):
    client = as_("ada")

    client.post("/settings/accounts/new/", ACCOUNT)
    tom = User.objects.get(username="tom")
    press(
        client,
        f"/settings/accounts/{tom.pk}/",
        {**ACCOUNT, "roles": ["owner", "planner"]},
    )
    client.post(f"/settings/accounts/{tom.pk}/active/", {"active": "no"})

    tom.refresh_from_db()
    assert tom.roles == ["owner", "planner"]
    assert not tom.is_active
    assert [
        entry.action for entry in AuditEntry.objects.filter(object="account/tom")
    ] == ["account.changed", "account.changed", "account.created"]


@pytest.mark.parametrize(
    "address",
    [
        "/settings/accounts/new/",
        "/settings/accounts/{}/",
        "/settings/accounts/{}/active/",
        "/settings/accounts/{}/password/",
        "/settings/mail/test/",
    ],
)
@pytest.mark.parametrize("who", ["nils", "clara", "adele"])
def test_only_an_administrator_keeps_accounts_and_mail(as_, cast, who, address):
    response = as_(who).post(address.format(cast.sarah.pk), {**ACCOUNT, "active": "no"})

    cast.sarah.refresh_from_db()
    assert response.status_code == 403
    assert cast.sarah.is_active
    assert not User.objects.filter(username="tom").exists()


def test_the_last_administrator_stays(as_, cast):
    response = press(
        as_("ada"),
        f"/settings/accounts/{cast.ada.pk}/",
        {**ACCOUNT, "roles": ["owner"]},
    )

    assert response.status_code == 409
    assert "is the only administrator" in said(response)


def test_a_weak_password_is_refused_at_its_field(as_, cast):
    weak = as_("ada").post("/settings/accounts/new/", {**ACCOUNT, "password": "tom"})

    assert weak.status_code == 400
    assert not User.objects.filter(username="tom").exists()


@pytest.mark.parametrize(("rows", "queries"), [(1, 5), (3, 5)])
def test_accounts_take_the_same_queries_for_one_and_for_three(
    as_, cast, django_assert_num_queries, rows, queries
):
    keep = [cast.ada.pk, cast.pia.pk, cast.noor.pk][:rows]
    User.objects.exclude(pk__in=keep).delete()
    client = as_("ada")

    with django_assert_num_queries(queries):
        client.get("/settings/accounts/")


# --- mail ----------------------------------------------------------------------------


def test_the_mail_test_goes_through_the_outbox_to_oneself(as_):
    client = as_("ada")

    client.post("/settings/mail/test/")

    message = OutboxMessage.objects.get(kind="mail.test")
    assert message.payload["to"] == "ada@example.com"
    assert "on its way" in said(client.get("/settings/mail/"))
