"""Prices of models and monthly compute lines, each with its whole history."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from capacity.enums import ModelClass
from capacity.models import columns
from portal.kernel.models.guards import append_only


class ModelPrice(columns.Entered):
    """What a model costs per million tokens from a day on.

    The newest row of a model and day is the one that counts: a correction is entered anew.
    """

    model = models.CharField(max_length=100, help_text="As estimates name it: Sonnet.")
    model_class = models.CharField(
        max_length=10, choices=[(str(one), str(one)) for one in ModelClass]
    )
    aliases = ArrayField(
        models.CharField(max_length=100),
        default=list,
        blank=True,
        help_text="Other names under which runtimes report this model.",
    )
    valid_from = models.DateField()
    input_per_million = columns.price("Money per million input tokens.")
    cached_input_per_million = columns.price("Money per million cached input tokens.")
    output_per_million = columns.price("Money per million output tokens.")
    batch_input_per_million = columns.price(
        "Money per million input tokens in batches.", null=True, blank=True
    )
    batch_output_per_million = columns.price(
        "Money per million output tokens in batches.", null=True, blank=True
    )
    currency = models.CharField(max_length=3)

    class Meta:
        ordering = ["model", "-valid_from", "-id"]
        verbose_name = "price of a model"
        verbose_name_plural = "rate card"
        indexes = [models.Index(fields=["model", "valid_from"])]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(model_class__in=[str(one) for one in ModelClass]),
                name="price_class_known",
            ),
            models.CheckConstraint(
                condition=~models.Q(model=""), name="price_model_named"
            ),
            *columns.not_negative(
                "price",
                "input_per_million",
                "cached_input_per_million",
                "output_per_million",
                "batch_input_per_million",
                "batch_output_per_million",
            ),
        ]
        triggers = append_only("model_price")

    def __str__(self) -> str:
        return f"{self.model} from {self.valid_from}"


class ComputeLine(columns.Entered):
    """A monthly compute line from a day on: fixed, or per bought concurrent session."""

    line = models.CharField(
        max_length=60, help_text="vector_database, inference_endpoint, or your own."
    )
    valid_from = models.DateField()
    amount_per_month = columns.money("Money a month.", null=True, blank=True)
    amount_per_session_month = columns.price(
        "Money per concurrent session and month.", null=True, blank=True
    )
    currency = models.CharField(max_length=3)

    class Meta:
        ordering = ["line", "-valid_from", "-id"]
        verbose_name = "compute line"
        indexes = [models.Index(fields=["line", "valid_from"])]
        constraints = [
            columns.written_as("line", columns.NAME, "compute_line_named"),
            models.CheckConstraint(
                condition=models.Q(amount_per_month__isnull=True)
                ^ models.Q(amount_per_session_month__isnull=True),
                name="compute_line_one_amount",
            ),
            *columns.not_negative(
                "compute_line", "amount_per_month", "amount_per_session_month"
            ),
        ]
        triggers = append_only("compute_line")

    def __str__(self) -> str:
        return f"{self.line} from {self.valid_from}"
