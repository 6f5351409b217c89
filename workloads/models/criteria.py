"""What a workload must achieve, and the proof that it is ready for production."""

from django.conf import settings
from django.db import models

from workloads.enums import ReadinessCheck
from workloads.models.plan import Workload


class SuccessCriterion(models.Model):
    """Metric, baseline, target and date, written before building."""

    workload = models.ForeignKey(
        Workload, on_delete=models.PROTECT, related_name="criteria"
    )
    metric = models.CharField(max_length=200)
    baseline = models.CharField(max_length=200)
    target = models.CharField(max_length=200)
    due_on = models.DateField()
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    written_at = models.DateTimeField()

    class Meta:
        ordering = ["workload", "due_on", "id"]
        verbose_name_plural = "success criteria"
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(metric="")
                & ~models.Q(baseline="")
                & ~models.Q(target=""),
                name="criterion_is_complete",
            ),
            models.UniqueConstraint(
                fields=["workload", "metric"], name="criterion_metric_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.metric


class ReadinessItem(models.Model):
    """One proof of production readiness, with its link and day."""

    workload = models.ForeignKey(
        Workload, on_delete=models.PROTECT, related_name="readiness"
    )
    item = models.CharField(max_length=40)
    link = models.URLField(max_length=500)
    done_on = models.DateField()
    load_test_factor = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Load test only: the load as a multiple of the forecast peak.",
    )
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["workload", "item"]
        verbose_name = "proof of readiness"
        verbose_name_plural = "proofs of readiness"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(item__in=[str(item) for item in ReadinessCheck]),
                name="readiness_item_known",
            ),
            models.UniqueConstraint(
                fields=["workload", "item"], name="readiness_item_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.item
