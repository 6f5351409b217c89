"""The organisation's day is not the day of UTC."""

from datetime import UTC, date, datetime

import pytest

from portal.kernel import clock


def test_now_is_aware_and_in_utc() -> None:
    assert clock.now().tzinfo is UTC


@pytest.mark.parametrize(
    ("time_zone", "day"),
    [
        ("UTC", date(2026, 6, 30)),
        ("Pacific/Auckland", date(2026, 7, 1)),
        ("America/Los_Angeles", date(2026, 6, 30)),
    ],
)
def test_today_follows_the_organisations_zone(
    settings: pytest.FixtureRequest, time_zone: str, day: date
) -> None:
    settings.ORGANISATION_TIME_ZONE = time_zone

    assert clock.today(datetime(2026, 6, 30, 20, 0, tzinfo=UTC)) == day
