"""Spend limits: each with what its period has cost so far, setting and ending one."""

from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from capacity.enums import LimitPeriod, LimitScope
from capacity.forms.gate_controls import LimitForm, ReasonForm
from capacity.models import SpendLimit
from capacity.selectors.spend_limits import (
    Spent,
    get_limit,
    spent_against,
    standing_limits,
    tag_of,
)
from capacity.services.spend_limits import end_limit, require_limiter, set_limit
from capacity.views.listing import (
    Bar,
    Chip,
    Choice,
    as_file,
    one_of,
    paged,
    text_of,
    window,
)
from portal.kernel import access, clock, formats
from portal.kernel.errors import Conflict, Problem, Stale
from portal.kernel.models import User
from portal.kernel.pages.refusals import show_refusal
from portal.kernel.pages.toast import toast
from portal.kernel.selectors import numbers
from workloads.models import Department

PAGE = "gates:limits"
MOST_EXPORTED = 10_000
HEADINGS = (
    "Scope",
    "Target",
    "Period",
    "Amount",
    "Alert at",
    "Spent this period",
    "Currency",
    "Set at",
    "Set by",
    "Reason",
    "Ended at",
)


@require_http_methods(["GET", "HEAD", "POST"])
def limits(request: HttpRequest) -> HttpResponse:
    """GET lists limits beside the form; POST sets one."""
    scope = one_of(request, "limit", LimitScope)
    initial = {"scope": scope, "target": text_of(request, "target")} if scope else {}
    form = LimitForm(initial={"alert_at": 80, **initial})
    refused: Problem | None = None
    if request.method == "POST":
        user: User = request.user  # type: ignore[assignment]
        # Who may not limit this is told so before anything is said of the form.
        require_limiter(user, request.POST.get("scope"), request.POST.get("target"))
        form = LimitForm(request.POST)
        if form.is_valid():
            refused = _set(request, form, user)
            if refused is None:
                return redirect(PAGE)
            show_refusal(form, refused)
    context = {**_context(request), "form": form, "why": _why(request.user)}
    status = refused.status if refused else 400 if form.errors else 200
    return render(request, "capacity/gates/limits.html", context, status=status)


@require_safe
def export(request: HttpRequest, kind: str) -> HttpResponse:
    currency = numbers.current().currency
    told = spent_against(list(_rows(request)[:MOST_EXPORTED]), clock.now())
    rows = (_file_row(one, currency) for one in told)
    return as_file("spend-limits", kind, HEADINGS, rows)


@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest, limit_id: int) -> HttpResponse:
    """GET is the page of one limit; POST ends it with a reason."""
    found = get_limit(limit_id)
    form = ReasonForm()
    refused: Problem | None = None
    if request.method == "POST":
        user: User = request.user  # type: ignore[assignment]
        require_limiter(user, found.scope, found.target)
        form = ReasonForm(request.POST)
        if form.is_valid():
            try:
                end_limit(
                    id=found.pk,
                    reason=form.cleaned_data["reason"],
                    actor=user,
                    now=clock.now(),
                    if_match=request.POST.get("if_match") or tag_of(found),
                )
            except (Conflict, Stale) as problem:
                refused = problem
                show_refusal(form, problem)
            else:
                toast(request, f"The limit of {found.target} has ended.")
                return redirect(PAGE)
    currency, names = numbers.current().currency, _names()
    row = _row(spent_against([found], clock.now())[0], currency, names)
    context = {
        "title": f"Spend limit of {row['name']}",
        "crumbs": [
            ("Gates", reverse("gates:list")),
            ("Spend limits", reverse(PAGE)),
            (f"Limit {found.pk}", None),
        ],
        "lede": row["sentence"],
        "row": row,
        "tag": tag_of(found),
        "form": form,
        "why": _why_end(request.user, found),
        "api": f"/api/v1/gates/spend-limits/{found.pk}/",
    }
    status = refused.status if refused else 400 if form.errors else 200
    return render(request, "capacity/gates/limit.html", context, status=status)


def _set(request: HttpRequest, form: LimitForm, user: User) -> Problem | None:
    sent = form.cleaned_data
    try:
        made = set_limit(
            scope=LimitScope(sent["scope"]),
            target=sent["target"],
            period=LimitPeriod(sent["period"]),
            amount=sent["amount"],
            alert_at=sent["alert_at"],
            reason=sent["reason"],
            actor=user,
            now=clock.now(),
        )
    except Problem as problem:
        if problem.status == 403:
            raise
        return problem
    toast(
        request,
        f"{made.row.target} is limited from the next decision on."
        if made.is_new
        else "This limit stood already; nothing changed.",
    )
    return None


def _why(user: Any) -> str:
    if access.allows(user, "spend_limit.set"):
        return ""
    heads = Department.objects.filter(head=user.pk).exists()
    return "" if heads else "The finance lead can; a department's head its own."


