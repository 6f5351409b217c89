"""What each row of a sheet would do: matched, created, changed, refused. Plain values."""

from dataclasses import replace
from decimal import Decimal

import pytest

from workloads.enums import CostGate, Status
from workloads.rules.imports.plan import Figures, KnownRow, People, Plan
from workloads.rules.imports.verdicts import ImportVerdict, judge_rows
from workloads.rules.sheets.columns import Column
from workloads.rules.sheets.rows import ParsedRow
from workloads.rules.sheets.words import name_key

CREATE, UPDATE, UNCHANGED, ERROR = ImportVerdict

SARAH, MARCUS, PIA = 1, 2, 3
PEOPLE = People(
    by_username={"sarah": SARAH, "marcus": MARCUS, "pia": PIA},
    by_email={"sarah@example.com": SARAH, "marcus": PIA},
    by_name={"sarah lind": [SARAH], "jo": [MARCUS, PIA], "pia novak": [PIA]},
)
CHAT = KnownRow(
    number=1,
    name="Customer support chat",
    status=Status.CANDIDATE,
    requested_status="committed",
    owner_id=SARAH,
    owner="Sarah Lind",
    ship_quarter="2026Q2",
    primary_model="Sonnet",
    degrade_model="Haiku",
    cost_gate="soft_cap",
    shown=Figures(4200, Decimal("18.00"), 520_000, Decimal("6.00")),
    draft=None,
)
DOCS = replace(CHAT, number=2, name="Internal Q&A", owner_id=None, owner="Marcus W.")
CHAT_ROW = ParsedRow(
    number=2,
    ref="W-01",
    name="Customer support chat",
    owner="Sarah Lind",
    requested_status=Status.COMMITTED,
    users=4200,
    sessions=Decimal(18),
    tokens=520_000,
    ops_hours=Decimal(6),
    primary_model="Sonnet",
    degrade_model="Haiku",
    cost_gate=CostGate.SOFT_CAP,
    ship_quarter="2026Q2",
)


def plan(*known, people=PEOPLE):
    by_name = {}
    for row in known:
        by_name.setdefault(name_key(row.name), []).append(row.number)
    return Plan(
        numbers_by_name=by_name,
        names={row.number: row.name for row in known},
        rows={row.number: row for row in known},
        people=people,
    )


def judge(row, *known, **options):
    [judged] = judge_rows([row], plan(*(known or (CHAT, DOCS)), **options))
    return judged


def new_row(number, ref="", name="Summaries", **values):
    return ParsedRow(number=number, ref=ref, name=name, **values)


def test_a_row_as_the_plan_shows_it_changes_nothing():
    judged = judge(CHAT_ROW)

    assert (judged.verdict, judged.number) == (UNCHANGED, 1)
    assert (judged.fields, judged.figures, judged.changes) == ({}, {}, ())


@pytest.mark.parametrize(
    ("ref", "name", "number"),
    [
        ("W-01", "Customer support chat", 1),
        ("W-01", "Chat for customers", 1),
        ("", "Customer support chat", 1),
        ("", "CUSTOMER SUPPORT CHAT", 1),
        ("W-77", "customer support chat", 1),
        ("W-77", "Chat for customers", 77),
        ("", "Chat for customers", 3),
    ],
)
def test_a_row_is_matched_by_reference_then_by_name_else_it_is_new(ref, name, number):
    judged = judge(replace(CHAT_ROW, ref=ref, name=name))

    assert judged.number == number
    assert (judged.verdict is CREATE) == (number in {3, 77})


def test_of_two_names_that_differ_in_case_the_exact_one_is_meant():
    other = replace(CHAT, number=9, name="CUSTOMER SUPPORT CHAT")

    assert judge(replace(CHAT_ROW, ref=""), other, CHAT).number == 1
    assert judge(replace(CHAT_ROW, ref="", name=other.name), other, CHAT).number == 9


def test_a_reference_and_a_name_of_two_workloads_are_an_error():
    judged = judge(replace(CHAT_ROW, name="internal q&a"))

    assert judged.verdict is ERROR
    assert [(e.column, e.code, e.detail) for e in judged.errors] == [
        (
            "Workload",
            "ref_and_name_differ",
            "W-01 is “Customer support chat”, and this name is that of W-02. Correct the "
            "reference or the name.",
        )
    ]


def test_two_rows_of_one_workload_are_an_error_of_the_later():
    rows = [
        replace(CHAT_ROW, name="Renamed"),
        replace(CHAT_ROW, number=3, ref="", name="Customer support chat"),
    ]

    first, second = judge_rows(rows, plan(CHAT, DOCS))

    assert first.verdict is UPDATE
    assert [error.code for error in second.errors] == ["repeated"]


def test_new_rows_take_references_above_all_that_are_known_or_carried():
    rows = [
        new_row(2, name="A"),
        new_row(3, ref="W-07", name="B"),
        new_row(4, name="C"),
        new_row(5, ref="W-05", name="D"),
    ]

    judged = list(judge_rows(rows, plan(CHAT, DOCS)))

    assert [row.number for row in judged] == [8, 7, 9, 5]
    assert {row.verdict for row in judged} == {CREATE}


def test_an_empty_plan_starts_at_one():
    [judged] = judge_rows([new_row(2)], plan())

    assert judged.number == 1


def test_a_new_reference_beyond_reason_is_an_error():
    judged = judge(new_row(2, ref="W-20260401"))

    assert [error.code for error in judged.errors] == ["reference_too_high"]


