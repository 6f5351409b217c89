"""Cells of the plan's table, made once and kept: a page draws a thousand of them."""

from functools import lru_cache
from string import Formatter

from django.template.loader import render_to_string
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from portal.kernel import formats, marks
from portal.kernel.templatetags import look
from workloads.enums import COUNTED, CostGate, Status
from workloads.rules.gates import unheld
from workloads.rules.shown import model_tier_of, ref_of
from workloads.selectors.plan_marks import Submitted
from workloads.selectors.plan_table import PlanRow

figure = lru_cache(maxsize=8192)(look.short)
safe = lru_cache(maxsize=4096)(conditional_escape)
quarter_label = lru_cache(maxsize=256)(formats.quarter)
UNSIGNED = marks.signoff_marks(("none", "none", "none"))
_PLACE = {str(status): place for place, status in enumerate(Status)}


@lru_cache(maxsize=1)
def _form() -> tuple[tuple[str, str], ...]:
    """The row's text as it stands before each cell's name; read once, not a hundred times."""
    written = render_to_string("workloads/plan/_row.html").strip()
    return tuple(
        (before, name or "") for before, name, _, _ in Formatter().parse(written)
    )


def row_html(cells: dict[str, str]) -> SafeString:
    """The row of these cells, which are safe already."""
    pieces: list[str] = []
    for before, name in _form():
        pieces += (before, cells[name] if name else "")
    return mark_safe("".join(pieces))  # noqa: S308 - see cells_of


def cells_of(
    row: PlanRow, submitted: Submitted | None, lacks: str = "?lacks="
) -> dict[str, str]:
    """Each cell as it is printed: what people typed is escaped here, once.

    `lacks` is this page's address up to the reference whose missing conditions it shows.
    """
    ref = ref_of(row.number)
    return {
        "ref": ref,
        "link": f"/workloads/{ref}/",
        "name": safe(row.name),
        "edit_name": "",
        "owner": owner_cell(row),
        "status": status_cell(row, submitted, f"{lacks}{ref}#{ref}"),
        "users": figure(row.users),
        "sessions": figure(row.sessions),
        "tokens": figure(row.tokens),
        "ops_hours": ops_cell(row),
        "model_tier": tier_cell(row.primary_model, row.degrade_model),
        "cost_gate": gate_cell(
            row.cost_gate, row.primary_model, row.degrade_model, held=row.gate_decides
        ),
        "ship_quarter": quarter_label(row.ship_quarter),
        "signed": signed_cell(row, submitted),
    }


def owner_cell(row: PlanRow) -> str:
    """The account's name; what a sheet typed where no account matches it."""
    if row.owner_id is None and row.owner_text:
        return _typed_owner(row.owner_text)
    return safe(row.owner or formats.BLANK)


@lru_cache(maxsize=512)
def tier_cell(primary: str, degrade: str) -> str:
    return safe(model_tier_of(primary, degrade) or formats.BLANK)


@lru_cache(maxsize=1024)
def _typed_owner(text: str) -> SafeString:
    return marks.warned(text, f"No one account matches the owner “{text}”.")


def status_cell(row: PlanRow, submitted: Submitted | None, lacks: str) -> str:
    """The status; below it what the row asks for, or that its re-estimate waits."""
    mark = marks.status_mark(row.status)
    if asks_for_more(row):
        return format_html(
            '<span class="pile">{}<a class="below small" href="{}">asks for {}</a></span>',
            mark,
            lacks,
            row.requested_status,
        )
    if row.status in COUNTED and waits(row, submitted):
        return _unsigned(row.status)
    return mark


@lru_cache(maxsize=8)
def _unsigned(status: str) -> SafeString:
    return format_html(
        '<span class="pile">{}<span class="below small wait">re-estimate unsigned'
        "</span></span>",
        marks.status_mark(status),
    )


def asks_for_more(row: PlanRow) -> bool:
    """Whether its sheet asked for a status that it has not reached."""
    wanted = _PLACE.get(row.requested_status, -1)
    return row.status != Status.RETIRED and wanted > _PLACE[row.status]


def waits(row: PlanRow, submitted: Submitted | None) -> bool:
    """Whether a newer version waits while the row shows the numbers in force."""
    return (
        submitted is not None
        and submitted.is_waiting
        and row.submitted_id != row.shown_id
    )


def ops_cell(row: PlanRow) -> str:
    if row.ops_reason and row.ops_hours is not None:
        why = f"Outside the guidance, with a reason: {row.ops_reason[:200]}"
        return marks.warned(formats.in_full(row.ops_hours), why)
    return figure(row.ops_hours)


@lru_cache(maxsize=1024)
def gate_cell(cost_gate: str, primary: str, degrade: str, *, held: bool) -> str:
    """Red where there is no gate, amber where no gate could hold the wish yet."""
    if not cost_gate:
        return marks.no_gate()
    words = CostGate(cost_gate).sheet
    lacks = unheld(cost_gate, primary_model=primary, degrade_model=degrade)
    if held or lacks is None:
        return words
    return format_html(
        '<span class="pile"><span class="unheld" title="{}">{}{}'
        '<span class="vh">: {}</span></span>'
        '<span class="below small wait" aria-hidden="true">{}</span></span>',
        lacks.sentence,
        marks.icon("watch"),
        words,
        lacks.sentence,
        lacks.short,
    )


def signed_cell(row: PlanRow, submitted: Submitted | None) -> SafeString:
    """E F O of the newest submitted version; a version that waits is named."""
    if submitted is None:
        return UNSIGNED
    return _signed(submitted.states, submitted.version, newer=waits(row, submitted))


@lru_cache(maxsize=4096)
def _signed(states: tuple[str, str, str], version: int, *, newer: bool) -> SafeString:
    if not newer:
        return marks.signoff_marks(states, f"v{version}")
    return format_html(
        '<span class="pile">{}<span class="below small quiet">v{} waits</span></span>',
        marks.signoff_marks(states, f"v{version} waits, not in force"),
        version,
    )
