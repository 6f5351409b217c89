"""The plan as it was frozen at the opening or closing of a quarterly review."""

from django.conf import settings
from django.db import models

from portal.kernel.models.guards import append_only
from workloads.enums import Moment


class PlanBaseline(models.Model):
    number = models.PositiveIntegerField(unique=True)
    quarter = models.CharField(max_length=6)
    moment = models.CharField(max_length=10)
    taken_at = models.DateTimeField()
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    rows = models.JSONField(help_text="The plan's rows as they stood.")
    heads = models.JSONField(help_text="The quarters' sums as they stood.")

    class Meta:
        ordering = ["-number"]
        verbose_name = "baseline"
        verbose_name_plural = "baselines"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(moment__in=[str(moment) for moment in Moment]),
                name="baseline_moment_known",
            ),
        ]
        triggers = append_only("plan_baseline")

    def __str__(self) -> str:
        return f"B-{self.number}"


class Reminder(models.Model):
    """A reminder that was sent: who was asked to mend what, and by whom.

    `key` makes a reminder of the system fall once; a person may ask once a day.
    """

    workload = models.ForeignKey(
        "workloads.Workload", on_delete=models.PROTECT, related_name="reminders"
    )
    code = models.CharField(max_length=60)
    key = models.CharField(max_length=200, unique=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    asked = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="reminded")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return self.key
