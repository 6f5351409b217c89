"""A sheet taken into the plan: whole or not at all, and twice is as once."""

from datetime import timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from portal.kernel.errors import NotAllowed
from portal.kernel.models import AuditEntry, User
from portal.kernel.selectors.audit import verify
from tests.conftest import NOW
from tests.workloads import stories
from workloads.enums import EstimateState, Status
from workloads.models import Estimate, Workload
from workloads.rules.sheets import words
from workloads.rules.sheets.columns import HEADINGS
from workloads.rules.sheets.written import (
    written_cost_gate,
    written_quarter,
)
from workloads.rules.shown import model_tier_of
from workloads.selectors.requirements import road_for
from workloads.services.errors import RowsRefused
from workloads.services.imports import apply_import, preview_import
from workloads.services.plan import edit_workload
from workloads.services.sheets.errors import UnreadableFile
from workloads.services.sheets.writer import write_csv, write_xlsx

ROOT = Path(__file__).parents[2]
PLAN = (ROOT / "governance/services/demo/plan.csv").read_bytes()
SIGNATURES = (
    "estimate_complete",
    "signoff_engineering",
    "signoff_finance",
    "signoff_ops",
)
LACKS = ("gate_defined", "no_staffing", "success_criteria")


def sheet(*rows, write=write_csv):
    """Rows as dictionaries by heading; what is left out is empty."""
    return write(HEADINGS, [[row.get(name, "") for name in HEADINGS] for row in rows])


def chat(**values):
    return {"Ref": "W-01", "Workload": "Customer support chat", **values}


def exported(write=write_csv):
    """The plan as its export writes it."""
    rows = []
    for workload in Workload.objects.select_related("owner", "shown_estimate"):
        shown = workload.shown_estimate
        rows.append(
            [
                workload.ref,
                workload.name,
                workload.owner_name,
                str(workload.status),
                shown.users if shown else None,
                shown.sessions_per_user_month if shown else None,
                shown.tokens_per_user_month if shown else None,
                shown.ops_hours_week if shown else None,
                model_tier_of(workload.primary_model, workload.degrade_model),
                written_cost_gate(workload.cost_gate),
                written_quarter(workload.ship_quarter),
            ]
        )
    return write(HEADINGS, rows)


def take(content, actor):
    return apply_import(content=content, actor=actor, now=NOW)


def everything():
    """All that an import could have touched."""
    return (
        list(Workload.objects.order_by("id").values()),
        list(Estimate.objects.order_by("id").values()),
        AuditEntry.objects.count(),
    )


def test_the_demo_plan_lands_as_five_candidates_with_what_each_lacks(cast):
    answer = take(PLAN, cast.pia)

    assert answer.applied is True
    assert [
        (row.row, row.ref, str(row.verdict), row.requested_status, row.missing)
        for row in answer.rows
    ] == [
        (2, "W-01", "create", "committed", (*SIGNATURES, *LACKS)),
        (3, "W-02", "create", "committed", (*SIGNATURES, *LACKS)),
        (4, "W-03", "create", "planned", SIGNATURES),
        (5, "W-04", "create", "planned", SIGNATURES),
        (6, "W-05", "create", "candidate", ()),
    ]
    assert set(Workload.objects.values_list("status", flat=True)) == {Status.CANDIDATE}


def test_the_demo_plan_is_read_to_the_last_figure(cast):
    take(PLAN, cast.pia)

    assert list(
        Estimate.objects.order_by("workload__number").values_list(
            "workload__number",
            "users",
            "sessions_per_user_month",
            "declared_tokens_per_user_month",
            "tokens_per_user_month",
            "ops_hours_week",
            "session_minutes",
            "profile",
            "state",
        )
    ) == [
        (1, 4200, 18, 520_000, 520_000, 6, 10, "business_hours", "draft"),
        (2, 1100, 42, 980_000, 980_000, 4, 10, "business_hours", "draft"),
        (3, 280, 60, 1_400_000, 1_400_000, 2, 10, "business_hours", "draft"),
        (4, 95, 30, 2_200_000, 2_200_000, 3, 10, "business_hours", "draft"),
    ]
    first = Workload.objects.get(number=1)
    assert (first.owner, first.owner_text) == (cast.sarah, "")
    assert (first.model_tier, first.cost_gate) == ("Sonnet→Haiku", "soft_cap")
    assert (first.ship_quarter, first.requested_status) == ("2026Q2", "committed")
    assert Workload.objects.get(number=3).owner_text == "Priya"
    assert Workload.objects.get(number=5).draft_estimate is None


