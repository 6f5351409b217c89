"""Accounts: who makes them, what is refused, what is kept of it."""

from collections.abc import Callable
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction

from portal.kernel.enums import Role, Source
from portal.kernel.errors import Invalid, NotAllowed, NotFound, NotSignedIn
from portal.kernel.models import AuditEntry, User
from portal.kernel.origin import origin
from portal.kernel.services.accounts import (
    LastAdministrator,
    change_account,
    change_password,
    create_user,
    deactivate_user,
    set_shortcuts,
)
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


def change_roles(*, actor: User, user_id: int, roles: list[str], now: datetime) -> User:
    return change_account(
        actor=actor, user_id=user_id, changes={"roles": roles}, now=now
    )


PASSWORD = "a heavy truck at dawn"  # noqa: S105 - opens nothing


def make(cast: SimpleNamespace, **parts: Any) -> User:
    return create_user(
        **{
            "actor": cast.ada,
            "username": "lena",
            "roles": ["owner"],
            "password": PASSWORD,
            "now": NOW,
            **parts,
        }
    )


def codes(refusal: pytest.ExceptionInfo[Invalid]) -> list[tuple[str, str]]:
    return [(error.pointer, error.code) for error in refusal.value.errors]


def test_create_user_makes_an_account_that_can_sign_in(cast: SimpleNamespace) -> None:
    make(cast, name=" Lena Falk ", email="lena@example.com")

    lena = User.objects.get(username="lena")

    assert (lena.name, lena.email, lena.roles) == (
        "Lena Falk",
        "lena@example.com",
        ["owner"],
    )
    assert lena.check_password(PASSWORD)


def test_create_user_is_audited_without_the_password(cast: SimpleNamespace) -> None:
    make(cast)

    entry = AuditEntry.objects.get()

    assert (entry.action, entry.object, entry.actor_username) == (
        "account.created",
        "account/lena",
        "ada",
    )
    assert entry.after == {
        "name": "",
        "email": "",
        "roles": ["owner"],
        "committee_function": "",
        "is_active": True,
    }


def test_roles_are_kept_once_and_in_one_order(cast: SimpleNamespace) -> None:
    lena = make(cast, roles=["ops", "owner", "ops"])

    assert lena.roles == ["owner", "ops"]


@pytest.mark.parametrize(
    ("roles", "is_staff"),
    [
        (["owner", "planner"], False),
        (["engineering", "finance", "ops"], False),
        (["department_head"], False),
        (["runtime"], False),
        (["committee"], True),
        (["auditor"], True),
        (["owner", "admin"], True),
    ],
)
def test_admin_opens_to_those_whose_roles_need_it(
    cast: SimpleNamespace, roles: list[str], is_staff: bool
) -> None:
    lena = make(cast, roles=roles)

    assert (lena.is_staff, lena.is_superuser) == (is_staff, False)


@pytest.mark.parametrize(
    ("parts", "errors"),
    [
        ({"username": "SARAH"}, [("/username", "taken")]),
        ({"username": "sarah"}, [("/username", "taken")]),
        ({"email": "Sarah@Example.com"}, [("/email", "taken")]),
        ({"email": "nowhere"}, [("/email", "invalid")]),
        ({"username": ""}, [("/username", "blank")]),
        ({"username": "two words"}, [("/username", "invalid")]),
        ({"roles": ["king"]}, [("/roles", "item_invalid")]),
        ({"password": "short"}, [("/password", "weak_password")]),
        (
            {"committee_function": "chair"},
            [("/committee_function", "not_in_committee")],
        ),
        (
            {"roles": ["committee"], "committee_function": "king"},
            [("/committee_function", "invalid_choice")],
        ),
    ],
)
def test_create_user_refuses(
    cast: SimpleNamespace, parts: dict[str, Any], errors: list[tuple[str, str]]
) -> None:
    with pytest.raises(Invalid) as refusal:
        make(cast, **parts)

    assert codes(refusal) == errors
    assert not AuditEntry.objects.exists()


def test_two_accounts_may_both_have_no_email(cast: SimpleNamespace) -> None:
    make(cast, username="lena")
    make(cast, username="mira")

    assert User.objects.filter(email="").count() == 2


