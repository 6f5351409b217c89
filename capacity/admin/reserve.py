"""The reserve in the admin: sizes and draws as the committee decided them."""

from django.contrib import admin

from capacity.admin.columns import EntryAdmin, amount
from capacity.models import ReserveDraw, ReserveSize
from portal.kernel import formats


@admin.register(ReserveSize)
class ReserveSizeAdmin(EntryAdmin):
    list_display = (
        "quarter",
        "share",
        "holds",
        "decision",
        "reason",
        "entered_at",
        "entered_by",
    )
    list_filter = ("quarter", "entered_at")
    search_fields = ("=quarter", "=decision", "reason", *EntryAdmin.by)

    def trail_of(self, obj: ReserveSize) -> str:
        return f"reserve/{obj.quarter}"

    @admin.display(description="Ratio", ordering="ratio")
    def share(self, obj: ReserveSize) -> str:
        return f"{formats.in_full(obj.ratio * 100)} %"

    @admin.display(description="Amount")
    def holds(self, obj: ReserveSize) -> str:
        return amount(obj.amount, obj.currency)


@admin.register(ReserveDraw)
class ReserveDrawAdmin(EntryAdmin):
    list_display = (
        "quarter",
        "decision",
        "taken",
        "budget",
        "reason",
        "entered_at",
        "entered_by",
    )
    list_display_links = ("quarter", "decision")
    list_filter = ("quarter", "budget", "entered_at")
    search_fields = ("=quarter", "=decision", "reason", *EntryAdmin.by)

    def trail_of(self, obj: ReserveDraw) -> str:
        return f"reserve/{obj.quarter}"

    @admin.display(description="Amount", ordering="amount")
    def taken(self, obj: ReserveDraw) -> str:
        return amount(obj.amount, obj.currency)
