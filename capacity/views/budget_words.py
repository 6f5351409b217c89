"""How the page of the budgets writes months, sessions and money."""

from calendar import day_abbr, month_abbr, month_name
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

from capacity.formulas.forecast import MonthForecast
from capacity.formulas.rounding import to_places
from portal.kernel import formats
from portal.kernel.periods import Month

HOURS_A_DAY = 24
THOUSAND = 1_000


def name_of(month: MonthForecast) -> str:
    """June."""
    return month_name[month.month.first_day.month]


def dated(month: MonthForecast) -> str:
    """Jun 2026."""
    day = month.month.first_day
    return f"{month_abbr[day.month]} {day.year}"


def month_in_words(month: Month) -> str:
    """May 2026."""
    return f"{month_name[month.month]} {month.year}"


def letter(month: MonthForecast) -> str:
    return month_abbr[month.month.first_day.month][0]


def whole(sessions: Decimal) -> int:
    """Sessions for a reader: what is bought is rounded up elsewhere."""
    return int(to_places(sessions, 0))


def sessions_of(sessions: Decimal) -> str:
    """53; below ten with one decimal, so that small peaks are not all alike."""
    return formats.in_full(sessions, 0 if sessions >= 10 else 1)


def hour_of_week(hour: int) -> str:
    """Tue 10."""
    return f"{day_abbr[hour // HOURS_A_DAY]} {hour % HOURS_A_DAY:02}"


def axis_money(currency: str) -> Callable[[float], str]:
    """Writes $10k on an axis."""

    def words(value: float) -> str:
        if not value:
            return "0"
        amount = Decimal(str(round(value, 2)))
        if value < THOUSAND:
            return formats.money(amount, currency)
        symbol = formats.money(0, currency).rstrip("0")
        return (
            f"{symbol}{formats.short(amount) if value >= 10 * THOUSAND else _k(amount)}"
        )

    return words


def _k(amount: Decimal) -> str:
    return f"{formats.in_full((amount / THOUSAND).normalize())}k"


def rounded(value: Fraction | Decimal, places: int = 2) -> Decimal:
    """0.95, 1.075: a ratio with no more places than it needs."""
    exact = (
        Decimal(value.numerator) / Decimal(value.denominator)
        if isinstance(value, Fraction)
        else value
    )
    return to_places(exact, places)
