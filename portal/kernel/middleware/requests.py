"""The outermost layer of a request: its id, its door, one line in the log.

And three rules for addresses: a NUL or a byte that is not UTF-8 never reaches a view;
an answer under /api/ is never a page; a POST there is never redirected into a GET. And
one for bodies: what is longer than anything takes is refused unread.
"""

import logging
import re
from collections.abc import Callable
from http import HTTPStatus
from time import perf_counter
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from portal.chunked import MOST_BYTES
from portal.kernel.api.errors import MalformedBody, ServerError
from portal.kernel.api.problems import problem_response
from portal.kernel.enums import Source
from portal.kernel.errors import (
    NotAllowed,
    NotFound,
    Problem,
    TooLarge,
    Unavailable,
)
from portal.kernel.metrics import observe_request
from portal.kernel.origin import new_request_id, origin

log = logging.getLogger("weighbridge.access")

API = "/api/"
ADMIN = "/admin/"
HEADER = "X-Request-ID"
# What may stand in a log line and in the audit trail's column.
_SANE = re.compile(r"[A-Za-z0-9._:-]{8,64}")
_PAGE_OF_STATUS: dict[int, type[Problem]] = {
    400: MalformedBody,
    403: NotAllowed,
    404: NotFound,
    413: TooLarge,
    503: Unavailable,
}


class RequestMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = perf_counter()
        request_id = _request_id(request)
        with origin(_door(request), request_id=request_id, address=_address(request)):
            response = _answer(request, self.get_response)
            response[HEADER] = request_id
            # What a person reads is theirs: no cache in between keeps it, and a page
            # that is shown again is asked for again.
            response.headers.setdefault("Cache-Control", "private, no-cache")
            _note(request, response, perf_counter() - began)
        return response


def _answer(
    request: HttpRequest, get_response: Callable[[HttpRequest], HttpResponseBase]
) -> HttpResponseBase:
    if not _is_readable(request.META.get("QUERY_STRING", "")):
        return _unreadable(request)
    # No browser sends one; a byte that is not UTF-8 stays as its %-code.
    if "\x00" in request.path:
        return problem_response(NotFound("No address holds a NUL."), request)
    # Django keeps the files of a form on disk, of any length, before a form sees them.
    if _is_oversize(request.META.get("CONTENT_LENGTH") or "0"):
        megabytes = MOST_BYTES // 1024**2
        problem = TooLarge(f"No address takes a body of over {megabytes} MB.")
        return problem_response(problem, request)
    response = get_response(request)
    return (
        _for_a_program(request, response) if request.path.startswith(API) else response
    )


def _is_oversize(length: str) -> bool:
    """What is no number is refused by whoever reads the body."""
    return length.isdecimal() and (len(length) > 12 or int(length) > MOST_BYTES)


def _for_a_program(
    request: HttpRequest, response: HttpResponseBase
) -> HttpResponseBase:
    """Django's own pages (unknown address, refused host, failed middleware) as JSON."""
    code = response.status_code
    if code == HTTPStatus.MOVED_PERMANENTLY and request.method not in {"GET", "HEAD"}:
        return problem_response(_no_slash(request), request)
    is_page = response.get("Content-Type", "").startswith("text/html")
    if code < HTTPStatus.BAD_REQUEST or not is_page:
        return response
    if code == HTTPStatus.NOT_FOUND:
        return problem_response(_unknown(request), request)
    kind = _PAGE_OF_STATUS.get(code, ServerError)
    return problem_response(kind(), request)


def _no_slash(request: HttpRequest) -> Problem:
    return NotFound(
        f"There is nothing at {request.path}. Addresses end with a slash:"
        f" {request.path}/ may be meant."
    )


def _unknown(request: HttpRequest) -> Problem:
    if not request.path.endswith("/"):
        return _no_slash(request)
    return NotFound(f"There is nothing at {request.path}.")


def _unreadable(request: HttpRequest) -> HttpResponse:
    problem = MalformedBody("The query of the address holds NUL or is not UTF-8.")
    return problem_response(problem, request)


def _is_readable(query: str) -> bool:
    if "%" not in query and query.isascii():
        return True
    try:
        text = unquote_to_bytes(query.encode("latin-1", "replace")).decode()
    except UnicodeDecodeError:
        return False
    return "\x00" not in text


def _door(request: HttpRequest) -> Source:
    if request.path_info.startswith(API):
        return Source.API
    return Source.ADMIN if request.path_info.startswith(ADMIN) else Source.PAGE


def _request_id(request: HttpRequest) -> str:
    """The caller's own id, where it is one; else a new one."""
    sent = request.headers.get(HEADER, "")
    return sent if _SANE.fullmatch(sent) else new_request_id()


def _address(request: HttpRequest) -> str:
    # Only a proxy of ours may say who called; what it adds stands last.
    if settings.SECURE_PROXY_SSL_HEADER:
        forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2]
        if forwarded.strip():
            return forwarded.strip()[:64]
    return str(request.META.get("REMOTE_ADDR") or "")[:64]


def _note(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    match = request.resolver_match
    route = match.route if match is not None else "(none)"
    method = request.method or ""
    # Django would write a second line, and outside of this request's id.
    response._has_been_logged = True  # type: ignore[attr-defined]
    observe_request(route, method, response.status_code, seconds)
    log.info(
        "request",
        extra={
            "method": method,
            "route": route,
            "path": request.path[:200],
            "status": response.status_code,
            "ms": round(seconds * 1000, 1),
            "user": _username(request),
        },
    )


def _username(request: HttpRequest) -> str:
    """Who it was, if that was asked anyway: a log line is not worth a query."""
    user = getattr(request, "_cached_user", None) or request.__dict__.get("user")
    # A lazy object that nobody has opened would be opened by being asked its name.
    if user is None or type(user).__name__ == "SimpleLazyObject":
        return ""
    return str(getattr(user, "username", ""))
