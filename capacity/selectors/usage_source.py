"""Where usage came from that no runtime sent."""

from portal.kernel.models import AuditEntry

DERIVED = "usage.derived"


def derived_usage() -> str:
    """The sentence with which derived usage was written; nothing where there is none."""
    told = AuditEntry.objects.filter(action=DERIVED).order_by("-id")
    return told.values_list("reason", flat=True).first() or ""
