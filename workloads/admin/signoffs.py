"""Signatures, how they ended, and who stands in for whom, in the admin."""

from django.contrib import admin

from portal.kernel.admin.base import RecordAdmin
from workloads.admin.columns import OfAWorkload
from workloads.models import Deputy, Signoff, SignoffEnd, Workload


@admin.register(Signoff)
class SignoffAdmin(OfAWorkload):
    number_path = "estimate__workload__number"
    list_display = (
        "of_workload",
        "version",
        "role",
        "verdict",
        "signer",
        "on_behalf_of",
        "at",
        "lapses_on",
        "ended",
        "attested",
    )
    list_filter = ("role", "verdict", "end__kind", "attested", "at")
    list_select_related = ("estimate__workload", "signer", "on_behalf_of", "end")
    search_fields = (
        "estimate__workload__name",
        "signer__username",
        "signer__name",
        "reason",
    )
    search_help_text = "W-02, a workload's name, a signer, a reason"
    ordering = ("-at", "-id")

    def workload_of(self, obj: Signoff) -> Workload:
        return obj.estimate.workload

    @admin.display(description="Workload", ordering="estimate__workload__number")
    def of_workload(self, obj: Signoff) -> str:
        return str(self.workload_of(obj))

    @admin.display(description="Version", ordering="estimate__version")
    def version(self, obj: Signoff) -> str:
        return f"v{obj.estimate.version}"

    @admin.display(description="Stands", ordering="end__kind")
    def ended(self, obj: Signoff) -> str:
        end = getattr(obj, "end", None)
        return "stands" if end is None else end.kind


@admin.register(SignoffEnd)
class SignoffEndAdmin(OfAWorkload):
    number_path = "signoff__estimate__workload__number"
    list_display = ("of_workload", "signature", "kind", "at", "actor", "reason")
    list_filter = ("kind", "signoff__role", "at")
    list_select_related = (
        "signoff__estimate__workload",
        "signoff__signer",
        "actor",
    )
    search_fields = ("signoff__estimate__workload__name", "actor__username", "reason")
    ordering = ("-at", "-id")

    def workload_of(self, obj: SignoffEnd) -> Workload:
        return obj.signoff.estimate.workload

    @admin.display(
        description="Workload", ordering="signoff__estimate__workload__number"
    )
    def of_workload(self, obj: SignoffEnd) -> str:
        return str(self.workload_of(obj))

    @admin.display(description="Signature")
    def signature(self, obj: SignoffEnd) -> str:
        return f"v{obj.signoff.estimate.version}, {obj.signoff}"


@admin.register(Deputy)
class DeputyAdmin(RecordAdmin):
    """A signer names a deputy on the settings page; nobody does it for them."""

    list_display = ("deputy", "signer", "role", "from_day", "until_day", "named_at")
    list_filter = ("role", "from_day", "until_day")
    list_select_related = ("deputy", "signer")
    search_fields = (
        "deputy__username",
        "deputy__name",
        "signer__username",
        "signer__name",
    )

    def trail_of(self, obj: Deputy) -> str:
        return f"user/{obj.signer.username}"
