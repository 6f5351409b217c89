"""The plan as a file, of exactly the rows that the page shows."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from portal.kernel import clock
from portal.kernel.errors import NotFound
from workloads.forms.plan import read_filter
from workloads.services.exports import ExportKind, export_plan


@require_safe
def export(request: HttpRequest, kind: str) -> HttpResponse:
    """The page's filters and order in the address; every page of it in the file."""
    try:
        wanted = ExportKind(kind)
    except ValueError as unknown:
        raise NotFound("A plan is exported as CSV, XLSX or JSON.") from unknown
    made = export_plan(
        asked=read_filter(request.GET), kind=wanted, today=clock.today(clock.now())
    )
    response = HttpResponse(made.content, content_type=made.content_type)
    response["Content-Disposition"] = f'attachment; filename="{made.file_name}"'
    return response
