"""The reserve of a quarter and what was drawn from it; it belongs to no workload."""

from decimal import Decimal

from django.db import models

from capacity.enums import Budget
from capacity.models import columns
from portal.kernel.models.guards import append_only


class ReserveSize(columns.Entered):
    """A quarter's reserve as it was fixed or rebalanced; the newest row counts."""

    quarter = columns.quarter()
    ratio = models.DecimalField(max_digits=5, decimal_places=4)
    tokens_cost = columns.money("The quarter's tokens that it was first sized on.")
    compute_cost = columns.money("The quarter's compute that it was first sized on.")
    ops_cost = columns.money("The quarter's ops hours that it was first sized on.")
    from_tokens = columns.money("Its part from the token budget.")
    from_compute = columns.money("Its part from the compute budget.")
    from_ops = columns.money("Its part from ops hours at the price of an ops hour.")
    currency = models.CharField(max_length=3)
    decision = models.CharField(max_length=20, help_text="The committee's: D-10.")

    class Meta:
        ordering = ["-quarter", "-id"]
        verbose_name = "size of the reserve"
        verbose_name_plural = "sizes of the reserve"
        constraints = [
            columns.written_as("quarter", columns.QUARTER, "reserve_quarter_form"),
            models.CheckConstraint(
                condition=models.Q(ratio__range=(Decimal("0.15"), Decimal("0.20"))),
                name="reserve_ratio_in_range",
            ),
            *columns.not_negative(
                "reserve",
                "tokens_cost",
                "compute_cost",
                "ops_cost",
                "from_tokens",
                "from_compute",
                "from_ops",
            ),
        ]
        triggers = append_only("reserve_size")

    def __str__(self) -> str:
        return f"{self.quarter}: {self.amount}"

    @property
    def amount(self) -> Decimal:
        return self.from_tokens + self.from_compute + self.from_ops


class ReserveDraw(columns.Entered):
    """A draw-down: an amount for a budget, with its reason and its decision."""

    quarter = columns.quarter()
    amount = columns.money("Money taken from the reserve.")
    budget = models.CharField(
        max_length=10, choices=[(str(one), str(one)) for one in Budget]
    )
    currency = models.CharField(max_length=3)
    decision = models.CharField(
        max_length=20, unique=True, help_text="The committee's, one draw each: D-10."
    )

    class Meta:
        ordering = ["-quarter", "-id"]
        verbose_name = "draw on the reserve"
        verbose_name_plural = "draws on the reserve"
        constraints = [
            columns.written_as("quarter", columns.QUARTER, "draw_quarter_form"),
            models.CheckConstraint(
                condition=models.Q(amount__gt=0), name="draw_is_an_amount"
            ),
            models.CheckConstraint(
                condition=models.Q(budget__in=[str(one) for one in Budget]),
                name="draw_budget_known",
            ),
            models.CheckConstraint(
                condition=~models.Q(reason=""), name="draw_has_a_reason"
            ),
        ]
        triggers = append_only("reserve_draw")

    def __str__(self) -> str:
        return f"{self.quarter}: {self.amount} for {self.budget}"
