"""The plan as a table: filter, sort, group, page; every state of it is an address."""

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from portal.kernel import clock
from portal.kernel.access import capitalised, who_can
from portal.kernel.formats import in_full, quarter
from portal.kernel.pages.paging import address_with, page_number, paging_for
from portal.kernel.pages.selects import select
from workloads.enums import Status
from workloads.forms.plan import read_filter
from workloads.rules.plan_filter import ABSENT, Group, Only, PlanFilter, Sort
from workloads.selectors.plan_choices import Choices, plan_choices
from workloads.selectors.plan_marks import submitted_versions
from workloads.selectors.plan_table import (
    PlanRow,
    Summary,
    page_of,
    summary_of,
    sums_by_group,
)
from workloads.views.plan_edits import may_edit, offer_edits
from workloads.views.plan_heads import (
    GroupHead,
    key_of,
    lede,
    quarter_heads,
    status_name,
    sums_head,
    totals,
)
from workloads.views.plan_lacks import lacks_html
from workloads.views.plan_rows import asks_for_more, cells_of, row_html
from workloads.views.reasons import why_not

PAGE_SIZE = 100
FIGURES = {Sort.USERS, Sort.SESSIONS, Sort.TOKENS, Sort.OPS_HOURS}
HEADINGS: tuple[tuple[Sort, str], ...] = (
    (Sort.NAME, "Workload"),
    (Sort.OWNER, "Owner"),
    (Sort.STATUS, "Status"),
    (Sort.USERS, "Users"),
    (Sort.SESSIONS, mark_safe("Sessions<br>/user/month")),
    (Sort.TOKENS, mark_safe("Tokens<br>/user/month")),
    (Sort.OPS_HOURS, mark_safe("Ops<br>hours/week")),
    (Sort.MODEL_TIER, "Model tier"),
    (Sort.COST_GATE, "Cost gate"),
    (Sort.SHIP_QUARTER, "Ship quarter"),
)
CHIPS = (
    (Only.ALL, "All"),
    (Only.UNSIGNED, "Missing a signature"),
    (Only.NO_GATE, "No gate"),
)
# What the filter bar carries along besides its own fields.
KEPT = ("only", "sort", "edit")
TABS = (
    ("Table", "workloads:plan-table"),
    ("Roadmap", "workloads:plan-roadmap"),
    ("Baselines", "workloads:baselines"),
    ("Lead times", "workloads:lead-times"),
)


@require_safe
def plan_table(request: HttpRequest) -> HttpResponse:
    """One page of the plan; the number of queries is the same for one row and 10,000."""
    today = clock.today(clock.now())
    asked = read_filter(request.GET)
    summary = summary_of(asked, today)
    start = (page_number(request) - 1) * PAGE_SIZE
    rows = page_of(asked, today, start, PAGE_SIZE)
    choices = plan_choices()
    editing = request.GET.get("edit") == "on"
    context = {
        "title": "Scale-out plan",
        "lede": lede(summary, 0 if asked.is_narrowed else len(choices.quarters)),
        "tabs": TABS,
        "columns": _columns(request, asked),
        "groups": _groups(request, rows, asked, summary, today, editing=editing),
        "totals": totals(summary),
        "paging": paging_for(
            request, size=PAGE_SIZE, shown=len(rows), total=summary.rows
        ),
        "asked": asked,
        "editing": editing,
        "edit": _edit(request, rows, editing=editing),
        "is_empty": not summary.chips[Only.ALL] and not asked.is_narrowed,
        "everything": reverse("workloads:plan-table"),
        **_bar(request, asked, summary, choices),
        **_doors(request),
    }
    return render(request, "workloads/plan/table.html", context)


def _columns(request: HttpRequest, asked: PlanFilter) -> list[dict[str, Any]]:
    """Heads that sort: up, then down, then back to the order of references."""
    columns = []
    for sort, words in HEADINGS:
        here = asked.sort == sort
        then = f"-{sort}" if here and not asked.descending else sort
        direction = ("descending" if asked.descending else "ascending") if here else ""
        if sort == Sort.NAME and asked.sort == Sort.REF:
            direction = "descending" if asked.descending else "ascending"
        columns.append(
            {
                "words": words,
                "href": address_with(
                    request,
                    sort=None if here and asked.descending else then,
                    page=None,
                ),
                "direction": direction,
                "n": sort in FIGURES,
            }
        )
    return columns


