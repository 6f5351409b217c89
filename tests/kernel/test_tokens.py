"""API tokens: shown once, kept as a digest, never more than they say."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from portal.kernel import clock
from portal.kernel.api.authentication import TokenAuthentication
from portal.kernel.enums import Source
from portal.kernel.errors import Invalid, NotAllowed, NotFound, NotSignedIn
from portal.kernel.models import ApiToken, AuditEntry, User
from portal.kernel.origin import origin
from portal.kernel.selectors.tokens import token_of, tokens_of
from portal.kernel.services.tokens import (
    IssuedToken,
    issue_token,
    note_token_use,
    revoke_token,
)
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


def issue(user: User, **parts: Any) -> IssuedToken:
    return issue_token(
        **{
            "actor": user,
            "user": user,
            "scopes": ["plan:read"],
            "now": NOW,
            **parts,
        }
    )


def opens(secret: str, now: datetime = NOW) -> bool:
    """Whether the API lets it in at this moment."""
    request = APIRequestFactory().get(
        "/", headers={"Authorization": f"Bearer {secret}"}
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: now)
        try:
            return TokenAuthentication().authenticate(Request(request)) is not None
        except NotSignedIn:
            return False


def test_token_is_long_random_and_kept_only_as_a_digest(cast: SimpleNamespace) -> None:
    secret = issue(cast.sarah).secret

    stored = ApiToken.objects.values().get()

    assert re.fullmatch(r"wb_[A-Za-z0-9_-]{43}", secret)
    assert stored["digest"] == sha256(secret.encode()).hexdigest()
    assert stored["prefix"] == secret[:10]
    assert secret not in str(stored)


def test_token_is_audited_without_its_secret(cast: SimpleNamespace) -> None:
    issued = issue(cast.sarah, name="BI tool", expires_at=NOW + timedelta(days=1))

    entry = AuditEntry.objects.get()

    assert (entry.action, entry.object, entry.actor_username) == (
        "token.issued",
        "account/sarah",
        "sarah",
    )
    assert entry.after == {
        "token": issued.secret[:10],
        "name": "BI tool",
        "scopes": ["plan:read"],
        "workloads": [],
        "expires_at": "2026-05-13T09:00:00Z",
    }


def test_token_is_found_by_its_secret_with_its_user_in_one_query(
    cast: SimpleNamespace, django_assert_num_queries: Callable
) -> None:
    issued = issue(cast.sarah)

    with django_assert_num_queries(1):
        found = token_of(issued.secret)
        assert found is not None
        assert found.user.username == "sarah"


@pytest.mark.parametrize("secret", ["", "wb_", "wb_unknown", "xx_unknown", "wb_\x00é"])
def test_unknown_secret_opens_nothing(cast: SimpleNamespace, secret: str) -> None:
    issue(cast.sarah)

    assert not opens(secret)


def test_token_opens_nothing_from_the_moment_it_expires(cast: SimpleNamespace) -> None:
    expires_at = NOW + timedelta(days=1)
    secret = issue(cast.sarah, expires_at=expires_at).secret

    assert opens(secret, expires_at - timedelta(microseconds=1))
    assert not opens(secret, expires_at)


def test_revoked_token_opens_nothing_and_is_audited_once(cast: SimpleNamespace) -> None:
    issued = issue(cast.sarah)
    revoke_token(actor=cast.sarah, token_id=issued.token.pk, now=NOW)
    revoke_token(actor=cast.sarah, token_id=issued.token.pk, now=NOW)

    assert not opens(issued.secret)
    assert AuditEntry.objects.filter(action="token.revoked").count() == 1


def test_token_of_a_closed_account_opens_nothing(cast: SimpleNamespace) -> None:
    secret = issue(cast.sarah).secret
    User.objects.filter(pk=cast.sarah.pk).update(is_active=False)

    assert not opens(secret)


def test_administrator_issues_and_revokes_for_a_runtime(cast: SimpleNamespace) -> None:
    issued = issue(
        cast.gateway,
        actor=cast.ada,
        scopes=["usage:write", "gates:decide"],
        workloads=["W-02", "W-01", "W-02"],
    )

    assert issued.token.scopes == ["gates:decide", "usage:write"]
    assert issued.token.workloads == ["W-01", "W-02"]
    revoke_token(actor=cast.ada, token_id=issued.token.pk, now=NOW)


@pytest.mark.parametrize(
    ("actor", "user"),
    [
        ("sarah", "noor"),
        ("clara", "sarah"),
        ("adele", "gateway"),
        ("gateway", "gateway"),
    ],
)
def test_token_for_another_is_for_administrators(
    cast: SimpleNamespace, actor: str, user: str
) -> None:
    with pytest.raises(NotAllowed):
        issue(getattr(cast, user), actor=getattr(cast, actor))


def test_token_of_another_cannot_be_revoked(cast: SimpleNamespace) -> None:
    issued = issue(cast.sarah)

    with pytest.raises(NotAllowed):
        revoke_token(actor=cast.noor, token_id=issued.token.pk, now=NOW)

    assert opens(issued.secret)


def test_revoking_what_is_not_there(cast: SimpleNamespace) -> None:
    with pytest.raises(NotFound):
        revoke_token(actor=cast.ada, token_id=0, now=NOW)


def test_without_an_actor_only_the_console_issues(cast: SimpleNamespace) -> None:
    with origin(Source.API), pytest.raises(NotSignedIn):
        issue(cast.sarah, actor=None)
    with origin(Source.COMMAND):
        assert issue(cast.sarah, actor=None).token.user == cast.sarah


@pytest.mark.parametrize(
    ("parts", "pointer", "code"),
    [
        ({"scopes": []}, "/scopes", "blank"),
        ({"scopes": ["plan:own"]}, "/scopes", "item_invalid"),
        ({"workloads": ["W-01"]}, "/workloads", "not_a_runtime"),
        ({"expires_at": NOW}, "/expires_at", "in_the_past"),
    ],
)
def test_issue_token_refuses(
    cast: SimpleNamespace, parts: dict[str, Any], pointer: str, code: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        issue(cast.sarah, **parts)

    assert [(error.pointer, error.code) for error in refusal.value.errors] == [
        (pointer, code)
    ]
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    "values",
    [
        {"scopes": ["plan:own"]},
        {"scopes": []},
        {"digest": "plain"},
        {"expires_at": NOW},
    ],
)
def test_database_itself_refuses(cast: SimpleNamespace, values: dict[str, Any]) -> None:
    whole = {
        "user": cast.sarah,
        "prefix": "wb_",
        "digest": "a" * 64,
        "scopes": ["plan:read"],
        "created_at": NOW,
    }

    with pytest.raises(IntegrityError), transaction.atomic():
        ApiToken.objects.create(**{**whole, **values})


@pytest.mark.parametrize(
    ("seconds_later", "noted"), [(0, False), (59, False), (60, True), (3600, True)]
)
def test_use_is_noted_at_most_once_a_minute(
    cast: SimpleNamespace, seconds_later: int, noted: bool
) -> None:
    token = issue(cast.sarah).token
    note_token_use(token, now=NOW)
    later = NOW + timedelta(seconds=seconds_later)

    note_token_use(ApiToken.objects.get(), now=later)

    assert ApiToken.objects.get().last_used_at == (later if noted else NOW)


def test_use_within_the_minute_asks_the_database_nothing(
    cast: SimpleNamespace, django_assert_num_queries: Callable
) -> None:
    issue(cast.sarah)
    note_token_use(ApiToken.objects.get(), now=NOW)
    token = ApiToken.objects.get()

    with django_assert_num_queries(0):
        note_token_use(token, now=NOW + timedelta(seconds=30))


def test_tokens_of_a_person_are_newest_first_and_only_theirs(
    cast: SimpleNamespace,
) -> None:
    issue(cast.noor)
    first = issue(cast.sarah).token
    second = issue(cast.sarah).token

    assert list(tokens_of(cast.sarah)) == [second, first]
