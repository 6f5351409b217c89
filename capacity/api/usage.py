"""Usage as runtimes report it, its totals, and what was refused."""

from typing import Any

from django.db.models import Q
from rest_framework import serializers
from rest_framework.response import Response

from capacity.models import QuarantinedEvent
from capacity.runtime.events import (
    CLOUD_EVENT,
    CLOUD_EVENTS,
    JSON,
    TooManyEvents,
    read_batch,
)
from capacity.runtime.ingest import Counted, Sender, ingest
from capacity.selectors.gate_problems import AlreadyReplayed
from capacity.selectors.quarantine import shown_body, told_workloads
from capacity.selectors.usage_totals import PATHS, SUMMED, totals
from capacity.services.usage import replay_event
from portal.kernel import access, clock
from portal.kernel.api.bodies import MEGABYTE
from portal.kernel.api.operations import operation
from portal.kernel.api.paging import MOST_PER_PAGE, PER_PAGE, Filter, Listing, page_of
from portal.kernel.api.parameters import (
    Flag,
    Matching,
    Moment,
    MonthName,
    OneOf,
    Text,
    Whole,
)
from portal.kernel.api.serializers import EmptyBody
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from portal.kernel.periods import Month
from workloads.models import Workload
from workloads.rules.shown import ref_of
from workloads.selectors.plan import number_of

BODY_LIMIT = 32 * MEGABYTE
CODES = (
    "time_in_future",
    "quarter_closed",
    "unknown_workload",
    "unknown_tier",
    "negative_tokens",
    "cached_exceeds_input",
    "invalid_event",
)


class EventForm(serializers.Serializer[Any]):
    """One call, or `calls` of them. `gen_ai.usage.input_tokens`,
    `gen_ai.usage.output_tokens` and `gen_ai.request.model` are read as the names here."""

    id = serializers.CharField(max_length=200, help_text="Unique with `source`.")
    source = serializers.CharField(max_length=200)  # type: ignore[assignment]
    time = serializers.DateTimeField(help_text="RFC 3339, with its offset.")
    workload = serializers.CharField(max_length=50)
    tier = serializers.CharField(max_length=60)
    user = serializers.CharField(max_length=100, help_text="An opaque reference.")
    model = serializers.CharField(max_length=100)
    input_tokens = serializers.IntegerField(help_text="Cached ones included.")
    output_tokens = serializers.IntegerField()
    cached_input_tokens = serializers.IntegerField(required=False)
    agent = serializers.CharField(max_length=200, required=False)
    session = serializers.CharField(max_length=200, required=False)
    turns = serializers.IntegerField(required=False)
    tool_calls = serializers.IntegerField(required=False)
    retries = serializers.IntegerField(required=False)
    decision = serializers.CharField(
        max_length=200, required=False, help_text="What decide answered."
    )
    calls = serializers.IntegerField(required=False, help_text="1 when left out.")
    decisions = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Of an aggregate."
    )
    decided_calls = serializers.IntegerField(
        required=False, help_text="How many of `calls` were decided, without their ids."
    )
    undecided_reason = serializers.CharField(
        required=False,
        help_text="`unreachable`: the portal was out of reach when it was made.",
    )
    account = serializers.CharField(max_length=100, required=False)
    called_by = serializers.CharField(max_length=200, required=False)
    trace_id = serializers.CharField(max_length=200, required=False)
    test = serializers.BooleanField(required=False)
    outcome = serializers.DictField(required=False)


class UsageBody(serializers.Serializer[Any]):
    events = serializers.ListField(child=EventForm(), max_length=5_000)


class RefusedAnswer(serializers.Serializer[Any]):
    index = serializers.IntegerField()
    id = serializers.CharField(allow_null=True)
    code = serializers.ChoiceField(list(CODES))
    detail = serializers.CharField()


class CountedAnswer(serializers.Serializer[Any]):
    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    rejected = RefusedAnswer(many=True)


class TotalAnswer(serializers.Serializer[Any]):
    """Of the names in `by`, the others are null."""

    workload = serializers.CharField(allow_null=True)
    user = serializers.CharField(allow_null=True)
    model = serializers.CharField(allow_null=True)
    calls = serializers.IntegerField()
    input_tokens = serializers.IntegerField()
    cached_input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    unpriced = serializers.BooleanField(
        help_text="Some of it is of a model without a price on its day."
    )


