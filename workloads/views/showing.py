"""How one input of an estimate reads, and how it changed between two versions."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import mark_safe

from portal.kernel import formats
from portal.kernel.templatetags import look
from workloads.forms.inputs import (
    ALL_INPUTS,
    GROUPS,
    OWN_PROFILE,
    PROFILE_NAMES,
    SOURCE_WORDS,
    Input,
)
from workloads.rules.estimates import SOURCED_INPUTS, EstimateInputs, source_of
from workloads.rules.shown import model_tier_of

NOT_PRICED = mark_safe('<span class="uncomputed">no price</span>')


@dataclass(frozen=True)
class Row:
    """One line of a ticket or of a comparison; `same` lines are grey."""

    label: str
    before: str
    change: str
    after: str
    unit: str = ""
    same: bool = False
    source: str = ""

    def with_units(self) -> dict[str, Any]:
        """As the ticket's component takes it: no unit stands beside nothing."""
        return {
            "label": self.label,
            "before": _with_unit(self.before, self.unit),
            "change": self.change,
            "after": _with_unit(self.after, self.unit),
            "same": self.same,
        }


def _with_unit(figure: str, unit: str) -> str:
    if not unit or figure in (formats.BLANK, NOT_PRICED):
        return figure
    return format_html('{} <span class="unit">{}</span>', figure, unit)


def shown(one: Input, value: Any) -> str:
    """The value alone; its unit stands beside it."""
    if value is None or value == "":
        return formats.BLANK
    if one.kind == "profile":
        return PROFILE_NAMES[value] if isinstance(value, str) else OWN_PROFILE
    if one.kind == "text":
        return str(value)
    if one.kind == "percent":
        return formats.in_full(value * 100)
    return look.short(value)


def row_between(
    one: Input, before: EstimateInputs | None, after: EstimateInputs
) -> Row:
    """One input in both versions; without an earlier one there is nothing before."""
    new = getattr(after, one.name)
    old = getattr(before, one.name) if before else None
    return Row(
        label=one.label,
        before=shown(one, old) if before else formats.BLANK,
        change=change_between(one, old, new) if before else "",
        after=shown(one, new),
        unit=one.unit if one.kind != "factor" else "",
        same=before is not None and old == new,
        source=(
            SOURCE_WORDS[str(source_of(after, one.name))]
            if one.name in SOURCED_INPUTS and new is not None
            else ""
        ),
    )


def change_between(one: Input, old: Any, new: Any) -> str:
    if old == new:
        return "same"
    if one.kind in ("profile", "text"):
        return "changed"
    if old is None:
        return "new"
    if new is None:
        return "left out"
    if one.kind == "percent":
        step = (new - old) * Decimal(100)
        return f"{formats.signed(step)}{formats.NBSP}points"
    return formats.change(old, new)


def is_stated(one: Input, before: EstimateInputs | None, after: EstimateInputs) -> bool:
    """Whether a version says anything about an input: what both leave out is no line."""
    return any(
        getattr(version, one.name) not in (None, "")
        for version in (before, after)
        if version
    )


def rows_of(
    names: tuple[str, ...], before: EstimateInputs | None, after: EstimateInputs
) -> list[Row]:
    return [
        row_between(ALL_INPUTS[name], before, after)
        for name in names
        if is_stated(ALL_INPUTS[name], before, after)
    ]


def grouped_rows(
    before: EstimateInputs | None, after: EstimateInputs
) -> list[tuple[str, list[Row]]]:
    """Every stated input by group, in the order of the form."""
    groups = [
        (group.title, rows_of(tuple(one.name for one in group.inputs), before, after))
        for group in GROUPS
    ]
    declared = after.declared_tokens_per_user_month is not None
    only_declared = declared and (
        before is None or before.declared_tokens_per_user_month is not None
    )
    only_formula = not declared and (
        before is None or before.declared_tokens_per_user_month is None
    )
    hidden = {"Tokens by the formula"} if only_declared else set()
    hidden |= {"Tokens as declared"} if only_formula else set()
    return [(title, rows) for title, rows in groups if rows and title not in hidden]


def tier_row(before: EstimateInputs | None, after: EstimateInputs) -> Row:
    """The models that a version runs on, the degrade model after the arrow."""
    new = model_tier_of(after.primary_model, after.degrade_model)
    old = model_tier_of(before.primary_model, before.degrade_model) if before else ""
    same = before is not None and old == new
    return Row(
        label="Model tier",
        before=_breakable(old),
        change="" if before is None else "same" if same else "changed",
        after=_breakable(new),
        same=same,
    )


def _breakable(tier: str) -> str:
    """Where the column is narrow, the second model stands below the first."""
    first, arrow, second = tier.partition("→")
    if not arrow:
        return tier or formats.BLANK
    return format_html("{}→<wbr>{}", first, second)


FIGURES = {
    "tokens": (
        ("tokens_per_user_month", "Tokens/user/month", ""),
        ("tokens_per_month", "Tokens at full adoption", "/month"),
        ("cost_per_month", "Cost at full adoption", "/month"),
    ),
    "compute": (
        ("peak_concurrent_sessions", "Peak concurrent sessions, its own", ""),
        ("cost_per_month", "Cost of compute", "/month"),
    ),
    "ops": (("hours_week", "Stable hours", "h/week"),),
}
"""What each budget comes to: name in the budgets, label, unit."""


def figure_rows(
    budget: str, before: Mapping[str, Any] | None, after: Mapping[str, Any]
) -> list[Row]:
    """What one budget was and is; a cost without a price on the rate card says so."""
    rows = []
    for name, label, unit in FIGURES[budget]:
        old = _number(name, before[budget]) if before else None
        new = _number(name, after[budget])
        rows.append(
            Row(
                label=label,
                before=_figure(name, old, after[budget]) if before else formats.BLANK,
                change=_step(name, old, new, after[budget], first=before is None),
                after=_figure(name, new, after[budget]),
                unit=unit if new is not None else "",
                same=before is not None and old == new,
            )
        )
    return rows


def _number(name: str, budget: Mapping[str, Any]) -> Decimal | None:
    value = budget.get(name)
    if value is None:
        return None
    number = Decimal(str(value))
    # Peaks are exact; two decimals say all that a person compares.
    return round(number, 2) if name == "peak_concurrent_sessions" else number


def _figure(name: str, value: Decimal | None, budget: Mapping[str, Any]) -> str:
    if name == "cost_per_month":
        if value is None:
            return NOT_PRICED
        return formats.money(value, budget["currency"])
    return formats.BLANK if value is None else look.short(value)


def _step(
    name: str,
    old: Decimal | None,
    new: Decimal | None,
    budget: Mapping[str, Any],
    *,
    first: bool,
) -> str:
    if first:
        return ""
    if old is None or new is None:
        return "" if old == new else "new"
    if name == "cost_per_month":
        return formats.money_change(old, new, budget["currency"])
    return formats.change(old, new)
