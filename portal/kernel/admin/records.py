"""What people and programs leave behind, in the admin."""

from django.contrib import admin
from django.contrib.admin.models import LogEntry

from portal.kernel.admin.base import RecordAdmin
from portal.kernel.models import IdempotentAnswer, SavedView


@admin.register(SavedView)
class SavedViewAdmin(RecordAdmin):
    list_display = ("name", "user", "page", "query", "created_at")
    list_filter = ("page", "created_at")
    list_select_related = ("user",)
    search_fields = ("name", "query", "user__username", "user__name")


@admin.register(IdempotentAnswer)
class IdempotentAnswerAdmin(RecordAdmin):
    list_display = ("key", "user", "method", "path", "status", "created_at")
    list_filter = ("method", "status", "created_at")
    list_select_related = ("user",)
    search_fields = ("=key", "path", "user__username")
    # Not the answer itself: it is for whoever asked.
    fields = ("key", "user", "method", "path", "body_sha256", "status", "created_at")


@admin.register(LogEntry)
class LogEntryAdmin(RecordAdmin):
    """Django's own notes of what was done in the admin; the trail has the facts."""

    list_display = ("action_time", "user", "content_type", "object_repr", "said")
    list_filter = ("action_time",)
    list_select_related = ("user", "content_type")
    search_fields = ("object_repr", "user__username")

    @admin.display(description="What")
    def said(self, obj: LogEntry) -> str:
        return str(obj.get_change_message())
