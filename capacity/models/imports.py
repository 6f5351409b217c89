"""Uploaded sheets of actuals, from their preview to their confirmation."""

from django.conf import settings
from django.db import models

from capacity.rules.actuals.entries import Kind


class ActualsImport(models.Model):
    """A sheet that somebody uploaded; kept, so that it can be left and found again.

    `content` is empty once the file had its time. `verdicts` holds one object a row, as
    the preview showed it.
    """

    kind = models.CharField(
        max_length=10, choices=[(str(kind), str(kind)) for kind in Kind]
    )
    file_name = models.CharField(max_length=200, blank=True)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    total = models.PositiveIntegerField(help_text="Rows of the sheet.")
    verdicts = models.JSONField()
    problem = models.TextField(
        blank=True, help_text="Why the last confirmation entered nothing."
    )
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    uploaded_at = models.DateTimeField()
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    applied_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(
        null=True, help_text="When the file had its time; its record stays."
    )

    class Meta:
        ordering = ["-id"]
        verbose_name = "sheet of actuals"
        verbose_name_plural = "sheets of actuals"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=[str(kind) for kind in Kind]),
                name="actuals_import_kind_known",
            ),
            models.CheckConstraint(
                condition=models.Q(applied_at__isnull=True, applied_by__isnull=True)
                | models.Q(applied_at__isnull=False, applied_by__isnull=False),
                name="actuals_import_applied_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name or f"sheet {self.pk}"
