"""Accounts: who pays for which users, and whom mails about their gates go to."""

from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from capacity.models import Account
from capacity.views.listing import (
    Bar,
    Choice,
    as_file,
    one_of,
    paged,
    text_of,
    window,
)
from portal.kernel import clock, formats
from workloads.views.reasons import why_not

PAGE = "gates:accounts"
ORDERS = {"": "code", "name": "name", "edited": "-edited_at"}
HEADINGS = ("Id", "Name", "Owner", "Billing administrator", "Edited at")


@require_safe
def accounts(request: HttpRequest) -> HttpResponse:
    return render(request, "capacity/gates/accounts.html", _context(request))


@require_safe
def export(request: HttpRequest, kind: str) -> HttpResponse:
    lines = (
        (
            one.code,
            one.name,
            one.owner_email,
            one.billing_email,
            formats.rfc3339(one.edited_at),
        )
        for one in _rows(request).iterator()
    )
    return as_file("accounts", kind, HEADINGS, lines)


def _rows(request: HttpRequest) -> Any:
    rows = Account.objects.all()
    for word in text_of(request, "q").split():
        rows = rows.filter(
            Q(code__icontains=word)
            | Q(name__icontains=word)
            | Q(owner_email__icontains=word)
            | Q(billing_email__icontains=word)
        )
    return rows.order_by(ORDERS[one_of(request, "order", ORDERS)], "code")


def _context(request: HttpRequest) -> dict[str, Any]:
    rows = _rows(request)
    today = clock.today(clock.now())
    standing = Count(
        "exceptions",
        filter=Q(exceptions__ends_on__gte=today, exceptions__ended_at__isnull=True),
    )
    found = list(rows.annotate(raised=standing)[window(request)])
    bar = Bar(
        PAGE,
        text_of(request, "q"),
        [
            Choice(
                "order",
                "Order",
                [
                    ("", "By id"),
                    ("name", "By name"),
                    ("edited", "Last edited first"),
                ],
                one_of(request, "order", ORDERS),
            )
        ],
    )
    return {
        "title": "Accounts",
        "lede": "Who pays for which users. Mails about their gates go to the owner, metered "
        "overage to the billing administrator; without an account, to the workload's owner.",
        "rows": found,
        "why": why_not(request.user, "gate_account.edit"),
        "is_narrowed": bool(bar.search),
        **bar.context(request),
        **paged(request, len(found), rows.count()),
    }
