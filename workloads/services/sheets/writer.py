"""Write a table as CSV, XLSX or JSON: exact figures as numbers, no cell a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TypeAlias

import orjson
from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.cell.cell import ERROR_CODES, ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from workloads.rules.sheets.neutral import neutralise
from workloads.rules.sheets.written import written_number

PlainCell: TypeAlias = str | int | Decimal | None
PlainRow: TypeAlias = Sequence[PlainCell]

CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}


def write_csv(headings: Sequence[str], rows: Iterable[PlainRow]) -> bytes:
    """UTF-8 without a byte-order mark: programs read CSV, spreadsheets the XLSX."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(headings)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def write_xlsx(
    headings: Sequence[str], rows: Iterable[PlainRow], *, title: str = "Plan"
) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for position, heading in enumerate(headings, start=1):
        width = max(len(heading) + 2, 12)
        sheet.column_dimensions[get_column_letter(position)].width = width
    sheet.append([_bold(sheet, heading) for heading in headings])
    for row in rows:
        sheet.append([_storable(sheet, _harmless(cell)) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def write_json(headings: Sequence[str], rows: Iterable[PlainRow]) -> bytes:
    """`{"rows": [{heading: value}]}`; an unknown value is null."""
    return orjson.dumps(
        {
            "rows": [
                dict(zip(headings, map(_json_value, row), strict=True)) for row in rows
            ]
        }
    )


def _harmless(cell: PlainCell) -> str | int | Decimal:
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return written_number(cell)
    return neutralise(cell) if isinstance(cell, str) else cell


def _storable(
    sheet: WriteOnlyWorksheet, cell: str | int | Decimal
) -> Cell | str | int | Decimal | None:
    """XML has no way to write most control characters; they are left out."""
    if not isinstance(cell, str):
        return cell
    text = ILLEGAL_CHARACTERS_RE.sub("", cell)
    if text not in ERROR_CODES:
        return text or None
    # openpyxl would write a name like #N/A as the failure of a formula.
    stored = WriteOnlyCell(sheet, value=text)
    stored.data_type = "s"
    return stored


def _json_value(cell: PlainCell) -> str | int | float | None:
    if isinstance(cell, Decimal):
        number = written_number(cell)
        return number if isinstance(number, int) else float(number)
    return cell if cell != "" else None


def _bold(sheet: WriteOnlyWorksheet, heading: str) -> Cell:
    cell = WriteOnlyCell(sheet, value=heading)
    cell.font = Font(bold=True)
    return cell
