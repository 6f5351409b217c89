"""Every exception becomes a problem (RFC 9457): one place, for API and pages alike.

What a person or program did wrong, or met, keeps its words; what we did wrong is told
as the request's id only, and logged whole.
"""

import logging
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError,
)
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import RawPostDataException, UnreadablePostError
from django.utils.datastructures import MultiValueDictKeyError
from rest_framework import exceptions
from rest_framework.response import Response

from portal.kernel.api import errors
from portal.kernel.api.renderers import PROBLEM_JSON, to_json
from portal.kernel.api.serializers import invalid_fields
from portal.kernel.errors import (
    FieldError,
    Invalid,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Problem,
    TooLarge,
    TooMany,
    Unavailable,
)
from portal.kernel.origin import current_origin

log = logging.getLogger(__name__)

REALM = 'Bearer realm="weighbridge"'
RETRY_AFTER_SECONDS = 2
SERVER_ERRORS = 500

# PostgreSQL's classes of errors that mean a person's conflict, by SQLSTATE.
_BY_SQLSTATE: dict[str, tuple[type[Problem], str]] = {
    "23505": (errors.AlreadyThere, "There is one already that this would double."),
    "23P01": (errors.AlreadyThere, "It overlaps with one that is there already."),
    "23503": (errors.StillInUse, "Something else refers to it, or it is gone."),
    "23514": (errors.OutOfBounds, "A value lies outside what the record can hold."),
    "23502": (errors.OutOfBounds, "A value that the record must have is missing."),
    "P0001": (errors.RefusedByDatabase, "The record does not take this step."),
    "42501": (errors.RefusedByDatabase, "The record is never changed or removed."),
}
# Data that no column can hold: too long, too large, not text.
_DATA_EXCEPTION = "22"


def problem_of(error: BaseException) -> Problem:
    """The problem that `error` is told as; a ServerError when it is our own mistake."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, DatabaseError | InterfaceError):
        return _of_the_database(error)
    if isinstance(error, exceptions.APIException):
        return _of_the_framework(error)
    return _of_django(error)


def problem_body(problem: Problem, instance: str) -> dict[str, Any]:
    """The members of the answer. `instance` is the address that was asked."""
    body: dict[str, Any] = {
        "type": problem_type(problem.code),
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": instance,
        "code": problem.code,
        "request_id": current_origin().request_id,
    }
    if problem.errors:
        body["errors"] = [
            {"pointer": one.pointer, "code": one.code, "detail": one.detail}
            for one in problem.errors
        ]
    if problem.link:
        body["link"] = problem.link
    return {**problem.extra, **body}


def problem_type(code: str) -> str:
    """Where the problem is explained: a page of the portal itself."""
    return f"/problems/{code}/"


def problem_headers(problem: Problem) -> dict[str, str]:
    headers = dict(problem.headers)
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers.setdefault("WWW-Authenticate", _challenge(problem))
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.setdefault("Retry-After", str(RETRY_AFTER_SECONDS))
    return headers


def problem_response(problem: Problem, request: HttpRequest) -> HttpResponse:
    """For callers outside of the framework's views: middleware, an unknown address."""
    return HttpResponse(
        to_json(problem_body(problem, request.path)),
        status=problem.status,
        headers=problem_headers(problem),
        content_type=PROBLEM_JSON,
    )


def handle_exception(error: Exception, context: dict[str, Any]) -> Response:
    """REST_FRAMEWORK["EXCEPTION_HANDLER"]."""
    problem = problem_of(error)
    request: HttpRequest = context["request"]._request
    report(error, problem, request)
    return refusal(problem, request.path)


def refusal(problem: Problem, instance: str) -> Response:
    """The answer of a framework's view that refuses."""
    return Response(
        problem_body(problem, instance),
        status=problem.status,
        headers=problem_headers(problem),
        content_type=PROBLEM_JSON,
    )


