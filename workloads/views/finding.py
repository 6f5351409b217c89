"""What the search finds in the plan: workloads, departments, baselines."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q
from django.urls import reverse

from portal.kernel import formats
from portal.kernel.pages.joints import Found
from workloads.models import Department, PlanBaseline, Workload
from workloads.rules.plan_filter import PlanFilter
from workloads.rules.shown import ref_of
from workloads.selectors.plan import number_of
from workloads.selectors.plan_table import found_by


def find_workloads(_user: Any, words: str, limit: int) -> Iterable[Found]:
    """By reference, name or owner; what stands in the name comes before the owner's."""
    exact = number_of(words)
    rows = found_by(PlanFilter(search=words)).values_list(
        "number", "name", "status", "ship_quarter"
    )
    if exact is not None:
        named = Workload.objects.filter(number=exact)
        rows = named.values_list("number", "name", "status", "ship_quarter")
    for number, name, status, quarter in rows[:limit]:
        ref = ref_of(number)
        ships = f" · {formats.quarter(quarter)}" if quarter else ""
        yield Found(
            ref=ref,
            name=name,
            link=reverse("workloads:workload", args=[ref]),
            figure=f"{status}{ships}",
            exact=number == exact,
        )


def find_departments(_user: Any, words: str, limit: int) -> Iterable[Found]:
    found = Department.objects.filter(
        Q(name__icontains=words) | Q(code__iexact=words)
    ).order_by("name")
    for one in found[:limit]:
        yield Found(
            "Department", one.name, reverse("workloads:department", args=[one.code])
        )


def find_baselines(_user: Any, words: str, _limit: int) -> Iterable[Found]:
    """B-2, and nothing that merely looks like it."""
    prefix, dash, digits = words.strip().upper().partition("-")
    if prefix != "B" or not dash or not (digits.isascii() and digits.isdecimal()):
        return
    found = PlanBaseline.objects.filter(number=int(digits[:9])).first()
    if found is not None:
        yield Found(
            str(found),
            f"{formats.quarter(found.quarter)} review {found.moment}",
            reverse("workloads:baseline", args=[found.number]),
            f"{len(found.rows)} rows",
            exact=True,
        )
