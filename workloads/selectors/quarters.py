"""The heads of the roadmap's quarters, filled by the columns that the settings name."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from portal.kernel.periods import Quarter
from workloads.enums import COUNTED
from workloads.models import Workload


@dataclass(frozen=True)
class Head:
    """One quarter's sums: a part per budget, never one figure."""

    quarter: Quarter
    parts: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"quarter": str(self.quarter), **self.parts}


class PlanColumn(Protocol):
    """Parts of the quarters' heads, by their codes, read at once for all quarters."""

    @property
    def codes(self) -> tuple[str, ...]: ...

    def heads(
        self, quarters: Sequence[Quarter]
    ) -> Mapping[Quarter, Mapping[str, Any]]: ...


@cache
def _load(paths: tuple[str, ...]) -> tuple[PlanColumn, ...]:
    return tuple(import_string(path)() for path in paths)


def heads_of(
    quarters: Sequence[Quarter], *, codes: Collection[str] | None = None
) -> list[Head]:
    """The head of each quarter, in order; of the parts named, where some are named."""
    filled = [
        column.heads(quarters)
        for column in _load(tuple(settings.PLAN_COLUMNS))
        if codes is None or set(column.codes) & set(codes)
    ]
    return [
        Head(quarter, {k: v for parts in filled for k, v in parts[quarter].items()})
        for quarter in quarters
    ]


def weighed_in(workload: Workload, present: Quarter | None = None) -> Quarter | None:
    """The quarter whose ceiling a workload's ops hours are held against.

    Its ship quarter, also one that has passed without it: there it would count, with what
    a first quarter takes more. What counts already goes on in the `present` one.
    """
    if not workload.ship_quarter:
        return None
    ships = Quarter.parse(workload.ship_quarter)
    if present is None or workload.status not in COUNTED:
        return ships
    return max(ships, present)


def first_quarter_of(ship_quarter: str, live_on: date | None, starts: int) -> Quarter:
    """The ship quarter, and once live the quarter of going live.

    `starts` is the month in which the fiscal year starts.
    """
    if live_on is None:
        return Quarter.parse(ship_quarter)
    return Quarter.of(live_on, starts)
