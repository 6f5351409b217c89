"""Usage as it was sent: events by month, their keys, and what was refused.

Written by `capacity.runtime` in SQL alone, together with the aggregates of `usage`.
"""

from django.db import models

from workloads.models import Workload


class UsageKey(models.Model):
    """Source and id of every event that was counted, as one hash: counted exactly once."""

    key = models.UUIDField(primary_key=True, help_text="SHA-256 of source and id, cut.")
    month = models.DateField(help_text="Of the event: keys go when their month goes.")

    def __str__(self) -> str:
        return str(self.key)


class UsageSession(models.Model):
    """Sessions that were seen: each counts once, in the hour and tier it was first seen."""

    key = models.UUIDField(
        primary_key=True, help_text="Workload, user and session, hashed."
    )
    month = models.DateField()

    def __str__(self) -> str:
        return str(self.key)


class UsageEvent(models.Model):
    """One call, or several that the sender added up. Append-only, partitioned by `day`."""

    pk = models.CompositePrimaryKey("day", "key")
    day = models.DateField(help_text="On the organisation's clock.")
    key = models.UUIDField()
    source = models.CharField(max_length=200)
    event_id = models.CharField(max_length=200)
    at = models.DateTimeField(help_text="The event's own time.")
    received_at = models.DateTimeField()
    workload = models.ForeignKey(Workload, on_delete=models.PROTECT, related_name="+")
    tier = models.CharField(max_length=60)
    user_ref = models.CharField(max_length=100)
    agent = models.CharField(max_length=200, blank=True)
    called_by = models.CharField(max_length=200, blank=True)
    account = models.CharField(max_length=100, blank=True)
    model = models.CharField(max_length=100)
    session = models.CharField(max_length=200, blank=True)
    trace_id = models.CharField(max_length=200, blank=True)
    calls = models.PositiveBigIntegerField(default=1)
    decided_calls = models.PositiveBigIntegerField(default=0)
    unreachable_calls = models.PositiveBigIntegerField(default=0)
    turns = models.PositiveBigIntegerField(default=0)
    retries = models.PositiveBigIntegerField(default=0)
    tool_calls = models.PositiveBigIntegerField(default=0)
    input_tokens = models.PositiveBigIntegerField()
    cached_input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField()
    decision = models.UUIDField(null=True)
    billable_tokens = models.PositiveBigIntegerField(default=0)
    cost = models.DecimalField(max_digits=30, decimal_places=12, null=True)
    outcome = models.JSONField(null=True)
    test = models.BooleanField(default=False)

    class Meta:
        ordering = ["-day"]
        verbose_name = "usage event"

    def __str__(self) -> str:
        return self.event_id


class UsageArrival(models.Model):
    """What arrived in one minute: whether a gate holds is read here, by the minute.

    By the time of arrival, since a runtime could send late what it never asked about.
    Test calls stand apart.
    """

    pk = models.CompositePrimaryKey("minute", "workload_id", "test")
    minute = models.DateTimeField()
    workload = models.ForeignKey(Workload, on_delete=models.PROTECT, related_name="+")
    test = models.BooleanField(default=False)
    events = models.PositiveBigIntegerField(default=0)
    calls = models.PositiveBigIntegerField(default=0)
    decided_calls = models.PositiveBigIntegerField(default=0)
    unreachable_calls = models.PositiveBigIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["workload", "minute"], name="arrival_of_workload")
        ]

    def __str__(self) -> str:
        return f"{self.minute} {self.workload_id}"


class UsageSource(models.Model):
    """A sender of usage, and when it was last heard."""

    source = models.CharField(primary_key=True, max_length=200)
    events = models.PositiveBigIntegerField(default=0)
    last_event_at = models.DateTimeField(help_text="The newest event's own time.")
    last_received_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.source


class QuarantinedEvent(models.Model):
    """An event that was refused, kept to be looked at and replayed until it expires."""

    received_at = models.DateTimeField()
    source = models.CharField(max_length=200, blank=True)
    event_id = models.CharField(max_length=200, blank=True)
    workload_ref = models.CharField(max_length=50, blank=True)
    code = models.CharField(max_length=40)
    detail = models.TextField()
    body = models.JSONField()
    sent_by = models.CharField(max_length=150, blank=True)
    expires_at = models.DateTimeField()
    replayed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "refused event"
        indexes = [
            models.Index(fields=["expires_at"], name="quarantine_expiry"),
            models.Index(fields=["source", "event_id"], name="quarantine_of_event"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.event_id}"
