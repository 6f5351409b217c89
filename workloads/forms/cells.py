"""A cell of the plan's table as a field of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms

from portal.kernel.formats import BLANK, in_full, quarter
from portal.kernel.pages.seen import SeenStamp, SeenVersion
from workloads.enums import CostGate
from workloads.forms.figures import QuantityField, WholeField
from workloads.forms.workloads import PersonChoice, QuarterField, people_for
from workloads.models import Workload
from workloads.models.estimates import MOST_TOKENS, MOST_USERS
from workloads.rules.sheets.cells import BadCell
from workloads.rules.sheets.words import read_model_tier
from workloads.rules.shown import model_tier_of

MOST_SESSIONS = 100_000
MOST_HOURS = 10_000


@dataclass(frozen=True)
class Cell:
    """A column that is changed in place; `estimate` names the input it is, if it is one."""

    label: str
    field: Callable[[Workload], forms.Field]
    estimate: str = ""
    unit: str = ""


class TierField(forms.CharField):
    """`Sonnet→Haiku` or `Sonnet->Haiku`, as sheets write it."""

    def clean(self, value: Any) -> Any:
        text = str(super().clean(value) or "")
        try:
            return read_model_tier(text)
        except BadCell as bad:
            raise forms.ValidationError(f"“{text}”: {bad.detail}") from bad


def _whole(most: int) -> Callable[[Workload], forms.Field]:
    return lambda _workload: WholeField(most=most)


def _quantity(most: int) -> Callable[[Workload], forms.Field]:
    return lambda _workload: QuantityField(most=most)


CELLS: dict[str, Cell] = {
    "name": Cell("Workload", lambda _: forms.CharField(max_length=200)),
    "owner": Cell(
        "Owner",
        lambda workload: PersonChoice(
            queryset=people_for(workload), required=False, empty_label="nobody yet"
        ),
    ),
    "users": Cell("Users", _whole(MOST_USERS), "users"),
    "sessions": Cell(
        "Sessions", _quantity(MOST_SESSIONS), "sessions_per_user_month", "/user/month"
    ),
    "tokens": Cell(
        "Tokens", _whole(MOST_TOKENS), "declared_tokens_per_user_month", "/user/month"
    ),
    "ops_hours": Cell("Ops hours", _quantity(MOST_HOURS), "ops_hours_week", "h/week"),
    "model_tier": Cell(
        "Model tier",
        lambda _: TierField(
            max_length=210, required=False, help_text="Sonnet, or Sonnet->Haiku."
        ),
    ),
    "cost_gate": Cell(
        "Cost gate",
        lambda _: forms.ChoiceField(
            required=False,
            choices=[("", "none yet"), *((str(one), one.sheet) for one in CostGate)],
        ),
    ),
    "ship_quarter": Cell(
        "Ship quarter",
        lambda _: QuarterField(
            max_length=20, required=False, help_text="Such as 2026-Q3."
        ),
    ),
}


class CellForm(forms.Form):
    """One field, and the version of what the person saw."""

    if_version = SeenVersion()
    if_match = SeenStamp()

    def __init__(
        self,
        data: Any,
        *,
        cell: Cell,
        workload: Workload,
        initial: dict[str, Any],
    ) -> None:
        super().__init__(data, initial=initial, prefix=None)
        field = cell.field(workload)
        field.label = f"{cell.label} of {workload.ref}"
        field.widget.attrs |= {"autofocus": True}
        self.fields["value"] = field


def changes_of(column: str, value: Any) -> dict[str, Any]:
    """What a cell's value writes on the row."""
    if column == "model_tier":
        return {"primary_model": value.primary, "degrade_model": value.degrade}
    if column == "owner":
        return {"owner": value, "owner_text": ""}
    return {column: value}


def value_of(column: str, workload: Workload) -> Any:
    """What the row itself holds in a cell, as its field takes it."""
    if column == "model_tier":
        return workload.model_tier
    return getattr(workload, column)


def words_of(column: str, value: Any) -> str:
    """A value as a sentence names it."""
    if value in (None, ""):
        return BLANK
    match column:
        case "ship_quarter":
            return quarter(value)
        case "cost_gate":
            return CostGate(value).sheet
        case "model_tier" if isinstance(value, tuple):
            return model_tier_of(*value) or BLANK
        case "users" | "sessions" | "tokens" | "ops_hours":
            return in_full(value)
        case "owner":
            return str(value.display_name)
    return str(value)