@pytest.mark.parametrize(
    ("column", "change", "fields"),
    [
        (Column.WORKLOAD, {"name": "Chat"}, {"name": "Chat"}),
        (
            Column.OWNER,
            {"owner": "Pia Novak"},
            {"owner_id": PIA, "owner_text": ""},
        ),
        (
            Column.OWNER,
            {"owner": "Nobody here"},
            {"owner_id": None, "owner_text": "Nobody here"},
        ),
        (Column.OWNER, {"owner": "sarah"}, {}),
        (Column.OWNER, {"owner": "sarah@example.com"}, {}),
        (
            Column.STATUS,
            {"requested_status": Status.LIVE},
            {"requested_status": "live"},
        ),
        (Column.STATUS, {"requested_status": Status.CANDIDATE}, {}),
        (Column.MODEL_TIER, {"degrade_model": ""}, {"degrade_model": ""}),
        (Column.COST_GATE, {"cost_gate": CostGate.HARD_CAP}, {"cost_gate": "hard_cap"}),
        (Column.SHIP_QUARTER, {"ship_quarter": "2026Q4"}, {"ship_quarter": "2026Q4"}),
    ],
)
def test_a_cell_that_differs_from_the_row_changes_its_field(column, change, fields):
    judged = judge(replace(CHAT_ROW, **change))

    assert judged.fields == fields
    assert [c.column for c in judged.changes] == ([str(column)] if fields else [])
    assert judged.verdict is (UPDATE if fields else UNCHANGED)


def test_a_change_is_told_as_people_read_it():
    judged = judge(
        replace(CHAT_ROW, ship_quarter="2026Q4", degrade_model="", users=4500)
    )

    assert [(c.column, c.before, c.after) for c in judged.changes] == [
        ("Model tier", "Sonnet→Haiku", "Sonnet"),
        ("Ship quarter", "Q2-2026", "Q4-2026"),
        ("Users", "4,200", "4,500"),
    ]


def test_empty_cells_say_nothing_and_change_nothing():
    judged = judge(
        ParsedRow(
            number=2,
            ref="W-01",
            name="Customer support chat",
            empty=frozenset(Column) - {Column.REF, Column.WORKLOAD},
        )
    )

    assert judged.verdict is UNCHANGED


@pytest.mark.parametrize(
    ("draft_users", "sheet_users", "changed"),
    [
        (None, 4200, False),
        (None, 5000, True),
        (5000, 4200, False),
        (5000, 5000, False),
        (5000, 6000, True),
    ],
)
def test_a_figure_changes_only_what_differs_from_row_and_draft(
    draft_users, sheet_users, changed
):
    draft = None if draft_users is None else replace(CHAT.shown, users=draft_users)

    judged = judge(replace(CHAT_ROW, users=sheet_users), replace(CHAT, draft=draft))

    assert judged.figures == ({"users": sheet_users} if changed else {})
    assert judged.verdict is (UPDATE if changed else UNCHANGED)


@pytest.mark.parametrize(
    ("typed", "account"),
    [
        ("sarah", SARAH),
        ("SARAH", SARAH),
        ("Sarah@Example.com", SARAH),
        ("marcus", MARCUS),
        ("pia novak", PIA),
        ("Jo", None),
        ("Sarah", SARAH),
        ("Sarah L", None),
    ],
)
def test_an_owner_is_matched_by_username_then_mail_then_name(typed, account):
    assert PEOPLE.named(typed) == account


def test_a_new_row_carries_all_that_its_cells_say():
    judged = judge(replace(CHAT_ROW, ref="W-09", name="New", owner="Jo"), people=PEOPLE)

    assert judged.fields == {
        "name": "New",
        "owner_id": None,
        "owner_text": "Jo",
        "requested_status": "committed",
        "ship_quarter": "2026Q2",
        "primary_model": "Sonnet",
        "degrade_model": "Haiku",
        "cost_gate": "soft_cap",
    }
    assert judged.figures == {
        "users": 4200,
        "sessions": Decimal(18),
        "tokens": 520_000,
        "ops_hours": Decimal(6),
    }


@pytest.mark.parametrize("status", [Status.COMMITTED, Status.LIVE])
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"owner": "Pia Novak"}, "owner_is_committed"),
        ({"owner": "Nobody"}, "owner_is_committed"),
        ({"ship_quarter": "2026Q4"}, "quarter_is_committed"),
        ({"users": 5000}, None),
        ({"owner": "sarah"}, None),
    ],
)
def test_owner_and_quarter_of_a_committed_or_live_row_stay(status, change, code):
    judged = judge(replace(CHAT_ROW, **change), replace(CHAT, status=status))

    assert [error.code for error in judged.errors] == ([code] if code else [])


def test_a_retired_row_is_changed_by_nothing():
    retired = replace(CHAT, status=Status.RETIRED)

    assert judge(CHAT_ROW, retired).verdict is UNCHANGED
    assert [e.code for e in judge(replace(CHAT_ROW, users=1), retired).errors] == [
        "workload_retired"
    ]


def test_an_owner_who_signed_the_estimate_is_an_error():
    signed = replace(CHAT, signer_ids=frozenset({PIA}))

    judged = judge(replace(CHAT_ROW, owner="pia"), signed)

    assert [error.code for error in judged.errors] == ["owner_has_signed"]


@pytest.mark.parametrize("known", [(CHAT, DOCS), (DOCS,)])
def test_more_tokens_than_can_be_counted_are_an_error(known):
    judged = judge(replace(CHAT_ROW, users=10**9, tokens=10**12), *known)

    assert [(e.column, e.code) for e in judged.errors] == [
        ("Tokens/user/month", "too_many_tokens")
    ]


def test_a_row_with_a_bad_cell_keeps_its_workload_and_says_both_errors():
    row = replace(CHAT_ROW, name="internal q&a", errors=(object(),))

    judged = judge(row)

    assert judged.number == 1
    assert len(judged.errors) == 2
