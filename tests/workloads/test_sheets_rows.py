"""Rows of a sheet: headings, numbers of rows, empty and repeated ones."""

from decimal import Decimal

import pytest

from workloads.enums import CostGate, Status
from workloads.rules.sheets.cells import CellError
from workloads.rules.sheets.columns import HEADINGS, PLAN, Column
from workloads.rules.sheets.delimited import decode, read_delimited
from workloads.rules.sheets.errors import SheetError, TooManyRows
from workloads.rules.sheets.rows import read_rows
from workloads.rules.sheets.written import (
    written_cost_gate,
    written_number,
    written_quarter,
)
from workloads.rules.shown import model_tier_of

HEAD = ",".join(HEADINGS)


def rows_of(*lines, head=HEAD, **options):
    text = "\n".join([head, *lines])
    return read_rows(read_delimited(text, PLAN.count_known), **options)


def line(ref="", name="Chat"):
    return f"{ref},{name},,,,,,,,,"


def test_the_headings_are_the_ten_columns_after_the_reference():
    assert HEADINGS == (
        "Ref",
        "Workload",
        "Owner",
        "Status",
        "Users",
        "Sessions/user/month",
        "Tokens/user/month",
        "Ops hours/week",
        "Model tier",
        "Cost gate",
        "Ship quarter",
    )


@pytest.mark.parametrize(
    "head",
    [
        HEAD,
        HEAD.upper(),
        HEAD.lower(),
        f"\ufeff{HEAD}",
        HEAD.replace("/", " / ").replace(" ", "\u00a0"),
        " Ref , Workload,Owner , Status,Users,Sessions per".replace("Sessions per", "")
        + "sessions_user_month,tokens_user_month,OPS HOURS / WEEK,Model-tier,Cost gate,Ship Quarter",
    ],
)
def test_headings_are_matched_without_case_spaces_and_signs(head):
    assert list(PLAN.match(head.split(","))) == list(Column)


def test_headings_stand_in_any_order_and_the_reference_may_be_missing():
    positions = PLAN.match([*reversed(HEADINGS[1:]), ""])

    assert positions[Column.SHIP_QUARTER] == 0
    assert positions[Column.WORKLOAD] == 9
    assert Column.REF not in positions


@pytest.mark.parametrize(
    ("headings", "sentence"),
    [
        (
            [*HEADINGS, "Budget", "Prio"],
            f"The plan has no column “Budget”, “Prio”. Its columns are: "
            f"{', '.join(HEADINGS)}.",
        ),
        (
            [*HEADINGS[:-2], HEADINGS[-1]],
            "The first row lacks the column “Cost gate”. A column may be empty, but its "
            "heading must stand there.",
        ),
        (
            [*HEADINGS, "users"],
            "The column “Users” stands twice in the first row. Take one of the two out.",
        ),
        (
            ["W-01", "Customer support chat"],
            "The first row holds none of the plan's headings. It must be: "
            f"{', '.join(HEADINGS)}.",
        ),
    ],
)
def test_wrong_headings_are_refused_by_name(headings, sentence):
    with pytest.raises(SheetError) as refused:
        PLAN.match(headings)
    assert str(refused.value) == sentence


@pytest.mark.parametrize("text", ["", "\n\n", ",,,\n", f"\n{HEAD}\n"])
def test_a_file_without_headings_on_top_is_refused(text):
    with pytest.raises(SheetError, match="The first row is empty"):
        read_rows(read_delimited(text, PLAN.count_known))


def test_headings_alone_are_a_plan_without_rows():
    assert rows_of() == ()


def test_a_row_is_read_into_plain_values():
    (row,) = rows_of(
        'W-01,Customer support chat,Sarah,committed,"4,200",18,520k,6,'
        "Sonnet→Haiku,soft-cap,Q2-2026"
    )

    assert (row.number, row.ref, row.name, row.owner) == (
        2,
        "W-01",
        "Customer support chat",
        "Sarah",
    )
    assert (row.users, row.sessions, row.tokens, row.ops_hours) == (
        4200,
        Decimal(18),
        520_000,
        Decimal(6),
    )
    assert row.requested_status is Status.COMMITTED
    assert (row.primary_model, row.degrade_model) == ("Sonnet", "Haiku")
    assert row.cost_gate is CostGate.SOFT_CAP
    assert row.ship_quarter == "2026Q2"
    assert (row.empty, row.errors) == (frozenset(), ())


def test_blank_rows_are_left_out_and_counted():
    rows = rows_of("", line(name="First"), ",,,", " , — ,,,,,,,,,", line(name="Second"))

    assert [(row.number, row.name) for row in rows] == [(3, "First"), (6, "Second")]


def test_a_cell_with_a_line_break_counts_as_one_row():
    rows = rows_of('W-01,"Cha\nt",,,,,,,,,', line(name="Second"))

    assert [row.number for row in rows] == [2, 3]
    assert [error.code for error in rows[0].errors] == ["control_character"]


def test_a_short_row_has_empty_cells():
    (row,) = rows_of("W-01,Chat")

    assert row.errors == ()
    assert row.empty == frozenset(Column) - {Column.REF, Column.WORKLOAD}


