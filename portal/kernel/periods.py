"""Quarters and months as values. Pure: no Django, no clock.

A quarter is named by the year in which its fiscal year ends; with a fiscal year
that starts in January that is the calendar year.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self, TypeVar

# How far from today a figure can lie, in the past and in the future: nobody plans further,
# and an exact forecast's digits grow with its months.
YEARS_IN_REACH = 20

YEAR = r"(20[0-9]{2})"
QUARTER_FORMS = (
    re.compile(rf"{YEAR}-?[Qq](?P<number>[1-4])"),
    re.compile(rf"[Qq](?P<number>[1-4])-{YEAR}"),
)
MONTH_FORM = re.compile(rf"{YEAR}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, order=True, slots=True)
class Month:
    year: int
    month: int

    def __post_init__(self) -> None:
        # 9998, so that the day after a month's last day is still a date
        if not (1 <= self.year <= 9998 and 1 <= self.month <= 12):
            raise ValueError(f"{self.year}-{self.month} is not a month.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "2026-05"; ValueError for anything else."""
        found = MONTH_FORM.fullmatch(text.strip())
        if found is None:
            raise ValueError(f'"{text}" is not a month; write it as 2026-05.')
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, day: date) -> Self:
        return cls(day.year, day.month)

    @classmethod
    def from_index(cls, index: int) -> Self:
        """The inverse of `index`."""
        return cls(index // 12, index % 12 + 1)

    @property
    def index(self) -> int:
        """Months since January of year 0: consecutive, for arithmetic."""
        return self.year * 12 + self.month - 1

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"

    def plus(self, months: int) -> "Month":
        return Month.from_index(self.index + months)

    @property
    def first_day(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def last_day(self) -> date:
        return self.plus(1).first_day - timedelta(days=1)


@dataclass(frozen=True, order=True, slots=True)
class Quarter:
    year: int
    number: int

    def __post_init__(self) -> None:
        if not (1 <= self.year <= 9998 and 1 <= self.number <= 4):
            raise ValueError(f"{self.year}Q{self.number} is not a quarter.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "2026Q2", "2026-Q2" or "Q2-2026"; ValueError for anything else."""
        for form in QUARTER_FORMS:
            found = form.fullmatch(text.strip())
            if found is not None:
                year = next(part for part in found.groups() if len(part) == 4)
                return cls(int(year), int(found["number"]))
        raise ValueError(f'"{text}" is not a quarter; write it as 2026Q2.')

    @classmethod
    def of(cls, day: date, fiscal_year_starts: int = 1) -> Self:
        """The quarter in which `day` falls (fiscal_year_starts: month, 1 to 12)."""
        months_into_fiscal_year = (day.month - fiscal_year_starts) % 12
        begins_in = day.year if day.month >= fiscal_year_starts else day.year - 1
        ends_in = begins_in if fiscal_year_starts == 1 else begins_in + 1
        return cls(ends_in, months_into_fiscal_year // 3 + 1)

    @property
    def index(self) -> int:
        """Quarters since the first of year 0: consecutive, for arithmetic."""
        return self.year * 4 + self.number - 1

    def __str__(self) -> str:
        """The form of the API and the database: 2026Q2."""
        return f"{self.year:04}Q{self.number}"

    @property
    def label(self) -> str:
        """The form of the pages: 2026-Q2."""
        return f"{self.year:04}-Q{self.number}"

    @property
    def sheet(self) -> str:
        """The form of sheets and exports: Q2-2026."""
        return f"Q{self.number}-{self.year:04}"

    def plus(self, quarters: int) -> "Quarter":
        year, number = divmod(self.index + quarters, 4)
        return Quarter(year, number + 1)

    def months(self, fiscal_year_starts: int = 1) -> tuple[Month, Month, Month]:
        begins_in = self.year if fiscal_year_starts == 1 else self.year - 1
        first = Month(begins_in, fiscal_year_starts).plus((self.number - 1) * 3)
        return first, first.plus(1), first.plus(2)

    def first_day(self, fiscal_year_starts: int = 1) -> date:
        return self.months(fiscal_year_starts)[0].first_day

    def last_day(self, fiscal_year_starts: int = 1) -> date:
        return self.months(fiscal_year_starts)[2].last_day


PeriodT = TypeVar("PeriodT", Month, Quarter)


def beyond_reach(one: PeriodT, here: PeriodT) -> str:
    """Why a month or quarter is not looked at from the present one; empty in reach."""
    a_year = 12 if isinstance(one, Month) else 4
    if abs(one.index - here.index) <= a_year * YEARS_IN_REACH:
        return ""
    return f"It lies more than {YEARS_IN_REACH} years from {here}."


def surely_in_reach(quarter: Quarter, year: int) -> bool:
    """In reach of that year's quarters in whatever month the fiscal year starts."""
    return abs(quarter.year - year) < YEARS_IN_REACH - 1
