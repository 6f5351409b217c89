"""Django's own refusals and failures, as pages: 400, 403, 404, 500 and a stale form."""

import sys

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import (
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from portal.kernel.middleware.problem_pages import (
    HOME,
    Told,
    answer,
    answer_alone,
    database_away,
)
from portal.kernel.origin import current_origin
from portal.kernel.selectors.traces import was_recorded

_TOO_MUCH = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)


@login_not_required
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    # Of an unknown address Django says which patterns it tried: nobody's business.
    said = exception.args[0] if exception.args else ""
    detail = said if isinstance(said, str) and said else _nothing_at(request)
    ways = [("Find it", "/find/"), HOME]
    return answer(request, Told(404, "not_found", "Nothing is here", detail, ways))


@login_not_required
def not_allowed(request: HttpRequest, exception: Exception) -> HttpResponse:
    detail = str(exception) or "Your roles do not reach this page."
    return answer(request, Told(403, "not_allowed", "Not allowed", detail))


@login_not_required
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, _TOO_MUCH):
        detail = (
            "More was sent than a form of this portal takes, so nothing was changed. "
            "Send less at once."
        )
        return answer_alone(request, Told(413, "too_large", "Too large", detail))
    detail = (
        "The request could not be read, so nothing was changed. "
        "Open the page again and send it from there."
    )
    return answer_alone(request, Told(400, "invalid", "Cannot be read", detail))


@login_not_required
def csrf_failure(
    request: HttpRequest,
    reason: str = "",  # noqa: ARG001 - Django names it
) -> HttpResponse:
    """The form was open longer than the session, or came from another site."""
    detail = (
        "The form does not carry the mark of this session, so nothing was changed. "
        "That happens when a page stays open over a sign-out, or when cookies are off. "
        "Open the page again and send it from there."
    )
    ways = [("Open the page again", request.path), HOME]
    title = "This form is from another session"
    return answer(request, Told(403, "csrf_failed", title, detail, ways))


def server_error(request: HttpRequest) -> HttpResponse:
    """Called while the exception is being handled, so its kind can be asked."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return database_away(request)
    detail = (
        f"An error on our side stopped this. {_whether_saved(request)} "
        "The log has it under the request number below."
    )
    ways = [("Try again", request.path), HOME]
    told = Told(500, "internal_error", "Something broke here", detail, ways)
    return answer_alone(request, told)


def _nothing_at(request: HttpRequest) -> str:
    return (
        f"There is no page and no object at {request.path}. "
        "Look for it by its reference or its name."
    )


def _whether_saved(request: HttpRequest) -> str:
    """Every change is audited under its request's number, so the trail knows."""
    if request.method in {"GET", "HEAD"}:
        return "Nothing was changed: you were reading."
    try:
        saved = was_recorded(current_origin().request_id)
    except DatabaseError:
        return "Whether it was saved is not known: look at the history first."
    if saved:
        return "Your change was saved before it: look at the history, do not repeat it."
    return "Nothing was saved."
