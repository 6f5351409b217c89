"""Uploaded sheets of actuals as their pages show them."""

from django.db.models import QuerySet

from capacity.models import ActualsImport
from capacity.rules.actuals.answers import Answer, AnswerRow
from capacity.rules.actuals.entries import Kind
from portal.kernel import clock
from portal.kernel.errors import NotFound


def get_import(import_id: int) -> ActualsImport:
    """One uploaded sheet, without its bytes. NotFound else."""
    found = _imports().filter(pk=import_id).first()
    if found is None:
        raise NotFound("There is no such sheet. Upload it again.")
    return found


def recent_imports(limit: int) -> list[ActualsImport]:
    """The newest uploaded sheets, without their bytes and verdicts."""
    return list(_imports().defer("content", "verdicts")[:limit])


def answer_of(kept: ActualsImport) -> Answer:
    """The verdicts as the preview showed them."""
    rows = tuple(AnswerRow.from_kept(row) for row in kept.verdicts)
    return Answer(Kind(kept.kind), rows, applied=kept.applied_at is not None)


def removed_words(kept: ActualsImport) -> str:
    """Why a sheet cannot be entered any more; nothing while its file is there."""
    if kept.removed_at is None:
        return ""
    day = clock.today(kept.removed_at)
    return f"Its file was removed on {day:%-d %b %Y}. Upload the sheet again."


def _imports() -> QuerySet[ActualsImport]:
    return ActualsImport.objects.select_related("uploaded_by", "applied_by").defer(
        "content"
    )
