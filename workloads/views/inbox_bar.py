"""The inbox's filter bar: what can be asked of it, all of it in the address."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from portal.forms.views import rows_of
from portal.kernel.formats import in_full, quarter
from portal.kernel.pages.paging import Paging, page_number
from portal.kernel.pages.selects import select
from portal.kernel.selectors.saved_views import views_of
from workloads.enums import SignRole
from workloads.rules.plan_filter import ABSENT
from workloads.rules.wait_filter import Order, Wait, WaitFilter, Whose
from workloads.selectors.plan_choices import Choices, plan_choices

PAGE = "workloads:approvals"
ITEMS_A_PAGE = 50
CHIPS = ((Whose.ALL, "All"), (Whose.YOURS, "Yours"), (Whose.OVERDUE, "Overdue"))
ROLES = tuple((str(role), f"{role.capitalize()}: {role.budget}") for role in SignRole)
WAITS = (
    (str(Wait.SIGN), "Never signed"),
    (str(Wait.AGAIN), "Withdrawn or lapsed"),
    (str(Wait.RENEW), "Lapses soon"),
)
ORDERS = (
    (str(Order.OLDEST), "Longest wait first"),
    (str(Order.NEWEST), "Newest first"),
    (str(Order.QUARTER), "By ship quarter"),
    (str(Order.REF), "By reference"),
)
# Parameters of the bar; anything else in an address is not carried along.
NAMES = ("q", "role", "wait", "quarter", "owner", "department", "only", "order")


def query_of(request: HttpRequest, *, page: bool = False) -> QueryDict:
    """The filters in the address, and the page where it is wanted."""
    query = QueryDict(mutable=True)
    for name in (*NAMES, "page") if page else NAMES:
        value = request.GET.get(name)
        # The form sends every field; what asks for nothing makes no link longer.
        if value and (name, value) != ("order", Order.OLDEST):
            query[name] = value
    return query


def inbox_address(request: HttpRequest, **changes: object) -> str:
    """The list with these filters, some of them changed; None takes one out."""
    query = query_of(request)
    for name, value in changes.items():
        if value in (None, "", 1):
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"{reverse(PAGE)}{suffix(query)}"


def suffix(query: QueryDict) -> str:
    return f"?{query.urlencode()}" if query else ""


def bar_of(
    request: HttpRequest, asked: WaitFilter, counted: Mapping[Whose, int]
) -> dict[str, Any]:
    """The context of the filter bar, of the export's links and of the saved views."""
    query = query_of(request)
    only = query.get("only")
    kept = query.urlencode()
    saved = rows_of(views_of(request.user, PAGE))  # type: ignore[arg-type]
    return {
        "bar_action": reverse(PAGE),
        "search": asked.workloads.search,
        "selects": _selects(asked, plan_choices()),
        "chips": [
            {
                "words": words,
                "count": in_full(counted[whose]),
                "href": inbox_address(request, only=str(whose)),
                "current": asked.only == whose,
            }
            for whose, words in CHIPS
        ],
        "kept": [("only", only)] if only else [],
        "saved": [{**row, "current": row["view"].query == kept} for row in saved],
        "save_href": f"{reverse('portal:view-new')}?page={PAGE}&query={quote(kept)}",
        "query": suffix(query),
        "everything": reverse(PAGE),
        "is_narrowed": asked.is_narrowed,
    }


def paging_of(request: HttpRequest, shown: int, total: int) -> Paging | None:
    """Nothing where one page holds it all."""
    number = page_number(request)
    start = (number - 1) * ITEMS_A_PAGE
    if total <= ITEMS_A_PAGE and number == 1:
        return None
    before = inbox_address(request, page=number - 1) if number > 1 else None
    more = start + shown < total and shown
    after = inbox_address(request, page=number + 1) if more else None
    return Paging(start, shown, total, before, after)


def _selects(asked: WaitFilter, choices: Choices) -> list[dict[str, Any]]:
    workloads = asked.workloads
    known = dict.fromkeys(choices.quarters)
    if workloads.quarter not in ("", ABSENT):
        # What is asked for shows in the bar, also where nothing ships in it.
        known[workloads.quarter] = None
    quarters = [(one, quarter(one)) for one in sorted(known)]
    return [
        select(
            "role", "Signature", [("", "Any signature"), *ROLES], str(asked.role or "")
        ),
        select(
            "wait",
            "What it waits for",
            [("", "Any wait"), *WAITS],
            str(asked.wait or ""),
        ),
        select(
            "quarter",
            "Ship quarter",
            [("", "Any quarter"), *quarters, (ABSENT, "No quarter")],
            workloads.quarter,
        ),
        select(
            "owner",
            "Owner",
            [("", "Any owner"), *choices.owners, (ABSENT, "No owner")],
            workloads.owner,
        ),
        select(
            "department",
            "Department",
            [("", "Any department"), *choices.departments, (ABSENT, "No department")],
            workloads.department,
        ),
        select("order", "Order", ORDERS, str(asked.order)),
    ]
