"""Prices and compute lines in the admin: read-only, entered on their page."""

from django.contrib import admin

from capacity.admin.columns import EntryAdmin, amount
from capacity.models import ComputeLine, ModelPrice


@admin.register(ModelPrice)
class ModelPriceAdmin(EntryAdmin):
    list_display = (
        "model",
        "model_class",
        "valid_from",
        "given",
        "cached",
        "made",
        "entered_at",
        "entered_by",
    )
    list_filter = ("model_class", "model", "valid_from")
    search_fields = ("model", "aliases", "reason", *EntryAdmin.by)
    ordering = ("model", "-valid_from", "-id")

    def trail_of(self, obj: ModelPrice) -> str:
        return f"rate-card/{obj.model}"

    @admin.display(description="Input /million", ordering="input_per_million")
    def given(self, obj: ModelPrice) -> str:
        return amount(obj.input_per_million, obj.currency)

    @admin.display(description="Cached /million", ordering="cached_input_per_million")
    def cached(self, obj: ModelPrice) -> str:
        return amount(obj.cached_input_per_million, obj.currency)

    @admin.display(description="Output /million", ordering="output_per_million")
    def made(self, obj: ModelPrice) -> str:
        return amount(obj.output_per_million, obj.currency)


@admin.register(ComputeLine)
class ComputeLineAdmin(EntryAdmin):
    list_display = (
        "line",
        "valid_from",
        "monthly",
        "by_session",
        "entered_at",
        "entered_by",
    )
    list_filter = ("line", "valid_from")
    search_fields = ("line", "reason", *EntryAdmin.by)
    ordering = ("line", "-valid_from", "-id")

    def trail_of(self, obj: ComputeLine) -> str:
        return f"compute-line/{obj.line}"

    @admin.display(description="A month", ordering="amount_per_month")
    def monthly(self, obj: ComputeLine) -> str:
        return amount(obj.amount_per_month, obj.currency)

    @admin.display(description="/session/month", ordering="amount_per_session_month")
    def by_session(self, obj: ComputeLine) -> str:
        return amount(obj.amount_per_session_month, obj.currency)
