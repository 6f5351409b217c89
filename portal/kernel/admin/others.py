"""Tables of the packages that the house stands on: shown, and left to them."""

from axes.models import AccessAttempt
from django.contrib import admin
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from portal.kernel.admin.base import RecordAdmin


@admin.register(AccessAttempt)
class AccessAttemptAdmin(RecordAdmin):
    list_display = (
        "username",
        "failures_since_start",
        "attempt_time",
        "ip_address",
        "path_info",
    )
    list_filter = ("attempt_time",)
    search_fields = ("username", "ip_address")
    # Not what was typed, nor the whole request.
    fields = (
        "username",
        "failures_since_start",
        "attempt_time",
        "ip_address",
        "user_agent",
        "path_info",
    )


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(RecordAdmin):
    list_display = ("name", "task", "schedule", "enabled", "last_run_at")
    list_filter = ("enabled",)
    list_select_related = ("interval", "crontab", "solar", "clocked")
    search_fields = ("name", "task")


@admin.register(IntervalSchedule)
class IntervalScheduleAdmin(RecordAdmin):
    list_display = ("__str__", "every", "period")
    list_filter = ("period",)
    search_fields = ("=every",)


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(RecordAdmin):
    list_display = ("__str__", "timezone")
    list_filter = ("timezone",)
    search_fields = ("hour", "minute")
