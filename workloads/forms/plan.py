"""What a person asks of the plan's table, read from its address."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from portal.kernel.periods import Quarter
from workloads.enums import Status
from workloads.rules.plan_filter import ABSENT, Group, Only, PlanFilter, Sort

LONGEST = 100
E = TypeVar("E", bound=StrEnum)


def read_filter(query: Mapping[str, Any]) -> PlanFilter:
    """A value that means nothing asks for nothing: an address never fails."""
    sort = _text(query, "sort")
    return PlanFilter(
        search=_text(query, "q"),
        status=_one_of(Status, _text(query, "status")) or "",
        owner=_text(query, "owner"),
        department=_text(query, "department"),
        quarter=_quarter(_text(query, "quarter")),
        only=_one_of(Only, _text(query, "only")) or Only.ALL,
        group=_one_of(Group, _text(query, "group")) or Group.QUARTER,
        sort=_one_of(Sort, sort.removeprefix("-")) or Sort.REF,
        descending=sort.startswith("-"),
    )


def _text(query: Mapping[str, Any], name: str) -> str:
    # No text in the database holds a NUL, so none can be asked for.
    return str(query.get(name, "")).replace("\x00", "")[:LONGEST].strip()


def _one_of(values: type[E], text: str) -> E | None:
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


def read_window(query: Mapping[str, Any], *, default: Quarter) -> tuple[Quarter, int]:
    """First quarter and number of quarters of a roadmap; four where none is asked."""
    count = _text(query, "quarters")
    wanted = int(count) if count.isdecimal() and len(count) < 3 else 4
    try:
        first = Quarter.parse(_text(query, "from"))
    except ValueError:
        first = default
    return first, min(max(wanted, 1), MOST_QUARTERS)
