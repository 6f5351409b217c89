"""Cells of the table that turn into a field where they stand."""

from types import SimpleNamespace
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from portal.kernel.access import allows
from workloads.enums import COUNTED, Status
from workloads.selectors.plan_table import PlanRow

CELLS = (
    "name",
    "owner",
    "users",
    "sessions",
    "tokens",
    "ops_hours",
    "model_tier",
    "cost_gate",
    "ship_quarter",
)


BY_THE_GATE = ("model_tier", "cost_gate")


def may_edit(user: Any, row: PlanRow) -> bool:
    if row.status == Status.RETIRED:
        return False
    return allows(user, "workload.edit", SimpleNamespace(owner_id=row.owner_id))


def offer_edits(
    cells: dict[str, str], row: PlanRow, user: Any, focus: str = ""
) -> None:
    """Make every cell that this person may change a link to its field.

    `focus` is the cell that was just left, so that the keyboard stays where it was.
    """
    if not may_edit(user, row):
        return
    for name in CELLS:
        here = mark_safe(" autofocus") if name == focus else ""
        if name == "name":
            cells["edit_name"] = _link(
                cells["ref"], name, "Rename", mark_safe(' hx-target="closest th"'), here
            )
        elif name == "ship_quarter" and row.status in COUNTED:
            why = "It is {}: de-commit it first, then its ship quarter can move."
            cells[name] = _off(why.format(row.status), cells[name])
        elif name in BY_THE_GATE and row.gate_decides:
            why = "Its gate says it: the next version of the gate can change it."
            cells[name] = _off(why, cells[name])
        else:
            cells[name] = _link(cells["ref"], name, cells[name], "", here)


def _off(why: str, shown: str) -> SafeString:
    return format_html('<span class="cell off" title="{}">{}</span>', why, shown)


def _link(ref: str, name: str, shown: str, target: str, focus: str) -> SafeString:
    address = f"/plan/cells/{ref}/{name}/"
    return format_html(
        '<a class="cell" href="{}" hx-get="{}"{}{}>{}<span class="vh"> change {} of {}'
        "</span></a>",
        address,
        address,
        target,
        focus,
        shown,
        name.replace("_", " "),
        ref,
    )
