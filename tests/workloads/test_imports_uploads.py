"""A sheet by page: uploaded, judged, left and found again, confirmed once."""

from datetime import timedelta

import pytest

from portal.kernel import clock
from portal.kernel.errors import NotAllowed, NotFound
from portal.kernel.models import OutboxMessage, User
from tests.conftest import NOW
from tests.workloads import stories
from tests.workloads.pages import Reader, words
from tests.workloads.test_imports_plan import PLAN, sheet
from workloads.enums import ImportState
from workloads.models import PlanImport, Workload
from workloads.selectors.imports import answer_of, get_import, recent_imports
from workloads.services import uploads
from workloads.services.errors import (
    AlreadyImported,
    PlanMoved,
    RowsRefused,
    SheetRemoved,
    StillJudging,
)
from workloads.services.imports import apply_import
from workloads.services.plan import edit_workload
from workloads.services.sheets.errors import UnreadableFile
from workloads.tasks import apply_upload, check_upload, remove_old_sheets

LONG = sheet(
    *(
        {"Workload": f"Workload {number}", "Users": "1k"}
        for number in range(uploads.MOST_AT_ONCE + 1)
    )
)


def upload(actor, content=PLAN, name="plan.csv"):
    return uploads.upload_sheet(content=content, file_name=name, actor=actor, now=NOW)


def confirm(kept, actor):
    return uploads.confirm_upload(import_id=kept.pk, actor=actor, now=NOW)


def test_an_upload_is_judged_and_kept_and_nothing_is_imported(cast):
    kept = upload(cast.pia)

    found = get_import(kept.pk)
    answer = answer_of(found)
    assert (found.state, found.done, found.total) == (ImportState.CHECKED, 5, 5)
    assert (found.uploaded_by, found.uploaded_at) == (cast.pia, NOW)
    assert [str(row.verdict) for row in answer.rows] == ["create"] * 5
    assert answer.rows[0].missing[0] == "estimate_complete"
    assert (answer.applied, answer.sha256) == (False, found.sha256)
    assert Workload.objects.count() == 0
    assert recent_imports() == [found]


def test_a_confirmed_upload_is_imported(cast):
    kept = confirm(upload(cast.pia), cast.pia)

    assert (kept.state, kept.applied_by, kept.applied_at) == (
        ImportState.APPLIED,
        cast.pia,
        NOW,
    )
    assert answer_of(kept).applied is True
    assert Workload.objects.count() == 5


def test_an_upload_is_confirmed_once(cast):
    kept = confirm(upload(cast.pia), cast.pia)

    with pytest.raises(AlreadyImported) as refused:
        confirm(kept, cast.pia)
    assert refused.value.detail == (
        "Pia Novak imported this sheet at 09:00 UTC on 12 May 2026."
    )
    assert Workload.objects.count() == 5


def test_an_upload_with_a_wrong_row_is_shown_and_not_confirmed(cast):
    kept = upload(cast.pia, sheet({"Workload": "Bad", "Users": "lots"}))

    assert [error.code for error in answer_of(kept).rows[0].errors] == ["not_a_number"]
    with pytest.raises(RowsRefused):
        confirm(kept, cast.pia)
    assert get_import(kept.pk).state == ImportState.CHECKED


def test_a_preview_that_the_plan_overtook_is_refused_and_made_anew(cast):
    workload = stories.proposed(cast)
    kept = upload(
        cast.pia, sheet({"Ref": "W-01", "Workload": workload.name, "Owner": "marcus"})
    )
    edit_workload(number=1, actor=cast.pia, changes={"owner": cast.marcus}, now=NOW)

    with pytest.raises(PlanMoved) as refused:
        confirm(kept, cast.pia)

    assert refused.value.detail == (
        "The plan changed since the preview: row 2 (W-01) would now be taken otherwise. "
        "Nothing was imported; look at the preview again."
    )
    found = get_import(kept.pk)
    assert (found.state, found.problem) == (ImportState.CHECKED, refused.value.detail)
    assert [str(row.verdict) for row in answer_of(found).rows] == ["unchanged"]
    assert confirm(found, cast.pia).state == ImportState.APPLIED


