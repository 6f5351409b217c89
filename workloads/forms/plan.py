"""What a person asks of the plan's table, read from its address."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from portal.kernel.periods import Quarter
from portal.kernel.reach import require_in_reach
from workloads.enums import Status
from workloads.rules.plan_filter import ABSENT, Group, Only, PlanFilter, Sort

LONGEST = 100
E = TypeVar("E", bound=StrEnum)


def read_filter(query: Mapping[str, Any]) -> PlanFilter:
    """A value that means nothing asks for nothing: an address never fails."""
    sort = text_of(query, "sort")
    return PlanFilter(
        search=text_of(query, "q"),
        status=one_of(Status, text_of(query, "status")) or "",
        owner=text_of(query, "owner"),
        department=text_of(query, "department"),
        quarter=_quarter(text_of(query, "quarter")),
        only=one_of(Only, text_of(query, "only")) or Only.ALL,
        group=one_of(Group, text_of(query, "group")) or Group.QUARTER,
        sort=one_of(Sort, sort.removeprefix("-")) or Sort.REF,
        descending=sort.startswith("-"),
    )


def text_of(query: Mapping[str, Any], name: str) -> str:
    # No text in the database holds a NUL, so none can be asked for.
    return str(query.get(name, "")).replace("\x00", "")[:LONGEST].strip()


def one_of(values: type[E], text: str) -> E | None:
    try:
        return values(text)
    except ValueError:
        return None


def _quarter(text: str) -> str:
    if text == ABSENT:
        return ABSENT
    try:
        return str(Quarter.parse(text))
    except ValueError:
        return ""


MOST_QUARTERS = 8


def read_window(
    query: Mapping[str, Any], *, default: Quarter, here: Quarter
) -> tuple[Quarter, int]:
    """First quarter and number of quarters of a roadmap; four where none is asked.

    `Invalid` for a quarter that is asked for and too far from the present one.
    """
    count = text_of(query, "quarters")
    wanted = int(count) if count.isdecimal() and len(count) < 3 else 4
    try:
        first = Quarter.parse(text_of(query, "from"))
    except ValueError:
        return default, min(max(wanted, 1), MOST_QUARTERS)
    require_in_reach("?from", first, here)
    return first, min(max(wanted, 1), MOST_QUARTERS)
