"""The tables that all parts stand on."""

from portal.kernel.models.audit import AuditEntry
from portal.kernel.models.idempotency import IdempotentAnswer
from portal.kernel.models.numbers import ModelNumbers
from portal.kernel.models.outbox import OutboxMessage
from portal.kernel.models.saved_views import SavedView
from portal.kernel.models.tokens import ApiToken
from portal.kernel.models.users import User
from portal.kernel.models.webhooks import WebhookDelivery, WebhookSubscription

__all__ = [
    "ApiToken",
    "AuditEntry",
    "IdempotentAnswer",
    "ModelNumbers",
    "OutboxMessage",
    "SavedView",
    "User",
    "WebhookDelivery",
    "WebhookSubscription",
]
