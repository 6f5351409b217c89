"""The schema, made from the same declarations as the checks: `@operation`.

What the conventions answer on their own (401, 404, 412 …) is written into each
operation here, so that a view declares only what is special about it.
"""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema_serializer,
    inline_serializer,
)
from rest_framework import serializers

from portal.kernel.api import errors
from portal.kernel.api.bodies import FORM, JSON
from portal.kernel.api.operations import Operation, Reach, operation_of
from portal.kernel.api.renderers import PROBLEM_JSON
from portal.kernel.api.serializers import StrictSerializer
from portal.kernel.api.views import NEEDS_IF_MATCH, WeighbridgeView
from portal.kernel.enums import Scope
from portal.kernel.errors import (
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    NotSignedIn,
    PreconditionRequired,
    Problem,
    Stale,
    TooLarge,
    TooMany,
    Unavailable,
    Unprocessable,
)

READS = frozenset({"GET", "HEAD"})
BINARY = {"type": "string", "format": "binary"}
Statuses = list[int | str]


class FieldProblem(serializers.Serializer[Any]):
    pointer = serializers.CharField(help_text="JSON pointer, or ?name of a parameter.")
    code = serializers.CharField()
    detail = serializers.CharField()


@extend_schema_serializer(component_name="Problem")
class ProblemAnswer(serializers.Serializer[Any]):
    """RFC 9457. A refusal may carry further members."""

    type = serializers.CharField(help_text="Where this kind of problem is explained.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    instance = serializers.CharField()
    code = serializers.CharField(help_text="Stable; programs compare this.")
    request_id = serializers.CharField(allow_blank=True)
    errors = FieldProblem(many=True, required=False)  # type: ignore[assignment]
    link = serializers.CharField(required=False, help_text="Where it is mended.")


class ConventionSchema(AutoSchema):
    """Describes a WeighbridgeView; any other view is not part of the API."""

    # The method that is described while the generator is told another.
    _meant: str | None = None

    def is_excluded(self) -> bool:
        declared = self._find()
        return declared is None or not isinstance(self.view, WeighbridgeView)

    @property
    def declared(self) -> Operation:
        found = self._find()
        if found is None:
            raise TypeError(f"{self.method} {self.path} has no @operation.")
        return found

    # --- What is asked ---------------------------------------------------------------

    def get_operation_id(self) -> str:
        """Method and path, so that it is unique and does not move: get_tokens_number."""
        path = self.path.removeprefix("/api/v1/")
        words = re.findall(r"[A-Za-z0-9]+", f"{self.method.lower()} {path}")
        return "_".join(words)

    def get_summary(self) -> str | None:
        return super().get_description().partition("\n")[0].removesuffix(".") or None

    def get_description(self) -> str:  # type: ignore[override]
        words = super().get_description()
        return "\n\n".join(part for part in (words, self._who()) if part)

    def get_auth(self) -> list[dict[str, list[str]]]:
        session: dict[str, list[str]] = {"session": []}
        reach = self.declared.reach
        if reach is Reach.PUBLIC:
            return [{}]
        if reach is Reach.SESSION_ONLY:
            return [session]
        scopes = self.declared.scopes
        tokens = [{"token": [str(scope)]} for scope in scopes] or [{"token": []}]
        return [*tokens, session]

    def get_override_parameters(self) -> list[Any]:
        return [*self._query(), *self._request_headers(), *self._response_headers()]

    def get_request_serializer(self) -> Any:
        declared = self.declared
        if declared.uploads:
            form = {"type": "object", "properties": {"file": BINARY}}
            return {
                kind: {**form, "required": ["file"]}
                if kind == FORM
                # A body that the view reads by itself still has a form to tell.
                else (kind == JSON and declared.body) or BINARY
                for kind in declared.uploads
            }
        return declared.body

    def map_parsers(self) -> list[str]:
        return [JSON]

    def _get_request_body(self, direction: str = "request") -> Any:
        # The generator knows no DELETE with a body; a withdrawal carries its reason.
        method = self.method
        if method == "DELETE" and self.declared.body is not None:
            self.method, self._meant = "POST", method
        try:
            return super()._get_request_body(direction)
        finally:
            self.method, self._meant = method, None

    def _map_serializer(
        self,
        serializer: Any,
        direction: str,
        bypass: Any = False,  # noqa: FBT002 - the generator's signature
    ) -> Any:
        schema = super()._map_serializer(serializer, direction, bypass)
        if isinstance(serializer, StrictSerializer):
            schema["additionalProperties"] = False
        return schema

    # --- What is answered ------------------------------------------------------------

    def get_response_serializers(self) -> Any:
        declared = self.declared
        answers: dict[Any, Any] = {}
        for media_type in declared.media_types:
            answers[declared.status, media_type] = OpenApiResponse(BINARY)
        if declared.answer is not None:
            answers[declared.status, JSON] = OpenApiResponse(self._answer())
        if declared.or_present:
            present = OpenApiResponse(self._answer(), "It stands already.")
            answers[200, JSON] = present
        if not answers:
            answers[declared.status] = OpenApiResponse(description="No body.")
        if self._has_etag and self.method == "GET":
            answers[304] = OpenApiResponse(description="You have this version.")
        for status, kinds in sorted(self._refusals().items()):
            codes = ", ".join(dict.fromkeys(f"`{kind.code}`" for kind in kinds))
            answers[status, PROBLEM_JSON] = OpenApiResponse(ProblemAnswer, codes)
        return answers

    def _is_list_view(self, serializer: Any = None) -> bool:  # noqa: ARG002
        # `_answer` wraps lists itself.
        return False

    def _answer(self) -> Any:
        declared = self.declared
        answer: Any = declared.answer
        if isinstance(answer, dict):
            return answer
        if declared.listing is not None or declared.many:
            name = answer.__name__.removesuffix("Answer")
            return inline_serializer(
                name=f"{name}Page",
                fields={
                    "results": answer(many=True),
                    "next": serializers.URLField(allow_null=True),
                    "previous": serializers.URLField(allow_null=True),
                },
            )
        return answer

    # --- The parts -------------------------------------------------------------------

    def _find(self) -> Operation | None:
        method = (self._meant or self.method).lower()
        return operation_of(getattr(self.view, method, None))

    @property
    def _has_etag(self) -> bool:
        return getattr(type(self.view), "etag", None) is not WeighbridgeView.etag

    def _who(self) -> str:
        declared = self.declared
        if declared.reach is not None:
            return f"Answers {declared.reach.value}."
        scopes = " or ".join(f"`{scope}`" for scope in declared.scopes)
        named = declared.action if isinstance(declared.action, str) else ""
        return f"Token scope: {scopes}." + (f" Access: `{named}`." if named else "")

    def _query(self) -> Iterator[OpenApiParameter]:
        for name, parameter in self.declared.all_parameters.items():
            schema = dict(parameter.json_schema)
            if parameter.many:
                schema = {"type": "array", "items": schema}
            yield OpenApiParameter(
                name,
                schema,
                OpenApiParameter.QUERY,
                required=parameter.required,
                description=parameter.description,
            )

    def _request_headers(self) -> Iterator[OpenApiParameter]:
        if self.method == "POST" and self.declared.reach is not Reach.PUBLIC:
            yield _header(
                "Idempotency-Key",
                "The same key and body give the same answer for 24 hours.",
                {"type": "string", "minLength": 1, "maxLength": 255},
            )
        if self._has_etag and self.method == "GET":
            yield _header("If-None-Match", "An ETag you have: 304 if it is current.")
        if self._needs_if_match or (self._has_etag and self.method == "POST"):
            yield _header(
                "If-Match",
                "The ETag that was read last.",
                required=self._needs_if_match,
            )

    def _response_headers(self) -> Iterator[OpenApiParameter]:
        succeeded: Statuses = [self.declared.status]
        if self._has_etag and self.method != "DELETE":
            yield _header("ETag", "This version.", response=succeeded)
        if self.declared.status == HTTPStatus.CREATED:
            yield _header("Location", "What was made.", response=succeeded)
        refused: Statuses = [401]
        yield _header("WWW-Authenticate", "How to sign in.", response=refused)
        later: Statuses = [429, 503]
        yield _header("Retry-After", "Seconds to wait.", response=later)

    @property
    def _needs_if_match(self) -> bool:
        return self.method in NEEDS_IF_MATCH

    def _refusals(self) -> dict[int, list[type[Problem]]]:
        kinds: list[type[Problem]] = [errors.InvalidParameter, Unavailable]
        if self.declared.reach is not Reach.PUBLIC:
            kinds += self._of_the_caller()
        if self.method not in READS:
            kinds += [Invalid, errors.MalformedBody, TooLarge]
            kinds += [errors.UnsupportedMediaType, Conflict, Unprocessable]
        if self._needs_if_match:
            kinds += [PreconditionRequired, Stale]
        elif self._has_etag and self.method == "POST":
            kinds.append(Stale)
        if self.method == "POST":
            kinds.append(errors.IdempotencyKeyReused)
        by_status: dict[int, list[type[Problem]]] = {}
        for kind in (*kinds, *self.declared.problems):
            by_status.setdefault(kind.status, []).append(kind)
        return by_status

    def _of_the_caller(self) -> list[type[Problem]]:
        kinds: list[type[Problem]] = [NotSignedIn, errors.InvalidToken]
        kinds += [NotAllowed, errors.InsufficientScope]
        # A path names something that may not be there; so may a filter's value.
        kinds.append(NotFound)
        if getattr(self.view, "rate_limited", True):
            kinds.append(TooMany)
        return kinds


def _header(
    name: str,
    description: str,
    schema: dict[str, Any] | None = None,
    *,
    required: bool = False,
    response: Any = False,
) -> OpenApiParameter:
    return OpenApiParameter(
        name,
        schema or {"type": "string"},
        OpenApiParameter.HEADER,
        required=required,
        description=description,
        response=response,
    )


def name_scopes(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A postprocessing hook: the two ways to sign in, with the scopes of tokens."""
    scopes = ", ".join(f"`{scope}`" for scope in Scope)
    result.setdefault("components", {})["securitySchemes"] = {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "wb_…",
            "description": f"An API token with the scopes it needs: {scopes}.",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "The portal's sign-in; changes need X-CSRFToken as well.",
        },
    }
    return result
