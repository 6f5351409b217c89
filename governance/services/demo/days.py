"""The demo's calendar: everything it tells lies before the day it is made on."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from portal.kernel import clock
from portal.kernel.periods import Month, Quarter

WEEKDAYS = 5


@dataclass(frozen=True)
class Days:
    """Moments relative to `today`; people act on working days only."""

    today: date

    @classmethod
    def of(cls, now: datetime) -> "Days":
        return cls(clock.today(now))

    def before(self, days: int, hour: int = 10) -> datetime:
        """So many calendar days ago, or on the Friday before a weekend."""
        return at_work(self.today - timedelta(days=days), hour)

    def working_days_before(self, days: int, hour: int = 10) -> datetime:
        day = self.today
        while days:
            day -= timedelta(days=1)
            days -= day.weekday() < WEEKDAYS
        return moment(day, hour)

    def quarter(self, offset: int) -> Quarter:
        """The quarter of today is 0, the one before it -1."""
        return Quarter.of(self.today).plus(offset)

    def offset_of(self, month: Month) -> int:
        """Quarters from today's to the month's: 0, or below it for the past."""
        there, here = Quarter.of(month.first_day), self.quarter(0)
        return (there.year - here.year) * 4 + there.number - here.number

    def in_quarter(self, offset: int, day: int, hour: int = 10) -> datetime:
        """The n-th day of a quarter, counted from 1."""
        first = self.quarter(offset).first_day()
        return at_work(first + timedelta(days=day - 1), hour)

    def before_the_end_of(self, offset: int, days: int, hour: int = 10) -> datetime:
        last = self.quarter(offset).last_day()
        return at_work(last - timedelta(days=days), hour)


def at_work(day: date, hour: int) -> datetime:
    weekend = max(0, day.weekday() - WEEKDAYS + 1)
    return moment(day - timedelta(days=weekend), hour)


def moment(day: date, hour: int, minute: int = 0) -> datetime:
    zone = ZoneInfo(str(settings.ORGANISATION_TIME_ZONE))
    return datetime.combine(day, time(hour, minute), tzinfo=zone)