def test_a_cell_beyond_the_headings_is_an_error_of_its_row():
    (row,) = rows_of("W-01,Chat,Sarah,planned,4,200,18,520k,6,Sonnet,soft-cap,Q2-2026")

    assert row.errors[-1] == CellError(
        column="",
        value="Q2-2026",
        code="no_heading",
        detail=(
            "Cell 12 of the row stands under no heading. A comma inside a cell needs "
            "quotes around the cell."
        ),
    )


def test_every_bad_cell_of_a_row_is_told():
    (row,) = rows_of("X-1,,Sarah,soon,-1,5 20k,1,9.999,Sonnet→,maybe,Q9-2026")

    assert [(error.column, error.value, error.code) for error in row.errors] == [
        ("Ref", "X-1", "not_a_reference"),
        ("Workload", "", "required"),
        ("Status", "soon", "unknown_status"),
        ("Users", "-1", "negative"),
        ("Sessions/user/month", "5 20k", "not_a_number"),
        ("Ops hours/week", "9.999", "too_precise"),
        ("Model tier", "Sonnet→", "not_a_model_tier"),
        ("Cost gate", "maybe", "unknown_cost_gate"),
        ("Ship quarter", "Q9-2026", "not_a_quarter"),
    ]


@pytest.mark.parametrize(
    ("second", "column", "value"),
    [
        (line("W-1", "Other"), "Ref", "W-01"),
        (line("W-02", "CHAT"), "Workload", "CHAT"),
        (line("", "chat"), "Workload", "chat"),
    ],
)
def test_a_workload_that_stands_twice_is_an_error_of_the_later_row(
    second, column, value
):
    rows = rows_of(line("W-01", "Chat"), second)

    assert rows[0].errors == ()
    assert rows[1].errors == (
        CellError(
            column=column,
            value=value,
            code="repeated",
            detail="Row 2 names it already. One workload has one row.",
        ),
    )


def test_rows_without_a_reference_do_not_repeat_each_other():
    assert [row.errors for row in rows_of(line(name="A"), line(name="B"))] == [(), ()]


def test_more_rows_than_the_limit_are_refused_and_blank_ones_do_not_count():
    rows = [line(name="A"), ",,", line(name="B")]

    assert len(rows_of(*rows, most_rows=2)) == 2
    with pytest.raises(TooManyRows) as refused:
        rows_of(*rows, line(name="C"), most_rows=2)
    assert str(refused.value) == (
        "The file has more than 2 rows. One import takes 2: split the file and import "
        "its parts one after the other."
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_the_delimiter_is_found_in_the_headings(delimiter, newline):
    text = newline.join(
        [delimiter.join(HEADINGS), delimiter.join(["W-01", "Chat"]), ""]
    )

    (row,) = read_rows(read_delimited(text, PLAN.count_known))

    assert (row.number, row.ref, row.name) == (2, "W-01", "Chat")


def test_a_separator_line_is_taken_and_not_counted():
    text = f"sep=;\r\n{HEAD.replace(',', ';')}\r\nW-01;Chat"

    (row,) = read_rows(read_delimited(text, PLAN.count_known))

    assert (row.number, row.name) == (2, "Chat")


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (
            'W-01,"Chat',
            "Line 2 of the file cannot be read: a quote is opened and never closed.",
        ),
        (
            'W-01,"Chat" bot,',
            "Line 2 of the file cannot be read: a quote stands in the middle of a cell. "
            "Inside quotes, write it twice.",
        ),
        (
            f"W-01,{'x' * 140_000}",
            "Line 2 of the file cannot be read: a cell has more than 131,072 characters.",
        ),
    ],
)
def test_a_broken_record_is_refused_with_its_line(row, sentence):
    with pytest.raises(SheetError) as refused:
        rows_of(row)
    assert str(refused.value) == sentence


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_is_decoded_by_its_mark(encoding):
    assert decode("Sonnet→Haiku".encode(encoding)) == "Sonnet→Haiku"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            "Café".encode("cp1252"),
            "The file is not valid UTF-8: byte 4 cannot be read. Save it again as “CSV "
            "UTF-8”.",
        ),
        (
            b"Ref,Work\0load",
            "The file is not text: character 9 is a NUL. Send CSV in UTF-8, or XLSX.",
        ),
        (
            "Ref".encode("utf-16-le"),
            "The file is not text: character 2 is a NUL. Send CSV in UTF-8, or XLSX.",
        ),
        (
            "Ref".encode("utf-16") + b"\x00",
            "The file is not valid UTF-16: byte 9 cannot be read. Save it again as “CSV "
            "UTF-8”.",
        ),
        (
            "Ref".encode("utf-32"),
            "The file is not text: character 1 is a NUL. Send CSV in UTF-8, or XLSX.",
        ),
    ],
)
def test_undecodable_bytes_are_refused_with_their_place(content, sentence):
    with pytest.raises(SheetError) as refused:
        decode(content)
    assert str(refused.value) == sentence


def test_values_are_written_as_the_plan_shows_them():
    assert written_quarter("2026Q2") == "Q2-2026"
    assert written_quarter("") == ""
    assert written_cost_gate("pay_as_you_go") == "pay-as-you-go"
    assert written_cost_gate("") == ""
    assert model_tier_of("Sonnet", "Haiku") == "Sonnet→Haiku"
    assert model_tier_of("Sonnet", "") == "Sonnet"
    assert repr(written_number(Decimal("6.00"))) == "6"
    assert str(written_number(Decimal("6.50"))) == "6.5"
