"""Read a sheet, whatever it is called: what it is shows in its first bytes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from workloads.rules.sheets.columns import PLAN
from workloads.rules.sheets.delimited import CountKnown, decode, read_delimited
from workloads.rules.sheets.errors import SheetError, TooManyRows
from workloads.rules.sheets.rows import MOST_ROWS, ParsedRow, RawRow, read_rows
from workloads.services.sheets.errors import FileTooLarge, UnreadableFile
from workloads.services.sheets.workbooks import read_workbook

T = TypeVar("T")
_ZIP = b"PK\x03\x04"
# Excel's old binary format, and every workbook that is locked with a password.
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHER_KINDS = {
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip archive",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"PK\x05\x06": "an empty archive",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may hold. Sizes in bytes; `unpacked` is all parts of an XLSX."""

    size: int = 10_000_000
    unpacked: int = 32_000_000
    rows: int = MOST_ROWS


DEFAULT_LIMITS: Final = Limits()


def read_plan_file(
    content: bytes, *, limits: Limits = DEFAULT_LIMITS
) -> tuple[ParsedRow, ...]:
    """The rows of a CSV or XLSX file. Raises UnreadableFile or FileTooLarge only."""
    return read_sheet(
        content,
        lambda rows: read_rows(rows, most_rows=limits.rows),
        count_known=PLAN.count_known,
        limits=limits,
    )


def read_sheet(
    content: bytes,
    read: Callable[[Iterator[RawRow]], T],
    *,
    count_known: CountKnown,
    limits: Limits = DEFAULT_LIMITS,
) -> T:
    """What `read` makes of the rows of a CSV or XLSX file, the first row included.

    `count_known` tells which delimiter parts the headings. Raises UnreadableFile or
    FileTooLarge only.
    """
    if len(content) > limits.size:
        raise FileTooLarge(
            f"The file has {len(content):,} bytes. An import takes {limits.size:,}."
        )
    if not content.strip():
        raise UnreadableFile("The file is empty.")
    try:
        return read(_raw_rows(content, limits, count_known))
    except TooManyRows as many:
        raise FileTooLarge(str(many)) from many
    except SheetError as bad:
        raise UnreadableFile(str(bad)) from bad


def _raw_rows(
    content: bytes, limits: Limits, count_known: CountKnown
) -> Iterator[RawRow]:
    if content.startswith(_ZIP):
        return read_workbook(content, most_unpacked=limits.unpacked)
    if content.startswith(_COMPOUND):
        raise UnreadableFile(
            "The file is an old Excel file, or a workbook locked with a password. Save it "
            "as XLSX without a password, or as CSV."
        )
    for start, kind in _OTHER_KINDS.items():
        if content.startswith(start):
            raise UnreadableFile(f"The file is {kind}. Send CSV or XLSX.")
    return read_delimited(decode(content), count_known)