@pytest.mark.parametrize(
    "values",
    [
        {"username": "SARAH"},
        {"username": "lena", "email": "SARAH@example.com"},
        {"username": "lena", "roles": ["king"]},
        {"username": "lena", "committee_function": "chair"},
        {"username": "lena", "roles": ["committee"]},
    ],
)
def test_database_itself_refuses(cast: SimpleNamespace, values: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(created_at=NOW, **values)


def test_first_committee_member_is_chair_and_the_next_a_member(
    cast: SimpleNamespace,
) -> None:
    User.objects.filter(pk=cast.clara.pk).delete()

    first = make(cast, username="lena", roles=["committee"])
    second = make(cast, username="mira", roles=["committee"])
    third = make(
        cast, username="vera", roles=["committee"], committee_function="secretary"
    )

    assert [one.committee_function for one in (first, second, third)] == [
        "chair",
        "member",
        "secretary",
    ]


@pytest.mark.parametrize(
    "username", ["sarah", "pia", "clara", "adele", "gateway", "nils"]
)
def test_only_an_administrator_makes_accounts(
    cast: SimpleNamespace, username: str
) -> None:
    with pytest.raises(NotAllowed):
        make(cast, actor=getattr(cast, username))


@pytest.mark.parametrize("source", [Source.PAGE, Source.API, Source.ADMIN])
@pytest.mark.parametrize("actor", [None, AnonymousUser()], ids=["none", "anonymous"])
def test_without_an_actor_only_the_console_makes_accounts(
    cast: SimpleNamespace, source: Source, actor: AnonymousUser | None
) -> None:
    with origin(source), pytest.raises(NotSignedIn):
        make(cast, actor=actor)
    with origin(Source.COMMAND):
        assert make(cast, actor=None).username == "lena"


def test_change_roles_is_audited_with_before_and_after(cast: SimpleNamespace) -> None:
    change_roles(actor=cast.ada, user_id=cast.sarah.pk, roles=["owner", "ops"], now=NOW)

    entry = AuditEntry.objects.get()

    assert User.objects.get(username="sarah").roles == ["owner", "ops"]
    assert (entry.action, entry.before, entry.after) == (
        "account.changed",
        {"roles": ["owner"]},
        {"roles": ["owner", "ops"]},
    )


def test_whoever_joins_the_committee_gets_a_function_and_leaves_with_it(
    cast: SimpleNamespace,
) -> None:
    joined = change_roles(
        actor=cast.ada, user_id=cast.sarah.pk, roles=["committee"], now=NOW
    )
    assert (joined.committee_function, joined.is_staff) == ("member", True)

    left = change_roles(actor=cast.ada, user_id=cast.sarah.pk, roles=["owner"], now=NOW)
    assert (left.committee_function, left.is_staff) == ("", False)


def test_change_that_changes_nothing_is_not_audited(cast: SimpleNamespace) -> None:
    change_roles(actor=cast.ada, user_id=cast.sarah.pk, roles=["owner"], now=NOW)

    assert not AuditEntry.objects.exists()


def test_deactivated_account_keeps_its_history(cast: SimpleNamespace) -> None:
    deactivate_user(actor=cast.ada, user_id=cast.sarah.pk, now=NOW)

    assert not User.objects.get(username="sarah").is_active
    assert AuditEntry.objects.get().after == {"is_active": False}


@pytest.mark.parametrize(
    "changes", [{"is_active": False}, {"roles": ["owner"]}, {"roles": []}]
)
def test_last_administrator_cannot_be_lost(
    cast: SimpleNamespace, changes: dict[str, Any]
) -> None:
    with pytest.raises(LastAdministrator):
        change_account(actor=cast.ada, user_id=cast.ada.pk, changes=changes, now=NOW)

    make(cast, roles=["admin"])
    change_account(actor=cast.ada, user_id=cast.ada.pk, changes=changes, now=NOW)


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"is_superuser": True}, [("/is_superuser", "unknown_field")]),
        ({"is_staff": True}, [("/is_staff", "unknown_field")]),
        ({"email": "NOOR@example.com"}, [("/email", "taken")]),
        (
            {"committee_function": "chair"},
            [("/committee_function", "not_in_committee")],
        ),
    ],
)
def test_change_account_refuses(
    cast: SimpleNamespace, changes: dict[str, Any], errors: list[tuple[str, str]]
) -> None:
    with pytest.raises(Invalid) as refusal:
        change_account(actor=cast.ada, user_id=cast.sarah.pk, changes=changes, now=NOW)

    assert codes(refusal) == errors


def test_change_of_an_account_that_is_not_there(cast: SimpleNamespace) -> None:
    with pytest.raises(NotFound):
        deactivate_user(actor=cast.ada, user_id=0, now=NOW)


@pytest.mark.parametrize(
    "step",
    [
        lambda cast: change_roles(
            actor=cast.sarah, user_id=cast.sarah.pk, roles=["admin"], now=NOW
        ),
        lambda cast: deactivate_user(actor=cast.clara, user_id=cast.sarah.pk, now=NOW),
        lambda cast: change_password(
            actor=cast.clara, user_id=cast.sarah.pk, password=PASSWORD, now=NOW
        ),
    ],
    ids=["own roles", "deactivate", "another's password"],
)
def test_accounts_are_changed_by_administrators_only(
    cast: SimpleNamespace, step: Callable[[SimpleNamespace], object]
) -> None:
    with pytest.raises(NotAllowed):
        step(cast)

    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("actor", ["sarah", "ada"])
def test_password_is_changed_by_oneself_or_an_administrator(
    cast: SimpleNamespace, actor: str
) -> None:
    change_password(
        actor=getattr(cast, actor), user_id=cast.sarah.pk, password=PASSWORD, now=NOW
    )

    assert User.objects.get(username="sarah").check_password(PASSWORD)
    assert AuditEntry.objects.get().after == {"password": "changed"}


def test_username_is_found_whatever_the_case(cast: SimpleNamespace) -> None:
    assert User.objects.get_by_natural_key("SaRaH") == cast.sarah


def test_person_without_a_name_is_shown_by_username(cast: SimpleNamespace) -> None:
    assert (cast.gateway.display_name, cast.sarah.display_name) == (
        "gateway",
        "Sarah Lind",
    )


def test_has_role_asks_for_any_of_them(cast: SimpleNamespace) -> None:
    assert cast.noor.has_role(Role.FINANCE, Role.OPS)
    assert not cast.noor.has_role(Role.FINANCE)
    assert not cast.nils.has_role(*Role)


def test_shortcuts_are_turned_off_for_oneself(cast: SimpleNamespace) -> None:
    set_shortcuts(actor=cast.sarah, enabled=False)

    assert not User.objects.get(username="sarah").shortcuts_enabled
    assert User.objects.get(username="noor").shortcuts_enabled
