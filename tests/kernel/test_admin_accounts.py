"""Accounts, tokens, numbers and messages in the admin: each change is a use case."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from portal.kernel import clock
from portal.kernel.enums import Channel, Source
from portal.kernel.models import (
    ApiToken,
    AuditEntry,
    ModelNumbers,
    OutboxMessage,
    User,
)
from portal.kernel.selectors import numbers
from portal.kernel.services.numbers import NUMBERS, change_numbers
from portal.kernel.services.outbox import post_mail
from portal.kernel.services.tokens import issue_token
from tests.kernel.in_the_admin import client_of


def account(user: User, **changes: Any) -> dict[str, Any]:
    """The fields of the form as a browser sends them."""
    return {
        "name": user.name,
        "email": user.email,
        "roles": user.roles,
        "committee_function": user.committee_function,
        **changes,
    }


def change(client: Client, user: User, **changes: Any) -> Any:
    return client.post(
        f"/admin/portal/user/{user.pk}/change/", account(user, **changes)
    )


def said(answer: Any) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


# --- Accounts ------------------------------------------------------------------------


def test_an_administrator_changes_roles_through_the_use_case(cast) -> None:
    answer = change(client_of(cast.ada), cast.nils, roles=["auditor"])

    nils = User.objects.get(pk=cast.nils.pk)
    entry = AuditEntry.objects.get()
    assert answer.status_code == 302
    assert (nils.roles, nils.is_staff) == (["auditor"], True)
    assert (entry.action, entry.object, entry.actor, entry.source) == (
        "account.changed",
        "account/nils",
        cast.ada,
        Source.ADMIN,
    )
    assert entry.after == {"roles": ["auditor"]}


def test_the_committee_reads_accounts_and_changes_none(cast) -> None:
    answer = change(client_of(cast.clara), cast.nils, roles=["admin"])

    assert answer.status_code == 403
    assert "An administrator can." in answer.content.decode()
    assert User.objects.get(pk=cast.nils.pk).roles == []


def test_whoever_leaves_the_committee_leaves_the_function(cast) -> None:
    change(client_of(cast.ada), cast.clara, roles=["owner"])

    clara = User.objects.get(pk=cast.clara.pk)
    assert (clara.roles, clara.committee_function, clara.is_staff) == (
        ["owner"],
        "",
        False,
    )


def test_the_last_administrator_stays_and_the_form_says_why(cast) -> None:
    answer = change(client_of(cast.ada), cast.ada, roles=["owner"])

    assert answer.status_code == 200
    assert "Ada Ruiz is the only administrator." in answer.content.decode()
    assert User.objects.get(pk=cast.ada.pk).roles == ["admin"]


def test_an_address_that_another_has_is_refused_at_its_field(cast) -> None:
    answer = change(client_of(cast.ada), cast.nils, email="SARAH@example.com")

    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors == {
        "email": ["Another account has the e-mail address SARAH@example.com."]
    }


@pytest.mark.parametrize("name", ["is_staff", "is_superuser", "user_permissions"])
def test_what_follows_from_roles_cannot_be_posted(cast, name) -> None:
    answer = change(client_of(cast.ada), cast.nils, **{name: "1"})

    assert "is read-only in this form" in answer.content.decode()
    nils = User.objects.get(pk=cast.nils.pk)
    assert (nils.is_staff, nils.is_superuser) == (False, False)


def test_an_account_is_made_with_a_password_that_is_kept_hashed(cast) -> None:
    answer = client_of(cast.ada).post(
        "/admin/portal/user/add/",
        {
            "username": "rosa",
            "name": "Rosa Vidal",
            "email": "rosa@example.com",
            "roles": ["committee"],
            "committee_function": "",
            "password": "quite a long one",
        },
    )

    rosa = User.objects.get(username="rosa")
    assert answer.status_code == 302
    assert rosa.check_password("quite a long one")
    assert (rosa.committee_function, rosa.is_staff) == ("member", True)
    assert AuditEntry.objects.get().action == "account.created"


def test_a_weak_password_makes_no_account(cast) -> None:
    answer = client_of(cast.ada).post(
        "/admin/portal/user/add/", {"username": "rosa", "password": "password"}
    )

    assert answer.status_code == 200
    assert "password" in answer.context["adminform"].form.errors
    assert not User.objects.filter(username="rosa").exists()


def test_closing_accounts_tells_of_each(cast) -> None:
    answer = client_of(cast.ada).post(
        "/admin/portal/user/",
        {"action": "deactivate", "_selected_action": [cast.nils.pk, cast.ada.pk]},
    )

    assert not User.objects.get(pk=cast.nils.pk).is_active
    assert User.objects.get(pk=cast.ada.pk).is_active
    assert "Nils Berg is closed" in said(answer)
    assert "Ada Ruiz is the only administrator." in said(answer)


def test_the_committee_closes_no_account(cast) -> None:
    answer = client_of(cast.clara).post(
        "/admin/portal/user/",
        {"action": "deactivate", "_selected_action": [cast.nils.pk]},
    )

    assert User.objects.get(pk=cast.nils.pk).is_active
    assert "An administrator can." in said(answer)


# --- Tokens --------------------------------------------------------------------------


@pytest.fixture
def token(cast) -> ApiToken:
    return issue_token(
        actor=cast.sarah,
        user=cast.sarah,
        scopes=["plan:read"],
        now=clock.now(),
        name="sheet",
    ).token


def test_an_administrator_revokes_a_token(cast, token) -> None:
    client_of(cast.ada).post(
        "/admin/portal/apitoken/",
        {"action": "revoke", "_selected_action": [token.pk]},
    )

    assert ApiToken.objects.get(pk=token.pk).revoked_at is not None
    assert AuditEntry.objects.order_by("-id")[0].action == "token.revoked"


def test_the_committee_revokes_no_token_of_others(cast, token) -> None:
    answer = client_of(cast.clara).post(
        "/admin/portal/apitoken/",
        {"action": "revoke", "_selected_action": [token.pk]},
    )

    assert ApiToken.objects.get(pk=token.pk).revoked_at is None
    assert "An administrator can." in said(answer)


def test_no_page_shows_the_digest_of_a_token(cast, token) -> None:
    client = client_of(cast.ada)

    for page in ("", f"{token.pk}/change/"):
        body = client.get(f"/admin/portal/apitoken/{page}").content.decode()
        assert token.prefix in body
        assert token.digest not in body


# --- Numbers -------------------------------------------------------------------------


def typed(**changes: Any) -> dict[str, Any]:
    version = numbers.current()
    values = {name: getattr(version, name) for name in NUMBERS}
    values["adoption_ramp"] = ",".join(str(one) for one in version.adoption_ramp)
    return {**values, "seen_version": version.version, "because": "Said so.", **changes}


def test_a_changed_number_is_the_next_version(cast) -> None:
    first = numbers.current()

    answer = client_of(cast.clara).post(
        f"/admin/portal/modelnumbers/{first.pk}/change/",
        typed(platform_hours_week="5"),
    )

    entry = AuditEntry.objects.get()
    assert answer.status_code == 302
    assert numbers.current().version == 2
    assert (entry.action, entry.reason) == ("setting.changed", "Said so.")
    assert entry.after == {"platform_hours_week": "5.00"}


def test_a_number_without_a_reason_is_not_changed(cast) -> None:
    answer = client_of(cast.clara).post(
        f"/admin/portal/modelnumbers/{numbers.current().pk}/change/",
        typed(platform_hours_week="5", because=" "),
    )

    assert "everybody counts with it" in answer.content.decode()
    assert ModelNumbers.objects.count() == 1


def test_a_stale_page_of_numbers_changes_nothing(cast) -> None:
    first = numbers.current()
    page = typed(platform_hours_week="5")
    change_numbers(
        actor=cast.clara,
        changes={"platform_hours_week": 6},
        reason="Meanwhile.",
        if_version=1,
        now=clock.now(),
    )

    answer = client_of(cast.clara).post(
        f"/admin/portal/modelnumbers/{first.pk}/change/", page
    )

    assert "The numbers are at version 2." in answer.content.decode()
    assert ModelNumbers.objects.count() == 2


def test_an_administrator_changes_no_number(cast) -> None:
    answer = client_of(cast.ada).post(
        f"/admin/portal/modelnumbers/{numbers.current().pk}/change/",
        typed(platform_hours_week="5"),
    )

    assert answer.status_code == 403
    assert ModelNumbers.objects.count() == 1


# --- Messages ------------------------------------------------------------------------


def test_a_message_that_was_given_up_begins_again(cast) -> None:
    post_mail("sarah@example.com", "Hello", "Hello.", now=clock.now())
    OutboxMessage.objects.update(
        given_up_at=clock.now() - timedelta(hours=1), attempts=12
    )
    message = OutboxMessage.objects.get(channel=Channel.MAIL)

    client_of(cast.ada).post(
        "/admin/portal/outboxmessage/",
        {"action": "retry", "_selected_action": [message.pk]},
    )

    message = OutboxMessage.objects.get(pk=message.pk)
    assert (message.given_up_at, message.attempts) == (None, 0)


# --- Lists ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "queries"),
    [("user", 5), ("apitoken", 5), ("auditentry", 5), ("outboxmessage", 5)],
)
def test_a_list_asks_as_often_for_three_rows_as_for_one(
    cast, page, queries, django_assert_num_queries
) -> None:
    client = client_of(cast.ada)
    address = f"/admin/portal/{page}/"

    def fill(person: User) -> None:
        issue_token(
            actor=person, user=person, scopes=["plan:read"], now=clock.now(), name="x"
        )
        post_mail(person, "Hello", "Hello.", now=clock.now())

    fill(cast.sarah)
    client.get(address)
    with django_assert_num_queries(queries):
        client.get(address)
    fill(cast.marcus)
    fill(cast.pia)
    with django_assert_num_queries(queries):
        client.get(address)
