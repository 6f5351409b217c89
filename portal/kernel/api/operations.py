"""What one method of an endpoint declares; checks and schema are both made from it.

    @operation(scope=Scope.PLAN_WRITE, action="workload.edit", body=WorkloadEdit,
               answer=WorkloadAnswer)
    def patch(self) -> Response: ...

A method without a declaration answers nobody: it is refused when the class is made.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from django.http.response import HttpResponseBase
from rest_framework import serializers

from portal.kernel.api.paging import Listing
from portal.kernel.api.parameters import Parameter
from portal.kernel.enums import Scope
from portal.kernel.errors import Problem

if TYPE_CHECKING:
    from portal.kernel.api.views import WeighbridgeView

Serializer = type[serializers.Serializer[Any]]
View = TypeVar("View", bound="WeighbridgeView")
METHODS = ("get", "post", "put", "patch", "delete")


class Reach(Enum):
    """What to declare as scope where no single scope is meant."""

    PUBLIC = "no sign-in"
    ANY_TOKEN = "any token"  # noqa: S105 - a word, not a secret
    SESSION_ONLY = "a browser session, never a token"


@dataclass(frozen=True, kw_only=True)
class Operation:
    # Several scopes: any one of them is enough.
    scopes: tuple[Scope, ...] = ()
    reach: Reach | None = None
    # A name of the access table, or how to find it from the view.
    action: str | Callable[[Any], str | None] | None = None
    body: Serializer | None = None
    # Media types of a body that is a file; the view reads `self.upload`.
    uploads: tuple[str, ...] = ()
    body_limit: int | None = None  # bytes
    answer: Serializer | Mapping[str, Any] | None = None
    many: bool = False
    # Media types besides JSON that this answers with.
    media_types: tuple[str, ...] = ()
    status: int = 200
    # A POST of what stands already: 200 with the row that stands.
    or_present: bool = False
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    listing: Listing | None = None
    problems: tuple[type[Problem], ...] = ()
    # Members of an answer that are shown once and not kept for a repetition.
    secret: tuple[str, ...] = ()
    # What the body's names are compared with, to tell `read_only` from `unknown_field`.
    shown: frozenset[str] = frozenset()

    @property
    def all_parameters(self) -> Mapping[str, Parameter]:
        listed = self.listing.parameters if self.listing else {}
        return {**listed, **self.parameters}


def operation(  # noqa: PLR0913 - a declaration, all by keyword
    *,
    scope: Scope | Reach | tuple[Scope, ...],
    action: str | Callable[[Any], str | None] | None = None,
    body: Serializer | None = None,
    uploads: tuple[str, ...] = (),
    body_limit: int | None = None,
    answer: Serializer | Mapping[str, Any] | None = None,
    many: bool = False,
    media_types: tuple[str, ...] = (),
    status: int = 200,
    or_present: bool = False,
    parameters: Mapping[str, Parameter] | None = None,
    listing: Listing | None = None,
    problems: tuple[type[Problem], ...] = (),
    secret: tuple[str, ...] = (),
) -> Callable[[Callable[[View], HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Declare one method of a WeighbridgeView. Its name is the HTTP method."""
    declared = Operation(
        scopes=_scopes(scope),
        reach=scope if isinstance(scope, Reach) else None,
        action=action,
        body=body,
        uploads=uploads,
        body_limit=body_limit,
        answer=answer,
        many=many,
        media_types=media_types,
        status=status,
        or_present=or_present,
        parameters=parameters or {},
        listing=listing,
        problems=problems,
        secret=secret,
        shown=_names(answer),
    )

    def declare(
        method: Callable[[View], HttpResponseBase],
    ) -> Callable[..., HttpResponseBase]:
        @wraps(method)
        def run(view: View, *_args: Any, **_kwargs: Any) -> HttpResponseBase:
            # Path arguments are in view.kwargs; `get_subject` has used them already.
            return view.run(lambda: method(view))

        run.operation = declared  # type: ignore[attr-defined]
        return run

    return declare


def operation_of(handler: Any) -> Operation | None:
    return getattr(handler, "operation", None)


def _scopes(scope: Scope | Reach | tuple[Scope, ...]) -> tuple[Scope, ...]:
    if isinstance(scope, Reach):
        return ()
    return scope if isinstance(scope, tuple) else (scope,)


def _names(answer: Serializer | Mapping[str, Any] | None) -> frozenset[str]:
    if isinstance(answer, type):
        return frozenset(answer().fields)
    return frozenset()