def _groups(
    request: HttpRequest,
    rows: Sequence[PlanRow],
    asked: PlanFilter,
    summary: Summary,
    today: date,
    *,
    editing: bool,
) -> list[dict[str, Any]]:
    submitted = submitted_versions(
        [row.submitted_id for row in rows if row.submitted_id], today
    )
    lacks = address_with(request, lacks="~")[:-1]
    opened = request.GET.get("lacks", "")
    heads = _heads(rows, asked, summary, today)
    groups = []
    for key, members in groupby(rows, key=lambda row: key_of(row, asked.group)):
        lines = []
        for row in members:
            cells = cells_of(row, submitted.get(row.submitted_id or 0), lacks)
            if editing:
                offer_edits(cells, row, request.user)
            lines.append(row_html(cells))
            if opened == cells["ref"] and asks_for_more(row):
                lines.append(lacks_html(row, address_with(request, lacks=None)))
        groups.append({"head": heads.get(key), "rows": mark_safe("\n".join(lines))})  # noqa: S308
    return groups


def _heads(
    rows: Sequence[PlanRow], asked: PlanFilter, summary: Summary, today: date
) -> dict[str, GroupHead]:
    if asked.group == Group.QUARTER:
        return quarter_heads(dict.fromkeys(row.ship_quarter for row in rows))
    if asked.group == Group.STATUS:
        return {
            status: sums_head(status_name(status), sums)
            for status, sums in summary.by_status.items()
        }
    if asked.group == Group.NONE:
        return {}
    nobody = "No owner" if asked.group == Group.OWNER else "No department"
    return {
        name: sums_head(name or nobody, sums)
        for name, sums in sums_by_group(asked, today).items()
    }


def _bar(
    request: HttpRequest,
    asked: PlanFilter,
    summary: Summary,
    choices: Choices,
) -> dict[str, Any]:
    """The filter bar: what can be asked, with what is asked marked."""
    kept = [(name, request.GET[name]) for name in KEPT if request.GET.get(name)]
    address = reverse("portal:view-new")
    query = request.GET.copy()
    for name in ("page", "lacks"):
        query.pop(name, None)
    return {
        "search": asked.search,
        "selects": _selects(asked, choices),
        "chips": [
            {
                "words": words,
                "count": in_full(summary.chips[only]),
                "href": address_with(request, only=str(only), page=None),
                "current": asked.only == only,
            }
            for only, words in CHIPS
        ],
        "kept": kept,
        "save_href": (
            f"{address}?page=workloads:plan-table&query={quote(query.urlencode())}"
        ),
        "query": f"?{query.urlencode()}" if query else "",
    }


def _selects(asked: PlanFilter, choices: Choices) -> list[dict[str, Any]]:
    groups = [
        (str(group), "No groups" if group == Group.NONE else f"Group by {group}")
        for group in Group
    ]
    quarters = [(one, quarter(one)) for one in choices.quarters]
    return [
        select("group", "Group by", groups, str(asked.group)),
        *road_selects(asked, choices),
        select(
            "quarter",
            "Ship quarter",
            [("", "Any quarter"), *quarters, (ABSENT, "No quarter")],
            asked.quarter,
        ),
    ]


def road_selects(asked: PlanFilter, choices: Choices) -> list[dict[str, Any]]:
    """The filters that both readings of the plan have."""
    statuses = [(str(one), str(one).capitalize()) for one in Status]
    departments = [*choices.departments, (ABSENT, "No department")]
    return [
        select("status", "Status", [("", "Any status"), *statuses], asked.status),
        select(
            "owner",
            "Owner",
            [("", "Any owner"), *choices.owners, (ABSENT, "No owner")],
            asked.owner,
        ),
        select(
            "department",
            "Department",
            [("", "Any department"), *departments],
            asked.department,
        ),
    ]


def _edit(
    request: HttpRequest, rows: Sequence[PlanRow], *, editing: bool
) -> dict[str, Any]:
    """The switch that turns cells into fields; open to whoever may change a row shown."""
    able = any(may_edit(request.user, row) for row in rows)
    return {
        "href": address_with(request, edit=None if editing else "on"),
        "on": editing,
        "why": "" if able else f"{capitalised(who_can('workload.edit'))} can.",
    }


def _doors(request: HttpRequest) -> dict[str, Any]:
    """The buttons of the head; a door that is closed says who can open it."""
    return {
        "why_import": why_not(request.user, "plan.import"),
        "why_propose": why_not(request.user, "workload.propose"),
    }