def test_the_same_file_again_changes_nothing(cast):
    take(PLAN, cast.pia)
    before = everything()

    answer = take(PLAN, cast.pia)

    assert answer.applied is True
    assert {str(row.verdict) for row in answer.rows} == {"unchanged"}
    assert everything() == before


def test_a_preview_writes_nothing_and_says_what_the_import_then_does(cast):
    before = everything()

    preview = preview_import(content=PLAN, actor=cast.pia, now=NOW)

    assert preview.applied is False
    assert everything() == before
    assert take(PLAN, cast.pia).rows == preview.rows


def test_what_a_preview_says_is_missing_is_what_the_lifecycle_then_asks(cast):
    rows = [chat(Status="live", Users="5k"), {"Workload": "Bare", "Status": "live"}]

    answer = take(sheet(*rows), cast.pia)

    for row, workload in zip(answer.rows, Workload.objects.all(), strict=True):
        asked = road_for(workload, to=Status.LIVE, now=NOW)
        assert list(row.missing) == [item.code for item in asked if not item.met]


@pytest.mark.parametrize("write", [write_csv, write_xlsx])
def test_importing_an_export_changes_nothing(cast, write):
    stories.live(cast, name="=SUM(A1)")
    stories.planned(cast, name="Docs")
    nobody = stories.proposed(cast, name="-1", owner=None, owner_text="—")
    stories.submitted(nobody, cast.pia)
    stories.drafted(stories.proposed(cast, name="'Tis", degrade_model=""), cast.pia)
    empty = ("ship_quarter", "primary_model", "degrade_model", "cost_gate")
    stories.proposed(cast, name="Bare", **dict.fromkeys(empty, ""))
    before = everything()

    answer = take(exported(write), cast.pia)

    assert {str(row.verdict) for row in answer.rows} == {"unchanged"}
    assert everything() == before


def test_one_wrong_row_refuses_the_whole_sheet(cast):
    content = sheet({"Workload": "Good"}, {"Workload": "Bad", "Users": "5 20k"})

    with pytest.raises(RowsRefused) as refused:
        take(content, cast.pia)

    assert (refused.value.status, refused.value.extra) == (
        422,
        {
            "rows": [
                {
                    "row": 2,
                    "ref": "W-01",
                    "verdict": "create",
                    "requested_status": None,
                    "missing": (),
                    "errors": (),
                },
                {
                    "row": 3,
                    "ref": None,
                    "verdict": "error",
                    "requested_status": None,
                    "missing": (),
                    "errors": (
                        {
                            "column": "Users",
                            "value": "5 20k",
                            "code": "not_a_number",
                            "detail": "A space stands inside it. Type it as 4200, 4,200, "
                            "520k or 1.4M, or leave it empty.",
                        },
                    ),
                },
            ],
            "applied": False,
        },
    )
    assert refused.value.detail == (
        "1 of 2 rows has errors, so nothing was imported. The first is row 3, Users "
        "“5 20k”: A space stands inside it. Type it as 4200, 4,200, 520k or 1.4M, or "
        "leave it empty."
    )
    assert Workload.objects.count() == 0
    assert AuditEntry.objects.count() == 0


def test_a_preview_of_a_wrong_sheet_is_an_answer(cast):
    content = sheet({"Workload": "Bad", "Users": "lots"})

    answer = preview_import(content=content, actor=cast.pia, now=NOW)

    assert [str(row.verdict) for row in answer.rows] == ["error"]


def test_changed_figures_open_a_draft_that_goes_on_from_the_submitted_version(cast):
    workload = stories.proposed(cast)
    stories.signed(workload, cast)

    take(sheet(chat(Users="5,000")), cast.pia)

    signed, draft = Estimate.objects.order_by("version")
    assert (signed.users, signed.state) == (4200, EstimateState.SUBMITTED)
    assert (draft.version, draft.state) == (2, EstimateState.DRAFT)
    assert (draft.users, draft.declared_tokens_per_user_month) == (5000, 520_000)
    assert list(draft.contributors.all()) == [cast.pia]
    workload = Workload.objects.get()
    assert (workload.shown_estimate, workload.draft_estimate) == (signed, draft)


