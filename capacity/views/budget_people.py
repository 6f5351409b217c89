"""Traps and people on the page of the budgets: means that hide what they are made of."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from capacity.formulas.people import shared_forecast
from capacity.formulas.prices import NoPrice
from capacity.formulas.rounding import round_half_up
from capacity.formulas.traps import Floor
from capacity.selectors.exposure import Exposure
from capacity.selectors.outlook import Outlook
from capacity.selectors.overlap import Overlap, bounds
from capacity.selectors.traps import Averaged, floor_of, new_in
from capacity.views.budget_words import dated, month_in_words, rounded
from portal.kernel import formats
from portal.kernel.pages.words import count_word
from portal.kernel.templatetags import look
from workloads.enums import COUNTED, Status

MOST_IN_MATRIX = 8
MOST_EQUALLED = 3


def averaging_panel(outlook: Outlook) -> dict[str, Any]:
    """Each new workload beside what averaging it in would have forecast."""
    found = new_in(outlook.everything, outlook.quarter)
    return {
        "rows": [_averaged(one) for one in found],
        "others": formats.listed(found[0].others)
        if found and len(found[0].others) <= 3
        else "the others",
        "formula": (
            "Averaged = users-weighted mean tokens/user/month of all live and committed "
            "workloads except this one, × its users. Off by = averaged ÷ own − 1."
        ),
    }


def _averaged(one: Averaged) -> dict[str, Any]:
    off = -rounded(one.trap.undersized_by, 4)
    users = one.workload.users
    return {
        "ref": one.workload.ref,
        "averaged": look.short(one.trap.tokens_per_user_month * users),
        "own": look.short(one.trap.own_tokens_per_user_month * users),
        "off": formats.share(off),
        "short": off < 0,
        "title": formats.in_full(off * 100, 1) + " %",
    }


def floor_panel(outlook: Outlook) -> dict[str, Any] | None:
    """The quarter's last month on the dearest model; None without a workload or price."""
    if outlook.shown.no_price is not None:
        return None
    try:
        floor = floor_of(outlook.on, outlook.last_month)
    except NoPrice:
        return None
    if floor is None or not floor.cost_on_dearest:
        return None
    return _floor(floor, outlook)


def _floor(floor: Floor, outlook: Outlook) -> dict[str, Any]:
    currency = outlook.currency
    return {
        "model": floor.model,
        "month": dated(outlook.last_month),
        "cost": look.money(floor.cost, currency),
        "dearest": look.money(floor.cost_on_dearest, currency),
        "saved": look.money(floor.saved, currency),
        "share": formats.share(rounded(floor.saved / floor.cost_on_dearest, 4)),
    }


def users_panel(outlook: Outlook) -> dict[str, Any]:
    """Bounds from the plan, and the matrix once there is usage."""
    held = bounds(outlook.on)
    estimated = sum(one.status != Status.RETIRED for one in outlook.on.plan.sized)
    panel = {
        "at_least": formats.in_full(held.at_least),
        "at_most": formats.in_full(held.at_most),
        "workloads": f"the {count_word(estimated).lower()} estimated workloads"
        if estimated != 1
        else "the one estimated workload",
        "any": bool(estimated),
    }
    if outlook.overlap is None or not outlook.overlap.is_measured:
        return panel
    return panel | _matrix(outlook.overlap, outlook)


def _matrix(found: Overlap, outlook: Outlook) -> dict[str, Any]:
    refs = sorted(found.users, key=lambda ref: (-found.users[ref], ref))
    shown = sorted(refs[:MOST_IN_MATRIX])
    forecast = {
        one.ref: one.users for one in outlook.on.plan.sized if one.status in COUNTED
    }
    return {
        "measured": formats.in_full(found.unique_users),
        "month": month_in_words(found.month),
        "refs": shown,
        "rows": [
            (ref, [_shared(found, ref, other) for other in shown]) for ref in shown
        ],
        "left_out": len(refs) - len(shown),
        "pairs": [
            _pair(found, pair, shared, forecast)
            for pair, shared in found.shared.items()
            if shared and set(pair) <= set(shown)
        ],
    }


