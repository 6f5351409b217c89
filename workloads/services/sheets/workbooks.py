"""An XLSX workbook as raw rows: its first visible sheet, read as a stream."""

import datetime
import io
import warnings
from collections.abc import Iterable, Iterator
from typing import Any, Final
from xml.etree.ElementTree import ParseError

from openpyxl import DEFUSEDXML, load_workbook

from workloads.rules.sheets.cells import OddCell, Oddity, RawCell
from workloads.rules.sheets.rows import RawRow
from workloads.services.sheets.archives import BROKEN, open_archive
from workloads.services.sheets.errors import UnreadableFile

LAST_ROW: Final = 1_048_576
MOST_COLUMNS: Final = 256

# It warns about styles and extensions that it leaves out; the plan has no use for them.
warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")

# openpyxl lets every slip of a broken file through as what it happens to be in Python.
_BROKEN_WORKBOOK = (
    *BROKEN,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    ParseError,
    RuntimeError,
    TypeError,
    ValueError,
)


def read_workbook(content: bytes, *, most_unpacked: int) -> Iterator[RawRow]:
    """The rows of the first visible sheet; row numbers are those of the spreadsheet."""
    if not DEFUSEDXML:
        raise RuntimeError("openpyxl must find defusedxml: XML of strangers is parsed.")
    open_archive(content, most_unpacked=most_unpacked).close()
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
        yield from _rows(_first_visible(book.worksheets))
    except UnreadableFile:
        raise
    except _BROKEN_WORKBOOK as bad:
        raise UnreadableFile(
            "The workbook cannot be read: its inner files do not fit together. Open it in "
            "a spreadsheet and save it again as XLSX."
        ) from bad


def _first_visible(sheets: Iterable[Any]) -> Any:
    """A ReadOnlyWorksheet, which has no public type of its own."""
    for sheet in sheets:
        if sheet.sheet_state == "visible":
            # The announced size is the writer's word; the rows say how many they are.
            sheet.reset_dimensions()
            return sheet
    raise UnreadableFile("The workbook has no visible sheet.")


def _rows(sheet: Any) -> Iterator[RawRow]:
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        if number > LAST_ROW:
            raise UnreadableFile(f"The sheet has a row below row {LAST_ROW:,}.")
        if len(cells) > MOST_COLUMNS:
            raise UnreadableFile(
                f"Row {number:,} reaches column {len(cells):,}. No sheet of the "
                "portal has so many: copy its columns into a new one."
            )
        yield RawRow(number=number, cells=[_raw(cell) for cell in cells])


def _raw(cell: Any) -> RawCell:
    value = cell.value
    if value is None or isinstance(value, str | int | float):
        oddity = _oddity_of_plain(cell, value)
        return value if oddity is None else OddCell(oddity, str(value))
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        return OddCell(Oddity.DATE, str(value))
    return OddCell(Oddity.FORMULA, str(getattr(value, "text", value)))


def _oddity_of_plain(cell: Any, value: str | float | None) -> Oddity | None:
    if cell.data_type == "f":
        return Oddity.FORMULA
    if cell.data_type == "e":
        return Oddity.FAILED
    if cell.data_type == "b":
        return Oddity.TRUTH
    if (
        cell.data_type == "n"
        and value is not None
        and "%" in (cell.number_format or "")
    ):
        return Oddity.PERCENT
    return None
