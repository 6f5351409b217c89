"""The base of every endpoint. It refuses in one order, whoever wrote the view:

401, 404 (not visible), 403, 428, 412, 400 or 422 (parameters, body), 409 (state).

A view declares each method with `@operation`, finds its subject, and calls one use
case; see docs/api.md for the conventions it thereby keeps.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.kernel import access, clock
from portal.kernel.api import etags, idempotency
from portal.kernel.api.bodies import (
    Upload,
    read_json,
    read_upload,
    unstorable_character,
)
from portal.kernel.api.errors import InsufficientScope, MethodNotAllowed
from portal.kernel.api.operations import METHODS, Operation, Reach, operation_of
from portal.kernel.api.paging import Source, page_of
from portal.kernel.api.parameters import read_parameters
from portal.kernel.api.serializers import EmptyBody, read_body
from portal.kernel.api.throttling import count_call
from portal.kernel.errors import NotFound, NotSignedIn, Problem
from portal.kernel.models import ApiToken, User

NEEDS_IF_MATCH = frozenset({"PUT", "PATCH", "DELETE"})


class WeighbridgeView(APIView):
    """One address of the API. Handlers take `self` alone and return a Response.

    They find: `self.actor`, `self.now`, `self.subject`, `self.query`, `self.body`,
    `self.if_version`, `self.if_match`.
    """

    # Decide and usage are exempt from the limit of calls a minute.
    rate_limited = True
    # What `get_subject` found; None where an address has no subject.
    subject: Any = None
    operation: Operation
    # DRF's formats by suffix; the API has none.
    format_kwarg = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for method in METHODS:
            handler = getattr(cls, method, None)
            if handler is not None and operation_of(handler) is None:
                raise TypeError(f"{cls.__name__}.{method} has no @operation.")
            changes = handler is not None and method.upper() in NEEDS_IF_MATCH
            if changes and cls.etag is WeighbridgeView.etag:
                raise TypeError(f"{cls.__name__}.{method} needs an etag() to compare.")

    # --- What a view may say -------------------------------------------------------

    def get_subject(self, *_args: Any, **_path: Any) -> Any:
        """What the address names, as `self.actor` sees it; raise NotFound if nothing.

        It is given the path's parts by name. None means that there is no subject.
        """
        return None

    def guarded(self, subject: Any) -> Any:
        """What the access table judges: an estimate hands over its workload."""
        return subject

    def etag(self, _subject: Any) -> str | None:
        """The subject's entity tag; needed where PUT, PATCH or DELETE are taken."""
        return None

    def require_current_version(self) -> None:
        """428 and 412, by If-Match; another where the body may name the version."""
        needed = self.request.method in NEEDS_IF_MATCH
        if not needed and self.request.method != "POST":
            return
        current = self.etag(self.subject)
        if current is None:
            return
        # A POST may say which version it means; it is held to it.
        if needed or (self.request.method == "POST" and self.if_match):
            etags.require_match(self.if_match, current)

    # --- What a handler uses -------------------------------------------------------

    @property
    def actor(self) -> User:
        user: User = self.request.user  # type: ignore[assignment]
        return user

    @property
    def token(self) -> ApiToken | None:
        """The token of this call; None in a browser session."""
        auth: Any = self.request.auth
        return auth if isinstance(auth, ApiToken) else None

    @cached_property
    def now(self) -> Any:
        return clock.now()

    @cached_property
    def query(self) -> Mapping[str, Any]:
        return read_parameters(self.plain_request, self.operation.all_parameters)

    @cached_property
    def body(self) -> Mapping[str, Any]:
        """The body's values; for PATCH only those that were sent."""
        declared = self.operation
        return read_body(
            declared.body or EmptyBody,
            self.raw_body,
            partial=self.request.method == "PATCH",
            shown=declared.shown,
        )

    @cached_property
    def raw_body(self) -> Any:
        return read_json(self.plain_request, limit=self.operation.body_limit)

    @cached_property
    def upload(self) -> Upload:
        """The file that is the body, where `uploads` are declared."""
        declared = self.operation
        return read_upload(
            self.plain_request, declared.uploads, limit=declared.body_limit
        )

    def peek(self, name: str) -> Any:
        """One member of the body before it is judged; None when it cannot be read.

        For an action that depends on it: the right to sign is asked about (403)
        before the body is complained about (400).
        """
        try:
            body = self.raw_body
        except Problem:
            return None
        return body.get(name) if isinstance(body, dict) else None

    @property
    def if_match(self) -> str | None:
        """The If-Match of this call, for a use case that compares it under the lock."""
        return self.request.headers.get("If-Match")

    @property
    def if_version(self) -> int | None:
        """The subject's version that If-Match named; None with `*` or without.

        Pass it on: only the use case, holding the row's lock, can be sure.
        """
        header = self.if_match
        if header is None or header.strip() == etags.ANY:
            return None
        version: int = self.subject.version
        return version

    def answer(
        self,
        body: Any = None,
        *,
        status: int | None = None,
        etag: str | None = None,
        location: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """The answer; 304 when the caller of a GET has this version already."""
        sent = dict(headers or {})
        if etag is not None:
            sent["ETag"] = etag
            known = self.request.headers.get("If-None-Match")
            if (
                known
                and self.request.method in {"GET", "HEAD"}
                and etags.matches_weakly(known, etag)
            ):
                return Response(status=304, headers=sent)
        if location is not None:
            sent["Location"] = location
        return Response(body, status=status or self.operation.status, headers=sent)

    def page(
        self,
        source: Source | Callable[[], Source],
        *,
        row: Callable[[dict[str, Any]], Any] | None = None,
    ) -> Response:
        """One page of `source` as the query asks: a queryset after .values(), or, for
        a list that is asked often, a function of a module that makes one."""
        listing = self.operation.listing
        assert listing is not None, "page() needs a listing"  # noqa: S101
        return self.answer(
            page_of(source, listing, self.query, self.plain_request, row=row)
        )

    # --- The order of refusals -----------------------------------------------------

    @property
    def plain_request(self) -> HttpRequest:
        return self.request._request

    def initial(self, request: Request, *_args: Any, **kwargs: Any) -> None:
        """401, 405, 429, 404, 403."""
        negotiated = self.perform_content_negotiation(request)
        request.accepted_renderer, request.accepted_media_type = negotiated
        declared = self._declared(request)
        if declared is not None and declared.reach is Reach.PUBLIC:
            self.operation = declared
            return
        self.perform_authentication(request)
        if not request.user.is_authenticated:
            raise NotSignedIn("You are not signed in. Sign in or send a token.")
        if declared is None:
            raise MethodNotAllowed(
                f"{self._path} takes {', '.join(self.allowed_methods)},"
                f" not {request.method}."
            )
        self.operation = declared
        if self.rate_limited:
            count_call(self.actor, self.token, self.now)
        self._find_subject(kwargs)
        self._require_scope(declared)
        self._require_action(declared)

    def run(self, handler: Callable[[], HttpResponseBase]) -> HttpResponseBase:
        """428, 412, 400 or 422, then the handler, whose use case says 409."""

        def checked() -> HttpResponseBase:
            self.require_current_version()
            _ = self.query
            if self.operation.uploads:
                _ = self.upload
            elif self.request.method not in {"GET", "HEAD"}:
                _ = self.body
            return handler()

        if self.request.method == "POST":
            return idempotency.once(self, checked)
        return checked()

    def _declared(self, request: Request) -> Operation | None:
        method = (request.method or "").lower()
        if method not in (*METHODS, "head"):
            return None
        return operation_of(getattr(self, method, None))

    def _find_subject(self, path: Mapping[str, Any]) -> None:
        for part in path.values():
            if isinstance(part, str) and unstorable_character(part):
                raise NotFound(f"There is nothing at {self._path}.")
        self.subject = self.get_subject(**path)

    def _require_scope(self, declared: Operation) -> None:
        token = self.token
        if token is None or declared.reach is Reach.ANY_TOKEN:
            return
        if declared.reach is Reach.SESSION_ONLY:
            raise InsufficientScope(
                "This is done in a browser session; no token has a scope for it."
            )
        if not set(declared.scopes) & set(token.scopes):
            needed = " or ".join(declared.scopes)
            raise InsufficientScope(
                f"The token {token.prefix}… lacks the scope {needed}.",
                extra={"scope": needed},
                headers={
                    "WWW-Authenticate": 'Bearer error="insufficient_scope",'
                    f' scope="{needed}"'
                },
            )

    def _require_action(self, declared: Operation) -> None:
        named = declared.action
        action = named(self) if callable(named) else named
        if action is not None:
            access.require(self.actor, action, self.guarded(self.subject))

    @property
    def _path(self) -> str:
        return self.request.path

    # --- What DRF asks -------------------------------------------------------------

    def _allowed_methods(self) -> list[str]:
        return [name.upper() for name in METHODS if hasattr(self, name)]
