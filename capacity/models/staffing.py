"""People by quarter: what the ops ceiling is made of."""

from django.db import models

from capacity.models import columns
from portal.kernel.models.guards import append_only


class Staffing(columns.Entered):
    """Full-time equivalents of a quarter and those of them that nobody fills.

    The newest row of a quarter counts; no row is carried over to another quarter.
    """

    quarter = columns.quarter()
    full_time_equivalents = models.DecimalField(max_digits=7, decimal_places=2)
    vacancies = models.DecimalField(max_digits=7, decimal_places=2, default=0)
    decision = models.CharField(
        max_length=20,
        blank=True,
        help_text="The staffing decision behind a raise: D-12.",
    )

    class Meta:
        ordering = ["-quarter", "-id"]
        verbose_name = "staffing of a quarter"
        verbose_name_plural = "staffing"
        indexes = [models.Index(fields=["quarter", "-id"])]
        constraints = [
            columns.written_as("quarter", columns.QUARTER, "staffing_quarter_form"),
            *columns.not_negative("staffing", "full_time_equivalents", "vacancies"),
            models.CheckConstraint(
                condition=models.Q(vacancies__lte=models.F("full_time_equivalents")),
                name="staffing_vacancies_within",
            ),
        ]
        triggers = append_only("staffing")

    def __str__(self) -> str:
        return f"{self.quarter}: {self.full_time_equivalents}"
