"""The numbers of the model: the organisation's defaults, as append-only versions."""

from decimal import Decimal

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from portal.kernel.enums import Profile
from portal.kernel.models.guards import append_only


def default_adoption_ramp() -> list[Decimal]:
    return [Decimal("0.40"), Decimal("0.70"), Decimal("1.00")]


def _whole(
    default: int, low: int, high: int, help_text: str
) -> "models.PositiveSmallIntegerField[int, int]":
    return models.PositiveSmallIntegerField(
        default=default,
        help_text=help_text,
        validators=[MinValueValidator(low), MaxValueValidator(high)],
    )


def _decimal(
    default: str, low: str, high: str, help_text: str, *, digits: int, places: int
) -> "models.DecimalField[Decimal, Decimal]":
    return models.DecimalField(
        default=Decimal(default),
        max_digits=digits,
        decimal_places=places,
        help_text=help_text,
        validators=[MinValueValidator(Decimal(low)), MaxValueValidator(Decimal(high))],
    )


class _AllShares(models.Func):
    """Whether every member of an array lies from 0 to 1."""

    # The array stands once: a check in Python gives each mention a parameter.
    template = "(numrange(0, 1, '[]') @> ALL(%(expressions)s))"
    arity = 1
    output_field = models.BooleanField()


class ModelNumbers(models.Model):
    """One version of all numbers; the newest row is the one in force."""

    version = models.PositiveIntegerField(unique=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    changed_at = models.DateTimeField()
    reason = models.TextField(blank=True)

    currency = models.CharField(
        max_length=3,
        default="USD",
        validators=[RegexValidator(r"^[A-Z]{3}\Z", "Three capital letters: USD.")],
        help_text="ISO 4217 code. The one currency of every budget and price.",
    )
    fiscal_year_starts = _whole(
        1, 1, 12, "Month, 1 to 12. Quarters start with it and are named by its end."
    )
    default_session_minutes = _decimal(
        "10",
        "0.1",
        "1440",
        "Minutes a session. Taken, and marked assumed, where a sheet carries none.",
        digits=6,
        places=2,
    )
    default_profile = models.CharField(
        max_length=32,
        default=Profile.BUSINESS_HOURS,
        choices=[(profile, profile) for profile in Profile],
        help_text="Hours of the week in which sessions happen, where none is given.",
    )
    declared_input_share = _decimal(
        "0.75",
        "0",
        "1",
        "Share of input in declared tokens (0 to 1), where an estimate gives none.",
        digits=4,
        places=3,
    )
    first_quarter_uplift_hours_week = _decimal(
        "12",
        "12",
        "16",
        "Ops hours a week that a workload adds in the quarter in which it ships.",
        digits=5,
        places=2,
    )
    platform_hours_week = _decimal(
        "4",
        "0",
        "10000",
        "Ops hours a week for the platform itself, whatever the workloads.",
        digits=7,
        places=2,
    )
    hours_per_full_time_equivalent = _decimal(
        "40",
        "1",
        "168",
        "Hours a week of one full-time equivalent; times staff, the ops ceiling.",
        digits=5,
        places=2,
    )
    adoption_ramp = ArrayField(
        models.DecimalField(
            max_digits=4,
            decimal_places=3,
            validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(1))],
        ),
        default=default_adoption_ramp,
        help_text="Share of users (0 to 1) in the first months after a workload ships.",
    )
    signature_validity_quarters = _whole(
        2, 1, 40, "Quarters after the one of signing, at whose end a signature lapses."
    )
    signature_reminder_days = _whole(
        14, 1, 90, "Days before a lapse: its signer is reminded and may renew."
    )
    signer_reminder_working_days = _whole(
        5, 1, 90, "Working days a signature may wait before its signer is reminded."
    )
    deputy_reminder_working_days = _whole(
        10, 1, 180, "Working days of waiting before deputy and committee are told."
    )
    load_test_peak_factor = _decimal(
        "2",
        "2",
        "3",
        "Times the forecast peak at which a load test counts as production-ready.",
        digits=4,
        places=2,
    )
    compute_headroom = _decimal(
        "0.35",
        "0.30",
        "0.40",
        "Share (0 to 1) bought above the platform's peak of concurrent sessions.",
        digits=4,
        places=3,
    )
    reserve_ratio = _decimal(
        "0.175",
        "0.15",
        "0.20",
        "Share (0 to 1) of the three budgets that the central reserve holds.",
        digits=5,
        places=4,
    )
    ops_hour_price = _decimal(
        "80.00",
        "0",
        "10000",
        "Money an ops hour costs. Taken for the reserve and the staffing curve.",
        digits=8,
        places=2,
    )
    recalibration_threshold = _decimal(
        "0.20",
        "0.01",
        "1",
        "Error (0 to 1) of an input above which a recalibration drafts an estimate.",
        digits=4,
        places=3,
    )
    quarter_closes_after_days = _whole(
        30, 0, 365, "Days after a quarter's end until it closes and takes no actuals."
    )
    loop_tool_calls = _whole(
        50, 1, 10_000, "Tool calls of one session above which it is a likely loop."
    )
    gate_allowance = _decimal(
        "1.5",
        "1",
        "100",
        "Times an estimate's tokens a user and month: the ceiling that is suggested.",
        digits=6,
        places=3,
    )
    gate_floor = _decimal(
        "0.50",
        "0.05",
        "1",
        "Share of a ceiling (0 to 1) below which a gate says nothing at all.",
        digits=4,
        places=3,
    )
    gate_notice_at = _decimal(
        "0.70",
        "0.05",
        "1",
        "Projected share of a ceiling at which a user sees a soft notice.",
        digits=4,
        places=3,
    )
    gate_banner_at = _decimal(
        "0.90",
        "0.05",
        "1",
        "Projected share of a ceiling at which a user sees a banner.",
        digits=4,
        places=3,
    )

    class Meta:
        ordering = ["-version"]
        verbose_name = "numbers of the model"
        verbose_name_plural = "numbers of the model"
        constraints = [
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"),
                name="numbers_currency_is_a_code",
            ),
            models.CheckConstraint(
                condition=Q(default_profile__in=[str(one) for one in Profile]),
                name="numbers_profile_is_known",
            ),
            models.CheckConstraint(
                condition=Q(adoption_ramp__len__range=(1, 24)),
                name="numbers_ramp_has_months",
            ),
            models.CheckConstraint(
                condition=_AllShares("adoption_ramp"), name="numbers_ramp_is_shares"
            ),
            models.CheckConstraint(
                condition=Q(
                    deputy_reminder_working_days__gte=models.F(
                        "signer_reminder_working_days"
                    )
                ),
                name="numbers_signer_is_reminded_first",
                violation_error_code="signer_is_reminded_first",
                violation_error_message=(
                    "The signer is reminded before the deputy, or on the same day."
                ),
            ),
            models.CheckConstraint(
                condition=Q(gate_notice_at__lt=models.F("gate_banner_at")),
                name="numbers_notice_before_banner",
                violation_error_code="notice_before_banner",
                violation_error_message="The soft notice comes before the banner.",
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{field}__range": (Decimal(low), Decimal(high))}),
                    name=f"numbers_{short}_in_range",
                )
                for field, short, low, high in (
                    ("fiscal_year_starts", "fiscal_year", "1", "12"),
                    ("default_session_minutes", "minutes", "0.1", "1440"),
                    ("declared_input_share", "input_share", "0", "1"),
                    ("first_quarter_uplift_hours_week", "uplift", "12", "16"),
                    ("platform_hours_week", "platform", "0", "10000"),
                    ("hours_per_full_time_equivalent", "fte", "1", "168"),
                    ("signature_validity_quarters", "validity", "1", "40"),
                    ("signature_reminder_days", "reminder", "1", "90"),
                    ("signer_reminder_working_days", "signer", "1", "90"),
                    ("deputy_reminder_working_days", "deputy", "1", "180"),
                    ("load_test_peak_factor", "load_test", "2", "3"),
                    ("compute_headroom", "headroom", "0.30", "0.40"),
                    ("reserve_ratio", "reserve", "0.15", "0.20"),
                    ("ops_hour_price", "ops_hour", "0", "10000"),
                    ("recalibration_threshold", "recalibration", "0.01", "1"),
                    ("quarter_closes_after_days", "closes_after", "0", "365"),
                    ("loop_tool_calls", "loop", "1", "10000"),
                    ("gate_allowance", "allowance", "1", "100"),
                    ("gate_floor", "gate_floor", "0.05", "1"),
                    ("gate_notice_at", "gate_notice", "0.05", "1"),
                    ("gate_banner_at", "gate_banner", "0.05", "1"),
                )
            ),
        ]
        triggers = append_only("numbers")

    def __str__(self) -> str:
        return f"version {self.version}"
