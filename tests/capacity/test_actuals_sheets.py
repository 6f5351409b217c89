"""Sheets of actuals: a verdict a row, whole or not at all, twice as once."""

from datetime import timedelta
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from capacity import tasks
from capacity.models import ActualsImport, ComputeActual, OpsActual, TokenActual
from capacity.rules.actuals.answers import Answer
from capacity.rules.actuals.sheets import MOST_ROWS
from capacity.services.actuals_imports import (
    ActualsMoved,
    ActualsRefused,
    confirm_actuals,
    import_actuals,
    preview_actuals,
    upload_actuals,
)
from portal.kernel import clock
from portal.kernel.errors import NotAllowed
from tests.capacity import actual_stories as told
from tests.conftest import NOW
from tests.workloads.stories import proposed
from workloads.services.errors import AlreadyImported, SheetRemoved
from workloads.services.sheets.errors import FileTooLarge, UnreadableFile
from workloads.services.sheets.writer import write_xlsx

pytestmark = pytest.mark.django_db

COMPUTE = (
    "Month,Line,Amount,Peak concurrent sessions,Corrects,Reason\n"
    "2026-04,orchestration,1.2k,,,\n"
    "2026-04,observability,310.50,,,April's bill\n"
    "2026-04,,,71.4,,\n"
)
OPS = (
    "workload;week;category;hours\n"
    "w1;2026-W17;on-call;4\n"
    "W-01;2026-w17;on_call;4\n"
    "Platform;2026-W17;Platform;2.5\n"
)
TOKENS = (
    "Month\tWorkload\tUsers\tSessions\tTurns\tInput tokens\tOutput tokens\n"
    "2026-04\tW-01\t40\t400\t1.6k\t3M\t1M\n"
)


def taken(cast: SimpleNamespace, text: str, who: str = "ines") -> Answer:
    return import_actuals(content=text.encode(), actor=getattr(cast, who), now=NOW)


def verdicts(answer: Answer) -> list[str]:
    return [str(row.verdict) for row in answer.rows]


def errors(refused: Any) -> list[tuple[int, str, str]]:
    return [
        (row.row, error.column, error.code)
        for row in refused.value.answer.rows
        for error in row.errors
    ]


def test_a_sheet_of_compute_costs_is_entered_and_twice_is_as_once(
    cast: SimpleNamespace,
) -> None:
    first, again = taken(cast, COMPUTE), taken(cast, COMPUTE)

    assert (verdicts(first), verdicts(again)) == (["create"] * 3, ["unchanged"] * 3)
    rows = ComputeActual.objects.order_by("id").values_list("line", "amount")
    assert [(line, amount and f"{amount}") for line, amount in rows] == [
        ("orchestration", "1200.00"),
        ("observability", "310.50"),
        ("", None),
    ]
    assert ComputeActual.objects.get(line="").peak_concurrent_sessions == told.D("71.4")


def test_equal_hours_of_one_sheet_add_up_and_are_matched_one_by_one(
    cast: SimpleNamespace,
) -> None:
    proposed(cast)

    first = taken(cast, OPS, "noor")
    again = taken(cast, OPS, "noor")
    longer = taken(cast, OPS + "W-01;2026-W17;on_call;4\n", "noor")

    assert verdicts(first) == ["create"] * 3
    assert verdicts(again) == ["unchanged"] * 3
    assert verdicts(longer) == ["unchanged"] * 3 + ["create"]
    assert OpsActual.objects.count() == 4


def test_a_sheet_of_tokens_is_entered(cast: SimpleNamespace) -> None:
    proposed(cast)

    assert verdicts(taken(cast, TOKENS, "felix")) == ["create"]
    assert verdicts(taken(cast, TOKENS, "felix")) == ["unchanged"]
    row = TokenActual.objects.get()
    assert (row.turns, row.input_tokens, row.retries) == (1600, 3_000_000, 0)


def test_a_workbook_is_read_as_well(cast: SimpleNamespace) -> None:
    content = write_xlsx(
        ("Month", "Line", "Amount"), [("2026-04", "orchestration", told.D("12.50"))]
    )

    answer = import_actuals(content=content, actor=cast.ines, now=NOW)

    assert verdicts(answer) == ["create"]