def report(error: BaseException, problem: Problem, request: HttpRequest) -> None:
    """Log what is ours: a mistake whole, a lost connection in a line."""
    if problem.status == SERVER_ERRORS:
        log.error("failed: %s %s", request.method, request.path, exc_info=error)
    elif isinstance(error, DatabaseError | InterfaceError):
        log.warning("database: %s (%s)", type(error).__name__, _sqlstate(error))


def _of_the_database(error: Exception) -> Problem:
    state = _sqlstate(error)
    if state in _BY_SQLSTATE:
        kind, detail = _BY_SQLSTATE[state]
        return kind(f"{detail} Nothing was saved.")
    # Lost connection, deadlock, serialisation, time-out, too many clients, shutdown.
    if isinstance(error, OperationalError | InterfaceError) or state[:2] in {
        "40",
        "57",
    }:
        # Lost during the commit itself, it may have been saved: nobody can tell.
        return Unavailable(
            "The database did not answer in time, so this is not known to be saved."
            f" Repeat it in {RETRY_AFTER_SECONDS} seconds; with an Idempotency-Key it"
            " is done once."
        )
    if state.startswith(_DATA_EXCEPTION):
        return Invalid("A value cannot be stored: too long, too large, or not text.")
    return _server_error()


def _sqlstate(error: BaseException) -> str:
    return getattr(error.__cause__, "sqlstate", None) or ""


def _of_the_framework(error: exceptions.APIException) -> Problem:
    if isinstance(error, exceptions.ValidationError):
        return invalid_fields(error.detail)
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return NotSignedIn("You are not signed in. Sign in or send a token.")
    if isinstance(error, exceptions.Throttled):
        wait = str(int(getattr(error, "wait", None) or 1))
        return TooMany(headers={"Retry-After": wait})
    kinds: tuple[tuple[type[exceptions.APIException], type[Problem]], ...] = (
        (exceptions.MethodNotAllowed, errors.MethodNotAllowed),
        (exceptions.UnsupportedMediaType, errors.UnsupportedMediaType),
        (exceptions.ParseError, errors.MalformedBody),
        (exceptions.PermissionDenied, NotAllowed),
        (exceptions.NotFound, NotFound),
    )
    for framework, kind in kinds:
        if isinstance(error, framework):
            return kind(str(error.detail))
    return _server_error()


def _of_django(error: BaseException) -> Problem:
    if isinstance(error, Http404):
        return NotFound("There is nothing at this address.")
    if isinstance(error, PermissionDenied):
        return NotAllowed("This is not yours to do.")
    if isinstance(error, RequestDataTooBig):
        megabytes = (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0) / 1024 / 1024
        return TooLarge(f"The body is larger than {megabytes:g} MB.")
    if isinstance(error, ValidationError):
        return _of_a_model(error)
    if isinstance(
        error,
        UnreadablePostError
        | RawPostDataException
        | MultiPartParserError
        | MultiValueDictKeyError,
    ):
        return errors.MalformedBody(
            "The body is not whole, or not of the form it claims."
        )
    if isinstance(error, SuspiciousOperation | BadRequest):
        return errors.MalformedBody("The request cannot be read.")
    return _server_error()


def _of_a_model(error: ValidationError) -> Problem:
    if not hasattr(error, "error_dict"):
        return Invalid(" ".join(error.messages))
    found = [
        FieldError("" if name == "__all__" else f"/{name}", one.code or "invalid", text)
        for name, several in error.error_dict.items()
        for one in several
        for text in one.messages
    ]
    return Invalid(" ".join(one.detail for one in found[:3]), errors=found)


def _server_error() -> Problem:
    return errors.ServerError(
        "Something failed on our side, and it is in the log under request"
        f" {current_origin().request_id or 'without an id'}."
    )


def _challenge(problem: Problem) -> str:
    # RFC 6750 3.1: no error code when no token was sent at all.
    if problem.code == NotSignedIn.code:
        return REALM
    return f'{REALM}, error="invalid_token", error_description="{problem.title}"'
