"""Usage in the admin: the sums that forecasts and recalibration read, a month at a time."""

import json
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db.models import Max, Min, QuerySet
from django.http import HttpRequest

from capacity.models import UsageByDay, UsageByHour
from portal.kernel.periods import Month
from workloads.admin.columns import OfAWorkload

EVERY_MONTH = "every"


class OfAMonth(SimpleListFilter):
    """The newest month unless another is chosen: one partition is read, and counted."""

    title = "month"
    parameter_name = "month"

    def lookups(
        self, request: HttpRequest, model_admin: ModelAdmin
    ) -> list[tuple[str, str]]:
        used = model_admin.model._default_manager.aggregate(Min("day"), Max("day"))
        if used["day__max"] is None:
            return []
        first, month = Month.of(used["day__min"]), Month.of(used["day__max"])
        months = []
        while first <= month:
            months.append((str(month), str(month)))
            month = month.plus(-1)
        return [*months, (EVERY_MONTH, "Every month")]

    def value(self) -> str | None:
        asked = super().value()
        offered = [name for name, _ in self.lookup_choices]
        if asked in offered:
            return asked
        return offered[0] if offered else None

    def choices(self, changelist: ChangeList) -> Any:
        # Without Django's "All": nothing chosen is the newest month.
        chosen = self.value()
        for name, words in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: name}, ["p"])
            yield {
                "selected": name == chosen,
                "query_string": query,
                "display": words,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        if chosen is None or chosen == EVERY_MONTH:
            return queryset
        month = Month.parse(chosen)
        return queryset.filter(day__range=(month.first_day, month.last_day))


class OfAModel(SimpleListFilter):
    """The models that were used in the month that is shown."""

    title = "model"
    parameter_name = "model"

    def lookups(
        self, request: HttpRequest, model_admin: ModelAdmin
    ) -> list[tuple[str, str]]:
        rows: QuerySet[Any] = model_admin.model._default_manager.all()
        month = OfAMonth(
            request, dict(request.GET.lists()), model_admin.model, model_admin
        )
        names = month.queryset(request, rows).order_by("model").values_list("model")
        return [(name, name) for (name,) in names.distinct()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(model=self.value()) if self.value() else queryset


class _UsageAdmin(OfAWorkload):
    """Its page is found by the columns of the key: no index holds their text."""

    key_fields: ClassVar[tuple[str, ...]]
    list_select_related = ("workload",)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        try:
            values = json.loads(object_id)
            named = dict(zip(self.key_fields, values, strict=True))
            return self.get_queryset(request).filter(**named).first()
        except (TypeError, ValueError, ValidationError):
            return None


@admin.register(UsageByDay)
class UsageByDayAdmin(_UsageAdmin):
    key_fields = ("day", "workload_id", "tier", "user_ref", "model")
    list_display = (
        "day",
        "of_workload",
        "tier",
        "user_ref",
        "model",
        "calls",
        "sessions",
        "turns",
        "retries",
        "tool_calls",
        "input_tokens",
        "cached_input_tokens",
        "output_tokens",
    )
    list_filter = (OfAMonth, OfAModel)
    search_fields = ("workload__name", "=user_ref", "tier", "model")
    search_help_text = "W-02, a workload's name, a user, a tier, a model"
    ordering = ("-day", "-workload_id", "-tier", "-user_ref", "-model")


@admin.register(UsageByHour)
class UsageByHourAdmin(_UsageAdmin):
    key_fields = ("day", "workload_id", "hour")
    list_display = ("day", "hour", "of_workload", "sessions", "calls")
    list_filter = (OfAMonth,)
    search_fields = ("workload__name",)
    search_help_text = "W-02, a workload's name"
    ordering = ("-day", "-workload_id", "-hour")
