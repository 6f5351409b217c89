"""Runs that compare what was forecast with what was used."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from capacity.enums import RunStatus

OPEN = [str(RunStatus.QUEUED), str(RunStatus.RUNNING)]


class RecalibrationRun(models.Model):
    """One run over a quarter (2026Q2) or a month (2026-05).

    A worker holds a run by its lease and prolongs it while it works; a run whose lease has
    passed is taken up by the next worker.
    """

    period = models.CharField(max_length=7)
    status = models.CharField(max_length=10, default=RunStatus.QUEUED)
    is_current = models.BooleanField(
        default=False, help_text="The newest complete run of its period."
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    requested_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    held_by = models.CharField(max_length=100, blank=True)
    held_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    is_calibrated = models.BooleanField(
        null=True, help_text="Whether the quarter has every actual; null while it runs."
    )
    budgets = models.JSONField(
        default=dict, help_text="The whole platform: forecast, actual and error."
    )
    drafts = models.BooleanField(
        default=False, help_text="Whether it drafts: the newest ended quarter's does."
    )
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "recalibration"
        constraints = [
            models.CheckConstraint(
                condition=Q(period__regex=r"^20[0-9]{2}(Q[1-4]|-(0[1-9]|1[0-2]))$"),
                name="recalibration_period_form",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[str(one) for one in RunStatus]),
                name="recalibration_status_known",
            ),
            models.UniqueConstraint(
                fields=["period"],
                condition=Q(status__in=OPEN),
                name="recalibration_one_open",
            ),
            models.UniqueConstraint(
                fields=["period"],
                condition=Q(is_current=True),
                name="recalibration_one_current",
            ),
            models.CheckConstraint(
                condition=Q(is_current=False) | Q(status=RunStatus.COMPLETE),
                name="recalibration_current_is_complete",
            ),
        ]

    def __str__(self) -> str:
        return f"R-{self.pk}"


class RecalibrationResult(models.Model):
    """One workload in one run: forecast, actual and error, by input and by budget."""

    run = models.ForeignKey(
        RecalibrationRun, on_delete=models.PROTECT, related_name="results"
    )
    workload = models.ForeignKey(
        "workloads.Workload", on_delete=models.PROTECT, related_name="+"
    )
    missing = ArrayField(models.CharField(max_length=10), default=list)
    off = ArrayField(
        models.CharField(max_length=40),
        default=list,
        help_text="Inputs that are off by more than the threshold.",
    )
    inputs = models.JSONField(default=dict)
    budgets = models.JSONField(default=dict)
    draft_version = models.PositiveIntegerField(
        null=True, help_text="The draft that the system opened or renewed."
    )

    class Meta:
        ordering = ["run", "workload"]
        verbose_name = "result of a recalibration"
        verbose_name_plural = "results of recalibrations"
        constraints = [
            models.UniqueConstraint(
                fields=["run", "workload"], name="recalibration_one_result"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run} {self.workload_id}"


class RecalibrationLine(models.Model):
    """One line of a run's log."""

    run = models.ForeignKey(
        RecalibrationRun, on_delete=models.PROTECT, related_name="log"
    )
    key = models.CharField(max_length=100, help_text="So that a step speaks once.")
    at = models.DateTimeField()
    text = models.TextField()

    class Meta:
        ordering = ["run", "id"]
        verbose_name = "line of a recalibration's log"
        verbose_name_plural = "log of recalibrations"
        constraints = [
            models.UniqueConstraint(
                fields=["run", "key"], name="recalibration_line_once"
            ),
        ]

    def __str__(self) -> str:
        return self.text