def test_the_sheet_that_was_entered_stays_unchanged_after_a_correction(
    cast: SimpleNamespace,
) -> None:
    taken(cast, COMPUTE)
    first = ComputeActual.objects.get(line="orchestration")
    sheet = f"Month,Line,Amount,Corrects\n2026-04,orchestration,900,{first.pk}\n"

    once, twice = taken(cast, sheet), taken(cast, sheet)

    assert (verdicts(once), verdicts(twice)) == (["correct"], ["unchanged"])
    assert verdicts(taken(cast, COMPUTE)) == ["unchanged"] * 3
    assert ComputeActual.objects.count() == 4


def test_one_wrong_row_refuses_the_sheet_and_each_says_why(
    cast: SimpleNamespace,
) -> None:
    sheet = (
        "Month,Line,Amount\n"
        "2026-04,orchestration,10\n"
        "2026-13,orchestration,10\n"
        "2026-04,gpu_farm,10\n"
        "2026-04,observability,-1\n"
        "2026-04,observability,1e18\n"
        "2026-04,observability,9999999999999\n"
        "2026-09,observability,1\n"
        "2026-04,orchestration,11\n"
        "2026-01,orchestration,11\n"
        ",orchestration,11\n"
        "2026-04,vector_database,\n"
        "2026-04,vector_database,5,6\n"
    )

    with pytest.raises(ActualsRefused) as refused:
        taken(cast, sheet)

    assert errors(refused) == [
        (3, "Month", "not_a_month"),
        (4, "Line", "unknown_line"),
        (5, "Amount", "negative"),
        (6, "Amount", "not_a_number"),
        (7, "Amount", "too_large"),
        (8, "Month", "in_the_future"),
        (9, "Month", "repeated"),
        (10, "Month", "quarter_closed"),
        (11, "Month", "required"),
        (12, "Amount", "amount_or_peak"),
        (13, "", "no_heading"),
    ]
    assert not ComputeActual.objects.exists()


def test_wrong_hours_name_their_cell(cast: SimpleNamespace) -> None:
    proposed(cast)
    sheet = (
        "Workload,Week,Category,Hours\n"
        "W-01,2026-W54,on_call,1\n"
        "W-99,2026-W17,on_call,1\n"
        "chat,2026-W17,on_call,1\n"
        ",2026-W17,on_call,1\n"
        "W-01,2026-W17,tea,1\n"
        "W-01,2026-W17,on_call,\n"
        "W-01,2026-W25,on_call,1\n"
        "W-01,2026-W17,on_call,0.001\n"
    )

    with pytest.raises(ActualsRefused) as refused:
        taken(cast, sheet, "noor")

    assert errors(refused) == [
        (2, "Week", "invalid"),
        (3, "Workload", "unknown_workload"),
        (4, "Workload", "not_a_reference"),
        (5, "Workload", "required"),
        (6, "Category", "unknown_category"),
        (7, "Hours", "required"),
        (8, "Week", "in_the_future"),
        (9, "Hours", "too_precise"),
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", UnreadableFile),
        (b"Month,Line,Amount\n2026-04,orch\x00,1\n", UnreadableFile),
        (b"Ref,Workload,Owner\n", UnreadableFile),
        (b"Month,Line\n2026-04,orchestration\n", UnreadableFile),
        (b"Month,Line,Amount,Amount\n", UnreadableFile),
        (b"Month,Line,Amount\n\xff\xfe\n", UnreadableFile),
        (b"x" * 2_000_001, FileTooLarge),
        (
            b"Month,Line,Amount\n" + b"2026-04,orchestration,1\n" * (MOST_ROWS + 1),
            FileTooLarge,
        ),
    ],
)
def test_a_file_that_is_no_sheet_is_refused_whole(
    cast: SimpleNamespace, content: bytes, problem: type[Exception]
) -> None:
    with pytest.raises(problem):
        preview_actuals(content=content, actor=cast.ines, now=NOW)


