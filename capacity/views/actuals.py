"""Actuals: what was used, entered by month and week, corrected and never changed."""

from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from capacity.enums import OpsCategory
from capacity.forms.actuals import FORMS, read_actuals_filter, workload_choices
from capacity.rules.actuals.entries import COUNTS, Kind
from capacity.rules.actuals.words import in_words
from capacity.selectors.actuals_ground import known_lines
from capacity.selectors.actuals_table import (
    PLATFORM,
    ActualsFilter,
    Order,
    Show,
    counted,
    entry_values,
    ref_in,
    rows_of,
)
from capacity.services.actuals import enter_compute, enter_ops, enter_tokens
from capacity.views.actuals_rows import (
    FILE_HEADINGS,
    HEADS,
    file_row,
    row_of,
)
from capacity.views.quarters import quarters_context
from capacity.views.variance import tabs_of
from portal.forms.views import rows_of as saved_rows
from portal.kernel import clock
from portal.kernel.access import require
from portal.kernel.errors import NotFound, Problem
from portal.kernel.formats import in_full
from portal.kernel.models import User
from portal.kernel.pages.paging import address_with, page_number, paging_for
from portal.kernel.pages.refusals import show_refusal
from portal.kernel.pages.selects import select
from portal.kernel.pages.toast import toast
from portal.kernel.periods import Quarter
from portal.kernel.selectors import numbers
from portal.kernel.selectors.saved_views import views_of
from workloads.services.sheets.writer import CONTENT_TYPES, write_csv, write_xlsx
from workloads.views.reasons import why_not

PAGE = "capacity:actuals"
PAGE_SIZE = 50
WRITERS = {"csv": write_csv, "xlsx": write_xlsx}
ENTER: dict[Kind, Any] = {
    Kind.COMPUTE: enter_compute,
    Kind.OPS: enter_ops,
    Kind.TOKENS: enter_tokens,
}
VERBS = {
    Kind.OPS: "Enter hours",
    Kind.COMPUTE: "Enter a cost or a peak",
    Kind.TOKENS: "Enter usage",
}
ORDERS = (
    (Order.NEWEST, "Newest period first"),
    (Order.OLDEST, "Oldest period first"),
    (Order.LARGEST, "Largest first"),
    (Order.ENTERED, "Last entered first"),
)
SHOWS = ((Show.ALL, "All"), (Show.STANDING, "Standing"), (Show.CORRECTED, "Corrected"))
QUARTERS_BACK = 12


@require_http_methods(["GET", "HEAD", "POST"])
def actuals(request: HttpRequest) -> HttpResponse:
    """GET lists entries of one kind beside the form; POST enters one."""
    asked = read_actuals_filter(request.GET)
    refused: Problem | None = None
    form = FORMS[asked.of](initial=_initial(request, asked.of))
    if request.method == "POST":
        require(request.user, f"actuals.{asked.of}")
        form = FORMS[asked.of](request.POST)
        if form.is_valid():
            refused = _enter(request, asked.of, form)
            if refused is None:
                return redirect(f"{reverse(PAGE)}?of={asked.of}")
            show_refusal(form, refused)
    status = refused.status if refused else 400 if form.errors else 200
    context = {**_context(request, asked), "form": form}
    return render(request, "capacity/actuals/page.html", context, status=status)


@require_safe
def export(request: HttpRequest, kind: str) -> HttpResponse:
    """Every row that the page's filters leave, in its order."""
    if kind not in WRITERS:
        raise NotFound("Actuals are exported as CSV or XLSX.")
    asked = read_actuals_filter(request.GET)
    rows = (file_row(asked.of, row) for row in rows_of(asked).iterator())
    response = HttpResponse(
        WRITERS[kind](FILE_HEADINGS[asked.of], rows), content_type=CONTENT_TYPES[kind]
    )
    day = clock.today(clock.now())
    name = f"actuals-{asked.of}-{day:%Y-%m-%d}.{kind}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _enter(request: HttpRequest, kind: Kind, form: Any) -> Problem | None:
    """None when it is entered; else why it is not."""
    user: User = request.user  # type: ignore[assignment]
    try:
        made = ENTER[kind](actor=user, entry=form.entry(), now=clock.now())
    except Problem as problem:
        return problem
    if made.is_new:
        toast(request, f"Entry {made.row.pk} is made.")
    else:
        toast(request, f"Entry {made.row.pk} says this already; nothing changed.")
    return None