def test_changed_figures_go_into_the_open_draft(cast):
    workload = stories.proposed(cast)
    stories.drafted(workload, cast.sarah)

    take(sheet(chat(**{"Ops hours/week": "7.5"})), cast.pia)

    draft = Estimate.objects.get()
    assert (draft.version, draft.ops_hours_week) == (1, Decimal("7.5"))
    assert set(draft.contributors.all()) == {cast.sarah, cast.pia}


def test_declared_tokens_take_the_place_of_the_factors(cast):
    workload = stories.proposed(cast)
    factors = {
        "declared_tokens_per_user_month": None,
        "turns_per_session": 6,
        "input_tokens_per_turn": 1000,
        "output_tokens_per_turn": 200,
    }
    stories.drafted(workload, cast.sarah, **factors)

    take(sheet(chat(**{"Tokens/user/month": "640K"})), cast.pia)

    draft = Estimate.objects.get()
    assert (draft.declared_tokens_per_user_month, draft.turns_per_session) == (
        640_000,
        None,
    )
    assert draft.tokens_per_user_month == 640_000


def test_the_sheet_of_a_row_with_factors_changes_nothing(cast):
    workload = stories.proposed(cast)
    factors = {
        "declared_tokens_per_user_month": None,
        "turns_per_session": 6,
        "input_tokens_per_turn": 1000,
        "output_tokens_per_turn": 200,
    }
    stories.drafted(workload, cast.sarah, **factors)
    before = everything()

    take(exported(), cast.pia)

    assert everything() == before


def test_the_status_is_never_written_and_the_wish_is_recorded(cast):
    workload = stories.planned(cast)

    take(sheet(chat(Status="live")), cast.pia)

    workload = Workload.objects.get()
    assert (workload.status, workload.requested_status) == (Status.PLANNED, "live")


def test_a_committed_workload_keeps_its_quarter_and_its_owner(cast):
    stories.committed(cast)

    with pytest.raises(RowsRefused) as refused:
        take(sheet(chat(Owner="Marcus Webb", **{"Ship quarter": "Q4-2026"})), cast.pia)

    assert [error.code for error in refused.value.answer.rows[0].errors] == [
        "owner_is_committed",
        "quarter_is_committed",
    ]


def test_a_signer_does_not_become_the_owner_by_import(cast):
    stories.signed(stories.proposed(cast), cast)

    with pytest.raises(RowsRefused) as refused:
        take(sheet(chat(Owner="ines")), cast.pia)

    assert [error.code for error in refused.value.answer.rows[0].errors] == [
        "owner_has_signed"
    ]


def test_a_missing_row_deletes_nothing(cast):
    take(PLAN, cast.pia)

    take(sheet({"Workload": "Another"}), cast.pia)

    assert Workload.objects.count() == 6
    assert Workload.objects.get(number=6).name == "Another"


def test_an_inactive_account_owns_nothing_new(cast):
    User.objects.filter(pk=cast.sarah.pk).update(is_active=False)

    take(PLAN, cast.pia)

    workload = Workload.objects.get(number=1)
    assert (workload.owner, workload.owner_text) == (None, "Sarah")


@pytest.mark.parametrize("name", ["sarah", "ines", "clara", "adele", "nils", "ada"])
@pytest.mark.parametrize("use", [preview_import, apply_import])
def test_only_a_planner_imports(cast, name, use):
    with pytest.raises(NotAllowed):
        use(content=PLAN, actor=getattr(cast, name), now=NOW)
    assert Workload.objects.count() == 0


def test_an_unreadable_file_writes_nothing(cast):
    with pytest.raises(UnreadableFile):
        take(b"\x00\x01", cast.pia)
    assert everything() == ([], [], 0)


