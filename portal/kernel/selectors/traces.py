"""What one request left behind."""

from portal.kernel.models import AuditEntry


def was_recorded(request_id: str) -> bool:
    """Whether the request changed anything: each change leaves an entry."""
    if not request_id:
        return False
    return AuditEntry.objects.filter(request_id=request_id).exists()
