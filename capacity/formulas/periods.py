"""What formulas need to know of a month and a quarter; the kernel's values are such."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, Self


class Month(Protocol):
    """`index` counts months one after the other."""

    @property
    def index(self) -> int: ...

    @property
    def first_day(self) -> date: ...

    def plus(self, months: int, /) -> Self: ...


class Quarter(Protocol):
    """A quarter of the fiscal year, which begins in the month `fiscal_year_starts`."""

    def __le__(self, other: Any, /) -> bool: ...

    def __hash__(self) -> int: ...

    def months(self, fiscal_year_starts: int = 1, /) -> Sequence[Month]: ...

    def plus(self, quarters: int, /) -> Self: ...


@dataclass(frozen=True, slots=True)
class Period:
    """A month and the quarter in which it lies."""

    month: Month
    quarter: Quarter
