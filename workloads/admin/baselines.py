"""Baselines in the admin: taken with one press, and never touched again."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from portal.kernel import access, clock
from portal.kernel.admin.base import RecordAdmin, actor_of
from portal.kernel.errors import Problem
from portal.kernel.pages.refusals import show_refusal
from portal.kernel.periods import Quarter
from portal.kernel.selectors import numbers
from workloads.enums import Moment
from workloads.models import PlanBaseline
from workloads.services.baselines import take_baseline


class BaselineForm(forms.Form):
    quarter = forms.CharField(
        max_length=7, help_text="The quarter that the review is of: 2026-Q2."
    )
    moment = forms.ChoiceField(
        choices=[(str(one), f"The review {one}") for one in Moment],
        help_text="Whether the plan is frozen as the review opens or as it closes.",
    )

    def clean_quarter(self) -> Quarter:
        try:
            return Quarter.parse(self.cleaned_data["quarter"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error


@admin.register(PlanBaseline)
class PlanBaselineAdmin(RecordAdmin):
    change_list_template = "admin/workloads/baselines.html"
    list_display = ("__str__", "quarter", "moment", "taken_at", "taken_by", "holds")
    list_filter = ("quarter", "moment")
    list_select_related = ("taken_by",)
    search_fields = ("=quarter", "taken_by__username", "taken_by__name")

    def trail_of(self, obj: PlanBaseline) -> str:
        return f"baseline/{obj.number}"

    @admin.display(description="Rows")
    def holds(self, obj: PlanBaseline) -> int:
        return len(obj.rows)

    def get_urls(self) -> list[URLPattern]:
        take = self.admin_site.admin_view(self.take_view)
        return [
            path("take/", take, name="workloads_planbaseline_take"),
            *super().get_urls(),
        ]

    def take_view(self, request: HttpRequest) -> HttpResponse:
        """The quarter and the moment, then the use case; a refusal stands on the form."""
        now = clock.now()
        present = Quarter.of(clock.today(now), numbers.current().fiscal_year_starts)
        form = BaselineForm(
            request.POST or None,
            initial={"quarter": present.label, "moment": Moment.OPENED},
        )
        # Who may comes before what was typed.
        if request.method == "POST":
            access.require(request.user, "baseline.take")
        if request.method == "POST" and form.is_valid():
            try:
                baseline = take_baseline(
                    actor=actor_of(request),
                    quarter=form.cleaned_data["quarter"],
                    moment=Moment(form.cleaned_data["moment"]),
                    now=now,
                )
            except Problem as problem:
                show_refusal(form, problem)
            else:
                self.message_user(request, f"{baseline} is taken.", messages.SUCCESS)
                return HttpResponseRedirect(
                    reverse("admin:workloads_planbaseline_changelist")
                )
        return TemplateResponse(
            request, "admin/workloads/take_baseline.html", self._context(request, form)
        )

    def _context(self, request: HttpRequest, form: BaselineForm) -> dict[str, Any]:
        may = access.allows(request.user, "baseline.take")
        who = access.capitalised(access.who_can("baseline.take"))
        return {
            **self.admin_site.each_context(request),
            "title": "Take a baseline of the plan",
            "opts": self.opts,
            "form": form,
            "why": "" if may else f"{who} can.",
        }