def _why_end(user: Any, found: SpendLimit) -> str:
    department = found.scope == LimitScope.DEPARTMENT
    action = "spend_limit.set_for_department" if department else "spend_limit.set"
    subject = (
        Department.objects.select_related("head").filter(code=found.target).first()
        if department
        else None
    )
    if access.allows(user, action, subject):
        return ""
    return f"{access.capitalised(access.who_can(action, subject))} can."


def _rows(request: HttpRequest) -> Any:
    rows = SpendLimit.objects.select_related("set_by")
    for word in text_of(request, "q").split():
        rows = rows.filter(Q(target__icontains=word) | Q(reason__icontains=word))
    for name, words in (("scope", LimitScope), ("period", LimitPeriod)):
        chosen = one_of(request, name, words)
        if chosen:
            rows = rows.filter(**{name: chosen})
    if one_of(request, "show", ("ended",)):
        rows = rows.filter(ended_at__isnull=False)
    else:
        rows = rows.filter(ended_at__isnull=True)
    orders = {"": "-id", "oldest": "id", "amount": "-amount", "target": "target"}
    return rows.order_by(orders[one_of(request, "order", orders)], "-id")


def _context(request: HttpRequest) -> dict[str, Any]:
    rows = _rows(request)
    currency, names = numbers.current().currency, _names()
    told = spent_against(list(rows[window(request)]), clock.now())
    show = one_of(request, "show", ("ended",))
    bar = Bar(
        PAGE,
        text_of(request, "q"),
        [
            Choice(
                "scope",
                "Of what",
                [("", "Anything"), *((str(one), str(one)) for one in LimitScope)],
                one_of(request, "scope", LimitScope),
            ),
            Choice(
                "period",
                "Period",
                [
                    ("", "Day or month"),
                    *((str(one), f"a {one}") for one in LimitPeriod),
                ],
                one_of(request, "period", LimitPeriod),
            ),
            Choice(
                "order",
                "Order",
                [
                    ("", "Newest first"),
                    ("oldest", "Oldest first"),
                    ("amount", "Largest first"),
                    ("target", "By target"),
                ],
                one_of(request, "order", ("oldest", "amount", "target")),
            ),
        ],
        [
            Chip("show", "", "Standing", standing_limits().count(), not show),
            Chip("show", "ended", "Ended", None, bool(show)),
        ],
        kept=[("show", show)] if show else [],
        dropped=("page", "limit", "target"),
    )
    return {
        "title": "Spend limits",
        "lede": "Money a day or month. Reached, every call is held until the period "
        "ends; before that, one alert.",
        "currency": currency,
        "rows": [_row(one, currency, names) for one in told],
        "is_narrowed": any(
            request.GET.get(name) for name in ("q", "scope", "period", "show")
        ),
        **bar.context(request),
        **paged(request, len(told), rows.count()),
    }


def _names() -> dict[str, str]:
    return dict(Department.objects.values_list("code", "name"))


def _row(one: Spent, currency: str, names: dict[str, str]) -> dict[str, Any]:
    limit = one.limit
    spent = formats.money(one.total, currency)
    amount = formats.money(limit.amount, currency)
    state = "ok"
    if one.is_reached:
        state = "stop"
    elif one.is_alerted:
        state = "wait"
    name = names.get(limit.target, limit.target)
    return {
        "limit": limit,
        "name": name if limit.scope == LimitScope.DEPARTMENT else limit.target,
        "href": _href(limit),
        "spent": spent,
        "amount": amount,
        "load": float(one.total),
        "most": float(limit.amount),
        "words": f"{spent} of {amount} a {limit.period}",
        "tone": state,
        "state": {"ok": "Under it", "wait": "Alerted", "stop": "Reached: held"}[state],
        "alert_at": formats.share(limit.alert_at),
        "reserved": formats.money(one.reserved, currency) if one.reserved else "",
        "sentence": _sentence(one, spent, amount),
    }


def _sentence(one: Spent, spent: str, amount: str) -> str:
    if one.limit.ended_at is not None:
        return "It has ended and holds nothing any more."
    period = "today" if one.limit.period == LimitPeriod.DAY else "this month"
    if one.is_reached:
        return f"{spent} of {amount} are spent {period}: every call is held."
    return f"{spent} of {amount} are spent {period}."


def _href(limit: SpendLimit) -> str:
    if limit.scope == LimitScope.WORKLOAD:
        return reverse("gates:gate", args=[limit.target])
    if limit.scope == LimitScope.DEPARTMENT:
        return reverse("workloads:department", args=[limit.target])
    return ""


def _file_row(one: Spent, currency: str) -> tuple[Any, ...]:
    limit = one.limit
    return (
        limit.scope,
        limit.target,
        limit.period,
        limit.amount,
        limit.alert_at,
        one.total.quantize(Decimal("0.01")),
        currency,
        formats.rfc3339(limit.set_at),
        limit.set_by.username if limit.set_by else "",
        limit.reason,
        formats.rfc3339(limit.ended_at) if limit.ended_at else "",
    )
