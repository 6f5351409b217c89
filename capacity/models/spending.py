"""Spend limits in money, what was spent against them, and kill switches."""

from django.db import models
from django.db.models import Q

from capacity.enums import LimitPeriod, LimitScope, SwitchScope
from capacity.models.columns import money, person


class SpendLimit(models.Model):
    """A most in money a day or month. Changed by ending it and setting another."""

    scope = models.CharField(max_length=10)
    target = models.CharField(
        max_length=200, help_text="W-01, an agent's id, or a department's code."
    )
    period = models.CharField(max_length=5)
    amount = money("In the organisation's currency.")
    alert_at = models.DecimalField(
        max_digits=4, decimal_places=3, default="0.800", help_text="0–1 of the amount."
    )
    reason = models.TextField(max_length=2000, blank=True)
    set_by = person()
    set_at = models.DateTimeField()
    ended_by = person()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "target", "period"],
                condition=Q(ended_at__isnull=True),
                name="spendlimit_one_standing",
            ),
            models.CheckConstraint(
                condition=Q(scope__in=[str(one) for one in LimitScope]),
                name="spendlimit_scope_known",
            ),
            models.CheckConstraint(
                condition=Q(period__in=[str(one) for one in LimitPeriod]),
                name="spendlimit_period_known",
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0, alert_at__gt=0, alert_at__lte=1),
                name="spendlimit_in_range",
            ),
        ]

    def __str__(self) -> str:
        return f"limit {self.pk} of {self.target}"


class SpendCounter(models.Model):
    """Money spent by one workload, agent or department in one day or month.

    `settled` is usage at the price of its time; `reserved` is what calls in flight may cost
    at the estimate's blended price.
    """

    pk = models.CompositePrimaryKey("scope", "target", "period", "starts_on")
    scope = models.CharField(max_length=10)
    target = models.CharField(max_length=200)
    period = models.CharField(max_length=5)
    starts_on = models.DateField()
    settled = models.DecimalField(max_digits=30, decimal_places=12, default=0)
    reserved = models.DecimalField(max_digits=30, decimal_places=12, default=0)

    class Meta:
        verbose_name = "money spent"
        verbose_name_plural = "money spent"

    def __str__(self) -> str:
        return f"{self.target} {self.starts_on}"


class SpendAlert(models.Model):
    """A limit's share was reached: said once a period."""

    limit = models.ForeignKey(
        SpendLimit, on_delete=models.PROTECT, related_name="alerts"
    )
    starts_on = models.DateField(help_text="The day or month it was reached in.")
    reached = models.BooleanField(help_text="The limit itself, not its alert.")
    spent = models.DecimalField(max_digits=30, decimal_places=12)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["limit", "starts_on", "reached"], name="spendalert_once"
            ),
        ]

    def __str__(self) -> str:
        return f"alert of limit {self.limit_id}"


class KillSwitch(models.Model):
    """Every call of its target is held until it is lifted."""

    scope = models.CharField(max_length=10)
    target = models.CharField(max_length=200, blank=True, help_text="Empty for all.")
    reason = models.TextField(max_length=2000)
    thrown_by = person()
    thrown_at = models.DateTimeField()
    lifted_by = person()
    lifted_at = models.DateTimeField(null=True, blank=True)
    lift_reason = models.TextField(max_length=2000, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "kill switches"
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "target"],
                condition=Q(lifted_at__isnull=True),
                name="killswitch_one_standing",
            ),
            models.CheckConstraint(
                condition=Q(scope__in=[str(one) for one in SwitchScope]),
                name="killswitch_scope_known",
            ),
            models.CheckConstraint(
                condition=Q(scope=SwitchScope.ALL, target="")
                | (~Q(scope=SwitchScope.ALL) & ~Q(target="")),
                name="killswitch_names_its_target",
            ),
        ]

    def __str__(self) -> str:
        return f"kill switch {self.pk}"