def test_an_import_is_in_the_trail_row_by_row_and_as_a_whole(cast):
    take(PLAN, cast.pia)

    trail = AuditEntry.objects.order_by("id").values_list("action", "object")
    assert list(trail) == [
        *(("workload.proposed", f"workload/W-0{n}") for n in range(1, 6)),
        *(("estimate.edited", f"workload/W-0{n}") for n in range(1, 5)),
        ("plan.imported", "plan"),
    ]
    whole = AuditEntry.objects.get(action="plan.imported")
    assert whole.after["create"] == 5
    assert len(whole.after["sha256"]) == 64
    assert whole.actor == cast.pia
    assert verify().broken is None


def test_ten_times_the_rows_are_imported_with_the_same_number_of_statements(
    cast, django_assert_num_queries
):
    def rows(first, count):
        return sheet(
            *(
                {"Workload": f"Workload {n}", "Users": "1k", "Status": "committed"}
                for n in range(first, first + count)
            )
        )

    with django_assert_num_queries(31):
        take(rows(0, 3), cast.pia)
    with django_assert_num_queries(31):
        take(rows(100, 30), cast.pia)


def test_a_name_that_was_taken_meanwhile_is_an_update_not_a_second_row(cast):
    take(sheet(chat()), cast.pia)
    edit_workload(number=1, actor=cast.pia, changes={"name": "Chat"}, now=NOW)

    answer = take(sheet({"Workload": "CHAT", "Users": "5"}), cast.pia)

    assert [(row.ref, str(row.verdict)) for row in answer.rows] == [("W-01", "update")]
    assert Workload.objects.count() == 1


# --- The command ---------------------------------------------------------------------


def command(*arguments):
    out, err = StringIO(), StringIO()
    call_command("import_plan", *map(str, arguments), stdout=out, stderr=err)
    return out.getvalue().splitlines()


def test_the_command_imports_and_prints_a_line_a_row(cast):
    lines = command(ROOT / "governance/services/demo/plan.csv", "--as", "pia")

    assert lines[0] == (
        "row 2  W-01  Customer support chat: create; for committed it lacks "
        "estimate_complete, signoff_engineering, signoff_finance, signoff_ops, "
        "gate_defined, no_staffing, success_criteria"
    )
    assert lines[-1] == ("Imported. 5 rows: 5 create, 0 update, 0 unchanged, 0 error.")
    assert Workload.objects.count() == 5
    assert AuditEntry.objects.filter(action="plan.imported", source="command").exists()


def test_the_command_only_looks_when_it_is_told_to(cast):
    lines = command(
        ROOT / "governance/services/demo/plan.csv", "--as", "PIA", "--dry-run"
    )

    assert lines[-1].startswith("Nothing was imported. 5 rows: 5 create")
    assert Workload.objects.count() == 0


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_the_command_fails_with_the_cell_that_is_wrong(cast, tmp_path, options):
    path = tmp_path / "plan.csv"
    path.write_bytes(sheet({"Workload": "Bad", "Users": "1,4M"}))

    with pytest.raises(CommandError, match="row 2, Users “1,4M”"):
        command(path, "--as", "pia", *options)
    assert Workload.objects.count() == 0


@pytest.mark.parametrize(
    ("file", "username", "sentence"),
    [
        ("plan.csv", "nobody", "There is no account nobody"),
        ("none.csv", "pia", "none.csv cannot be read: No such file"),
        (".", "pia", "cannot be read: Is a directory"),
        ("plan.csv", "sarah", "You cannot import a plan"),
    ],
)
def test_the_command_refuses_with_a_sentence(cast, file, username, sentence):
    with pytest.raises(CommandError, match=sentence):
        command(ROOT / "governance/services/demo" / file, "--as", username)


def test_an_hour_later_is_no_change_either(cast):
    take(PLAN, cast.pia)
    before = everything()

    apply_import(content=PLAN, actor=cast.pia, now=NOW + timedelta(hours=1))

    assert everything() == before


def test_a_sheet_takes_names_as_long_as_the_plan_keeps_them():
    longest = {
        name: Workload._meta.get_field(name).max_length
        for name in ("name", "owner_text", "primary_model", "degrade_model")
    }

    assert longest == {
        "name": words.LONGEST_NAME,
        "owner_text": words.LONGEST_OWNER,
        "primary_model": words.LONGEST_MODEL,
        "degrade_model": words.LONGEST_MODEL,
    }
