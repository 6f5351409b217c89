"""A sheet by page: uploaded, judged, looked at, confirmed, and only then imported.

A long sheet is judged and imported by the worker; the page shows how far it is, can be
left and is found again.
"""

from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.db import transaction

from portal.kernel import access
from portal.kernel.errors import NotFound, Problem
from portal.kernel.models import User
from portal.kernel.services import outbox
from workloads.enums import ImportState
from workloads.models import PlanImport
from workloads.selectors.imports import answer_of, removed_words
from workloads.services.errors import (
    AlreadyImported,
    RowsRefused,
    SheetRemoved,
    StillJudging,
)
from workloads.services.imports import Progress, apply_import, judge_sheet
from workloads.services.sheets.files import read_plan_file

# A person waits for so many rows (some 2 seconds); more are the worker's.
MOST_AT_ONCE = 500
LONGEST_FILE_NAME = 200
FAILED = "The import failed on our side, and nothing was imported. Confirm it again."


def upload_sheet(
    *, content: bytes, file_name: str, actor: User, now: datetime
) -> PlanImport:
    """Keep a sheet and judge it, at once or, when it is long, by the worker.

    An unreadable file is not kept. Raises NotAllowed, UnreadableFile or FileTooLarge.
    """
    access.require(actor, "plan.import")
    total = len(read_plan_file(content))
    with transaction.atomic():
        kept = PlanImport.objects.create(
            file_name=_shown_name(file_name),
            content=content,
            sha256=sha256(content).hexdigest(),
            total=total,
            uploaded_by=actor,
            uploaded_at=now,
        )
        if total > MOST_AT_ONCE:
            outbox.post_task("workloads.tasks.check_upload", [kept.pk], now=now)
    if total <= MOST_AT_ONCE:
        check_upload(import_id=kept.pk, now=now)
    kept.refresh_from_db()
    return kept


def check_upload(*, import_id: int, now: datetime) -> None:
    """Judge the rows of an uploaded sheet and keep the verdicts. Twice is as once."""
    kept = PlanImport.objects.filter(
        pk=import_id, state=ImportState.CHECKING, removed_at=None
    ).first()
    if kept is None:
        return

    def show(done: int, _total: int) -> None:
        PlanImport.objects.filter(pk=import_id).update(done=done)

    _judge_again(kept, now, show=show)


def confirm_upload(*, import_id: int, actor: User, now: datetime) -> PlanImport:
    """Take a judged sheet into the plan, at once or, when it is long, by the worker.

    The plan is judged again: where a row would now be taken otherwise than the preview
    said, nothing is imported, and the preview is made anew. Raises NotAllowed,
    RowsRefused, PlanMoved, AlreadyImported or StillJudging.
    """
    access.require(actor, "plan.import")
    with transaction.atomic():
        kept = _lock(import_id)
        _require_confirmable(kept)
        kept.state = ImportState.APPLYING
        kept.applied_by = actor
        kept.problem = ""
        kept.save(update_fields=["state", "applied_by", "problem"])
        if kept.total > MOST_AT_ONCE:
            outbox.post_task("workloads.tasks.apply_upload", [kept.pk], now=now)
    if kept.total <= MOST_AT_ONCE:
        apply_upload(import_id=import_id, now=now)
    kept.refresh_from_db()
    return kept


def apply_upload(*, import_id: int, now: datetime) -> None:
    """Import a confirmed sheet; a refusal gives it back, judged anew, with the reason.

    Twice is as once.
    """
    try:
        _take_into_the_plan(import_id, now)
    except Problem as problem:
        kept = _being_applied(import_id)
        if kept is not None:
            kept.problem = problem.detail
            _judge_again(kept, now)
        raise
    except Exception:
        # Else it would wait for ever for an import that nobody carries out.
        kept = _being_applied(import_id)
        if kept is not None:
            kept.problem, kept.state = FAILED, ImportState.CHECKED
            kept.save(update_fields=["problem", "state"])
        raise


@transaction.atomic
def _take_into_the_plan(import_id: int, now: datetime) -> None:
    kept = _lock(import_id)
    if kept.state != ImportState.APPLYING or kept.applied_by is None:
        return
    apply_import(
        content=bytes(kept.content),
        actor=kept.applied_by,
        now=now,
        expected=answer_of(kept),
    )
    kept.state = ImportState.APPLIED
    kept.applied_at = now
    kept.save(update_fields=["state", "applied_at"])


def _being_applied(import_id: int) -> PlanImport | None:
    return PlanImport.objects.filter(pk=import_id, state=ImportState.APPLYING).first()


def _judge_again(
    kept: PlanImport, now: datetime, show: Progress = lambda _done, _total: None
) -> None:
    answer = judge_sheet(content=bytes(kept.content), now=now, progress=show)
    kept.verdicts = [row.as_kept() for row in answer.rows]
    kept.state = ImportState.CHECKED
    kept.done = kept.total
    kept.checked_at = now
    kept.save(update_fields=["verdicts", "state", "done", "checked_at", "problem"])


def remove_old_sheets(*, now: datetime) -> int:
    """Drop the files that had their time; returns how many. Records and verdicts stay."""
    until = now - timedelta(days=settings.SHEETS_ARE_KEPT_DAYS)
    old = PlanImport.objects.filter(uploaded_at__lt=until, removed_at=None)
    # What is being imported is read by its worker, and old enough the next time.
    idle = old.exclude(state=ImportState.APPLYING)
    return idle.update(content=b"", removed_at=now)


def _lock(import_id: int) -> PlanImport:
    found = PlanImport.objects.select_for_update().filter(pk=import_id).first()
    if found is None:
        raise NotFound("There is no such import. Upload the sheet again.")
    return found


def _require_confirmable(kept: PlanImport) -> None:
    answer = answer_of(kept)
    if kept.removed_at is not None and kept.state != ImportState.APPLIED:
        raise SheetRemoved(removed_words(kept))
    if kept.state == ImportState.APPLIED and kept.applied_by and kept.applied_at:
        raise AlreadyImported(
            f"{kept.applied_by.display_name} imported this sheet at "
            f"{kept.applied_at:%H:%M} UTC on {kept.applied_at:%-d %b %Y}."
        )
    if kept.state == ImportState.APPLYING:
        raise AlreadyImported("This sheet is confirmed and being imported.")
    if answer is None:
        raise StillJudging(
            f"{kept.done:,} of {kept.total:,} rows are judged. Confirm it when all are."
        )
    if answer.wrong_rows:
        raise RowsRefused(answer)


def _shown_name(name: str) -> str:
    """The name alone, whatever path a browser sends, and nothing that cannot be stored."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in last if c.isprintable())[:LONGEST_FILE_NAME]
