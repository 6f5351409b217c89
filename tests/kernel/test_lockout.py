"""Five failures lock an account, not an address, for 15 minutes."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import pytest
from axes.models import AccessAttempt
from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.test import RequestFactory

from portal.kernel.models import User

pytestmark = pytest.mark.django_db

PASSWORD = "a heavy truck at dawn"  # noqa: S105 - opens nothing

SignIn = Callable[..., bool]


@pytest.fixture
def sign_in(cast: SimpleNamespace, rf: RequestFactory) -> SignIn:
    for username in ("sarah", "noor"):
        user = User.objects.get(username=username)
        user.set_password(PASSWORD)
        user.save()

    def attempt(
        username: str, password: str = PASSWORD, address: str = "192.0.2.1"
    ) -> bool:
        request = rf.post("/sign-in/", {"username": username}, REMOTE_ADDR=address)
        try:
            user = authenticate(request, username=username, password=password)
        except PermissionDenied:
            return False
        if user is not None:
            # What django.contrib.auth.login tells the house.
            user_logged_in.send(User, request=request, user=user)
        return user is not None

    return attempt


def fail(sign_in: SignIn, times: int, username: str = "sarah") -> None:
    for number in range(times):
        assert not sign_in(username, "wrong", address=f"192.0.2.{number}")


def test_four_failures_do_not_lock(sign_in: SignIn) -> None:
    fail(sign_in, 4)

    assert sign_in("sarah")


def test_five_failures_lock_the_account_from_every_address(sign_in: SignIn) -> None:
    fail(sign_in, 5)

    assert not sign_in("sarah", address="192.0.2.1")
    assert not sign_in("sarah", address="198.51.100.9")


def test_failures_of_one_account_lock_no_other_at_the_same_address(
    sign_in: SignIn,
) -> None:
    for _ in range(6):
        assert not sign_in("sarah", "wrong", address="192.0.2.1")

    assert sign_in("noor", address="192.0.2.1")


def test_case_of_the_username_gives_no_further_attempts(sign_in: SignIn) -> None:
    for username in ("sarah", "Sarah", "SARAH", "sARAH", " sarah"):
        assert not sign_in(username, "wrong")

    assert not sign_in("sarah")


def test_success_begins_the_count_again(sign_in: SignIn) -> None:
    fail(sign_in, 4)
    assert sign_in("sarah")
    fail(sign_in, 4)

    assert sign_in("sarah")


@pytest.mark.parametrize(("minutes", "opens"), [(14, False), (16, True)])
def test_lock_ends_after_fifteen_minutes(
    sign_in: SignIn, minutes: int, opens: bool
) -> None:
    fail(sign_in, 5)
    AccessAttempt.objects.update(
        attempt_time=F("attempt_time") - timedelta(minutes=minutes)
    )

    assert sign_in("sarah") == opens


def test_closed_account_cannot_sign_in(sign_in: SignIn) -> None:
    User.objects.filter(username="sarah").update(is_active=False)

    assert not sign_in("sarah")
