"""The plan's rows in the admin: fields through the use case, the status by actions."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import RelatedOnlyFieldListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from portal.kernel import clock, marks
from portal.kernel.admin.base import HouseAdmin, RecordInline
from portal.kernel.admin.forms import VersionedForm
from portal.kernel.periods import Quarter
from workloads.admin.columns import OfAWorkload, by_reference, figure
from workloads.admin.steps import StepActions
from workloads.enums import CostGate
from workloads.models import Estimate, StatusStep, Workload
from workloads.selectors.plan import rows
from workloads.selectors.signoffs import marks_of, prefetch_signoffs
from workloads.services.plan import edit_workload

WRITTEN = (
    "name",
    "owner",
    "purpose",
    "department",
    "stakeholders",
    "shape",
    "audience",
    "compliance_sensitive",
    "ship_quarter",
    "primary_model",
    "degrade_model",
    "cost_gate",
    "hours_to_add",
)
KEPT = (
    "status",
    "status_since",
    "requested_status",
    "owner_text",
    "shown_estimate",
    "submitted_estimate",
    "draft_estimate",
    "proposed_by",
    "proposed_at",
)


class WorkloadForm(VersionedForm):
    written = WRITTEN
    # What a crafted request may bring, besides the fields of the form.
    guarded = (*KEPT, "number", "version", "status_steps")

    # 2026-Q4 is what the pages show; the column holds it without the dash.
    ship_quarter = forms.CharField(
        max_length=7, required=False, help_text="2026-Q4, or empty."
    )

    class Meta:
        model = Workload
        fields = list(WRITTEN)

    def clean_ship_quarter(self) -> str:
        typed: str = self.cleaned_data["ship_quarter"]
        if not typed:
            return ""
        try:
            return str(Quarter.parse(typed))
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error

    def run(self, changes: dict[str, Any]) -> Workload:
        return edit_workload(
            number=self.instance.number,
            actor=self.actor,
            stakeholders=changes.pop("stakeholders", None),
            changes=changes,
            if_version=self.cleaned_data["seen_version"],
            now=clock.now(),
        )


class StepInline(RecordInline):
    model = StatusStep
    fields = readonly_fields = ("source", "target", "at", "actor", "reason", "estimate")
    ordering = ("-sequence",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[StatusStep]:
        found: QuerySet[StatusStep] = super().get_queryset(request)
        return found.select_related("actor", "estimate__workload")


class EstimateInline(RecordInline):
    model = Estimate
    fields = readonly_fields = (
        "version",
        "state",
        "users",
        "tokens_per_user_month",
        "ops_hours_week",
        "submitted_at",
        "submitted_by",
    )
    ordering = ("-version",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Estimate]:
        found: QuerySet[Estimate] = super().get_queryset(request)
        return found.select_related("submitted_by")


@admin.register(Workload)
class WorkloadAdmin(StepActions, HouseAdmin):
    form = WorkloadForm
    change_action = "workload.edit"
    form_only = ("seen_version",)
    fields = (*KEPT, *WRITTEN, "seen_version")
    readonly_fields = KEPT
    inlines = (EstimateInline, StepInline)
    list_display = (
        "ref",
        "name",
        "owned_by",
        "stands",
        "ships",
        "signed",
        "gate",
        "tokens",
        "hours",
        "department",
    )
    list_display_links = ("ref", "name")
    list_filter = (
        "status",
        "ship_quarter",
        "cost_gate",
        ("department", RelatedOnlyFieldListFilter),
        ("owner", RelatedOnlyFieldListFilter),
        "audience",
        "compliance_sensitive",
    )
    search_fields = (
        "name",
        "purpose",
        "owner__username",
        "owner__name",
        "owner_text",
    )
    search_help_text = "W-07, a name, an owner"
    ordering = ("number",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Workload]:
        return rows().prefetch_related(
            prefetch_signoffs("submitted_estimate__signoffs")
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Workload], search_term: str
    ) -> tuple[QuerySet[Workload], bool]:
        found = by_reference(queryset, search_term, "number")
        if found is not None:
            return found, False
        return super().get_search_results(request, queryset, search_term)

    def trail_of(self, obj: Workload) -> str:
        return f"workload/{obj.ref}"

    @admin.display(description="Ref", ordering="number")
    def ref(self, obj: Workload) -> str:
        return obj.ref

    @admin.display(description="Owner", ordering="owner__name")
    def owned_by(self, obj: Workload) -> str:
        return obj.owner_name

    @admin.display(description="Status", ordering="status")
    def stands(self, obj: Workload) -> Any:
        return marks.status_mark(str(obj.status))

    @admin.display(description="Ship quarter", ordering="ship_quarter")
    def ships(self, obj: Workload) -> str:
        quarter = obj.ship_quarter
        return Quarter.parse(quarter).label if quarter else ""

    @admin.display(description="Signed")
    def signed(self, obj: Workload) -> Any:
        waiting = obj.submitted_estimate
        states = marks_of(waiting, clock.today(clock.now())).values()
        waits = waiting is not None and waiting.pk != obj.shown_estimate_id
        note = f"v{waiting.version} waits" if waiting and waits else ""
        return marks.signoff_marks(tuple(states), note)

    @admin.display(description="Cost gate", ordering="cost_gate")
    def gate(self, obj: Workload) -> Any:
        return CostGate(obj.cost_gate).sheet if obj.cost_gate else marks.no_gate()

    @admin.display(
        description="Tokens /user/month",
        ordering="shown_estimate__tokens_per_user_month",
    )
    def tokens(self, obj: Workload) -> str:
        shown = obj.shown_estimate
        return figure(shown.tokens_per_user_month) if shown else ""

    @admin.display(
        description="Ops hours /week", ordering="shown_estimate__ops_hours_week"
    )
    def hours(self, obj: Workload) -> str:
        shown = obj.shown_estimate
        return figure(shown.ops_hours_week) if shown else ""


@admin.register(StatusStep)
class StatusStepAdmin(OfAWorkload):
    list_display = ("of_workload", "source", "target", "at", "actor", "reason")
    list_filter = ("source", "target", "at")
    list_select_related = ("workload", "actor")
    search_fields = ("workload__name", "actor__username", "actor__name", "reason")
    ordering = ("-at", "-id")
