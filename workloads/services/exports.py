"""The plan and the approvals inbox as files: the rows and the order of the page, with
exact figures."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from portal.kernel import clock
from workloads.enums import SignRole
from workloads.rules.plan_filter import PlanFilter
from workloads.rules.sheets.columns import HEADINGS
from workloads.rules.sheets.written import (
    written_cost_gate,
    written_quarter,
)
from workloads.rules.shown import model_tier_of, ref_of
from workloads.rules.wait_filter import Wait, WaitFilter
from workloads.rules.working_days import working_days_between
from workloads.selectors.plan_table import PlanRow, page_of
from workloads.selectors.waiting_rows import ToldRow, Viewer, told_rows
from workloads.services.sheets.writer import (
    CONTENT_TYPES,
    PlainRow,
    write_csv,
    write_json,
    write_xlsx,
)

# An export has no pages. No plan reaches this; a query without a limit would be another.
EVERY_ROW = 1_000_000


class ExportKind(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Export:
    content: bytes
    content_type: str
    file_name: str


_WRITERS: dict[ExportKind, Callable[[Sequence[str], Iterable[PlainRow]], bytes]] = {
    ExportKind.CSV: write_csv,
    ExportKind.XLSX: write_xlsx,
    ExportKind.JSON: write_json,
}


def export_plan(*, asked: PlanFilter, kind: ExportKind, today: date) -> Export:
    """The rows that a filter leaves, in its order; importing them changes nothing."""
    rows = (_cells(row) for row in page_of(asked, today, 0, EVERY_ROW))
    return Export(
        content=_WRITERS[kind](HEADINGS, rows),
        content_type=CONTENT_TYPES[kind],
        file_name=f"plan-{today:%Y-%m-%d}.{kind}",
    )


WAITING_HEADINGS = (
    "Ref",
    "Workload",
    "Version",
    "Signature",
    "Waits for",
    "Figure",
    "Last in force",
    "To sign",
    "Waiting since",
    "Working days",
    "Lapses on",
    "Yours",
    "Deputy for",
    "Owner",
    "Department",
    "Status",
    "Ship quarter",
)
_WAITS_FOR = {
    Wait.SIGN: "a signature",
    Wait.AGAIN: "a new signature",
    Wait.RENEW: "renewal",
}
_FIGURES = {
    SignRole.ENGINEERING: "users",
    SignRole.FINANCE: "tokens a month",
    SignRole.OPS: "ops hours a week",
}


def export_waiting(*, viewer: Viewer, asked: WaitFilter, kind: ExportKind) -> Export:
    """What waits for a signature, as its inbox shows it to one person."""
    rows = (_waiting_cells(row, viewer.today) for row in told_rows(viewer, asked))
    return Export(
        content=_WRITERS[kind](WAITING_HEADINGS, rows),
        content_type=CONTENT_TYPES[kind],
        file_name=f"approvals-{viewer.today:%Y-%m-%d}.{kind}",
    )


def _waiting_cells(row: ToldRow, today: date) -> PlainRow:
    since = clock.today(row.since)
    return (
        ref_of(row.number),
        row.name,
        row.version,
        row.role,
        _WAITS_FOR[Wait(row.wait)],
        _FIGURES[SignRole(row.role)],
        row.before,
        row.figure,
        since.isoformat(),
        working_days_between(since, today),
        row.due_on.isoformat() if row.due_on else None,
        "yes" if row.mine else "no",
        row.for_principal,
        row.owner,
        row.department,
        row.status,
        written_quarter(row.ships),
    )


def _cells(row: PlanRow) -> PlainRow:
    return (
        ref_of(row.number),
        row.name,
        row.owner,
        row.status,
        row.users,
        row.sessions,
        row.tokens,
        row.ops_hours,
        model_tier_of(row.primary_model, row.degrade_model),
        written_cost_gate(row.cost_gate),
        written_quarter(row.ship_quarter),
    )
