"""Tables with a key of several columns, as the admin reads them: views with one key."""

from django.db import models


class CounterByKey(models.Model):
    """`UserCounter`; `key` is the row's key as a JSON array, the user hashed."""

    key = models.TextField(primary_key=True)
    user_hash = models.TextField()
    workload = models.ForeignKey(
        "workloads.Workload", on_delete=models.DO_NOTHING, related_name="+"
    )
    user_ref = models.CharField("user", max_length=100)
    month = models.DateField()
    test = models.BooleanField()
    settled = models.PositiveBigIntegerField(help_text="Tokens that were used.")
    reserved = models.PositiveBigIntegerField(help_text="Tokens of calls in flight.")
    spoken = models.JSONField(help_text="Levels that were said or passed, by tier.")

    class Meta:
        managed = False
        verbose_name = "counter"
        constraints = [
            models.UniqueConstraint(
                fields=["workload", "user_ref", "month", "test"],
                name="counter_by_key_key",
            )
        ]

    def __str__(self) -> str:
        return f"{self.workload.ref} {self.month}"


class SpendByKey(models.Model):
    """`SpendCounter`; `key` is the row's whole key as a JSON array."""

    key = models.TextField(primary_key=True)
    scope = models.CharField(max_length=10)
    target = models.CharField(max_length=200)
    period = models.CharField(max_length=5)
    starts_on = models.DateField()
    settled = models.DecimalField(max_digits=30, decimal_places=12)
    reserved = models.DecimalField(max_digits=30, decimal_places=12)

    class Meta:
        managed = False
        verbose_name = "money counter"
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "target", "period", "starts_on"],
                name="spend_by_key_key",
            )
        ]

    def __str__(self) -> str:
        return f"{self.target} {self.starts_on}"


class EventByKey(models.Model):
    """`UsageEvent`; `key` is what its index leads to, as a JSON array."""

    key = models.TextField(primary_key=True)
    event_key = models.UUIDField()
    day = models.DateField(help_text="On the organisation's clock.")
    at = models.DateTimeField(help_text="The event's own time.")
    received_at = models.DateTimeField()
    source = models.CharField(max_length=200)
    event_id = models.CharField(max_length=200)
    workload = models.ForeignKey(
        "workloads.Workload", on_delete=models.DO_NOTHING, related_name="+"
    )
    tier = models.CharField(max_length=60)
    user_ref = models.CharField("user", max_length=100)
    agent = models.CharField(max_length=200)
    account = models.CharField(max_length=100)
    model = models.CharField(max_length=100)
    trace_id = models.CharField(max_length=200)
    calls = models.PositiveBigIntegerField()
    decided_calls = models.PositiveBigIntegerField()
    unreachable_calls = models.PositiveBigIntegerField()
    input_tokens = models.PositiveBigIntegerField()
    cached_input_tokens = models.PositiveBigIntegerField()
    output_tokens = models.PositiveBigIntegerField()
    decision = models.UUIDField(null=True)
    billable_tokens = models.PositiveBigIntegerField()
    cost = models.DecimalField(max_digits=30, decimal_places=12, null=True)
    test = models.BooleanField()

    class Meta:
        managed = False
        verbose_name = "reported event"
        constraints = [
            models.UniqueConstraint(
                fields=["workload", "at", "event_key"], name="event_by_key_key"
            )
        ]

    def __str__(self) -> str:
        return f"{self.workload.ref} {self.event_id}"
