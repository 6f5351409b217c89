"""Baselines: the plan as quarterly reviews froze it, and any two of them compared."""

from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from portal.kernel import clock, formats
from portal.kernel.access import require
from portal.kernel.models import User
from portal.kernel.pages.toast import toast
from portal.kernel.periods import Quarter
from portal.kernel.selectors.numbers import current
from workloads.enums import CostGate, Moment
from workloads.forms.baselines import BaselineForm
from workloads.models import PlanBaseline
from workloads.selectors.baselines import (
    baselines,
    compare_baselines,
    get_baseline,
)
from workloads.services.baselines import take_baseline
from workloads.views.plan import TABS
from workloads.views.reasons import why_not

FIELDS = {
    "name": "Workload",
    "owner": "Owner",
    "status": "Status",
    "ship_quarter": "Ship quarter",
    "users": "Users",
    "sessions_per_user_month": "Sessions/user/month",
    "tokens_per_user_month": "Tokens/user/month",
    "tokens_per_month": "Tokens/month",
    "ops_hours_week": "Ops hours/week",
    "model_tier": "Model tier",
    "cost_gate": "Cost gate",
    "estimate_version": "Estimate",
}


@require_http_methods(["GET", "HEAD", "POST"])
def listing(request: HttpRequest) -> HttpResponse:
    """GET lists them, newest first; POST takes one."""
    now = clock.now()
    here = Quarter.of(clock.today(now), current().fiscal_year_starts)
    form = BaselineForm(
        request.POST if request.method == "POST" else None,
        initial={"quarter": here.label},
    )
    if request.method == "POST":
        require(request.user, "baseline.take")
        if form.is_valid():
            user: User = request.user  # type: ignore[assignment]
            taken = take_baseline(
                actor=user,
                quarter=Quarter.parse(form.cleaned_data["quarter"]),
                moment=Moment(form.cleaned_data["moment"]),
                now=now,
            )
            toast(request, f"{taken} holds {len(taken.rows)} rows of the plan.")
            return redirect("workloads:baselines")
    found = list(baselines())
    context = {
        "title": "Baselines",
        "lede": _lede(found),
        "tabs": TABS,
        "baselines": [_line(one) for one in found],
        "form": form,
        "why": why_not(request.user, "baseline.take"),
    }
    status = 400 if form.errors else 200
    return render(request, "workloads/baselines/list.html", context, status=status)


@require_safe
def baseline(request: HttpRequest, number: int) -> HttpResponse:
    """One baseline, with the rows as they stood."""
    found = get_baseline(number)
    context = {
        "title": f"{found}, {_name(found)}",
        "lede": f"{len(found.rows)} rows, frozen by {found.taken_by.display_name}.",
        "crumbs": _crumbs(str(found)),
        "baseline": found,
        "rows": [_row(row) for row in found.rows],
        "others": [_line(one) for one in baselines() if one.pk != found.pk],
    }
    return render(request, "workloads/baselines/baseline.html", context)


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """`?from=1&to=2`: rows, status, quarter and each budget, before and after."""
    earlier = get_baseline(_number(request.GET.get("from", "")))
    later = get_baseline(_number(request.GET.get("to", "")))
    changed = compare_baselines(earlier, later)
    context = {
        "title": f"{earlier} → {later}",
        "lede": _difference(earlier, later, changed),
        "crumbs": _crumbs(f"{earlier} → {later}"),
        "earlier": earlier,
        "later": later,
        "rows": [_compared(row) for row in changed],
        "heads": _heads(earlier, later),
    }
    return render(request, "workloads/baselines/compare.html", context)


def _number(text: str) -> int:
    """A reference as the address holds it: 3 or B-3; 0, which there is none of, else."""
    digits = text.upper().removeprefix("B-")
    return int(digits) if digits.isdecimal() and len(digits) < 9 else 0


def _name(found: PlanBaseline) -> str:
    return f"{formats.quarter(found.quarter)} review {found.moment}"


def _line(found: PlanBaseline) -> dict[str, Any]:
    return {
        "number": found.number,
        "ref": str(found),
        "name": _name(found),
        "taken_at": found.taken_at,
        "taken_by": found.taken_by.display_name,
        "rows": len(found.rows),
    }


def _lede(found: list[PlanBaseline]) -> str:
    if not found:
        return "A quarterly review freezes the plan when it opens and when it closes."
    return f"{found[0]} is the newest: {_name(found[0])}. Any two can be compared."


def _crumbs(name: str) -> list[tuple[str, str | None]]:
    return [
        ("Plan", reverse("workloads:plan-table")),
        ("Baselines", reverse("workloads:baselines")),
        (name, None),
    ]


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, **{f"{name}_words": _words(name, row.get(name)) for name in FIELDS}}


def _words(name: str, value: Any) -> str:
    """A frozen value as pages write it."""
    if value in (None, ""):
        return formats.BLANK
    match name:
        case "ship_quarter":
            return formats.quarter(value)
        case "cost_gate":
            return CostGate(value).sheet
        case "estimate_version":
            return f"v{value}"
        case "name" | "owner" | "status" | "model_tier":
            return str(value)
    return formats.short(Decimal(str(value)))


def _compared(row: dict[str, Any]) -> dict[str, Any]:
    changes = [
        {
            "field": FIELDS[name],
            "before": _words(name, before),
            "after": _words(name, after),
        }
        for name, (before, after) in row["changes"].items()
    ]
    return {**row, "changes": changes if row["change"] == "changed" else []}


def _difference(
    earlier: PlanBaseline, later: PlanBaseline, rows: list[dict[str, Any]]
) -> str:
    if not rows:
        return f"{_name(earlier)} and {_name(later)} hold the same rows."
    counts = [
        f"{count} {kind}"
        for kind in ("added", "removed", "changed")
        if (count := sum(row["change"] == kind for row in rows))
    ]
    return f"From {_name(earlier)} to {_name(later)}: {', '.join(counts)}."


def _heads(earlier: PlanBaseline, later: PlanBaseline) -> list[dict[str, Any]]:
    """The quarters that both hold: a line a budget, never one for several."""
    before = {head["quarter"]: head for head in earlier.heads}
    return [
        {
            "quarter": formats.quarter(head["quarter"]),
            "lines": [
                _budget("Tokens", before[head["quarter"]], head, ("tokens", "tokens")),
                _budget(
                    "Ops h/week", before[head["quarter"]], head, ("ops", "hours_week")
                ),
            ],
        }
        for head in later.heads
        if head["quarter"] in before
    ]


def _budget(
    label: str, old: dict[str, Any], new: dict[str, Any], path: tuple[str, str]
) -> dict[str, str]:
    part, name = path
    before = Decimal(str(old.get(part, {}).get(name) or 0))
    after = Decimal(str(new.get(part, {}).get(name) or 0))
    return {
        "label": label,
        "before": formats.short(before),
        "change": formats.change(before, after),
        "after": formats.short(after),
    }
