"""The audit trail: filter, read, verify with one press, export."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import orjson
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from portal.forms.audit import AuditFilterForm, CheckpointForm
from portal.forms.views import rows_of
from portal.kernel import clock
from portal.kernel.access import allows, capitalised, require, who_can
from portal.kernel.chain import Checkpoint
from portal.kernel.errors import Problem
from portal.kernel.formats import in_full
from portal.kernel.models import AuditEntry
from portal.kernel.pages.paging import address_with
from portal.kernel.pages.trail import line_of
from portal.kernel.selectors import audit as trail
from portal.kernel.selectors.saved_views import views_of

PAGE = "portal:audit"
PAGE_SIZE = 50
ROWS_A_CHUNK = 500
_FIELDS = ("actor", "action", "object", "since", "until")


@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """Paged by entry number: the ten-thousandth page costs what the first does."""
    form = AuditFilterForm(request.GET)
    form.is_valid()
    found = trail.entries(**form.filters()).select_related("actor")
    entries, has_newer, has_older = _page(found, form.cleaned_data)
    total = trail.last_id()
    context = {
        "form": form,
        "upload": CheckpointForm(),
        "lines": [line_of(entry) for entry in entries],
        "paging": _paging(
            request, entries, has_newer=has_newer, has_older=has_older, total=total
        ),
        "total": total,
        "filtered": any(request.GET.get(name) for name in _FIELDS),
        "query": _query(request),
        "saved": rows_of(views_of(request.user, PAGE)),  # type: ignore[arg-type]
        "may_export": allows(request.user, "audit.export"),
        "who_exports": f"{capitalised(who_can('audit.export'))} can.",
    }
    return render(request, "portal/audit/page.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """Reads the whole chain and says what it found; nothing is changed.

    Posted with a checkpoint, it finds a tail that was cut off, too.
    """
    require(request.user, "audit.read")
    seen: Checkpoint | None = None
    if request.method == "POST":
        try:
            seen = CheckpointForm(request.POST, request.FILES).read()
        except Problem as problem:
            problem.extra["ways"] = [("Back to the trail", reverse("portal:audit"))]
            raise
    verdict = trail.verify(seen)
    context = {"verdict": verdict, "checkpoint": seen, "checked_at": clock.now()}
    name = "_verdict" if getattr(request, "htmx", False) else "verified"
    return render(request, f"portal/audit/{name}.html", context)


@require_safe
def checkpoint(request: HttpRequest) -> HttpResponse:
    """To be kept elsewhere: only it can tell that a tail was cut off later."""
    require(request.user, "audit.export")
    now = clock.now()
    verdict = trail.verify()
    if verdict.broken:
        return render(
            request,
            "portal/audit/verified.html",
            {"verdict": verdict, "checked_at": now},
            status=409,
        )
    text = trail.checkpoint_of(verdict, now=now).to_json()
    return _download(HttpResponse(text), f"checkpoint-{verdict.last_id}.json")


@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    """JSON lines of exactly what the filters show, oldest first."""
    require(request.user, "audit.export")
    form = AuditFilterForm(request.GET)
    form.is_valid()
    entries = trail.entries(**form.filters()).order_by("id")
    return _download(StreamingHttpResponse(_lines(entries)), "audit.jsonl")


def _lines(entries: Any) -> Iterator[bytes]:
    for entry in entries.iterator(chunk_size=ROWS_A_CHUNK):
        yield orjson.dumps(_members(entry), option=orjson.OPT_APPEND_NEWLINE)


def _members(entry: AuditEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": entry.at,
        "actor": entry.actor_username or None,
        "action": entry.action,
        "object": entry.object,
        "before": entry.before,
        "after": entry.after,
        "reason": entry.reason,
        "source": entry.source,
        "request_id": entry.request_id,
        "previous_hash": entry.previous_hash,
        "hash": entry.hash,
    }


def _download(response: HttpResponseBase, name: str) -> Any:
    kind = "application/jsonl" if name.endswith("jsonl") else "application/json"
    response["Content-Type"] = kind
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _page(found: Any, asked: dict[str, Any]) -> tuple[list[AuditEntry], bool, bool]:
    """One page, and whether there are newer and older entries than its own."""
    if asked.get("newer") is not None:
        after = found.filter(id__gt=asked["newer"]).order_by("id")
        entries = list(after[: PAGE_SIZE + 1])
        more = len(entries) > PAGE_SIZE
        return entries[:PAGE_SIZE][::-1], more, True
    older = asked.get("older")
    entries = list((found.filter(id__lt=older) if older else found)[: PAGE_SIZE + 1])
    return entries[:PAGE_SIZE], bool(older), len(entries) > PAGE_SIZE


def _paging(
    request: HttpRequest,
    entries: list[AuditEntry],
    *,
    has_newer: bool,
    has_older: bool,
    total: int,
) -> dict[str, Any]:
    if not entries:
        newest = address_with(request, older=None, newer=None)
        return {"words": "", "previous": newest if has_newer else None, "next": None}
    first, last = entries[0].id, entries[-1].id
    of_all = "" if _query(request) else f" of {in_full(total)}"
    newer = address_with(request, newer=first, older=None)
    older = address_with(request, older=last, newer=None)
    return {
        "words": f"entries {in_full(last)}–{in_full(first)}{of_all}",
        "previous": newer if has_newer else None,
        "next": older if has_older else None,
    }


def _query(request: HttpRequest) -> str:
    kept = {name: request.GET[name] for name in _FIELDS if request.GET.get(name)}
    return f"?{urlencode(kept)}" if kept else ""
