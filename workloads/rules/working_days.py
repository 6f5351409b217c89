"""Working days: Monday to Friday, no holidays."""

from datetime import date, timedelta

SATURDAY = 5


def working_days_between(start: date, end: date) -> int:
    """Working days after `start` up to and including `end`; 0 when end ≤ start.

    From Friday to the next Monday is 1; from Monday to the Monday after is 5.
    """
    if end <= start:
        return 0
    weeks, rest = divmod((end - start).days, 7)
    extra = sum(
        (start + timedelta(days=offset)).weekday() < SATURDAY
        for offset in range(1, rest + 1)
    )
    return weeks * 5 + extra


def plus_working_days(start: date, days: int) -> date:
    """The day on which `days` working days after `start` are over."""
    day = start
    while days > 0:
        day += timedelta(days=1)
        days -= day.weekday() < SATURDAY
    return day


def last_day_overdue(today: date, patience: int) -> date:
    """The last day since which more than `patience` working days are over by `today`."""
    day = today
    while working_days_between(day, today) <= patience:
        day -= timedelta(days=1)
    return day