def test_a_sheet_that_another_imported_meanwhile_is_refused_and_made_anew(cast):
    kept = upload(cast.pia)
    apply_import(content=PLAN, actor=cast.pia, now=NOW)

    with pytest.raises(PlanMoved):
        confirm(kept, cast.pia)

    rows = answer_of(get_import(kept.pk)).rows
    assert {str(row.verdict) for row in rows} == {"unchanged"}


def test_a_change_that_the_sheet_does_not_touch_makes_no_preview_stale(cast):
    workload = stories.proposed(cast)
    content = sheet({"Ref": "W-01", "Workload": workload.name, "Users": "5k"})
    kept = upload(cast.pia, content)
    edit_workload(number=1, actor=cast.pia, changes={"purpose": "Faster"}, now=NOW)

    assert confirm(kept, cast.pia).state == ImportState.APPLIED


def test_a_long_sheet_is_judged_and_imported_by_the_worker(cast):
    kept = upload(cast.pia, LONG)
    total = uploads.MOST_AT_ONCE + 1

    assert (kept.state, kept.done, kept.total) == (ImportState.CHECKING, 0, total)
    assert answer_of(kept) is None
    with pytest.raises(StillJudging, match=f"0 of {total} rows are judged"):
        confirm(kept, cast.pia)

    check_upload(kept.pk)
    kept = confirm(get_import(kept.pk), cast.pia)
    assert (kept.state, kept.done) == (ImportState.APPLYING, total)
    assert Workload.objects.count() == 0
    with pytest.raises(AlreadyImported, match="being imported"):
        confirm(kept, cast.pia)

    apply_upload(kept.pk)
    assert get_import(kept.pk).state == ImportState.APPLIED
    assert Workload.objects.count() == total
    assert [
        (message.payload["task"], message.payload["arguments"])
        for message in OutboxMessage.objects.order_by("id")
    ] == [
        ("workloads.tasks.check_upload", [kept.pk]),
        ("workloads.tasks.apply_upload", [kept.pk]),
    ]


def test_the_worker_does_each_part_once(cast):
    kept = upload(cast.pia, LONG)
    check_upload(kept.pk)
    checked_at = get_import(kept.pk).checked_at
    check_upload(kept.pk)
    assert get_import(kept.pk).checked_at == checked_at

    confirm(kept, cast.pia)
    apply_upload(kept.pk)
    count = Workload.objects.count()
    apply_upload(kept.pk)
    assert Workload.objects.count() == count


def test_the_worker_keeps_the_reason_why_a_sheet_was_not_imported(cast):
    kept = upload(cast.pia, LONG)
    check_upload(kept.pk)
    confirm(kept, cast.pia)
    User.objects.filter(pk=cast.pia.pk).update(roles=[])

    apply_upload(kept.pk)

    found = get_import(kept.pk)
    assert found.state == ImportState.CHECKED
    assert found.problem == "You cannot import a plan. A planner can."
    assert Workload.objects.count() == 0


def test_a_failure_of_ours_gives_the_sheet_back(cast, monkeypatch):
    kept = upload(cast.pia)

    def fail(**_asked):
        raise RuntimeError("out of memory")

    with monkeypatch.context() as broken:
        broken.setattr(uploads, "apply_import", fail)
        with pytest.raises(RuntimeError):
            confirm(kept, cast.pia)

    found = get_import(kept.pk)
    assert (found.state, found.problem) == (ImportState.CHECKED, uploads.FAILED)
    assert confirm(kept, cast.pia).state == ImportState.APPLIED


def test_an_unreadable_file_is_not_kept(cast):
    with pytest.raises(UnreadableFile):
        upload(cast.pia, b"%PDF-1.7")
    assert PlanImport.objects.count() == 0


