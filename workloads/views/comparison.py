"""Two versions of an estimate side by side, and what each change does to each budget."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.views.decorators.http import require_safe

from portal.kernel import clock, formats
from portal.kernel.templatetags import look
from workloads.forms.inputs import ALL_INPUTS
from workloads.rules.comparison import EFFECT_LINES, Effect, Effects, effects_of
from workloads.selectors.estimates import (
    budgets_json,
    get_estimate,
    inputs_if_submitted,
)
from workloads.selectors.plan import get_workload
from workloads.selectors.signoffs import shown_state
from workloads.selectors.sizing import sizing_on
from workloads.views.showing import figure_rows, grouped_rows, tier_row
from workloads.views.versions import crumbs_of, versions_of

TITLES = {"tokens": "Tokens", "compute": "Compute", "ops": "Ops"}
MODELS = {"primary_model": "Model", "degrade_model": "Second model"}


@require_safe
def compare(request: HttpRequest, ref: str, version: int, other: int) -> HttpResponse:
    """Input by input, and what each budget makes of it; the older version stands left."""
    workload = get_workload(ref)
    before, after = (get_estimate(workload, v) for v in sorted((version, other)))
    today = clock.today(clock.now())
    sizing = sizing_on(today)
    old, new = budgets_json(before, sizing), budgets_json(after, sizing)
    # A draft takes its models when it is submitted; until then they are the row's.
    inputs = inputs_if_submitted(before), inputs_if_submitted(after)
    parts = [("Model", [tier_row(*inputs)]), *grouped_rows(*inputs)]
    effects = effects_of(
        *inputs,
        budgets_before=old,
        budgets_after=new,
        size=lambda some: sizing.budgets(some).as_json(),
    )
    context = {
        "workload": workload,
        "before": before,
        "after": after,
        "before_state": shown_state(before, today),
        "after_state": shown_state(after, today),
        "title": f"{workload.ref}: v{before.version} beside v{after.version}",
        "lede": f"{workload.name}. Input by input, and what each budget makes of it.",
        "crumbs": crumbs_of(workload, "Compare"),
        "budgets": [
            (title, [row.with_units() for row in figure_rows(code, old, new)])
            for code, title in TITLES.items()
        ],
        "groups": [
            (title, [row.with_units() for row in rows]) for title, rows in parts
        ],
        "effects": list(_effect_rows(effects, new["tokens"]["currency"])),
        "versions": versions_of(workload),
    }
    return render(request, "workloads/estimates/compare.html", context)


def _effect_rows(effects: Effects, currency: str) -> Iterator[dict[str, Any]]:
    """One line a changed input, then the prices where they moved, then the whole."""
    for name, effect in effects.by_input.items():
        if name in ALL_INPUTS:
            yield _effect_row(ALL_INPUTS[name].label, effect, currency)
        elif name in MODELS:
            yield _effect_row(MODELS[name], effect, currency)
    if any(effects.prices.values()):
        yield _effect_row("Prices and numbers of the model", effects.prices, currency)
    if effects.by_input or any(effects.prices.values()):
        yield {**_effect_row("Together", effects.whole, currency), "whole": True}


def _effect_row(label: str, effect: Effect, currency: str) -> dict[str, Any]:
    cells = [_cell(line, effect[line], currency) for line in EFFECT_LINES]
    return {"label": label, "cells": list(zip(HEADS, cells, strict=True))}


HEADS = (
    "Tokens/month",
    "Cost of tokens/month",
    "Peak sessions",
    "Cost of compute/month",
    "Ops h/week",
)


def _cell(line: tuple[str, str], amount: Decimal | None, currency: str) -> str:
    """+$1,310, or nothing said where it moves nothing."""
    if amount is None:
        return formats.BLANK
    if line[1] == "peak_concurrent_sessions":
        amount = round(amount, 2)
    if not amount:
        return "0"
    sign = "+" if amount > 0 else formats.MINUS
    if line[1] == "cost_per_month":
        return f"{sign}{formats.money(abs(amount), currency)}"
    return format_html('<span class="nb">{}{}</span>', sign, look.short(abs(amount)))