class TotalsAnswer(serializers.Serializer[Any]):
    results = TotalAnswer(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class QuarantineAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    received_at = serializers.DateTimeField()
    source = serializers.CharField()  # type: ignore[assignment]
    event_id = serializers.CharField()
    workload = serializers.CharField(help_text="As it was sent.")
    code = serializers.ChoiceField(list(CODES))
    detail = serializers.CharField()
    body = serializers.JSONField(
        help_text="As it was sent, the user's reference hashed."
    )
    sent_by = serializers.CharField()
    expires_at = serializers.DateTimeField()
    replayed_at = serializers.DateTimeField(allow_null=True)


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if len(set(names)) < len(names) or not set(names) <= set(PATHS):
        raise ValueError(text)
    return names


class UsageView(WeighbridgeView):
    rate_limited = False

    @operation(
        scope=Scope.USAGE_WRITE,
        action="usage.send",
        uploads=(JSON, CLOUD_EVENTS, CLOUD_EVENT),
        body=UsageBody,
        body_limit=BODY_LIMIT,
        answer=CountedAnswer,
        problems=(TooManyEvents,),
    )
    def post(self) -> Response:
        """Report usage: each event counts once, however often it is sent."""
        batch = read_batch(self.upload.content, self.upload.media_type)
        return self.answer(
            shown_count(ingest(batch, sender=sender_of(self), now=self.now))
        )


class TotalsView(WeighbridgeView):
    @operation(
        scope=Scope.PLAN_READ,
        answer=TotalsAnswer,
        parameters={
            "month": MonthName(
                description="The organisation's; this one when left out."
            ),
            "by": Matching(
                _names,
                "names of workload, user, model, with commas",
                default=("workload",),
                description="workload, user and model, with commas.",
            ),
            "workload": Text(description="A reference."),
            "user": Text(description="For those who may see references of users."),
            "limit": Whole(1, MOST_PER_PAGE, default=PER_PAGE, description="Rows."),
            "cursor": Text(description="From `next` or `previous`, as it is."),
        },
    )
    def get(self) -> Response:
        """Sum a month's usage."""
        by, user = self.query["by"], self.query["user"]
        workload = self._workload()
        if "user" in by or user is not None:
            access.require(self.actor, "user_reference.see", workload)
        month = self.query["month"] or Month.of(clock.today(self.now))
        rows = totals(
            month, by, workload=workload.number if workload else None, user=user
        )
        paths = {name: PATHS[name] for name in by}
        listing = Listing(ordering=paths, default=",".join(by), key=paths[by[0]])
        query = {**self.query, "ordering": by}
        return self.answer(
            page_of(rows, listing, query, self.plain_request, row=_as_total)
        )

    def _workload(self) -> Workload | None:
        ref = self.query["workload"]
        if ref is None:
            return None
        found = Workload.objects.filter(number=number_of(ref) or 0).first()
        # Of a workload that is not there, nothing was used and nobody owns it.
        return found or Workload(number=0)


def _replayed(asked: Any) -> Q:
    return Q(replayed_at__isnull=not asked)


class QuarantineView(WeighbridgeView):
    @operation(
        scope=(Scope.PLAN_READ, Scope.USAGE_WRITE),
        answer=QuarantineAnswer,
        listing=Listing(
            ordering={"id": "id", "received_at": "received_at"},
            default="-id",
            search=("event_id", "source"),
            filters={
                "code": Filter(OneOf(CODES, many=True), "code"),
                "workload": Filter(Text(), "workload_ref"),
                "source": Filter(Text(), "source"),
                "replayed": Filter(Flag(), _replayed),
                "since": Filter(Moment(), "received_at__gte"),
            },
        ),
    )
    def get(self) -> Response:
        """List refused events, the newest first."""
        may_see = told_workloads(self.actor)
        rows = QuarantinedEvent.objects.filter(expires_at__gt=self.now).values(
            "id",
            "received_at",
            "source",
            "event_id",
            "workload_ref",
            "code",
            "detail",
            "body",
            "sent_by",
            "expires_at",
            "replayed_at",
        )

        def row(one: dict[str, Any]) -> dict[str, Any]:
            ref = one.pop("workload_ref")
            body = shown_body(one.pop("body"), may_see=may_see(ref))
            return {**one, "workload": ref, "body": body}

        return self.page(rows, row=row)


class ReplayView(WeighbridgeView):
    @operation(
        scope=Scope.USAGE_WRITE,
        action="usage.replay",
        body=EmptyBody,
        answer=CountedAnswer,
        problems=(AlreadyReplayed,),
    )
    def post(self) -> Response:
        """Judge a refused event again, and count it if it holds now."""
        counted = replay_event(
            number=self.kwargs["number"],
            actor=self.actor,
            sender=sender_of(self),
            now=self.now,
        )
        return self.answer(shown_count(counted))


def sender_of(view: WeighbridgeView) -> Sender:
    bound = view.token.workloads if view.token is not None else ()
    return Sender.of(view.actor.username, bound)


def shown_count(counted: Counted) -> dict[str, Any]:
    return {
        "accepted": counted.accepted,
        "duplicates": counted.duplicates,
        "rejected": [
            {"index": one.index, "id": one.id, "code": one.code, "detail": one.detail}
            for one in counted.refused
        ],
    }


def _as_total(row: dict[str, Any]) -> dict[str, Any]:
    number = row.get(PATHS["workload"])
    return {
        "workload": None if number is None else ref_of(number),
        "user": row.get(PATHS["user"]),
        "model": row.get(PATHS["model"]),
        **{name: int(row[f"sum_of_{name}"]) for name in SUMMED},
        "unpriced": bool(row["unpriced"]),
    }
