"""For machines that watch: does it live, is it ready, what does it count.

/livez asks nothing but this process. /readyz asks every part, each with a short
time-out, and keeps the answer for a moment, so that being watched costs little.
"""

from collections.abc import Mapping
from http import HTTPStatus

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from portal.kernel import clock
from portal.kernel.api.renderers import to_json
from portal.kernel.metrics import exposition
from portal.kernel.selectors.health import gauges
from portal.readiness import PARTS, report

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


@login_not_required
@require_safe
def livez(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    return _json({"status": "alive"}, HTTPStatus.OK)


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when all parts are up, else 503; `?only=database,migrations` asks for some."""
    asked = request.GET.get("only", "")
    names = [name for name in asked.split(",") if name in PARTS] or list(PARTS)
    found = {name: part for name, part in report(clock.now()).items() if name in names}
    ready = all(part.ok for part in found.values())
    body = {
        "status": "ready" if ready else "not ready",
        "parts": {name: part.told() for name, part in found.items()},
    }
    return _json(body, HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE)


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    text = exposition(gauges(now=clock.now()))
    return HttpResponse(text, content_type=PROMETHEUS, headers=_fresh())


def _json(body: Mapping[str, object], status: HTTPStatus) -> HttpResponse:
    headers = _fresh()
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "2"
    return HttpResponse(
        to_json(body), status=status, content_type="application/json", headers=headers
    )


def _fresh() -> dict[str, str]:
    return {"Cache-Control": "no-store"}