def test_each_kind_is_entered_by_whoever_may_enter_it(cast: SimpleNamespace) -> None:
    for text, who in ((COMPUTE, "noor"), (OPS, "ines"), (TOKENS, "pia")):
        with pytest.raises(NotAllowed):
            taken(cast, text, who)


def test_many_rows_take_as_many_statements_as_three(
    cast: SimpleNamespace, django_assert_max_num_queries: Any
) -> None:
    proposed(cast)
    many = OPS + "W-01;2026-W18;on_call;1\n" * 400

    with django_assert_max_num_queries(25):
        taken(cast, many, "noor")

    assert OpsActual.objects.count() == 403


# --- By page: upload, confirm --------------------------------------------------------


def uploaded(cast: SimpleNamespace, text: str = COMPUTE) -> ActualsImport:
    return upload_actuals(
        content=text.encode(), file_name="C:\\x\\april.csv", actor=cast.ines, now=NOW
    )


def test_an_uploaded_sheet_enters_nothing_until_it_is_confirmed(
    cast: SimpleNamespace,
) -> None:
    kept = uploaded(cast)
    assert (kept.file_name, kept.kind, kept.total) == ("april.csv", "compute", 3)
    assert not ComputeActual.objects.exists()

    confirmed = confirm_actuals(import_id=kept.pk, actor=cast.ines, now=NOW)

    assert (confirmed.applied_by, confirmed.applied_at) == (cast.ines, NOW)
    assert ComputeActual.objects.count() == 3
    with pytest.raises(AlreadyImported):
        confirm_actuals(import_id=kept.pk, actor=cast.ines, now=NOW)


def test_what_changed_since_the_preview_is_shown_before_it_is_entered(
    cast: SimpleNamespace,
) -> None:
    kept = uploaded(cast)
    told.compute("2026-04", "observability", "310.50")

    with pytest.raises(ActualsMoved):
        confirm_actuals(import_id=kept.pk, actor=cast.ines, now=NOW)

    kept.refresh_from_db()
    assert [row["verdict"] for row in kept.verdicts] == [
        "create",
        "unchanged",
        "create",
    ]
    assert "since the preview" in kept.problem
    confirm_actuals(import_id=kept.pk, actor=cast.ines, now=NOW)
    assert ComputeActual.objects.count() == 3


def test_a_quarter_that_closes_meanwhile_refuses_the_sheet(
    cast: SimpleNamespace,
) -> None:
    kept = uploaded(cast)
    told.marked("2026Q2", "closed")

    with pytest.raises(ActualsRefused):
        confirm_actuals(import_id=kept.pk, actor=cast.ines, now=NOW)

    assert not ComputeActual.objects.exists()


def test_old_files_are_removed_and_their_records_stay(
    cast: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = uploaded(cast)
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=91))

    assert (tasks.remove_old_sheets(), tasks.remove_old_sheets()) == (1, 0)

    kept.refresh_from_db()
    assert (bytes(kept.content), kept.total) == (b"", 3)
    with pytest.raises(SheetRemoved):
        confirm_actuals(import_id=kept.pk, actor=cast.ines, now=NOW)


# --- By command ----------------------------------------------------------------------


def run(path: Path, *options: str) -> str:
    out = StringIO()
    call_command("import_actuals", str(path), "--as", "ines", *options, stdout=out)
    return out.getvalue()


def test_the_command_prints_a_line_a_row(cast: SimpleNamespace, tmp_path: Path) -> None:
    path = tmp_path / "april.csv"
    path.write_text(COMPUTE.replace("2026-04", "2026-10"))

    dry = run(path, "--dry-run")
    done = run(path)

    assert "Nothing was entered. 3 rows: 3 create" in dry
    assert "row 2  2026-10 orchestration  1,200.00: create" in done
    assert "Entered. 3 rows" in done


def test_the_command_fails_on_a_wrong_row(
    cast: SimpleNamespace, tmp_path: Path
) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text("Month,Line,Amount\n2026-10,gpu,1\n")

    with pytest.raises(CommandError):
        run(path)
    with pytest.raises(CommandError):
        run(tmp_path / "missing.csv")
