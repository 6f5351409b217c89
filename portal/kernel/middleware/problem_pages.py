"""Turns a Problem that a page's view raised into a page that says so.

The API has its own handler (portal.kernel.api); this one leaves its addresses alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import is_valid_path

from portal.kernel import clock
from portal.kernel.errors import NotSignedIn, Problem
from portal.kernel.origin import current_origin
from portal.kernel.pages.theme import theme_of

RETRY_AFTER_SECONDS = 5
Way = tuple[str, str]
HOME: Way = ("Home", "/")
_LINK_LABELS = {409: "Mend it", 412: "See it as it is now", 428: "Open it again"}


@dataclass(frozen=True)
class Told:
    """What a problem page says. `ways` are at most a few: (label, address)."""

    status: int
    code: str
    title: str
    detail: str
    ways: list[Way] = field(default_factory=lambda: [HOME])
    extra: dict[str, Any] = field(default_factory=dict)
    errors: list[Any] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)


class ProblemPagesMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        to = response.get("Location", "")
        if _is_part(request) and to.startswith(settings.LOGIN_URL):
            # Else the sign-in page would be put into the middle of this one; and it is
            # the page that one comes back to, not the part.
            page = request.htmx.current_url_abs_path or "/"  # type: ignore[attr-defined]
            back = f"{settings.LOGIN_URL}?{urlencode({'next': page})}"
            return HttpResponse(headers={"HX-Redirect": back})
        if response.status_code == 405 and not response.content:
            return _without_a_page(request, response)
        return response

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        if request.path.startswith("/api/"):
            return None
        if isinstance(exception, NotSignedIn):
            back = urlencode({"next": request.get_full_path()})
            return redirect(f"{settings.LOGIN_URL}?{back}")
        if isinstance(exception, Problem):
            return answer(request, told_of(exception))
        if isinstance(exception, OperationalError | InterfaceError):
            return database_away(request)
        return None


def told_of(problem: Problem) -> Told:
    ways: list[Way] = [(str(a), str(b)) for a, b in problem.extra.get("ways", ())]
    if problem.link and not ways:
        ways = [(_LINK_LABELS.get(problem.status, "Open it"), problem.link)]
    return Told(
        problem.status,
        problem.code,
        str(problem.extra.get("heading", problem.title)),
        problem.detail,
        [*ways, HOME],
        problem.extra,
        problem.errors,
        problem.headers,
    )


def answer(request: HttpRequest, told: Told) -> HttpResponse:
    """The page; where htmx asked for a part, a note above what stays as it is."""
    name = "_note" if _is_part(request) else "problem"
    response = render(request, f"problems/{name}.html", _said(told))
    return _finished(request, response, told)


def answer_alone(request: HttpRequest, told: Told) -> HttpResponse:
    """Without person, navigation and badge: it must not ask the database anything."""
    name = "_note" if _is_part(request) else "problem"
    context = {**_said(told), "page_theme": theme_of(request)}
    text = render_to_string(f"problems/{name}.html", context)
    return _finished(request, HttpResponse(text), told)


def _without_a_page(request: HttpRequest, refused: HttpResponse) -> HttpResponse:
    """An address that takes what a form sends, opened by hand or by the back button."""
    told = Told(
        405,
        "method_not_allowed",
        "There is no page here",
        "This address takes what a form sends; nothing was sent, and nothing was "
        "changed. The form stands on the page before it.",
        [*_page_before(request.path), HOME],
        headers={"Allow": refused["Allow"]} if "Allow" in refused else {},
    )
    return answer(request, told)


def _page_before(path: str) -> list[Way]:
    """The nearest address above `path` that leads anywhere."""
    parts = path.strip("/").split("/")
    for kept in range(len(parts) - 1, 0, -1):
        above = f"/{'/'.join(parts[:kept])}/"
        if is_valid_path(above):
            return [("Open that page", above)]
    return []


def database_away(request: HttpRequest) -> HttpResponse:
    told = Told(
        503,
        "unavailable",
        "Not available now",
        "The database does not answer at the moment. What was acknowledged is kept; "
        "this request was not, so send it again in a few seconds.",
        [("Try again", request.path)],
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )
    return answer_alone(request, told)


def _said(told: Told) -> dict[str, Any]:
    return {
        "problem": told,
        "request_id": current_origin().request_id,
        "at": clock.now(),
    }


def _is_part(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False))


def _finished(request: HttpRequest, response: HttpResponse, told: Told) -> HttpResponse:
    response.status_code = told.status
    response["Cache-Control"] = "no-store"
    if _is_part(request):
        response["HX-Retarget"] = "#notices"
        response["HX-Reswap"] = "innerHTML show:window:top"
    for name, value in told.headers.items():
        response[name] = value
    return response
