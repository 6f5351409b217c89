"""Uploaded sheets of the plan, from their preview to their confirmation."""

from django.conf import settings
from django.db import models

from workloads.enums import ImportState


class PlanImport(models.Model):
    """A sheet that somebody uploaded; kept, so that it can be left and found again.

    `content` is empty once the file had its time.
    `verdicts` holds one object a row, as the preview showed it; None until it is judged.
    """

    file_name = models.CharField(max_length=200, blank=True)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    state = models.CharField(
        max_length=20,
        choices=[(str(state), str(state)) for state in ImportState],
        default=ImportState.CHECKING,
    )
    done = models.PositiveIntegerField(default=0, help_text="Rows judged so far.")
    total = models.PositiveIntegerField(help_text="Rows of the sheet.")
    verdicts = models.JSONField(null=True)
    problem = models.TextField(
        blank=True, help_text="Why the last confirmation imported nothing."
    )
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    uploaded_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    applied_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(
        null=True, help_text="When the file had its time; the record stays."
    )

    class Meta:
        ordering = ["-id"]
        verbose_name = "uploaded sheet"
        verbose_name_plural = "uploaded sheets"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[str(state) for state in ImportState]),
                name="plan_import_state_known",
            ),
            models.CheckConstraint(
                condition=models.Q(state=str(ImportState.CHECKING))
                | models.Q(verdicts__isnull=False, checked_at__isnull=False),
                name="plan_import_judged",
            ),
            models.CheckConstraint(
                condition=~models.Q(state=str(ImportState.APPLIED))
                | models.Q(applied_by__isnull=False, applied_at__isnull=False),
                name="plan_import_applied_by_someone",
            ),
        ]

    def __str__(self) -> str:
        return f"import {self.pk}: {self.file_name or 'a sheet'}"
