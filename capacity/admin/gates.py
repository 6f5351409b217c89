"""Gates in the admin: read-only, since two people make a version decide elsewhere."""

from django.contrib import admin

from capacity.models import (
    Account,
    CeilingProposal,
    GateException,
    GatePolicy,
    GateTier,
    MeteredOptIn,
)
from capacity.selectors.user_references import short_hash
from portal.kernel import formats
from portal.kernel.admin.base import RecordAdmin, RecordInline
from workloads.admin.columns import OfAWorkload
from workloads.models import Workload

BY_WORKLOAD = "W-02, a workload's name, a model"


class GateTierInline(RecordInline):
    model = GateTier
    fields = readonly_fields = (
        "tier",
        "ceiling_tokens",
        "overage",
        "ceiling_basis",
        "allowance",
        "amount",
        "overage_limit_tokens",
        "overage_price_per_million",
        "opt_in",
        "reason",
    )
    ordering = ("tier",)


@admin.register(GatePolicy)
class GatePolicyAdmin(OfAWorkload):
    inlines = (GateTierInline,)
    list_display = (
        "of_workload",
        "version",
        "state",
        "mode",
        "primary_model",
        "degrade_model",
        "activated_at",
        "owner_agreed_by",
        "finance_agreed_by",
    )
    list_filter = ("state", "mode", "on_unreachable", "activated_at")
    list_select_related = ("workload", "owner_agreed_by", "finance_agreed_by")
    search_fields = ("workload__name", "primary_model", "degrade_model")
    search_help_text = BY_WORKLOAD
    ordering = ("workload__number", "-version")


@admin.register(GateTier)
class GateTierAdmin(OfAWorkload):
    number_path = "policy__workload__number"
    list_display = (
        "of_gate",
        "tier",
        "ceiling",
        "overage",
        "ceiling_basis",
        "overage_limit_tokens",
    )
    list_filter = ("overage", "ceiling_basis", "policy__state", "tier")
    list_select_related = ("policy__workload", "opt_in")
    search_fields = ("tier", "reason", "policy__workload__name")
    search_help_text = "W-02, a workload's name, a tier"
    ordering = ("policy__workload__number", "-policy__version", "tier")

    def workload_of(self, obj: GateTier) -> Workload:
        return obj.policy.workload

    @admin.display(description="Gate", ordering="policy__workload__number")
    def of_gate(self, obj: GateTier) -> str:
        return f"{obj.policy.workload.ref} v{obj.policy.version}"

    @admin.display(description="Ceiling", ordering="ceiling_tokens")
    def ceiling(self, obj: GateTier) -> str:
        return formats.short(obj.ceiling_tokens)


@admin.register(MeteredOptIn)
class MeteredOptInAdmin(OfAWorkload):
    list_display = (
        "of_workload",
        "tier",
        "by",
        "at",
        "reference",
        "recorded_by",
        "withdrawn_at",
        "withdrawn_by",
    )
    list_filter = ("tier", ("withdrawn_at", admin.EmptyFieldListFilter))
    list_select_related = ("workload", "recorded_by", "withdrawn_by")
    search_fields = ("workload__name", "tier", "by", "reference", "withdrawal_reason")
    search_help_text = "W-02, a workload's name, a contract"
    ordering = ("-id",)


@admin.register(CeilingProposal)
class CeilingProposalAdmin(OfAWorkload):
    list_display = (
        "of_workload",
        "cause",
        "cause_key",
        "state",
        "created_at",
        "decided_by",
        "decided_at",
    )
    list_filter = ("state", "cause", "created_at")
    list_select_related = ("workload", "policy", "decided_by")
    search_fields = ("workload__name", "cause_key", "reason", "decided_by__username")
    search_help_text = "W-02, a workload's name, 2026Q2"
    ordering = ("-id",)


@admin.register(GateException)
class GateExceptionAdmin(OfAWorkload):
    """Without the user: who opens the admin does not see references of users."""

    fields = (
        "workload",
        "raised_for",
        "tier",
        "ceiling_tokens",
        "reason",
        "approved_by",
        "created_at",
        "ends_on",
        "ended_at",
    )
    list_display = (
        "of_workload",
        "raised_for",
        "tier",
        "ceiling_tokens",
        "ends_on",
        "ended_at",
        "approved_by",
    )
    list_filter = ("ends_on", ("ended_at", admin.EmptyFieldListFilter), "tier")
    list_select_related = ("workload", "account", "approved_by")
    search_fields = ("workload__name", "account__code", "account__name", "reason")
    search_help_text = "W-02, a workload's name, an account"
    ordering = ("-id",)

    @admin.display(description="For", ordering="account__code")
    def raised_for(self, obj: GateException) -> str:
        return str(obj.account) if obj.account else f"user {short_hash(obj.user_ref)}"


@admin.register(Account)
class AccountAdmin(RecordAdmin):
    list_display = ("code", "name", "owner_email", "billing_email", "edited_at")
    list_filter = ("edited_at", ("billing_email", admin.EmptyFieldListFilter))
    search_fields = ("code", "name", "owner_email", "billing_email")
    ordering = ("code",)

    def trail_of(self, obj: Account) -> str:
        return f"account/{obj.code}"
