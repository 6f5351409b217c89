"""A sheet of actuals: taken whole or not at all, and twice is as once."""

from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.db import transaction

from capacity.models import ActualsImport
from capacity.rules.actuals.answers import Answer, AnswerRow
from capacity.rules.actuals.entries import Kind
from capacity.rules.actuals.judging import Judge, Judged, Verdict
from capacity.rules.actuals.sheets import (
    MOST_ROWS,
    SheetRow,
    count_known,
    read_actuals,
)
from capacity.selectors.actuals_ground import ground_for
from capacity.selectors.actuals_imports import answer_of, removed_words
from capacity.services.actuals import write_entries
from capacity.services.locks import lock_actuals
from portal.kernel import access
from portal.kernel.errors import Conflict, NotFound, Unprocessable
from portal.kernel.models import User
from workloads.services.errors import AlreadyImported, SheetRemoved
from workloads.services.sheets.files import Limits, read_sheet

LIMITS = Limits(size=2_000_000, rows=MOST_ROWS)
LONGEST_FILE_NAME = 200


class ActualsRefused(Unprocessable):
    """A sheet with at least one wrong row; none of its rows was entered."""

    code = "rows_refused"
    title = "The sheet has errors"

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        wrong = answer.wrong_rows
        first = wrong[0]
        has = "has" if len(wrong) == 1 else "have"
        super().__init__(
            f"{len(wrong):,} of {len(answer.rows):,} rows {has} errors, so nothing was "
            f"entered. The first is row {first.row}: {first.errors[0].detail}"
        )


class ActualsMoved(Conflict):
    """Entries were made between the preview of a sheet and its confirmation."""

    code = "actuals_moved"
    title = "The actuals changed since the preview"


def preview_actuals(*, content: bytes, actor: User, now: datetime) -> Answer:
    """What entering this sheet would do. Writes nothing, locks nothing.

    Raises NotAllowed, UnreadableFile or FileTooLarge.
    """
    kind, rows = read_file(content)
    access.require(actor, f"actuals.{kind}")
    return _answer(kind, rows, _judge(kind, rows, now))


def import_actuals(
    *, content: bytes, actor: User, now: datetime, expected: Answer | None = None
) -> Answer:
    """Enter the sheet's rows, or raise why not, with nothing written.

    `expected` is the preview that a person confirms. Raises NotAllowed, UnreadableFile,
    FileTooLarge, ActualsRefused (it carries the verdicts) or ActualsMoved.
    """
    kind, rows = read_file(content)
    access.require(actor, f"actuals.{kind}")
    with transaction.atomic():
        lock_actuals()
        judged = _judge(kind, rows, now)
        answer = _answer(kind, rows, judged)
        if answer.wrong_rows:
            raise ActualsRefused(answer)
        if expected is not None and expected.rows != answer.rows:
            raise ActualsMoved(
                "Entries were made since the preview, so some rows would now be taken "
                "otherwise. Nothing was entered; look at the preview again."
            )
        taken = [
            one
            for one in judged.values()
            if one.verdict in {Verdict.CREATE, Verdict.CORRECT}
        ]
        write_entries(kind, taken, actor=actor, now=now)
    return replace(answer, applied=True)


def upload_actuals(
    *, content: bytes, file_name: str, actor: User, now: datetime
) -> ActualsImport:
    """Keep a sheet with its verdicts. An unreadable file is not kept.

    Raises as `preview_actuals`.
    """
    answer = preview_actuals(content=content, actor=actor, now=now)
    return ActualsImport.objects.create(
        kind=answer.kind,
        file_name=_shown_name(file_name),
        content=content,
        sha256=sha256(content).hexdigest(),
        total=len(answer.rows),
        verdicts=[row.as_kept() for row in answer.rows],
        uploaded_by=actor,
        uploaded_at=now,
    )


def confirm_actuals(*, import_id: int, actor: User, now: datetime) -> ActualsImport:
    """Enter a sheet exactly as its preview said; a refusal judges it anew.

    Raises NotAllowed, NotFound, ActualsRefused, ActualsMoved, AlreadyImported or
    SheetRemoved.
    """
    try:
        return _confirm(import_id, actor, now)
    except (ActualsRefused, ActualsMoved) as problem:
        _judge_again(import_id, problem.detail, now)
        raise


@transaction.atomic
def _confirm(import_id: int, actor: User, now: datetime) -> ActualsImport:
    kept = ActualsImport.objects.select_for_update().filter(pk=import_id).first()
    if kept is None:
        raise NotFound("There is no such sheet. Upload it again.")
    access.require(actor, f"actuals.{kept.kind}")
    if kept.applied_at is not None and kept.applied_by is not None:
        raise AlreadyImported(
            f"{kept.applied_by.display_name} entered this sheet at "
            f"{kept.applied_at:%H:%M} UTC on {kept.applied_at:%-d %b %Y}."
        )
    if kept.removed_at is not None:
        raise SheetRemoved(removed_words(kept))
    import_actuals(
        content=bytes(kept.content), actor=actor, now=now, expected=answer_of(kept)
    )
    kept.applied_by, kept.applied_at, kept.problem = actor, now, ""
    kept.save(update_fields=["applied_by", "applied_at", "problem"])
    return kept


def _judge_again(import_id: int, problem: str, now: datetime) -> None:
    kept = ActualsImport.objects.get(pk=import_id)
    kind, rows = read_file(bytes(kept.content))
    answer = _answer(kind, rows, _judge(kind, rows, now))
    kept.verdicts = [row.as_kept() for row in answer.rows]
    kept.problem = problem
    kept.save(update_fields=["verdicts", "problem"])


def remove_old_sheets(*, now: datetime) -> int:
    """Drop the files that had their time; returns how many. Records stay."""
    until = now - timedelta(days=settings.SHEETS_ARE_KEPT_DAYS)
    old = ActualsImport.objects.filter(uploaded_at__lt=until, removed_at=None)
    return old.update(content=b"", removed_at=now)


def read_file(content: bytes) -> tuple[Kind, tuple[SheetRow, ...]]:
    """The kind of the sheet and its rows. Raises UnreadableFile or FileTooLarge only."""
    return read_sheet(content, read_actuals, count_known=count_known, limits=LIMITS)


def _judge(kind: Kind, rows: tuple[SheetRow, ...], now: datetime) -> dict[int, Judged]:
    """By row; rows with a wrong cell are no entries and are left out."""
    entries = {row.number: row.entry for row in rows if row.entry is not None}
    judge = Judge(ground_for(kind, list(entries.values()), now), is_sheet=True)
    return {number: judge.judge(entry) for number, entry in entries.items()}


def _answer(
    kind: Kind, rows: tuple[SheetRow, ...], judged: dict[int, Judged]
) -> Answer:
    return Answer(
        kind, tuple(AnswerRow.of(row, judged.get(row.number)) for row in rows)
    )


def _shown_name(name: str) -> str:
    """The name alone, whatever path a browser sends, and nothing that cannot be stored."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in last if c.isprintable())[:LONGEST_FILE_NAME]
