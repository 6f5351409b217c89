"""Aggregates of usage, partitioned by month: what forecasts and recalibration read.

The tables are made by the migration in SQL, since Django knows no partitions; months are
attached by `capacity.services.partitions`. The admin takes no key of several columns: it
reads each table through a view, whose rows have one key of text.
"""

from django.db import models


class UsageDay(models.Model):
    """One user's day in a workload, by tier and model. Test calls never stand here."""

    pk = models.CompositePrimaryKey("day", "workload_id", "tier", "user_ref", "model")
    day = models.DateField(help_text="In the organisation's time zone.")
    workload = models.ForeignKey(
        "workloads.Workload", on_delete=models.PROTECT, related_name="+"
    )
    tier = models.CharField(max_length=60)
    user_ref = models.CharField(
        max_length=100, help_text="Opaque, hashed on its way in."
    )
    model = models.CharField(max_length=100)
    calls = models.PositiveBigIntegerField(default=0)
    sessions = models.PositiveBigIntegerField(default=0)
    turns = models.PositiveBigIntegerField(default=0)
    retries = models.PositiveBigIntegerField(default=0)
    tool_calls = models.PositiveBigIntegerField(default=0)
    input_tokens = models.PositiveBigIntegerField(default=0)
    cached_input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = "sum of a day's usage"
        verbose_name_plural = "sums of usage by day"

    def __str__(self) -> str:
        return f"{self.day} {self.workload_id} {self.user_ref}"


class UsageHour(models.Model):
    """Sessions that began in one hour of the organisation's clock, by workload."""

    pk = models.CompositePrimaryKey("day", "workload_id", "hour")
    day = models.DateField()
    workload = models.ForeignKey(
        "workloads.Workload", on_delete=models.PROTECT, related_name="+"
    )
    hour = models.PositiveSmallIntegerField(help_text="0 to 23.")
    sessions = models.PositiveBigIntegerField(default=0)
    calls = models.PositiveBigIntegerField(default=0)
    decided_calls = models.PositiveBigIntegerField(default=0)
    unreachable_calls = models.PositiveBigIntegerField(
        default=0, help_text="Undecided while the portal was out of reach."
    )

    class Meta:
        verbose_name = "sum of an hour's usage"
        verbose_name_plural = "sums of usage by hour"

    def __str__(self) -> str:
        return f"{self.day} {self.hour}:00 {self.workload_id}"


class UsageByDay(models.Model):
    """`UsageDay` as the admin reads it; `key` is the row's whole key as a JSON array."""

    key = models.TextField(primary_key=True)
    day = models.DateField(help_text="In the organisation's time zone.")
    workload = models.ForeignKey(
        "workloads.Workload", on_delete=models.DO_NOTHING, related_name="+"
    )
    tier = models.CharField(max_length=60)
    user_ref = models.CharField("user", max_length=100, help_text="Opaque.")
    model = models.CharField(max_length=100)
    calls = models.PositiveBigIntegerField()
    sessions = models.PositiveBigIntegerField()
    turns = models.PositiveBigIntegerField()
    retries = models.PositiveBigIntegerField()
    tool_calls = models.PositiveBigIntegerField()
    input_tokens = models.PositiveBigIntegerField()
    cached_input_tokens = models.PositiveBigIntegerField()
    output_tokens = models.PositiveBigIntegerField()

    class Meta:
        managed = False
        verbose_name = "usage of a day"
        verbose_name_plural = "usage by day"
        # Told so that the admin sorts by these columns alone, as the table's index does.
        constraints = [
            models.UniqueConstraint(
                fields=["day", "workload", "tier", "user_ref", "model"],
                name="usage_by_day_key",
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.workload.ref} {self.user_ref}"


class UsageByHour(models.Model):
    """`UsageHour` as the admin reads it; `key` is the row's whole key as a JSON array."""

    key = models.TextField(primary_key=True)
    day = models.DateField()
    workload = models.ForeignKey(
        "workloads.Workload", on_delete=models.DO_NOTHING, related_name="+"
    )
    hour = models.PositiveSmallIntegerField(help_text="0 to 23.")
    sessions = models.PositiveBigIntegerField()
    calls = models.PositiveBigIntegerField()

    class Meta:
        managed = False
        verbose_name = "usage of an hour"
        verbose_name_plural = "usage by hour"
        constraints = [
            models.UniqueConstraint(
                fields=["day", "workload", "hour"], name="usage_by_hour_key"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.hour}:00 {self.workload.ref}"
