"""What is written is read again as it was: importing an export changes nothing."""

import csv
import io
import json
import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from workloads.enums import CostGate, Status
from workloads.rules.sheets.cells import is_empty
from workloads.rules.sheets.columns import HEADINGS
from workloads.rules.sheets.neutral import neutralise, plain
from workloads.rules.sheets.rows import ParsedRow
from workloads.rules.sheets.written import (
    written_cost_gate,
    written_quarter,
)
from workloads.rules.shown import model_tier_of
from workloads.services.sheets.files import read_plan_file
from workloads.services.sheets.writer import write_csv, write_json, write_xlsx

# Text that a plan can hold: one line, nothing around it, any script, any sign.
LINE = (
    st.text(
        st.one_of(
            st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]),
            st.sampled_from("=+-@'\"—,;\t→ ".replace("\t", "")),
        ),
        max_size=40,
    )
    .map(lambda text: unicodedata.normalize("NFC", text).strip())
    # Code points that XML cannot hold.
    .filter(lambda text: not set(text) & {"\ufffe", "\uffff"})
)
MODEL = st.from_regex(r"[A-Za-z][A-Za-z0-9. ]{0,20}[a-z0-9]", fullmatch=True)
QUARTER = st.builds("{}Q{}".format, st.integers(2000, 2099), st.integers(1, 4))


def amounts(most):
    return st.none() | st.decimals(0, most, places=2)


PARSED = st.builds(
    ParsedRow,
    number=st.just(2),
    ref=st.just("") | st.integers(1, 999_999).map("W-{:02d}".format),
    name=LINE.filter(bool),
    owner=LINE,
    requested_status=st.none() | st.sampled_from(Status),
    users=st.none() | st.integers(0, 1_000_000_000),
    sessions=amounts(100_000),
    tokens=st.none() | st.integers(0, 1_000_000_000_000),
    ops_hours=amounts(10_000),
    primary_model=MODEL,
    degrade_model=st.just("") | MODEL,
    cost_gate=st.none() | st.sampled_from(CostGate),
    ship_quarter=st.just("") | QUARTER,
)


def cells_of(row):
    return [
        row.ref,
        row.name,
        row.owner,
        str(row.requested_status or ""),
        row.users,
        row.sessions,
        row.tokens,
        row.ops_hours,
        model_tier_of(row.primary_model, row.degrade_model),
        written_cost_gate(row.cost_gate or ""),
        written_quarter(row.ship_quarter),
    ]


def values_of(row):
    return {
        name: getattr(row, name)
        for name in ParsedRow.__slots__
        if name not in {"empty"}
    }


@pytest.mark.parametrize("write", [write_csv, write_xlsx])
def test_any_row_that_is_written_is_read_again(write):
    @settings(max_examples=150, deadline=None)
    @given(PARSED)
    def check(row):
        (again,) = read_plan_file(write(HEADINGS, [cells_of(row)]))
        assert values_of(again) == values_of(row)

    check()


@settings(max_examples=1_000)
@given(
    st.text(st.sampled_from("=+-@'\t\r\n —\u2013a\u00a0") | st.characters(), max_size=8)
)
def test_neutralised_text_comes_back_and_is_no_formula(text):
    written = neutralise(text)

    assert plain(written) == text
    assert written.lstrip()[:1] not in {"=", "+", "-", "@", "\t", "\r"} or not written


@settings(max_examples=500)
@given(LINE.filter(bool))
def test_written_text_is_never_read_as_an_empty_cell(text):
    assert is_empty(neutralise(text)) is False


HOSTILE = [
    "=cmd|'/c calc'!A1",
    "+1",
    "-1",
    "@SUM(A1)",
    "#REF!",
    "a,b;c",
    'say "hi"',
    "—",
]


def test_csv_holds_no_formula_and_exact_figures():
    content = write_csv(
        ["Workload", "Users", "Ops hours/week"],
        [[text, 520_000, Decimal("6.00")] for text in HOSTILE],
    )

    rows = list(csv.reader(io.StringIO(content.decode())))

    assert rows[0] == ["Workload", "Users", "Ops hours/week"]
    assert [row[0] for row in rows[1:]] == [
        "'=cmd|'/c calc'!A1",
        "'+1",
        "'-1",
        "'@SUM(A1)",
        "#REF!",
        "a,b;c",
        'say "hi"',
        "'—",
    ]
    assert {tuple(row[1:]) for row in rows[1:]} == {("520000", "6")}


def test_a_workbook_holds_no_formula_and_exact_figures():
    content = write_xlsx(
        ["Workload", "Users", "Ops hours/week"],
        [[text, 520_000, Decimal("6.50")] for text in HOSTILE],
    )

    sheet = load_workbook(io.BytesIO(content)).active
    rows = list(sheet.iter_rows(min_row=2))

    assert {cell.data_type for cell, *_ in rows} == {"s"}
    assert [cell.value for cell, *_ in rows][:2] == ["'=cmd|'/c calc'!A1", "'+1"]
    assert {(users.value, hours.value) for _, users, hours in rows} == {(520_000, 6.5)}


def test_json_holds_numbers_and_null_for_what_is_unknown():
    content = write_json(
        ["Workload", "Users", "Ops hours/week", "Owner", "Tokens/user/month"],
        [["=1", 4200, Decimal("6.50"), "", None]],
    )

    assert json.loads(content) == {
        "rows": [
            {
                "Workload": "=1",
                "Users": 4200,
                "Ops hours/week": 6.5,
                "Owner": None,
                "Tokens/user/month": None,
            }
        ]
    }


@pytest.mark.parametrize("write", [write_csv, write_xlsx])
def test_an_empty_plan_is_written_and_read(write):
    assert read_plan_file(write(HEADINGS, [])) == ()
