"""Files of the plan as bytes: real ones, broken ones, hostile ones."""

import datetime
import io
import re
import time
import zipfile
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from workloads.rules.sheets.columns import HEADINGS
from workloads.services.sheets.errors import FileTooLarge, UnreadableFile
from workloads.services.sheets.files import Limits, read_plan_file
from workloads.services.sheets.writer import write_csv, write_xlsx

ROW = ["W-01", "Chat", "Sarah", "planned", 4200, 18, 520_000, 6, "Sonnet", "soft-cap"]
BOMB = "<!DOCTYPE lolz [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]>"


def workbook(*rows, head=HEADINGS, change=lambda book, sheet: None):
    book = Workbook()
    sheet = book.active
    sheet.append(head)
    for row in rows:
        sheet.append(row)
    change(book, sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def repacked(content, change, *, level=zipfile.ZIP_DEFLATED):
    """The archive with its parts as `change(name, bytes)` gives them; None drops one."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(out, "w", level) as target,
    ):
        for part in source.infolist():
            changed = change(part.filename, source.read(part))
            if changed is not None:
                target.writestr(part.filename, changed)
    return out.getvalue()


def with_part(content, name, data):
    out = io.BytesIO(content)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as target:
        target.writestr(name, data)
    return out.getvalue()


def with_shared_strings(content):
    """The workbook as Excel writes it: text in a table of its own, not in the cells."""
    strings = []

    def shared(match):
        strings.append(match[1])
        return b't="s"><v>%d</v></c>' % (len(strings) - 1)

    def change(name, data):
        if name == "[Content_Types].xml":
            kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml"
            part = b'<Override PartName="/xl/sharedStrings.xml" ContentType="%s' % kind
            return data.replace(b"</Types>", part + b'.sharedStrings+xml"/></Types>')
        if name == "xl/worksheets/sheet1.xml":
            inline = rb't="inlineStr"><is><t>(.*?)</t></is></c>'
            return re.sub(inline, shared, data)
        return data

    changed = repacked(content, change)
    table = b"".join(b"<si><t>%s</t></si>" % string for string in strings)
    space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return with_part(
        changed, "xl/sharedStrings.xml", b'<sst xmlns="%s">%s</sst>' % (space, table)
    )


def in_sheet(old, new):
    def change(name, data):
        return data.replace(old, new) if name == "xl/worksheets/sheet1.xml" else data

    return change


def refusal(content, **limits):
    with pytest.raises(UnreadableFile) as refused:
        read_plan_file(content, limits=Limits(**limits))
    assert refused.value.status == 400
    assert refused.value.code == "unreadable_file"
    return refused.value.detail


def codes(content):
    return [
        (error.column, error.code)
        for row in read_plan_file(content)
        for error in row.errors
    ]


def test_the_demo_plan_is_read(plan_csv):
    rows = read_plan_file(plan_csv)

    assert [(r.number, r.ref, r.users, r.tokens, r.ship_quarter) for r in rows] == [
        (2, "W-01", 4200, 520_000, "2026Q2"),
        (3, "W-02", 1100, 980_000, "2026Q2"),
        (4, "W-03", 280, 1_400_000, "2026Q3"),
        (5, "W-04", 95, 2_200_000, "2026Q3"),
        (6, "W-05", None, None, "2026Q4"),
    ]
    assert [row.errors for row in rows] == [()] * 5


def test_a_workbook_and_a_text_file_of_the_same_plan_read_the_same(plan_csv):
    cells = [
        [row.ref, row.name, row.owner, str(row.requested_status), row.users]
        for row in read_plan_file(plan_csv)
    ]
    head = HEADINGS
    rows = [[*cell, None, None, None, None, None, None] for cell in cells]

    assert read_plan_file(write_xlsx(head, rows)) == read_plan_file(
        write_csv(head, rows)
    )


def test_a_workbook_with_numbers_text_and_gaps_is_read():
    content = workbook(
        [*ROW, "Q2-2026"],
        [],
        ["W-02", "Docs", None, None, "1,100", 42.0, 980000.0000000001, 4.5, None, None],
    )

    first, second = read_plan_file(content)

    assert (first.number, first.users, first.ship_quarter) == (2, 4200, "2026Q2")
    assert (second.number, second.users, second.tokens) == (4, 1100, 980_000)
    assert second.ops_hours == Decimal("4.5")
    assert (first.errors, second.errors) == ((), ())


def test_a_workbook_as_excel_writes_it_is_read():
    content = with_shared_strings(workbook([*ROW, "Q2-2026"]))

    assert read_plan_file(content) == read_plan_file(workbook([*ROW, "Q2-2026"]))


def test_shared_strings_with_entities_are_refused():
    content = repacked(
        with_shared_strings(workbook(ROW)),
        lambda name, data: BOMB.encode() + data if "sharedStrings" in name else data,
    )

    assert "defines entities" in refusal(content)


def test_a_file_is_known_by_its_content_not_by_a_name():
    assert len(read_plan_file(workbook(ROW))) == 1
    assert len(read_plan_file(write_csv(HEADINGS, [ROW]))) == 1


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("=2*2100", "formula"),
        (datetime.date(2026, 4, 1), "date"),
        (datetime.timedelta(hours=30), "date"),
        (datetime.time(12, 30), "date"),
        (True, "truth_value"),
        ("#REF!", "failed_formula"),
    ],
)
def test_an_odd_cell_of_a_workbook_is_an_error_of_its_row(cell, code):
    assert codes(workbook(["W-01", "Chat", "", "", cell])) == [("Users", code)]


def test_a_percentage_is_an_error_of_its_row():
    def percent(book, sheet):
        sheet["H2"].number_format = "0.00%"

    assert codes(workbook(ROW, change=percent)) == [("Ops hours/week", "percent")]


def test_the_first_visible_sheet_is_read():
    def hide(book, sheet):
        sheet.sheet_state = "hidden"
        other = book.create_sheet("Plan")
        other.append(HEADINGS)
        other.append(["W-09", "Visible"])

    (row,) = read_plan_file(workbook(ROW, change=hide))

    assert row.name == "Visible"


@pytest.mark.parametrize(
    "announced", ["A1", "A1:XFD1048576", "A1:A1", "nonsense", "ZZZZZ9:A1"]
)
def test_the_announced_size_of_a_sheet_is_not_believed(announced):
    honest = workbook(ROW)
    lying = repacked(
        honest,
        in_sheet(b'<dimension ref="A1:K2"', f'<dimension ref="{announced}"'.encode()),
    )
    assert lying != repacked(honest, lambda name, data: data)

    started = time.monotonic()
    try:
        rows = read_plan_file(lying)
    except UnreadableFile:
        rows = None

    assert time.monotonic() - started < 5
    assert rows is None or [row.name for row in rows] == ["Chat"]


@pytest.mark.parametrize("number", [b"1048577", b"99999999999", b"1e300", b"-5", b"x"])
def test_a_row_number_beyond_every_spreadsheet_is_refused(number):
    content = repacked(
        workbook(ROW), in_sheet(b'<row r="2"', b'<row r="' + number + b'"')
    )

    started = time.monotonic()
    try:
        rows = read_plan_file(content)
    except UnreadableFile:
        rows = ()

    assert rows == ()
    assert time.monotonic() - started < 10


def test_a_cell_in_the_last_column_is_refused_before_the_row_is_filled():
    content = repacked(workbook(ROW), in_sheet(b'r="J2"', b'r="XFD2"'))

    assert refusal(content) == (
        "Row 2 reaches column 16,384. No sheet of the portal has so many: copy its "
        "columns into a new one."
    )


@pytest.mark.parametrize("content", [b"", b"  \n\n ", b"\x00" * 10, b"\xff\xfe"])
def test_an_empty_file_is_refused(content):
    refusal(content)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"%PDF-1.7 ...", "The file is a PDF. Send CSV or XLSX."),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest",
            "The file is an old Excel file, or a workbook locked with a password. Save it "
            "as XLSX without a password, or as CSV.",
        ),
        (
            b"PK\x03\x04 cut off",
            "The file begins like an XLSX and is broken: it may have been cut off on its "
            "way. Save it again and send it anew.",
        ),
        (
            b'{"rows": []}',
            "The first row holds none of the plan's headings. It must be: "
            + ", ".join(HEADINGS)
            + ".",
        ),
    ],
)
def test_a_file_of_another_kind_is_refused_by_its_kind(content, sentence):
    assert refusal(content) == sentence


def test_more_bytes_than_the_limit_are_refused_unread():
    with pytest.raises(FileTooLarge) as refused:
        read_plan_file(b"x" * 11, limits=Limits(size=10))
    assert (refused.value.status, refused.value.code) == (413, "too_large")
    assert refused.value.detail == "The file has 11 bytes. An import takes 10."


@pytest.mark.parametrize("write", [write_csv, write_xlsx])
def test_more_rows_than_the_limit_are_refused(write):
    rows = [["", f"Workload {number}", *[""] * 9] for number in range(4)]

    assert len(read_plan_file(write(HEADINGS, rows), limits=Limits(rows=4))) == 4
    with pytest.raises(FileTooLarge):
        read_plan_file(write(HEADINGS, rows), limits=Limits(rows=3))


def test_a_zip_bomb_is_refused_fast():
    bomb = with_part(workbook(ROW), "xl/media/zeros.xml", b"\0" * 300_000_000)
    assert len(bomb) < 1_000_000

    started = time.monotonic()
    with pytest.raises(FileTooLarge) as refused:
        read_plan_file(bomb)

    assert time.monotonic() - started < 1
    assert refused.value.status == 413


def test_a_part_that_unpacks_to_a_thousand_times_its_size_is_refused():
    bomb = with_part(workbook(ROW), "xl/media/zeros.xml", b"\0" * 20_000_000)

    with pytest.raises(FileTooLarge, match="times its size"):
        read_plan_file(bomb)


def test_a_directory_that_lies_about_the_size_unpacks_to_no_more():
    bomb = bytearray(with_part(workbook(ROW), "xl/media/zeros.xml", b"\0" * 5_000_000))
    # The directory's entry stands last; its size field is 24 bytes after the signature.
    entry = bomb.rindex(b"PK\x01\x02")
    bomb[entry + 24 : entry + 28] = (100).to_bytes(4, "little")

    assert "broken" in refusal(bytes(bomb))


@pytest.mark.parametrize(
    "part",
    [
        "[Content_Types].xml",
        "_rels/.rels",
        "xl/workbook.xml",
        "xl/styles.xml",
        "xl/worksheets/sheet1.xml",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_xml_with_entities_is_refused(part, encoding):
    def change(name, data):
        if name != part:
            return data
        declaration, _, rest = data.decode().partition("?>")
        text = rest if declaration.startswith("<?xml") else data.decode()
        return f"<?xml version='1.0' encoding='{encoding}'?>{BOMB}{text}".encode(
            encoding
        )

    assert refusal(repacked(workbook(ROW), change)) == (
        "The workbook's XML defines entities, which no spreadsheet does. Nothing of it "
        "was read."
    )


@pytest.mark.parametrize(
    "name",
    [
        "evil.exe",
        "../../etc/passwd",
        "/xl/x.xml",
        "xl/vbaProject.bin",
        "xl/embeddings/inner.xlsx",
        "xl/inner.zip",
        "xl/../../x.xml",
    ],
)
def test_an_unexpected_part_is_refused_by_name(name):
    assert "holds a part that a sheet has no use for" in refusal(
        with_part(workbook(ROW), name, b"x")
    )


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_parts_of_one_name_are_refused():
    content = with_part(workbook(ROW), "xl/workbook.xml", b"<workbook/>")

    assert "two of the same name" in refusal(content)


def test_a_password_on_a_part_is_refused():
    content = bytearray(workbook(ROW))
    entry = content.index(b"PK\x01\x02")
    content[entry + 8] |= 1

    assert refusal(bytes(content)) == (
        "The workbook is locked with a password. Save it without one."
    )


def test_an_archive_that_is_no_workbook_is_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        target.writestr("plan.csv", "Ref")

    assert "not an XLSX workbook" in refusal(out.getvalue())


@pytest.mark.parametrize(
    "part",
    [
        "[Content_Types].xml",
        "_rels/.rels",
        "xl/_rels/workbook.xml.rels",
        "xl/workbook.xml",
        "xl/styles.xml",
        "xl/worksheets/sheet1.xml",
    ],
)
@pytest.mark.parametrize("data", [None, b"", b"<a>", b"<a/>", b"\xff\xfe\x00", b"text"])
def test_a_broken_part_is_refused_or_does_not_matter(part, data):
    content = repacked(workbook(ROW), lambda name, old: data if name == part else old)

    with suppress(UnreadableFile, FileTooLarge):
        read_plan_file(content)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes_raise_nothing_but_the_named_errors(content):
    with suppress(UnreadableFile, FileTooLarge):
        read_plan_file(content)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200), st.sampled_from([",", ";", "\t"]))
def test_random_text_under_the_headings_raises_nothing_else(text, delimiter):
    content = (delimiter.join(HEADINGS) + "\n" + text).encode("utf-8", "surrogatepass")
    with suppress(UnreadableFile, FileTooLarge):
        read_plan_file(content)


WHOLE = workbook([*ROW, "Q2-2026"], ["W-02", "Docs"])
WHOLE_STORED = repacked(WHOLE, lambda name, data: data, level=zipfile.ZIP_STORED)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from([WHOLE, WHOLE_STORED]),
    st.lists(st.tuples(st.floats(0, 0.9999), st.binary(max_size=6)), max_size=6),
    st.floats(0.1, 1),
)
def test_a_damaged_workbook_raises_nothing_else(content, damages, kept):
    damaged = bytearray(content)
    for place, data in damages:
        at = int(place * len(damaged))
        damaged[at : at + len(data)] = data
    with suppress(UnreadableFile, FileTooLarge):
        read_plan_file(bytes(damaged[: int(kept * len(damaged))]))


@pytest.fixture
def plan_csv():
    return (
        Path(__file__).parents[2] / "governance/services/demo/plan.csv"
    ).read_bytes()