def _shared(found: Overlap, ref: str, other: str) -> str:
    if ref == other:
        return formats.in_full(found.users[ref])
    pair = (ref, other) if (ref, other) in found.shared else (other, ref)
    return formats.in_full(found.shared[pair])


def _pair(
    found: Overlap, pair: tuple[str, str], shared: int, forecast: Mapping[str, int]
) -> dict[str, str]:
    smaller = min(found.users[ref] for ref in pair)
    ahead = "—"
    if set(pair) <= set(forecast):
        exact = shared_forecast(shared, found.users, forecast, pair)
        number = Decimal(exact.numerator) / Decimal(exact.denominator)
        ahead = formats.in_full(round_half_up(number))
    return {
        "names": f"{pair[0]} and {pair[1]}",
        "shared": formats.in_full(shared),
        "share": formats.share(rounded(Decimal(shared) / smaller, 4)),
        "forecast": ahead,
    }


def spread_rows(outlook: Outlook) -> list[dict[str, Any]]:
    """Each workload's users of the month, beside the mean that its estimate uses."""
    sized = {one.ref: one for one in outlook.everything.plan.sized}
    rows = []
    for ref, one in outlook.spreads.items():
        stated = sized.get(ref)
        rows.append(
            {
                "ref": ref,
                "users": formats.in_full(one.users),
                "estimate": look.short(stated.per_user.total) if stated else "—",
                "mean": look.short(round(one.mean)),
                "p50": look.short(one.p50),
                "p90": look.short(one.p90),
                "p99": look.short(one.p99),
                "top1": formats.share(rounded(one.share_of_top_1_percent, 4)),
                "top10": formats.share(rounded(one.share_of_top_10_percent, 4)),
                **_exposed(outlook.exposures.get(ref), outlook.currency),
            }
        )
    return rows


def _exposed(found: Exposure | None, currency: str) -> dict[str, Any]:
    """$4,200 and W-02 and W-07; a gate that is active holds the cost."""
    if found is None:
        return {"at_p99": "gated", "equals": formats.BLANK}
    if found.cost is None:
        return {"at_p99": "no price", "equals": formats.BLANK}
    return {
        "at_p99": look.money(found.cost, currency),
        "equals": _named(found.equals)
        if found.equals
        else "less than any other budget",
    }


def _named(refs: Sequence[str]) -> str:
    more = len(refs) - MOST_EQUALLED
    shown = list(refs[:MOST_EQUALLED]) + ([f"{more} more"] if more > 0 else [])
    return formats.listed(shown)


def workload_rows(outlook: Outlook) -> dict[str, Any]:
    """Each workload's part of the quarter. Compute does not add up to the platform's:
    fixed lines are nobody's, and sharing saves."""
    shown, currency = outlook.shown, outlook.currency
    priced = shown.no_price is None
    rows = []
    own_compute = Decimal(0)
    for one in outlook.on.plan.sized:
        parts = [
            month.by_workload[one.ref]
            for month in shown.months
            if one.ref in month.by_workload
        ]
        if not parts:
            continue
        compute = sum((part.compute_cost for part in parts), Decimal(0))
        own_compute += compute
        rows.append(
            {
                "ref": one.ref,
                "status": one.status,
                "model": one.model,
                "tokens": look.short(sum(part.tokens.total for part in parts)),
                "cost": look.money(
                    sum((part.tokens_cost for part in parts), Decimal(0)), currency
                )
                if priced
                else formats.BLANK,
                "peak": formats.in_full(
                    max(part.peak_concurrent_sessions for part in parts), 1
                ),
                "compute": look.money(compute, currency),
                "hours": formats.in_full(one.ops_hours_week),
                "ships": one.first_quarter == outlook.quarter,
            }
        )
    fixed = sum((month.compute.fixed_cost for month in shown.months), Decimal(0))
    return {
        "rows": rows,
        "fixed": look.money(fixed, currency),
        "sharing": look.money(shown.compute_cost - fixed - own_compute, currency),
        "tokens": look.money(shown.tokens_cost, currency),
        "compute": look.money(shown.compute_cost, currency),
    }