@pytest.mark.parametrize("name", ["sarah", "clara", "nils"])
def test_only_a_planner_uploads_and_confirms(cast, name):
    actor = getattr(cast, name)
    kept = upload(cast.pia)

    with pytest.raises(NotAllowed):
        upload(actor)
    with pytest.raises(NotAllowed):
        confirm(kept, actor)
    assert PlanImport.objects.count() == 1
    assert Workload.objects.count() == 0


def test_an_import_that_is_not_there_is_not_found(cast):
    with pytest.raises(NotFound):
        get_import(999)
    with pytest.raises(NotFound):
        uploads.confirm_upload(import_id=999, actor=cast.pia, now=NOW)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("plan.csv", "plan.csv"),
        ("C:\\Users\\pia\\plan.csv", "plan.csv"),
        ("../../etc/passwd", "passwd"),
        ("pl\x00an\n.csv", "plan.csv"),
        ("x" * 300, "x" * 200),
        ("", ""),
    ],
)
def test_the_name_of_the_file_is_kept_without_its_path(cast, sent, kept):
    assert upload(cast.pia, name=sent).file_name == kept


# --- The file has its time, the record stays ------------------------------------------

LATER = NOW + timedelta(days=91)


def test_the_file_of_an_old_upload_is_removed_and_its_record_stays(cast):
    done = confirm(upload(cast.pia), cast.pia)
    left = upload(cast.pia, sheet({"Workload": "Left alone"}))
    PlanImport.objects.filter(pk=left.pk).update(uploaded_at=NOW - timedelta(hours=1))

    assert uploads.remove_old_sheets(now=NOW + timedelta(days=90)) == 1
    assert uploads.remove_old_sheets(now=LATER) == 1
    assert uploads.remove_old_sheets(now=LATER) == 0

    kept = PlanImport.objects.get(pk=done.pk)
    assert (bytes(kept.content), kept.removed_at) == (b"", LATER)
    assert (kept.sha256, kept.applied_by, kept.total) == (done.sha256, cast.pia, 5)
    assert [str(row.verdict) for row in answer_of(kept).rows] == ["create"] * 5


def test_the_days_are_a_setting(cast, settings):
    upload(cast.pia)
    settings.SHEETS_ARE_KEPT_DAYS = 7

    assert uploads.remove_old_sheets(now=NOW + timedelta(days=7)) == 0
    assert uploads.remove_old_sheets(now=NOW + timedelta(days=8)) == 1


def test_a_sheet_that_is_being_imported_keeps_its_file(cast):
    kept = upload(cast.pia)
    PlanImport.objects.update(state=ImportState.APPLYING)

    assert uploads.remove_old_sheets(now=LATER) == 0
    assert bytes(PlanImport.objects.get(pk=kept.pk).content) == PLAN


def test_a_removed_sheet_is_imported_no_more_and_says_why(cast):
    kept = upload(cast.pia)
    uploads.remove_old_sheets(now=LATER)

    with pytest.raises(SheetRemoved) as refused:
        confirm(kept, cast.pia)
    page = Reader(cast)("pia").get(f"/plan/import/{kept.pk}/")

    said = "Its file was removed on 11 Aug 2026. Upload the sheet again."
    assert refused.value.detail == said
    assert said in words(page)
    assert Workload.objects.count() == 0


def test_a_sheet_that_was_never_judged_is_judged_no_more(cast):
    kept = upload(cast.pia, LONG)
    uploads.remove_old_sheets(now=LATER)

    check_upload(kept.pk)

    assert PlanImport.objects.get(pk=kept.pk).state == ImportState.CHECKING
    assert "Upload the sheet again." in words(
        Reader(cast)("pia").get(f"/plan/import/{kept.pk}/")
    )


def test_the_task_removes_them(cast, monkeypatch):
    upload(cast.pia)
    monkeypatch.setattr(clock, "now", lambda: LATER)

    assert remove_old_sheets() == 1
