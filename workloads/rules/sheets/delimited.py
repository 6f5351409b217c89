"""A delimited text file (CSV) as raw rows."""

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

from workloads.rules.sheets.errors import SheetError
from workloads.rules.sheets.rows import RawRow

# How many cells of a first row are headings that the reader knows.
CountKnown: TypeAlias = Callable[[Sequence[str]], int]
DELIMITERS: Final = (",", ";", "\t")

# UTF-32 is not among them: its little-endian mark begins like that of UTF-16, no
# spreadsheet writes it, and read as UTF-16 it is refused for its NULs.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(content: bytes) -> str:
    """The text of a UTF-8 file, or of a UTF-16 file that starts with its mark."""
    encoding = next(
        (name for mark, name in _MARKS if content.startswith(mark)), "utf-8"
    )
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as bad:
        raise SheetError(
            f"The file is not valid {encoding.removesuffix('-sig').upper()}: byte "
            f"{bad.start + 1:,} cannot be read. Save it again as “CSV UTF-8”."
        ) from bad
    # Named here, because a NUL in the middle of a cell is no fault of that cell: the file
    # is something else, or UTF-16 without its mark.
    if "\0" in text:
        raise SheetError(
            f"The file is not text: character {text.index(chr(0)) + 1:,} is a NUL. Send "
            "CSV in UTF-8, or XLSX."
        )
    return text


def read_delimited(text: str, count_known: CountKnown) -> Iterator[RawRow]:
    """The records of the file; a record may span lines. SheetError where quotes break."""
    body, declared = _without_separator_line(text)
    delimiter = declared or _sniffed(body, count_known)
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, strict=True)
    try:
        for number, cells in enumerate(reader, start=1):
            yield RawRow(number=number, cells=cells)
    except csv.Error as bad:
        raise SheetError(
            f"Line {reader.line_num:,} of the file cannot be read: {_reason(bad)}"
        ) from bad


def _without_separator_line(text: str) -> tuple[str, str | None]:
    """Spreadsheets write `sep=;` above the headings, and never show that line."""
    line, _, rest = text.partition("\n")
    stripped = line.rstrip("\r")
    is_declared = stripped[:4].lower() == "sep=" and stripped[4:] in DELIMITERS
    return (rest, stripped[4:]) if is_declared else (text, None)


def _sniffed(text: str, count_known: CountKnown) -> str:
    """The delimiter with which the first line names most columns; a comma when none."""
    lines = text[:20_000].splitlines()
    first = lines[0] if lines else ""
    return max(
        DELIMITERS,
        key=lambda delimiter: count_known(
            next(csv.reader([first], delimiter=delimiter), [])
        ),
    )


def _reason(bad: csv.Error) -> str:
    text = str(bad)
    if "field larger" in text:
        return "a cell has more than 131,072 characters."
    if "unexpected end" in text:
        return "a quote is opened and never closed."
    return "a quote stands in the middle of a cell. Inside quotes, write it twice."
