"""Compute lines: dated monthly amounts, fixed or per bought session. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property


@dataclass(frozen=True, slots=True)
class ComputeLine:
    """One line from `valid_from` on: money per month, or per session and month.

    Exactly one of the two amounts is given. An endpoint whose models are bought per token
    has an amount of 0 per session, and says so.
    """

    line: str
    valid_from: date
    amount_per_month: Decimal | None
    amount_per_session_month: Decimal | None


@dataclass(frozen=True)
class ComputeLines:
    """Every line with its history. Without lines, compute costs nothing."""

    lines: Sequence[ComputeLine] = ()

    @cached_property
    def _dated(self) -> dict[str, list[ComputeLine]]:
        dated: dict[str, list[ComputeLine]] = {}
        for one in sorted(self.lines, key=lambda line: line.valid_from):
            dated.setdefault(one.line, []).append(one)
        return dated

    def in_force(self, first_day: date) -> list[ComputeLine]:
        """Of each line the newest that began by the first day of a month."""
        found = []
        for history in self._dated.values():
            begun = [one for one in history if one.valid_from <= first_day]
            if begun:
                found.append(begun[-1])
        return found

    def fixed(self, first_day: date) -> Decimal:
        """Money of a month that does not depend on sessions."""
        return sum(
            (one.amount_per_month or Decimal(0) for one in self.in_force(first_day)),
            Decimal(0),
        )

    def per_session(self, first_day: date) -> Decimal:
        """Money of one concurrent session in a month."""
        return sum(
            (
                one.amount_per_session_month or Decimal(0)
                for one in self.in_force(first_day)
            ),
            Decimal(0),
        )
