"""What the runtime asked and was told: decisions, reservations, counters.

Written by `capacity.runtime` in SQL alone. Tables with a time in their key are partitioned by
month; their tables are made by the migration, since Django knows no partitions.
"""

from django.db import models
from django.db.models import Q

from capacity.models.gates import GatePolicy
from workloads.models import Workload


class GateEpoch(models.Model):
    """One row that changes with every change of a policy, switch, limit or token.

    A gate server decides from memory; the statement that reserves compares this number.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    version = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.version)


class UserCounter(models.Model):
    """One user's tokens in one workload and month, whatever the tier.

    `spoken` are the levels that were said or passed: {tier: [70, 90]}. Test calls count
    apart. `next_expiry` is when the first open reservation lapses.
    """

    pk = models.CompositePrimaryKey("workload_id", "user_ref", "month", "test")
    # No index of its own: a plan that took it would read every user of the workload.
    workload = models.ForeignKey(
        Workload, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    user_ref = models.CharField(max_length=100)
    month = models.DateField(help_text="First day, on the organisation's clock.")
    test = models.BooleanField(default=False)
    settled = models.PositiveBigIntegerField(default=0)
    reserved = models.PositiveBigIntegerField(default=0)
    next_expiry = models.DateTimeField(null=True)
    spoken = models.JSONField(default=dict)

    class Meta:
        verbose_name = "counter of a user"
        verbose_name_plural = "counters of users"

    def __str__(self) -> str:
        return f"{self.workload_id} {self.user_ref} {self.month}"


class Reservation(models.Model):
    """Tokens promised to a call in flight; gone when it is settled, released or lapsed."""

    decision = models.UUIDField(primary_key=True)
    # Unchecked: each check would lock the one hot workload again.
    workload = models.ForeignKey(
        Workload,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    user_ref = models.CharField(max_length=100)
    month = models.DateField()
    test = models.BooleanField(default=False)
    tokens = models.PositiveBigIntegerField()
    cost = models.DecimalField(
        max_digits=30,
        decimal_places=12,
        default=0,
        help_text="Money it may cost, held against spend limits.",
    )
    day = models.DateField(help_text="On whose spend counters the cost is held.")
    agent = models.CharField(max_length=200, blank=True)
    department = models.CharField(max_length=50, blank=True)
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["workload", "user_ref", "month"], name="reservation_of_counter"
            ),
            models.Index(fields=["expires_at"], name="reservation_expiry"),
        ]

    def __str__(self) -> str:
        return str(self.decision)


class Decision(models.Model):
    """One answer, with the facts it was computed from. Append-only, by month.

    The key is a UUID of version 7, whose head is the time: it says which month to look in.
    """

    id = models.UUIDField(primary_key=True)
    at = models.DateTimeField()
    workload = models.ForeignKey(Workload, on_delete=models.PROTECT, related_name="+")
    policy = models.ForeignKey(
        GatePolicy, on_delete=models.PROTECT, null=True, related_name="+"
    )
    tier = models.CharField(max_length=60)
    user_ref = models.CharField(max_length=100)
    agent = models.CharField(max_length=200, blank=True)
    account = models.CharField(max_length=100, blank=True)
    trace_id = models.CharField(max_length=200, blank=True)
    action = models.CharField(max_length=10)
    model = models.CharField(max_length=100, blank=True)
    reason_code = models.CharField(max_length=30)
    asked_model = models.CharField(max_length=100, blank=True)
    ceiling_tokens = models.PositiveBigIntegerField(null=True)
    expected_tokens = models.PositiveBigIntegerField(null=True)
    settled_tokens = models.PositiveBigIntegerField(default=0)
    reserved_tokens = models.PositiveBigIntegerField(
        default=0, help_text="Open before this call."
    )
    shadow_policy = models.ForeignKey(
        GatePolicy, on_delete=models.PROTECT, null=True, related_name="+"
    )
    shadow_action = models.CharField(max_length=10, blank=True)
    test = models.BooleanField(default=False)
    answer = models.JSONField(
        help_text="What no column holds of the facts that the answer is made from again."
    )

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return str(self.id)


class DecisionRequest(models.Model):
    """A runtime's own id of a question, remembered for a day."""

    pk = models.CompositePrimaryKey("token_id", "request_id")
    token_id = models.BigIntegerField(help_text="0 for a browser's session.")
    request_id = models.CharField(max_length=200)
    body_sha256 = models.BinaryField(max_length=32)
    decision = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["at"], name="decisionrequest_at")]

    def __str__(self) -> str:
        return self.request_id


class Alert(models.Model):
    """A level of a user, workload, tier and month: spoken once, or passed over."""

    workload = models.ForeignKey(Workload, on_delete=models.PROTECT, related_name="+")
    user_ref = models.CharField(max_length=100)
    tier = models.CharField(max_length=60)
    month = models.DateField()
    level = models.PositiveSmallIntegerField()
    spoken = models.BooleanField(
        help_text="False where a higher one was spoken instead."
    )
    kind = models.CharField(max_length=20)
    account = models.CharField(max_length=100, blank=True)
    decision = models.UUIDField()
    trace_id = models.CharField(max_length=200, blank=True)
    overage = models.CharField(max_length=20)
    consumed = models.FloatField()
    projected = models.FloatField()
    at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["workload", "user_ref", "tier", "month", "level"],
                name="alert_once",
            ),
            models.CheckConstraint(
                condition=Q(level__in=[70, 90, 100]), name="alert_level_known"
            ),
        ]
        indexes = [models.Index(fields=["workload", "month"], name="alert_by_month")]

    def __str__(self) -> str:
        return f"alert {self.pk} at {self.level} %"
