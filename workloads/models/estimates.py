"""Estimates: versioned inputs, and the budgets frozen when a version was submitted."""

from typing import Any

import pgtrigger
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from portal.kernel.models.guards import no_truncate
from workloads.enums import EstimateState
from workloads.models.plan import Workload
from workloads.rules.estimates import (
    MOST_OPS_HOURS,
    MOST_SESSIONS,
    MOST_TOKENS,
    MOST_TOKENS_PER_MONTH,
    MOST_USERS,
)
from workloads.rules.shown import model_tier_of

INPUT_FIELDS: tuple[str, ...] = (
    "users",
    "sessions_per_user_month",
    "turns_per_session",
    "input_tokens_per_turn",
    "output_tokens_per_turn",
    "output_multiplier",
    "tool_call_factor",
    "retry_factor",
    "session_minutes",
    "profile",
    "ops_hours_week",
    "growth_per_month",
    "cached_input_share",
    "batch_share",
    "planner_share",
    "declared_tokens_per_user_month",
    "declared_input_share",
    "ops_reason",
    "sources",
    "ranges",
)

FROZEN_COLUMNS: tuple[str, ...] = (
    "workload_id",
    "version",
    *INPUT_FIELDS,
    "primary_model",
    "degrade_model",
    "tokens_per_user_month",
    "tokens_per_month",
    "budgets",
    "sha256",
    "submitted_at",
    "submitted_by_id",
    "rate_card_version",
    "numbers_version",
    "signature_validity_quarters",
    "signature_reminder_days",
)
"""What no door changes once a version was submitted."""


def _quantity(
    digits: int, places: int, most: int, help_text: str, **options: Any
) -> models.DecimalField:
    return models.DecimalField(
        max_digits=digits,
        decimal_places=places,
        validators=[MinValueValidator(0), MaxValueValidator(most)],
        help_text=help_text,
        **options,
    )


def _unknown(
    digits: int, places: int, most: int, help_text: str
) -> models.DecimalField:
    return _quantity(digits, places, most, help_text, null=True, blank=True)


def _share(help_text: str, default: str = "0") -> models.DecimalField:
    return _quantity(5, 4, 1, help_text, default=default)


def _between(field: str, low: int, high: int) -> models.CheckConstraint:
    inside = models.Q(**{f"{field}__gte": low, f"{field}__lte": high})
    return models.CheckConstraint(
        condition=models.Q(**{f"{field}__isnull": True}) | inside,
        name=f"estimate_{field}_in_range",
    )


