"""Columns and searches that several lists of the plan share."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from portal.kernel import formats
from portal.kernel.admin.base import RecordAdmin
from workloads.models import Workload
from workloads.selectors.plan import number_of


def by_reference(
    queryset: QuerySet[Any], words: str, path: str
) -> QuerySet[Any] | None:
    """The rows of a workload whose reference was typed; None when it is none."""
    number = number_of(words)
    return None if number is None else queryset.filter(**{path: number})


class OfAWorkload(RecordAdmin):
    """Facts that belong to a workload: its row is one press away, W-07 finds them."""

    # How the model leads to the workload's number.
    number_path = "workload__number"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        found = by_reference(queryset, search_term, self.number_path)
        if found is not None:
            return found, False
        return super().get_search_results(request, queryset, search_term)

    def workload_of(self, obj: Any) -> Workload:
        workload: Workload = obj.workload
        return workload

    def trail_of(self, obj: Any) -> str:
        return f"workload/{self.workload_of(obj).ref}"

    @admin.display(description="Workload", ordering="workload__number")
    def of_workload(self, obj: Any) -> str:
        return str(self.workload_of(obj))


def figure(value: formats.Number | None) -> str:
    """As the plan's table writes it; nothing where nothing is known."""
    return "" if value is None else formats.short(value)
