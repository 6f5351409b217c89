"""What the filters of the plan's table can be set to."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, NullIf

from portal.kernel.models import ModelNumbers, User
from portal.kernel.periods import Quarter
from workloads.models import Department, Workload
from workloads.selectors.compiled import fetch_compiled

Choice = tuple[str, str]
MOST_QUARTERS = 60


@dataclass(frozen=True)
class Choices:
    """Pairs of what the address holds and what a person reads."""

    owners: tuple[Choice, ...]
    departments: tuple[Choice, ...]
    quarters: tuple[str, ...]


def plan_choices() -> Choices:
    """Who owns a workload, every department, and the quarters from first to last."""
    found: dict[str, list[Choice]] = {"owner": [], "department": [], "quarter": []}
    for kind, value, words in fetch_compiled(_everything):
        found[kind].append((value, words))
    ((first, last),) = found["quarter"]
    return Choices(
        _by_words(found["owner"]), _by_words(found["department"]), _span(first, last)
    )


def _everything() -> QuerySet[Any, Any]:
    owns = Workload.objects.filter(owner=OuterRef("pk"))
    people = User.objects.filter(Exists(owns)).values_list(
        Value("owner"), F("username"), Coalesce(NullIf("name", Value("")), "username")
    )
    typed = Workload.objects.exclude(owner_text="").values_list(
        Value("owner"), F("owner_text"), F("owner_text")
    )
    departments = Department.objects.values_list(
        Value("department"), F("code"), F("name")
    )
    # Two looks at the ends of an index, however many rows lie between.
    shipping = Workload.objects.filter(ship_quarter__gt="").order_by("ship_quarter")
    quarters = ModelNumbers.objects.filter(version=1).values_list(
        Value("quarter"),
        Subquery(shipping.values("ship_quarter")[:1]),
        Subquery(shipping.reverse().values("ship_quarter")[:1]),
    )
    arms = (typed, departments, quarters)
    return people.order_by().union(*(arm.order_by() for arm in arms))


def _span(first: str | None, last: str | None) -> tuple[str, ...]:
    if not first or not last:
        return ()
    quarter = Quarter.parse(first)
    quarters: list[str] = []
    while str(quarter) <= last and len(quarters) < MOST_QUARTERS:
        quarters.append(str(quarter))
        quarter = quarter.plus(1)
    return tuple(quarters)


def _by_words(choices: list[Choice]) -> tuple[Choice, ...]:
    return tuple(sorted(choices, key=lambda choice: choice[1].casefold()))
