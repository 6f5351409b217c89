"""What must leave the house, written with the change that causes it."""

from django.db import models
from django.db.models import Q

from portal.kernel.enums import Channel


class OutboxMessage(models.Model):
    """Waiting until `delivered_at` or `given_up_at` is set, never both."""

    kind = models.CharField(max_length=100)
    channel = models.CharField(
        max_length=16, choices=[(channel, channel) for channel in Channel]
    )
    payload = models.JSONField(default=dict)
    dedup_key = models.CharField(
        max_length=200,
        null=True,
        blank=True,
        unique=True,
        help_text="Posting the same key twice leaves one message.",
    )
    created_at = models.DateTimeField()
    available_at = models.DateTimeField(
        help_text="Not before this; moves on after every failure."
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True, blank=True)
    given_up_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]
        verbose_name = "outgoing message"
        verbose_name_plural = "outgoing messages"
        indexes = [
            models.Index(
                fields=["available_at", "id"],
                condition=Q(delivered_at__isnull=True, given_up_at__isnull=True),
                name="outbox_waiting",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(channel__in=[str(channel) for channel in Channel]),
                name="outbox_channel_is_known",
            ),
            models.CheckConstraint(
                condition=Q(delivered_at__isnull=True) | Q(given_up_at__isnull=True),
                name="outbox_ends_in_one_way",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.channel})"
