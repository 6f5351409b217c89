"""Success criteria and proofs of readiness in the admin."""

from django.contrib import admin

from workloads.admin.columns import OfAWorkload
from workloads.models import ReadinessItem, SuccessCriterion


@admin.register(SuccessCriterion)
class SuccessCriterionAdmin(OfAWorkload):
    list_display = (
        "of_workload",
        "metric",
        "baseline",
        "target",
        "due_on",
        "written_by",
    )
    list_filter = ("due_on", "written_at")
    list_select_related = ("workload", "written_by")
    search_fields = ("workload__name", "metric", "target")


@admin.register(ReadinessItem)
class ReadinessItemAdmin(OfAWorkload):
    list_display = (
        "of_workload",
        "item",
        "done_on",
        "load_test_factor",
        "link",
        "recorded_by",
    )
    list_filter = ("item", "done_on")
    list_select_related = ("workload", "recorded_by")
    search_fields = ("workload__name", "link")
