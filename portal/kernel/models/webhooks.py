"""Webhooks: who is told of what, and what became of each telling."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from portal.kernel.enums import EventKind
from portal.kernel.models.outbox import OutboxMessage

LONGEST_URL = 500
LONGEST_DESCRIPTION = 200


class WebhookSubscription(models.Model):
    """One address that is told of some kinds of events.

    Its secret is derived from the installation's key and `salt`, and kept nowhere;
    `fingerprint` tells when the key has changed since.
    """

    url = models.CharField(max_length=LONGEST_URL)
    description = models.CharField(max_length=LONGEST_DESCRIPTION, blank=True)
    kinds = ArrayField(models.CharField(max_length=60))
    salt = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=16)
    is_active = models.BooleanField(default=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)
    paused_until = models.DateTimeField(
        null=True,
        blank=True,
        help_text="After a failure nothing is sent before; the others wait too.",
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        verbose_name = "webhook"
        constraints = [
            models.CheckConstraint(
                condition=Q(kinds__contained_by=[str(kind) for kind in EventKind])
                & Q(kinds__len__gt=0),
                name="webhook_kinds_are_known",
            ),
        ]

    def __str__(self) -> str:
        return f"webhook {self.pk}"


class WebhookDelivery(models.Model):
    """One event for one webhook: its body as it is signed, and every try."""

    subscription = models.ForeignKey(
        WebhookSubscription, on_delete=models.PROTECT, related_name="deliveries"
    )
    event_id = models.CharField(
        max_length=40, help_text="The header webhook-id; the same at every try."
    )
    kind = models.CharField(max_length=60)
    body = models.TextField()
    created_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True, blank=True)
    tries = models.JSONField(
        default=list, help_text="[{at, status, error, milliseconds}], oldest first."
    )
    message = models.ForeignKey(
        OutboxMessage, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-id"]
        verbose_name = "delivery of a webhook"
        verbose_name_plural = "deliveries of webhooks"
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "event_id"], name="webhook_event_once"
            ),
        ]

    def __str__(self) -> str:
        return self.event_id
