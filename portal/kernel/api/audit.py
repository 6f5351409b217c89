"""The audit trail: read by everyone, exported and checked by who answers for it."""

import json
from collections.abc import Iterator
from typing import Any

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework import serializers
from rest_framework.response import Response

from portal.kernel.api.fields import Integer, Text
from portal.kernel.api.operations import operation
from portal.kernel.api.paging import Listing
from portal.kernel.api.parameters import Moment, OneOf
from portal.kernel.api.parameters import Text as AnyText
from portal.kernel.api.renderers import to_json
from portal.kernel.api.serializers import StrictSerializer
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.chain import Checkpoint, UnreadableCheckpoint, Verdict
from portal.kernel.enums import Scope, Source
from portal.kernel.errors import Invalid
from portal.kernel.selectors import audit

SHOWN = (
    "id",
    "at",
    "actor_username",
    "action",
    "object",
    "before",
    "after",
    "reason",
    "source",
    "request_id",
    "hash",
    "previous_hash",
)
JSON_LINES = "application/jsonl"
LINES_A_FETCH = 2000
HASH_LENGTH = 64


class AuditEntryAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    actor = serializers.CharField(allow_null=True, help_text="Null: the system itself.")
    action = serializers.CharField()
    object = serializers.CharField()
    before = serializers.DictField(allow_null=True)
    after = serializers.DictField(allow_null=True)
    reason = serializers.CharField()
    source = serializers.ChoiceField(list(Source))  # type: ignore[assignment]
    request_id = serializers.CharField()
    hash = serializers.CharField()
    previous_hash = serializers.CharField()


class BrokenEntry(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    why = serializers.CharField()


class VerdictAnswer(serializers.Serializer[Any]):
    whole = serializers.BooleanField()
    entries = serializers.IntegerField(help_text="Found in order.")
    last_id = serializers.IntegerField()
    last_hash = serializers.CharField()
    broken = BrokenEntry(
        allow_null=True, help_text="The first entry that is not whole."
    )


class CheckpointBody(StrictSerializer):
    id = Integer(min_value=0)
    hash = Text(min_length=HASH_LENGTH, max_length=HASH_LENGTH)
    at = Text(max_length=40)
    sha256 = Text(min_length=HASH_LENGTH, max_length=HASH_LENGTH)


class CheckpointAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    hash = serializers.CharField()
    at = serializers.CharField()
    sha256 = serializers.CharField()


def _reading(view: WeighbridgeView) -> str:
    wants_all = view.plain_request.GET.get("format") == "jsonl"
    return "audit.export" if wants_all else "audit.read"


class AuditView(WeighbridgeView):
    @operation(
        scope=Scope.GOVERNANCE_READ,
        action=_reading,
        answer=AuditEntryAnswer,
        media_types=(JSON_LINES,),
        listing=Listing(ordering={"id": "id"}, default="-id"),
        parameters={
            "actor": AnyText(description="A username."),
            "action": AnyText(description="Such as `workload.edited`."),
            "object": AnyText(description="`workload/W-01`; `W-01` is read too."),
            "since": Moment(),
            "until": Moment(),
            "format": OneOf(
                ("json", "jsonl"),
                default="json",
                description="`jsonl` streams all that is found, oldest first.",
            ),
        },
    )
    def get(self) -> HttpResponseBase:
        """Read the audit trail, newest first; or export it as JSON lines."""
        asked = self.query
        found = audit.entries(
            actor=asked["actor"] or "",
            action=asked["action"] or "",
            object_=asked["object"] or "",
            since=asked["since"],
            until=asked["until"],
        ).values(*SHOWN)
        if asked["format"] == "jsonl":
            rows = found.order_by("id").iterator(chunk_size=LINES_A_FETCH)
            return StreamingHttpResponse(
                _lines(rows),
                content_type=JSON_LINES,
                headers={"Content-Disposition": 'attachment; filename="audit.jsonl"'},
            )
        return self.page(found, row=_shown)


class AuditVerifyView(WeighbridgeView):
    @operation(scope=Scope.GOVERNANCE_READ, action="audit.read", answer=VerdictAnswer)
    def get(self) -> Response:
        """Check the whole chain."""
        return self.answer(_told(audit.verify()))

    @operation(
        scope=Scope.GOVERNANCE_READ,
        action="audit.read",
        body=CheckpointBody,
        answer=VerdictAnswer,
    )
    def post(self) -> Response:
        """Check the whole chain against a checkpoint, so that a cut tail is found."""
        try:
            checkpoint = Checkpoint.from_json(to_json(dict(self.body)).decode())
        except UnreadableCheckpoint as error:
            raise Invalid(str(error)) from error
        return self.answer(_told(audit.verify(checkpoint)))


class AuditCheckpointView(WeighbridgeView):
    @operation(
        scope=Scope.GOVERNANCE_READ, action="audit.export", answer=CheckpointAnswer
    )
    def get(self) -> Response:
        """Where the chain stands now, to be kept where the database's owner is not."""
        checkpoint = audit.checkpoint_of(audit.verify(), now=self.now)
        return self.answer(json.loads(checkpoint.to_json()))


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    row["actor"] = row.pop("actor_username") or None
    return row


def _lines(rows: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    for row in rows:
        yield to_json(_shown(row)) + b"\n"


def _told(verdict: Verdict) -> dict[str, Any]:
    broken = verdict.broken
    return {
        "whole": broken is None,
        "entries": verdict.entries,
        "last_id": verdict.last_id,
        "last_hash": verdict.last_hash,
        "broken": {"id": broken.id, "why": broken.why} if broken else None,
    }
