"""When somebody was here before."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from portal.kernel.models import User
from portal.kernel.services.visits import record_visit
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


def visits_of(username: str, *minutes: float) -> tuple[float | None, float | None]:
    """Last and previous visit, in minutes after NOW, of page views at `minutes`."""
    for minute in minutes:
        user = User.objects.get(username=username)
        record_visit(user, now=NOW + timedelta(minutes=minute))
    user = User.objects.get(username=username)
    return tuple(  # type: ignore[return-value]
        None if at is None else (at - NOW) / timedelta(minutes=1)
        for at in (user.last_visit_at, user.previous_visit_at)
    )


@pytest.mark.parametrize(
    ("minutes", "last", "previous"),
    [
        ([0], 0, None),
        ([0, 0.5], 0, None),
        ([0, 1], 1, None),
        ([0, 10, 20, 40], 40, None),
        ([0, 30], 30, 0),
        ([0, 10, 50, 60], 60, 10),
        ([0, 100, 200], 200, 100),
    ],
)
def test_previous_visit_is_the_one_before_half_an_hour_of_silence(
    cast: SimpleNamespace, minutes: list[float], last: float, previous: float | None
) -> None:
    assert visits_of("sarah", *minutes) == (last, previous)


def test_two_pages_at_once_do_not_lose_the_previous_visit(
    cast: SimpleNamespace,
) -> None:
    visits_of("sarah", 0)
    first, second = (User.objects.get(username="sarah") for _ in range(2))

    record_visit(first, now=NOW + timedelta(minutes=60))
    record_visit(second, now=NOW + timedelta(minutes=60, seconds=1))

    assert visits_of("sarah") == (60, 0)
