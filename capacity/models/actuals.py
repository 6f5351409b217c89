"""What was really used: entries that are never changed, and corrected by newer ones."""

from django.db import models
from django.db.models import Q

from capacity.enums import OpsCategory, QuarterMark
from capacity.models import columns
from portal.kernel.models.guards import append_only


class ComputeActual(columns.Corrected):
    """A month's cost of one line, or a month's peak of concurrent sessions."""

    month = columns.month()
    line = models.CharField(max_length=60, blank=True)
    amount = columns.money("Cost of the line in the month.", null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    peak_concurrent_sessions = models.DecimalField(
        max_digits=14, decimal_places=2, null=True, blank=True
    )

    class Meta:
        ordering = ["-month", "line", "-id"]
        verbose_name = "compute actual"
        indexes = [models.Index(fields=["month", "line"])]
        constraints = [
            columns.written_as("month", columns.MONTH, "compute_actual_month_form"),
            models.CheckConstraint(
                condition=(
                    Q(peak_concurrent_sessions__isnull=True, amount__isnull=False)
                    & ~Q(line="")
                )
                | Q(
                    peak_concurrent_sessions__isnull=False,
                    amount__isnull=True,
                    line="",
                ),
                name="compute_actual_amount_or_peak",
            ),
            models.UniqueConstraint(
                fields=["month", "line"],
                condition=Q(corrects__isnull=True),
                name="compute_actual_entered_once",
            ),
            *columns.not_negative(
                "compute_actual", "amount", "peak_concurrent_sessions"
            ),
        ]
        triggers = append_only("compute_actual")

    def __str__(self) -> str:
        return f"{self.month} {self.line or 'peak'}"


class OpsActual(columns.Corrected):
    """Hours of an ISO week on a workload, or on the platform where it names none.

    Several entries of one week and category add up. `month` and `quarter` are those of the
    week's Thursday.
    """

    workload = models.ForeignKey(
        "workloads.Workload",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="ops_actuals",
    )
    week = models.CharField(max_length=8, help_text="2026-W17.")
    month = columns.month()
    quarter = columns.quarter()
    category = models.CharField(
        max_length=40, choices=[(str(one), str(one)) for one in OpsCategory]
    )
    hours = models.DecimalField(max_digits=7, decimal_places=2)

    class Meta:
        ordering = ["-week", "workload", "category", "-id"]
        verbose_name = "ops actual"
        indexes = [models.Index(fields=["quarter", "workload"])]
        constraints = [
            columns.written_as("week", columns.WEEK, "ops_actual_week_form"),
            columns.written_as("month", columns.MONTH, "ops_actual_month_form"),
            columns.written_as("quarter", columns.QUARTER, "ops_actual_quarter_form"),
            models.CheckConstraint(
                condition=Q(category__in=[str(one) for one in OpsCategory]),
                name="ops_actual_category_known",
            ),
            *columns.not_negative("ops_actual", "hours"),
        ]
        triggers = append_only("ops_actual")

    def __str__(self) -> str:
        return f"{self.week} {self.category}: {self.hours} h"


class TokenActual(columns.Corrected):
    """A month's usage of a workload, until usage events tell it."""

    month = columns.month()
    workload = models.ForeignKey(
        "workloads.Workload", on_delete=models.PROTECT, related_name="token_actuals"
    )
    users = models.PositiveBigIntegerField()
    sessions = models.PositiveBigIntegerField()
    turns = models.PositiveBigIntegerField()
    retries = models.PositiveBigIntegerField(default=0)
    tool_calls = models.PositiveBigIntegerField(default=0)
    input_tokens = models.PositiveBigIntegerField()
    cached_input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField()

    class Meta:
        ordering = ["-month", "workload", "-id"]
        verbose_name = "token actual"
        indexes = [models.Index(fields=["month", "workload"])]
        constraints = [
            columns.written_as("month", columns.MONTH, "token_actual_month_form"),
            models.UniqueConstraint(
                fields=["month", "workload"],
                condition=Q(corrects__isnull=True),
                name="token_actual_entered_once",
            ),
            models.CheckConstraint(
                condition=Q(cached_input_tokens__lte=models.F("input_tokens")),
                name="token_actual_cached_within_input",
            ),
        ]
        triggers = append_only("token_actual")

    def __str__(self) -> str:
        return f"{self.month} {self.workload.ref}"


class QuarterEvent(columns.Entered):
    """A quarter was closed, or opened again; the newest row says which it is."""

    quarter = columns.quarter()
    mark = models.CharField(
        max_length=10, choices=[(str(one), str(one)) for one in QuarterMark]
    )

    class Meta:
        ordering = ["-quarter", "-id"]
        verbose_name = "closing of a quarter"
        verbose_name_plural = "closings of quarters"
        constraints = [
            columns.written_as("quarter", columns.QUARTER, "quarter_event_form"),
            models.CheckConstraint(
                condition=Q(mark__in=[str(one) for one in QuarterMark]),
                name="quarter_event_known",
            ),
        ]
        triggers = append_only("quarter_event")

    def __str__(self) -> str:
        return f"{self.quarter} {self.mark}"
