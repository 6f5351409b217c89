"""One workload: where it stands, what it lacks, who signed, what it costs."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from portal.kernel import access, clock, formats
from portal.kernel.models import User
from portal.kernel.pages.joints import panels_of
from portal.kernel.pages.toast import toast
from portal.kernel.selectors import audit
from workloads.enums import ReadinessCheck, Status
from workloads.models import Estimate, Workload
from workloads.requirements import READINESS_WORDS
from workloads.selectors.estimates import (
    budgets_json,
    inputs_if_submitted,
    is_waiting_unsigned,
    versions,
)
from workloads.selectors.lead_times import lead_time_of
from workloads.selectors.plan import get_workload
from workloads.selectors.requirements import road_for
from workloads.selectors.signoffs import marks_of, shown_state
from workloads.selectors.sizing import sizing_on
from workloads.services.reminders import ask_for_requirement
from workloads.views.budgets import cards_of
from workloads.views.conditions import Reader, reader_of, shown_requirements
from workloads.views.history import told_of
from workloads.views.reasons import door, why_not
from workloads.views.signatures import shown_signatures
from workloads.views.steps import next_step_of, other_steps_of, stepper_of
from workloads.views.words import by_the_system

HISTORY_SHOWN = 8
ESTIMATES_SHOWN = 20


@require_safe
def workload(request: HttpRequest, ref: str) -> HttpResponse:
    now = clock.now()
    found = get_workload(ref)
    user: User = request.user  # type: ignore[assignment]
    reader = reader_of(user, found, now)
    steps = list(found.steps.select_related("actor").order_by("sequence"))
    road = shown_requirements(road_for(found, to=Status.LIVE, now=now), found, reader)
    step = next_step_of(found, user, road)
    why_edit = why_not(user, "workload.edit", found)
    context = {
        "workload": found,
        "title": found.name,
        "lede": _lede(found),
        "crumbs": [("Plan", reverse("workloads:plan-table")), (found.ref, None)],
        "now": now,
        "steps": stepper_of(found, steps, step),
        "step": step,
        "others": other_steps_of(found, user),
        "road": _by_status(road),
        "missing": [row for row in road if step and row["to"] == step.to],
        "may_ask": access.allows(user, "requirement.ask", found),
        "who_asks": access.who_can("requirement.ask", found),
        "notes": _notes(found, road, now),
        "lead_time": _lead_time(found, steps, now),
        "criteria": list(found.criteria.all()),
        "readiness": _readiness(found),
        "why_edit": why_edit,
        "why_estimate": why_not(user, "estimate.write", found),
        "why_criteria": why_not(user, "criteria.edit", found),
        "why_readiness": why_not(user, "readiness.edit", found),
        "doors": " ".join(
            filter(
                None,
                [
                    door("Edit and estimate", why_edit),
                    door(step.verb, step.why) if step else "",
                ],
            )
        ),
        "api": f"/api/v1/workloads/{found.ref}/",
        "panels": panels_of(found, now),
        **_estimates(found, reader),
        **_history(found),
    }
    return render(request, "workloads/workload/page.html", context)


@require_POST
def ask(request: HttpRequest, ref: str, code: str) -> HttpResponse:
    found = get_workload(ref)
    reminder = ask_for_requirement(
        number=found.number,
        code=code,
        actor=request.user,  # type: ignore[arg-type]
        now=clock.now(),
    )
    asked = [user.display_name for user in reminder.asked.all()]
    toast(request, f"Asked by mail: {', '.join(asked)}.")
    return redirect("workloads:workload", ref=found.ref)


def _lede(found: Workload) -> str:
    """Purpose, owner, department, ship quarter: read out in one breath."""
    owner = f"Owned by {found.owner_name}" if found.owner_name else "No owner yet"
    department = f", {found.department.name}" if found.department else ""
    quarter = formats.quarter(found.ship_quarter)
    ships = f"Ships in {quarter}." if found.ship_quarter else "No ship quarter yet."
    purpose = f"{found.purpose.strip().rstrip('.')}. " if found.purpose.strip() else ""
    return f"{purpose}{owner}{department}. {ships}"


def _by_status(road: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    return [
        (str(status), [row for row in road if row["to"] == status])
        for status in (Status.PLANNED, Status.COMMITTED, Status.LIVE)
    ]


def _notes(
    found: Workload, road: list[dict[str, Any]], now: datetime
) -> list[dict[str, str]]:
    notes = []
    newest = found.submitted_estimate
    if newest and is_waiting_unsigned(found) and found.shown_estimate:
        marks = marks_of(newest, clock.today(now))
        lacking = [str(role) for role, mark in marks.items() if mark != "signed"]
        notes.append(
            {
                "fact": "Re-estimate unsigned.",
                "sentence": (
                    f"v{newest.version} waits for {formats.listed(lacking)}. The plan shows the "
                    f"figures of v{found.shown_estimate.version}, which are signed."
                ),
                "link": reverse("workloads:estimate", args=[found.ref, newest.version]),
                "label": f"Open v{newest.version}",
            }
        )
    draft = found.draft_estimate
    if draft and (wrote := by_the_system(draft)):
        notes.append(
            {
                "fact": "A draft waits.",
                "sentence": f"{wrote}It changes nothing until it is submitted.",
                "link": reverse("workloads:estimate", args=[found.ref, draft.version]),
                "label": f"Open v{draft.version}",
            }
        )
    asked = found.requested_status
    order = list(Status)
    if asked and order.index(Status(asked)) > order.index(Status(found.status)):
        lacks = [
            row
            for row in road
            if not row["met"]
            and order.index(Status(row["to"])) <= order.index(Status(asked))
        ]
        notes.append(
            {
                "fact": f"An imported plan asks for {asked}.",
                "sentence": _unmet(len(lacks)),
                "link": "#road",
                "label": "See the road",
            }
        )
    return notes


def _unmet(count: int) -> str:
    if not count:
        return "Nothing is missing on that road: it can be moved."
    if count == 1:
        return "One requirement stands on that road unmet."
    return f"{count} requirements stand on that road unmet."


def _estimates(found: Workload, reader: Reader) -> dict[str, Any]:
    today = clock.today(reader.now)
    rows = list(versions(found)[:ESTIMATES_SHOWN])
    shown, newest = found.shown_estimate, found.submitted_estimate
    sizing = sizing_on(today)
    return {
        "estimates": [_estimate_row(row, today, rows) for row in rows],
        "signatures": (
            shown_signatures(
                newest,
                found,
                user=reader.user,
                people=reader.people,
                barred=reader.barred,
                today=today,
            )
            if newest
            else []
        ),
        "cards": (
            cards_of(inputs_if_submitted(shown), budgets_json(shown, sizing))
            if shown
            else []
        ),
    }


def _estimate_row(row: Estimate, today: Any, rows: list[Estimate]) -> dict[str, Any]:
    state = shown_state(row, today)
    marks = marks_of(row, today)
    earlier = next((one for one in rows if one.version < row.version), None)
    refused = [role for role, mark in marks.items() if mark == "refused"]
    return {
        "estimate": row,
        "state": f"refused by {refused[0]}" if refused else state,
        "is_signed": state == "signed",
        "marks": {str(role): mark for role, mark in marks.items()},
        "earlier": earlier.version if earlier else None,
    }


def _readiness(found: Workload) -> list[dict[str, Any]]:
    done = {item.item: item for item in found.readiness.all()}
    return [
        {"words": READINESS_WORDS[check], "item": done.get(check)}
        for check in ReadinessCheck
    ]


def _lead_time(found: Workload, steps: list[Any], now: datetime) -> dict[str, Any]:
    measured = lead_time_of(found, steps, now)
    return {
        "days_to_live": measured.days_to_live,
        "stays": [
            (status.capitalize(), measured.days_in_status[status])
            for status in map(str, Status)
            if status in measured.days_in_status
        ],
        "hours_to_add": measured.hours_to_add,
    }


def _history(found: Workload) -> dict[str, Any]:
    entries = audit.entries(object_=found.ref)
    return {
        "history": [
            told_of(entry) for entry in entries.select_related("actor")[:HISTORY_SHOWN]
        ],
        "history_total": entries.count(),
        "history_link": f"{reverse('portal:audit')}?object={found.ref}",
    }
