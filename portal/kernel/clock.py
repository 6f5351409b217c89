"""The only module that reads the clock; everything else takes `now`."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from django.conf import settings


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the one place that may


def today(now: datetime) -> date:
    """The organisation's calendar day at `now` (`WEIGHBRIDGE_TIME_ZONE`)."""
    return now.astimezone(ZoneInfo(str(settings.ORGANISATION_TIME_ZONE))).date()


def midnight(day: date) -> datetime:
    """The moment at which the organisation's calendar day begins."""
    zone = ZoneInfo(str(settings.ORGANISATION_TIME_ZONE))
    return datetime.combine(day, time.min, tzinfo=zone)
