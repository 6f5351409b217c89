"""Variance in money with its outlook, weeks that cost too much, and likely loops."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from capacity.formulas.variance import Variance
from capacity.formulas.weekly import PARTS
from capacity.rules.actuals.entries import Kind
from capacity.selectors.problems import NotForecast
from capacity.selectors.token_alerts import (
    Alert,
    LikelyLoop,
    likely_loops,
    weekly_alerts,
)
from capacity.selectors.variance import BudgetVariance, YearVariance, year_variance
from portal.kernel import clock
from portal.kernel.enums import Role
from portal.kernel.formats import MINUS, in_full, money
from portal.kernel.models import User
from portal.kernel.selectors import numbers
from workloads.enums import Status
from workloads.models import Workload
from workloads.rules.shown import ref_of

TABS = (
    (Kind.OPS, "Ops hours"),
    (Kind.COMPUTE, "Compute"),
    (Kind.TOKENS, "Tokens"),
)
PART_WORDS = dict(
    zip(
        PARTS,
        (
            "users",
            "sessions per user",
            "tokens per session",
            "retries",
            "model mix",
            "price",
        ),
        strict=True,
    )
)
SHORT_HASH = 8


def tabs_of(current: str) -> list[tuple[str, str, bool]]:
    """The kinds of actuals and the variance, as (address, words, whether it is here)."""
    page = reverse("capacity:actuals")
    kinds = [(f"{page}?of={kind}", words, kind == current) for kind, words in TABS]
    variance = reverse("capacity:actuals-variance")
    return [*kinds, (variance, "Variance", current == "variance")]


@require_safe
def variance(request: HttpRequest) -> HttpResponse:
    """The fiscal year so far against its forecast, and what stands out by week."""
    today = clock.today(clock.now())
    current = numbers.current()
    year: YearVariance | None = None
    no_price = ""
    try:
        year = year_variance(today)
    except NotForecast as missing:
        no_price = missing.detail
    user: User = request.user  # type: ignore[assignment]
    rows = Workload.objects.values_list("number", "name", "status")
    plan = {ref_of(number): (name, status) for number, name, status in rows}
    context = {
        "tabs": tabs_of("variance"),
        "year": year.year if year else None,
        "no_price": no_price,
        "budgets": [_budget(one, plan, year.currency) for one in year.budgets]
        if year
        else [],
        "alerts": [_alert(one, current.currency) for one in weekly_alerts(today)],
        "loops": _loops(likely_loops(today), user),
        "loop_tool_calls": current.loop_tool_calls,
        "part_words": list(PART_WORDS.values()),
    }
    return render(request, "capacity/actuals/variance.html", context)


def _budget(
    one: BudgetVariance, plan: Mapping[str, tuple[str, str]], currency: str
) -> dict[str, Any]:
    return {
        "name": str(one.budget),
        "months": len(one.months),
        "until": str(one.months[-1]) if one.months else "",
        "rows": [
            _row(*_named(row.name, plan), row.split, currency) for row in one.rows
        ],
        "total": _row("Together", "", one.total, currency),
        "forecast_year": money(one.forecast_year, currency),
        "outlook_year": money(one.outlook_year, currency),
        "over": _signed(one.outlook_year - one.forecast_year, currency),
    }


def _named(row: str, plan: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
    """W-01 with its name, and why nothing of it may have been used."""
    name, status = plan.get(row, ("", ""))
    idle = "committed, not live yet" if status == Status.COMMITTED else ""
    return f"{row} {name}".strip(), idle


def _row(name: str, idle: str, split: Variance, currency: str) -> dict[str, str]:
    return {
        "name": name,
        "idle": idle,
        "forecast": money(split.forecast, currency),
        "actual": money(split.actual, currency),
        "difference": _signed(split.difference, currency),
        "volume": _signed(split.volume, currency),
        "mix": _signed(split.mix, currency),
        "price": _signed(split.price, currency),
    }


def _alert(one: Alert, currency: str) -> dict[str, Any]:
    return {
        "ref": one.ref,
        "week": one.week,
        "cost": money(one.told.cost, currency),
        "before": money(one.told.before, currency),
        "ratio": in_full(one.ratio, 1),
        "parts": [
            (PART_WORDS[name], _signed(one.told.parts[name], currency))
            for name in PARTS
        ],
    }


def _loops(loops: list[LikelyLoop], user: User) -> list[dict[str, Any]]:
    """Who it was is for ops, finance and the workload's owner; others see a hash."""
    own = set(
        Workload.objects.filter(
            owner=user, pk__in={one.workload_id for one in loops}
        ).values_list("pk", flat=True)
    )
    may = user.has_role(Role.OPS, Role.FINANCE, Role.RUNTIME)
    return [
        {
            "ref": one.ref,
            "day": one.day,
            "user": one.user_ref
            if may or one.workload_id in own
            else sha256(one.user_ref.encode()).hexdigest()[:SHORT_HASH],
            "sessions": in_full(one.sessions),
            "tool_calls": in_full(one.tool_calls),
            "calls_per_session": in_full(one.calls_per_session),
        }
        for one in loops
    ]


def _signed(amount: Any, currency: str) -> str:
    """No sign before what rounds to nothing."""
    nothing = money(0, currency)
    text = money(abs(amount), currency)
    return text if text == nothing else f"{'+' if amount > 0 else MINUS}{text}"
