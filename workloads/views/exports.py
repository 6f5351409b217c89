"""The plan and the approvals inbox as files, of exactly the rows that a page shows."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from portal.kernel import clock
from portal.kernel.errors import NotFound
from workloads.forms.approvals import read_waits
from workloads.forms.plan import read_filter
from workloads.selectors.approvals import viewer_of
from workloads.services.exports import (
    Export,
    ExportKind,
    export_plan,
    export_waiting,
)


@require_safe
def export(request: HttpRequest, kind: str) -> HttpResponse:
    """The page's filters and order in the address; every page of it in the file."""
    wanted = _kind(kind, "A plan is")
    made = export_plan(
        asked=read_filter(request.GET), kind=wanted, today=clock.today(clock.now())
    )
    return _download(made)


@require_safe
def export_approvals(request: HttpRequest, kind: str) -> HttpResponse:
    """The inbox's filters and order in the address; "Yours" is whoever asks."""
    wanted = _kind(kind, "What waits is")
    made = export_waiting(
        viewer=viewer_of(request.user, clock.now()),  # type: ignore[arg-type]
        asked=read_waits(request.GET),
        kind=wanted,
    )
    return _download(made)


def _kind(kind: str, subject: str) -> ExportKind:
    try:
        return ExportKind(kind)
    except ValueError as unknown:
        raise NotFound(f"{subject} exported as CSV, XLSX or JSON.") from unknown


def _download(made: Export) -> HttpResponse:
    response = HttpResponse(made.content, content_type=made.content_type)
    response["Content-Disposition"] = f'attachment; filename="{made.file_name}"'
    return response
