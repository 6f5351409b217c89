"""Accounts: who pays for which users, and whom mails about their gates go to."""

import re
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from capacity.forms.gate_exceptions import AccountForm
from capacity.models import Account
from capacity.services.accounts import create_account, edit_account
from capacity.views.listing import (
    Bar,
    Choice,
    as_file,
    one_of,
    paged,
    text_of,
    window,
)
from portal.kernel import access, clock, formats
from portal.kernel.errors import NotFound, Problem
from portal.kernel.pages.refusals import show_refusal
from portal.kernel.pages.toast import toast
from workloads.views.reasons import why_not

SEEN = re.compile(r"[0-9]{1,9}")
PAGE = "gates:accounts"
ORDERS = {"": "code", "name": "name", "edited": "-edited_at"}
HEADINGS = ("Id", "Name", "Owner", "Billing administrator", "Edited at")


@require_http_methods(["GET", "HEAD", "POST"])
def accounts(request: HttpRequest) -> HttpResponse:
    """GET lists accounts beside the form; POST adds one."""
    form = AccountForm()
    refused: Problem | None = None
    if request.method == "POST":
        access.require(request.user, "gate_account.edit")
        form = AccountForm(request.POST)
        if form.is_valid():
            try:
                made = create_account(
                    actor=request.user,  # type: ignore[arg-type]
                    values=form.cleaned_data,
                    now=clock.now(),
                )
            except Problem as problem:
                refused = problem
                show_refusal(form, problem)
            else:
                toast(request, f"Account {made.code} is added.")
                return redirect(PAGE)
    context = {**_context(request), "form": form}
    status = refused.status if refused else 400 if form.errors else 200
    return render(request, "capacity/gates/accounts.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest, code: str) -> HttpResponse:
    """GET is the page of one; POST changes its name and addresses."""
    found = Account.objects.filter(code=code).first()
    if found is None:
        raise NotFound(f'There is no account "{code}".')
    form = AccountForm(initial=_said(found), is_new=False)
    refused: Problem | None = None
    if request.method == "POST":
        access.require(request.user, "gate_account.edit")
        form = AccountForm(request.POST, is_new=False)
        seen = request.POST.get("if_version", "")
        if form.is_valid():
            try:
                edit_account(
                    code=code,
                    actor=request.user,  # type: ignore[arg-type]
                    changes=form.cleaned_data,
                    now=clock.now(),
                    if_version=int(seen) if SEEN.fullmatch(seen) else 0,
                )
            except Problem as problem:
                refused = problem
                show_refusal(form, problem)
            else:
                toast(request, f"Account {code} is changed.")
                return redirect(PAGE)
    context = {
        "title": found.name,
        "lede": f"Runtimes send it as {found.code}.",
        "crumbs": [
            ("Gates", reverse("gates:list")),
            ("Accounts", reverse(PAGE)),
            (found.code, None),
        ],
        "account": found,
        "form": form,
        "why": why_not(request.user, "gate_account.edit"),
        "api": f"/api/v1/accounts/{found.code}/",
    }
    status = refused.status if refused else 400 if form.errors else 200
    return render(request, "capacity/gates/account.html", context, status=status)


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


def _said(found: Account) -> dict[str, str]:
    return {
        "name": found.name,
        "owner_email": found.owner_email,
        "billing_email": found.billing_email,
    }
