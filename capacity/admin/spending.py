"""Spend limits, their alerts and kill switches in the admin."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from capacity.enums import LimitScope
from capacity.models import KillSwitch, SpendAlert, SpendLimit
from portal.kernel.admin.base import RecordAdmin


def trail(scope: str, target: str) -> str:
    return f"{scope}/{target}" if target else "kill-switch/all"


@admin.register(SpendLimit)
class SpendLimitAdmin(RecordAdmin):
    list_display = (
        "id",
        "scope",
        "target",
        "period",
        "amount",
        "alert_at",
        "set_by",
        "set_at",
        "ended_at",
    )
    list_filter = ("scope", "period", "set_at", "ended_at")
    list_select_related = ("set_by", "ended_by")
    search_fields = ("target", "reason", "set_by__username", "set_by__name")

    def trail_of(self, obj: SpendLimit) -> str:
        return trail(LimitScope(obj.scope), obj.target)


@admin.register(SpendAlert)
class SpendAlertAdmin(RecordAdmin):
    list_display = ("id", "limit", "starts_on", "reached", "spent", "at")
    list_filter = ("reached", "limit__scope", "limit__period", "at")
    search_fields = ("limit__target",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SpendAlert]:
        return super().get_queryset(request).select_related("limit")


@admin.register(KillSwitch)
class KillSwitchAdmin(RecordAdmin):
    list_display = (
        "id",
        "scope",
        "target",
        "reason",
        "thrown_by",
        "thrown_at",
        "lifted_by",
        "lifted_at",
    )
    list_filter = ("scope", "thrown_at", "lifted_at")
    list_select_related = ("thrown_by", "lifted_by")
    search_fields = ("target", "reason", "thrown_by__username", "thrown_by__name")

    def trail_of(self, obj: KillSwitch) -> str:
        return trail(obj.scope, obj.target)
