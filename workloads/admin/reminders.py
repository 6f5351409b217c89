"""Reminders in the admin."""

from django.contrib import admin

from workloads.admin.columns import OfAWorkload
from workloads.models import Reminder


@admin.register(Reminder)
class ReminderAdmin(OfAWorkload):
    list_display = ("of_workload", "code", "at", "asked_by")
    list_filter = ("code", "at")
    list_select_related = ("workload", "asked_by")
    search_fields = ("workload__name", "code", "asked_by__username")
    ordering = ("-at", "-id")
