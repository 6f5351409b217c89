"""What runtimes asked, were told and used. Read-only; users are told as short hashes."""

import json
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from capacity.admin.usage import OfAMonth
from capacity.models import (
    BundleAcknowledgement,
    Decision,
    QuarantinedEvent,
    Reservation,
    UsageByDay,
    UsageSource,
)
from capacity.models.runtime_views import CounterByKey, EventByKey, SpendByKey
from capacity.selectors.quarantine import shown_body
from capacity.selectors.user_references import short_hash
from portal.kernel import clock
from portal.kernel.admin.base import RecordAdmin
from workloads.admin.columns import OfAWorkload

SPANS = {"day": 1, "week": 7, "month": 31}


class Lately(SimpleListFilter):
    """Decisions of a day unless a longer span is chosen: their keys begin with the time."""

    title = "when"
    parameter_name = "when"

    def lookups(
        self, request: HttpRequest, model_admin: ModelAdmin
    ) -> list[tuple[str, str]]:
        return [
            ("week", "The last 7 days"),
            ("month", "The last 31 days"),
            ("every", "Ever"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "every":
            return queryset
        days = SPANS.get(self.value() or "day", 1)
        since = clock.now() - timedelta(days=days)
        first = UUID(int=int(since.timestamp() * 1000) << 80)
        return queryset.filter(pk__gte=first)


class EventsOfAMonth(OfAMonth):
    """Which months there are is read from the sums, which have an index of days."""

    def lookups(
        self, request: HttpRequest, model_admin: ModelAdmin
    ) -> list[tuple[str, str]]:
        sums = admin.site._registry[UsageByDay]
        return super().lookups(request, sums)


def _but(model: type[Model], *hidden: str) -> tuple[str, ...]:
    """The fields of a row's page: all but these."""
    names = [one.name for one in model._meta.concrete_fields]
    return tuple(name for name in names if name not in hidden)


class _OfAUser(OfAWorkload):
    @admin.display(description="User")
    def user(self, obj: Any) -> str:
        return short_hash(obj.user_ref)


class _ByKey(RecordAdmin):
    """Its page is found by the columns of the key: no index holds their text."""

    key_fields: ClassVar[tuple[str, ...]]

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        try:
            values = json.loads(object_id)
            named = dict(zip(self.key_fields, values, strict=True))
            return self.get_queryset(request).filter(**named).first()
        except (TypeError, ValueError, ValidationError):
            return None


@admin.register(Decision)
class DecisionAdmin(_OfAUser):
    list_display = (
        "at",
        "of_workload",
        "tier",
        "user",
        "action",
        "model",
        "reason_code",
        "settled_tokens",
        "reserved_tokens",
        "ceiling_tokens",
        "test",
    )
    fields = ("user", *_but(Decision, "user_ref", "answer"))
    list_filter = (Lately, "action", "reason_code", "test")
    list_select_related = ("workload",)
    search_fields = ("workload__name", "=trace_id", "=agent")
    search_help_text = "W-02, a workload's name, a trace, an agent"


@admin.register(Reservation)
class ReservationAdmin(_OfAUser):
    list_display = (
        "decision",
        "of_workload",
        "user",
        "month",
        "tokens",
        "cost",
        "expires_at",
        "test",
    )
    fields = ("user", *_but(Reservation, "user_ref"))
    list_filter = ("expires_at", "test")
    list_select_related = ("workload",)
    search_fields = ("workload__name", "=agent", "=department")
    ordering = ("expires_at",)


@admin.register(CounterByKey)
class CounterAdmin(_ByKey, _OfAUser):
    key_fields = ("workload_id", "user_hash", "month", "test")
    list_display = ("of_workload", "user", "month", "settled", "reserved", "test")
    fields = ("user", *_but(CounterByKey, "user_ref", "user_hash", "key"))
    list_filter = ("month", "test")
    list_select_related = ("workload",)
    search_fields = ("workload__name",)
    search_help_text = "W-02, a workload's name"
    ordering = ("-workload_id", "-user_ref", "-month", "-test")


@admin.register(SpendByKey)
class SpendAdmin(_ByKey):
    key_fields = ("scope", "target", "period", "starts_on")
    list_display = ("scope", "target", "period", "starts_on", "settled", "reserved")
    list_filter = ("scope", "period", "starts_on")
    search_fields = ("=target",)
    search_help_text = "W-02, an agent, a department's code"
    ordering = ("-scope", "-target", "-period", "-starts_on")

    def trail_of(self, obj: SpendByKey) -> str:
        return f"{obj.scope}/{obj.target}"


@admin.register(EventByKey)
class EventAdmin(_ByKey, _OfAUser):
    key_fields = ("workload_id", "at", "event_key")
    list_display = (
        "at",
        "of_workload",
        "tier",
        "user",
        "agent",
        "model",
        "calls",
        "decided_calls",
        "input_tokens",
        "output_tokens",
        "billable_tokens",
        "cost",
        "test",
    )
    fields = ("user", *_but(EventByKey, "user_ref", "key"))
    list_filter = (EventsOfAMonth, "test")
    list_select_related = ("workload",)
    search_fields = ("workload__name", "=source", "=event_id", "=agent")
    search_help_text = "W-02, a workload's name, a source, an event's id, an agent"
    ordering = ("-workload_id", "-at", "-event_key")


@admin.register(QuarantinedEvent)
class QuarantinedEventAdmin(RecordAdmin):
    list_display = (
        "id",
        "received_at",
        "source",
        "event_id",
        "workload_ref",
        "code",
        "detail",
        "sent_by",
        "replayed_at",
    )
    fields = (*_but(QuarantinedEvent, "body"), "sent")
    list_filter = ("code", "received_at", "replayed_at")
    search_fields = ("=source", "=event_id", "=workload_ref", "=sent_by")

    @admin.display(description="As it was sent")
    def sent(self, obj: QuarantinedEvent) -> str:
        return json.dumps(shown_body(obj.body, may_see=False), indent=2)


@admin.register(UsageSource)
class UsageSourceAdmin(RecordAdmin):
    list_display = ("source", "events", "last_event_at", "last_received_at")
    list_filter = ("last_received_at",)
    search_fields = ("source",)
    ordering = ("-last_received_at",)


@admin.register(BundleAcknowledgement)
class BundleAcknowledgementAdmin(RecordAdmin):
    list_display = ("at", "runtime", "etag", "by")
    list_filter = ("at",)
    list_select_related = ("by",)
    search_fields = ("runtime", "=etag", "by__username", "by__name")
