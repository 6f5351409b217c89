"""What an XLSX must be as an archive, checked before any of its XML is parsed.

A workbook is a zip of XML files. A few kilobytes can unpack to gigabytes, and XML can
define entities that grow without end; both are refused here, from the directory of the
archive and from the first bytes of its parts.
"""

import io
import re
import zipfile
import zlib
from typing import Final

from workloads.services.sheets.errors import FileTooLarge, UnreadableFile

MOST_PARTS: Final = 1_000
# A sheet of equal rows packs to about a sixtieth; a bomb to a thousandth.
MOST_RATIO: Final = 200
RATIO_FROM_BYTES: Final = 1_000_000

_ENCRYPTED = 0x1
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_EXPECTED = ("[Content_Types].xml", "_rels/", "docProps/", "xl/", "customXml/")
_NESTED = re.compile(
    r"\.(zip|xls[xmb]?|docx|pptx|gz|7z|rar|bin|exe|dll)$", re.IGNORECASE
)
_HARMLESS_BINARY = re.compile(r"printerSettings[0-9]*\.bin$")
# As UTF-8 and, without the zero bytes between its letters, as UTF-16.
_DOCTYPE = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_XML = (".xml", ".rels")

# Python's zip reader gives no more bytes of a part than the directory announces, and
# raises these where the announcement is false.
BROKEN: Final = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError)


def open_archive(content: bytes, *, most_unpacked: int) -> zipfile.ZipFile:
    """The archive, or UnreadableFile / FileTooLarge with the reason."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (*BROKEN, ValueError, LookupError) as bad:
        raise UnreadableFile(
            "The file begins like an XLSX and is broken: it may have been cut off on its "
            "way. Save it again and send it anew."
        ) from bad
    parts = archive.infolist()
    _refuse_wrong_parts(parts)
    _refuse_bombs(parts, most_unpacked)
    _refuse_entities(archive, parts)
    return archive


def _refuse_wrong_parts(parts: list[zipfile.ZipInfo]) -> None:
    names = [part.filename for part in parts]
    if len(names) > MOST_PARTS or len(set(names)) != len(names):
        raise UnreadableFile(
            "The file is an archive, not a workbook: it has too many parts, or two of "
            "the same name."
        )
    if "[Content_Types].xml" not in names or "xl/workbook.xml" not in names:
        raise UnreadableFile(
            "The file is an archive, not an XLSX workbook. Send CSV or XLSX."
        )
    for part in parts:
        if part.flag_bits & _ENCRYPTED:
            raise UnreadableFile(
                "The workbook is locked with a password. Save it without one."
            )
        if part.compress_type not in _METHODS or not _is_expected(part.filename):
            raise UnreadableFile(
                f"The workbook holds a part that a sheet has no use for: "
                f"{part.filename[:80]!r}. Save it as a plain XLSX, without macros and "
                "embedded files."
            )


def _is_expected(name: str) -> bool:
    is_nested = _NESTED.search(name) and not _HARMLESS_BINARY.search(name)
    return name.startswith(_EXPECTED) and ".." not in name and not is_nested


def _refuse_bombs(parts: list[zipfile.ZipInfo], most_unpacked: int) -> None:
    unpacked = sum(part.file_size for part in parts)
    if unpacked > most_unpacked:
        raise FileTooLarge(
            f"The workbook unpacks to {unpacked:,} bytes. An import takes "
            f"{most_unpacked:,}: copy its rows into a new workbook."
        )
    for part in parts:
        packed = max(part.compress_size, 1)
        if part.file_size > RATIO_FROM_BYTES and part.file_size > packed * MOST_RATIO:
            raise FileTooLarge(
                f"A part of the workbook unpacks to {part.file_size // packed:,} times "
                "its size. Copy its rows into a new workbook."
            )


def _refuse_entities(archive: zipfile.ZipFile, parts: list[zipfile.ZipInfo]) -> None:
    for part in parts:
        if not part.filename.lower().endswith(_XML):
            continue
        try:
            text = archive.read(part)
        except (*BROKEN, RuntimeError, ValueError) as bad:
            raise UnreadableFile(
                f"The workbook is broken: its part {part.filename[:80]!r} cannot be "
                "unpacked. Save it again."
            ) from bad
        if _DOCTYPE.search(text) or _DOCTYPE.search(text[:4096].replace(b"\0", b"")):
            raise UnreadableFile(
                "The workbook's XML defines entities, which no spreadsheet does. Nothing "
                "of it was read."
            )