def _initial(request: HttpRequest, kind: Kind) -> dict[str, Any]:
    """The form of a correction holds what the corrected entry says."""
    text = request.GET.get("corrects", "")
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        return {}
    row = entry_values(kind, int(text))
    if row is None:
        return {}
    said = {
        name: row[name]
        for name in (
            *("month", "line", "amount", "peak_concurrent_sessions"),
            *("week", "category", "hours", *COUNTS),
        )
        if name in row
    }
    return {**said, "workload": ref_in(row) or "", "corrects": row["id"]}


def _context(request: HttpRequest, asked: ActualsFilter) -> dict[str, Any]:
    counts = counted(asked)
    start = (page_number(request) - 1) * PAGE_SIZE
    rows = list(rows_of(asked)[start : start + PAGE_SIZE])
    query = request.GET.copy()
    for name in ("page", "corrects"):
        query.pop(name, None)
    kept = query.urlencode()
    saved = saved_rows(views_of(request.user, PAGE))  # type: ignore[arg-type]
    return {
        "title": "Actuals",
        "lede": "What was really used. An entry is never changed; a newer one that "
        "names it takes its place.",
        "tabs": tabs_of(asked.of),
        "of": asked.of,
        "heads": HEADS[asked.of],
        "rows": [row_of(asked.of, row) for row in rows],
        "paging": paging_for(
            request, size=PAGE_SIZE, shown=len(rows), total=counts[asked.show]
        ),
        "is_narrowed": asked.is_narrowed or asked.show is not Show.ALL,
        "verb": VERBS[asked.of],
        "why": why_not(request.user, f"actuals.{asked.of}"),
        "search": asked.search,
        "kept": [("of", asked.of), *([("show", asked.show)] if asked.show else [])],
        "selects": _selects(asked),
        "chips": [
            {
                "words": words,
                "count": in_full(counts[show]),
                "href": address_with(
                    request, show=show, page=None, corrects=None, of=asked.of
                ),
                "current": asked.show is show,
            }
            for show, words in SHOWS
        ],
        "saved": [{**row, "current": row["view"].query == kept} for row in saved],
        "save_href": f"{reverse('portal:view-new')}?page={PAGE}&query={quote(kept)}",
        "query": f"?{kept}" if kept else f"?of={asked.of}",
        **quarters_context(request.user, asked.quarter, clock.now()),
    }


def _selects(asked: ActualsFilter) -> list[dict[str, Any]]:
    starts = numbers.current().fiscal_year_starts
    this = Quarter.of(clock.today(clock.now()), starts)
    quarters = [this.plus(-back) for back in range(QUARTERS_BACK)]
    if asked.quarter is not None and asked.quarter not in quarters:
        quarters.append(asked.quarter)
    selects = [
        select(
            "quarter",
            "Quarter",
            [("", "Any quarter"), *((str(one), one.label) for one in quarters)],
            str(asked.quarter or ""),
        )
    ]
    if asked.of is Kind.COMPUTE:
        lines = [(line, in_words(line)) for line in sorted(known_lines())]
        selects.append(select("what", "Line", [("", "Any line"), *lines], asked.what))
    else:
        platform = [(PLATFORM, "The platform")] if asked.of is Kind.OPS else []
        choices = [("", "Any workload"), *platform, *workload_choices()]
        selects.append(select("workload", "Workload", choices, asked.workload))
    if asked.of is Kind.OPS:
        words = [(str(one), in_words(one)) for one in OpsCategory]
        selects.append(
            select("what", "Category", [("", "Any category"), *words], asked.what)
        )
    orders = [(str(order), words) for order, words in ORDERS]
    return [*selects, select("order", "Order", orders, str(asked.order))]
