"""A POST repeated with its Idempotency-Key does its work once and answers the same.

The answer is kept in the transaction of the effect: both are there after a crash, or
neither. A second request with the key waits for the first, behind a lock of the pair
(user, key).

Kept are the answers of a call that was carried out or refused by the state of things:
2xx, 409 and 422. What was refused before (401 to 400) had no effect and is judged anew.
"""

import hashlib
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.response import Response

from portal.kernel.api.errors import IdempotencyKeyReused
from portal.kernel.api.problems import problem_of, refusal
from portal.kernel.api.renderers import JsonRenderer, to_json
from portal.kernel.errors import FieldError, Invalid, Problem
from portal.kernel.models import IdempotentAnswer
from portal.kernel.services.retention import ANSWERS_ARE_KEPT

if TYPE_CHECKING:
    from portal.kernel.api.views import WeighbridgeView

LONGEST_KEY = 255
KEPT_REFUSALS = frozenset({409, 422})
KEPT_HEADERS = ("ETag", "Location")


def once(
    view: "WeighbridgeView", carry_out: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    """What `carry_out` answers, or what it answered to this key before."""
    key = view.request.headers.get("Idempotency-Key")
    if key is None:
        return carry_out()
    _require_usable(key)
    body_sha256 = _fingerprint(view)
    with transaction.atomic():
        _wait_for_turn(view.actor.pk, key)
        kept = IdempotentAnswer.objects.filter(user=view.actor, key=key).first()
        if kept is not None and kept.created_at > view.now - ANSWERS_ARE_KEPT:
            return _again(kept, body_sha256)
        answer = _carried_out(carry_out, view.request.path)
        _keep(view, key, body_sha256, answer)
    return answer


def _carried_out(
    carry_out: Callable[[], HttpResponseBase], instance: str
) -> HttpResponseBase:
    """The answer; a refusal that is kept is one, too, with its effects undone."""
    try:
        with transaction.atomic():
            return carry_out()
    except Exception as error:
        problem = problem_of(error)
        if problem.status not in KEPT_REFUSALS:
            raise
        return refusal(problem, instance)


def _keep(
    view: "WeighbridgeView", key: str, body_sha256: str, answer: HttpResponseBase
) -> None:
    if not isinstance(answer, Response):
        return
    headers = {name: answer[name] for name in KEPT_HEADERS if answer.has_header(name)}
    headers["Content-Type"] = answer.content_type or JsonRenderer.media_type
    IdempotentAnswer.objects.update_or_create(
        user=view.actor,
        key=key,
        defaults={
            "method": view.request.method or "",
            "path": view.request.path[:500],
            "body_sha256": body_sha256,
            "status": answer.status_code,
            "headers": headers,
            "body": b"" if answer.data is None else _without_secrets(view, answer.data),
            "created_at": view.now,
        },
    )


def _without_secrets(view: "WeighbridgeView", data: Any) -> bytes:
    hidden = dict.fromkeys(view.operation.secret)
    return to_json({**data, **hidden} if hidden and isinstance(data, dict) else data)


def _again(kept: IdempotentAnswer, body_sha256: str) -> HttpResponse:
    if kept.body_sha256 != body_sha256:
        raise IdempotencyKeyReused(
            "This Idempotency-Key was used with another body or at another address in"
            " the last 24 hours. A new request takes a new key."
        )
    answer = HttpResponse(bytes(kept.body), status=kept.status, headers=kept.headers)
    answer["Idempotency-Replayed"] = "true"
    return answer


def _require_usable(key: str) -> None:
    if not key or len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable():
        detail = (
            f"An Idempotency-Key is 1 to {LONGEST_KEY} printable ASCII characters;"
            " a UUID is a good one."
        )
        raise Invalid(detail, errors=[FieldError("Idempotency-Key", "invalid", detail)])


def _fingerprint(view: "WeighbridgeView") -> str:
    """What makes two requests the same: method, address, and the body's content."""
    digest = hashlib.sha256()
    for part in (view.request.method or "", view.request.get_full_path()):
        digest.update(part.encode() + b"\n")
    digest.update(_content(view))
    return digest.hexdigest()


def _content(view: "WeighbridgeView") -> bytes:
    if view.operation.uploads:
        return view.upload.content
    try:
        # The order of members and the spaces between them say nothing.
        return json.dumps(view.raw_body, sort_keys=True, default=str).encode()
    except Problem:
        # It will be refused for that in its turn, and is not kept.
        return b""


def _wait_for_turn(user_id: int, key: str) -> None:
    name = hashlib.sha256(f"idempotency {user_id} {key}".encode()).digest()[:8]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s)",
            [int.from_bytes(name, "big", signed=True)],
        )