class Estimate(models.Model):
    """One version of one workload's capacity estimate.

    A draft changes nothing. From submit on, inputs, budgets and hash are immutable
    (trigger); what happens to the version is told by its signatures and their ends.
    """

    workload = models.ForeignKey(
        Workload, on_delete=models.PROTECT, related_name="estimates"
    )
    version = models.PositiveIntegerField()
    state = models.CharField(
        max_length=20,
        choices=[(str(state), str(state)) for state in EstimateState],
        default=EstimateState.DRAFT,
    )
    note = models.TextField(
        max_length=2000,
        blank=True,
        help_text="Why it changed. Not part of the numbers.",
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField()

    users = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="Users of this workload."
    )
    sessions_per_user_month = _unknown(
        9, 2, MOST_SESSIONS, "Sessions a user starts in a month."
    )
    turns_per_session = _unknown(9, 2, 100_000, "Turns in a session.")
    input_tokens_per_turn = _unknown(
        12, 2, 100_000_000, "Input tokens of one turn, cached ones included."
    )
    output_tokens_per_turn = _unknown(12, 2, 100_000_000, "Output tokens of one turn.")
    output_multiplier = _quantity(
        8,
        4,
        1_000,
        "Hidden reasoning and drafts thrown away, as a factor.",
        default="1",
    )
    tool_call_factor = _quantity(
        8, 4, 1_000, "(Turns + tool calls) ÷ turns.", default="1"
    )
    retry_factor = _quantity(8, 4, 1_000, "(Turns + retries) ÷ turns.", default="1")
    session_minutes = _quantity(8, 2, 10_080, "Mean minutes a session lasts.")
    profile = models.JSONField(
        help_text="business_hours, evenings, flat, or 168 weights from Monday 00:00."
    )
    ops_hours_week = _unknown(
        7, 2, MOST_OPS_HOURS, "Stable hours a week that people spend on it."
    )
    growth_per_month = models.DecimalField(
        max_digits=6,
        decimal_places=4,
        default="0",
        validators=[MinValueValidator(-1), MaxValueValidator(10)],
        help_text="Growth of tokens a month: 0.02 is 2 % a month.",
    )
    cached_input_share = _share("Share of input tokens read from cache, 0–1.")
    batch_share = _share("Share of tokens that can run at the batch price, 0–1.")
    planner_share = _share("Share of tokens on a cheaper planner model, 0–1.")
    declared_tokens_per_user_month = models.PositiveBigIntegerField(
        null=True,
        blank=True,
        help_text="Tokens per user and month as a sheet declares them.",
    )
    declared_input_share = _share(
        "Share of declared tokens that are input, 0–1.", default="0.75"
    )
    ops_reason = models.TextField(
        max_length=2000,
        blank=True,
        help_text="Why hours outside the guidance are right.",
    )
    sources = models.JSONField(default=dict, blank=True)
    ranges = models.JSONField(default=dict, blank=True)

    primary_model = models.CharField(max_length=100, blank=True)
    degrade_model = models.CharField(max_length=100, blank=True)
    tokens_per_user_month = models.BigIntegerField(null=True, editable=False)
    tokens_per_month = models.BigIntegerField(null=True, editable=False)
    budgets = models.JSONField(null=True, editable=False)
    sha256 = models.CharField(max_length=64, blank=True, editable=False)
    submitted_at = models.DateTimeField(null=True, editable=False)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
    )
    rate_card_version = models.PositiveBigIntegerField(
        null=True,
        editable=False,
        help_text="The newest entry of the rate card that its prices come from.",
    )
    numbers_version = models.PositiveIntegerField(
        null=True, editable=False, help_text="Version of the model's numbers used."
    )
    signature_validity_quarters = models.PositiveSmallIntegerField(
        null=True, editable=False, help_text="The signing policy in force at submit."
    )
    signature_reminder_days = models.PositiveSmallIntegerField(
        null=True, editable=False, help_text="The signing policy in force at submit."
    )
    signed_at = models.DateTimeField(
        null=True, editable=False, help_text="When the third signature was given."
    )
    contributors = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="+",
        help_text="Everyone who wrote or edited it while it was a draft.",
    )

    class Meta:
        ordering = ["workload", "-version"]
        indexes = [models.Index(fields=["state", "submitted_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["workload", "version"], name="estimate_version_unique"
            ),
            models.UniqueConstraint(
                fields=["workload"],
                condition=models.Q(state="draft"),
                name="estimate_one_open_draft",
            ),
            models.UniqueConstraint(
                fields=["workload"],
                condition=models.Q(state="submitted"),
                name="estimate_one_submitted",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=[str(state) for state in EstimateState]),
                name="estimate_state_known",
            ),
            models.CheckConstraint(
                condition=models.Q(state="draft", sha256="", submitted_at__isnull=True)
                | models.Q(
                    ~models.Q(state="draft"),
                    sha256__regex=r"^[0-9a-f]{64}$",
                    submitted_at__isnull=False,
                    budgets__isnull=False,
                    tokens_per_user_month__isnull=False,
                    tokens_per_month__isnull=False,
                ),
                name="estimate_frozen_when_submitted",
            ),
            models.CheckConstraint(
                condition=models.Q(declared_tokens_per_user_month__isnull=True)
                | models.Q(
                    turns_per_session__isnull=True,
                    input_tokens_per_turn__isnull=True,
                    output_tokens_per_turn__isnull=True,
                ),
                name="estimate_declared_or_factors",
            ),
            _between("users", 0, MOST_USERS),
            _between("sessions_per_user_month", 0, MOST_SESSIONS),
            _between("ops_hours_week", 0, MOST_OPS_HOURS),
            _between("declared_tokens_per_user_month", 0, MOST_TOKENS),
            _between("tokens_per_month", 0, MOST_TOKENS_PER_MONTH),
            _between("cached_input_share", 0, 1),
            _between("batch_share", 0, 1),
            _between("planner_share", 0, 1),
            _between("declared_input_share", 0, 1),
        ]
        triggers = [
            pgtrigger.Protect(
                name="estimate_starts_draft",
                operation=pgtrigger.Insert,
                condition=~pgtrigger.Q(new__state="draft"),
            ),
            pgtrigger.FSM(
                name="estimate_legal_steps",
                field="state",
                transitions=[
                    ("draft", "submitted"),
                    ("submitted", "refused"),
                    ("submitted", "superseded"),
                ],
            ),
            pgtrigger.Protect(
                name="estimate_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.state <> 'draft' AND ("
                    + " OR ".join(
                        f"OLD.{column} IS DISTINCT FROM NEW.{column}"
                        for column in FROZEN_COLUMNS
                    )
                    + ")"
                ),
            ),
            pgtrigger.Protect(name="estimate_is_kept", operation=pgtrigger.Delete),
            no_truncate("estimate"),
        ]

    def __str__(self) -> str:
        return f"{self.workload.ref} v{self.version}"

    @property
    def is_declared(self) -> bool:
        return self.declared_tokens_per_user_month is not None

    @property
    def model_tier(self) -> str:
        return model_tier_of(self.primary_model, self.degrade_model)
