"""Steps of the lifecycle as actions of the admin's list: the use case decides each."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

from portal.kernel import access, clock
from portal.kernel.admin.base import HouseAdmin, actor_of
from portal.kernel.models import User
from workloads.enums import Status
from workloads.lifecycle import step_between
from workloads.models import Workload
from workloads.rules.requirements import Requirement, StepRequest
from workloads.selectors.plan import rows_with_requirements
from workloads.selectors.requirements import requirements_of_step
from workloads.services.lifecycle import advance


@dataclass(frozen=True)
class Asked:
    """One row on the page that asks for the reason; `why` where it cannot be done."""

    workload: Workload
    requirements: list[Requirement]
    why: str


class StepActions(HouseAdmin):
    """Mixed into the admin of workloads."""

    actions = (
        "move_to_planned",
        "move_to_committed",
        "move_to_live",
        "decommit",
        "withdraw",
        "retire",
    )

    @admin.action(description="Move to planned")
    def move_to_planned(
        self, request: HttpRequest, queryset: QuerySet[Workload]
    ) -> None:
        self._advance_each(request, queryset, Status.PLANNED)

    @admin.action(description="Commit")
    def move_to_committed(
        self, request: HttpRequest, queryset: QuerySet[Workload]
    ) -> None:
        self._advance_each(request, queryset, Status.COMMITTED)

    @admin.action(description="Go live")
    def move_to_live(self, request: HttpRequest, queryset: QuerySet[Workload]) -> None:
        self._advance_each(request, queryset, Status.LIVE)

    @admin.action(description="De-commit, with a reason")
    def decommit(
        self, request: HttpRequest, queryset: QuerySet[Workload]
    ) -> TemplateResponse | None:
        return self._with_reason(request, queryset, Status.PLANNED, "De-commit")

    @admin.action(description="Withdraw to candidate, with a reason")
    def withdraw(
        self, request: HttpRequest, queryset: QuerySet[Workload]
    ) -> TemplateResponse | None:
        return self._with_reason(request, queryset, Status.CANDIDATE, "Withdraw")

    @admin.action(description="Retire, with a reason")
    def retire(
        self, request: HttpRequest, queryset: QuerySet[Workload]
    ) -> TemplateResponse | None:
        return self._with_reason(request, queryset, Status.RETIRED, "Retire")

    def _with_reason(
        self, request: HttpRequest, queryset: QuerySet[Workload], to: Status, verb: str
    ) -> TemplateResponse | None:
        """First the page with what holds for each row; its form comes back here."""
        reason = request.POST.get("reason", "").strip()
        if "confirmed" in request.POST and reason:
            self._advance_each(request, queryset, to, reason)
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": f"{verb}: {queryset.count()} of the plan's rows",
            "opts": self.opts,
            "verb": verb,
            "to": to,
            "action_name": request.POST.get("action", ""),
            "checkbox_name": ACTION_CHECKBOX_NAME,
            "asked": _asked(queryset, to, actor_of(request), clock.now()),
            "reason_missing": "confirmed" in request.POST,
        }
        return TemplateResponse(request, "admin/workloads/step.html", context)

    def _advance_each(
        self,
        request: HttpRequest,
        queryset: QuerySet[Workload],
        to: Status,
        reason: str = "",
    ) -> None:
        ordered = queryset.order_by("number")
        if to == Status.PLANNED and reason:
            ordered = self._only_committed(request, ordered)
        self.run_each(
            request,
            ordered,
            lambda workload: advance(
                number=workload.number,
                to=to,
                actor=actor_of(request),
                reason=reason,
                if_version=_seen(request, workload),
                now=clock.now(),
            ),
            f"{to} now",
        )

    def _only_committed(
        self, request: HttpRequest, queryset: QuerySet[Workload]
    ) -> QuerySet[Workload]:
        """A candidate that is de-committed must not be moved forward to planned."""
        for workload in queryset.exclude(status=Status.COMMITTED):
            self.message_user(
                request,
                f"{workload}: it is {workload.status}; only what is committed is "
                "de-committed.",
                messages.ERROR,
            )
        return queryset.filter(status=Status.COMMITTED)


def _asked(
    queryset: QuerySet[Workload], to: Status, actor: User, now: datetime
) -> list[Asked]:
    numbers = list(queryset.values_list("number", flat=True))
    found = rows_with_requirements().filter(number__in=numbers).order_by("number")
    return [_asked_of(workload, to, actor, now) for workload in found]


def _asked_of(workload: Workload, to: Status, actor: User, now: datetime) -> Asked:
    step = step_between(Status(workload.status), to)
    if step is None or (to == Status.PLANNED and step.source != Status.COMMITTED):
        return Asked(workload, [], f"It is {workload.status}: no such step from there.")
    request = StepRequest(to=to)
    requirements = [
        requirement
        for requirement in requirements_of_step(
            workload, step=step, request=request, now=now
        )
        # The page asks for it itself.
        if requirement.code != "reason_given"
    ]
    if access.allows(actor, step.action, workload):
        return Asked(workload, requirements, "")
    who = access.capitalised(access.who_can(step.action, workload))
    return Asked(workload, requirements, f"{who} can.")


def _seen(request: HttpRequest, workload: Workload) -> int | None:
    """The version that the page with the reason showed; none on a direct action."""
    seen: Any = request.POST.get(f"version_{workload.pk}", "")
    return int(seen) if seen.isdecimal() else None
