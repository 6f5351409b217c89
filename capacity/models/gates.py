"""Gate policies: their versions and tiers."""

import pgtrigger
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from capacity.enums import (
    CeilingBasis,
    GateMode,
    GateState,
    OnUnreachable,
)
from capacity.models.columns import (
    NAME,
    money,
    one_of,
    person,
    price,
    tier_code,
    written_as,
)
from portal.kernel.models.guards import no_truncate
from workloads.enums import CostGate
from workloads.models import Estimate, Workload

MOST_CEILING = 10**15
"""Tokens a user and month: beyond it no sum of counters fits the database's integers."""
FROZEN_COLUMNS = (
    "workload_id",
    "version",
    "mode",
    "primary_model",
    "degrade_model",
    "on_unreachable",
    "estimate_id",
    "notice_text",
    "notice_audience",
    "notice_activates_on",
    "no_notice_reason",
    "ends_on",
    "spend_limit",
)
"""What no door changes once a version left the draft."""


def _refuse(when: str, message: str, constraint: str) -> str:
    """PL/pgSQL that raises as a check does, so that the name says which rule it was."""
    return f"""
        IF {when} THEN
            RAISE EXCEPTION '{message}'
                USING ERRCODE = 'check_violation', CONSTRAINT = '{constraint}';
        END IF;
    """


def _of_this_gate(condition: str) -> str:
    tiers = "SELECT 1 FROM capacity_gatetier tier WHERE tier.policy_id = NEW.id"
    return f"EXISTS ({tiers} AND {condition})"


def _unknown(column: str) -> str:
    priced = f"SELECT 1 FROM capacity_modelprice WHERE model = NEW.{column}"  # noqa: S608
    return f"NEW.{column} <> '' AND NOT EXISTS ({priced})"


class GatePolicy(models.Model):
    """One version of one workload's gate. Frozen once it left the draft (trigger)."""

    workload = models.ForeignKey(
        Workload, on_delete=models.PROTECT, related_name="gates"
    )
    version = models.PositiveIntegerField()
    state = models.CharField(max_length=10, default=GateState.DRAFT)
    mode = models.CharField(max_length=10, default=GateMode.ENFORCE)
    primary_model = models.CharField(max_length=100)
    degrade_model = models.CharField(max_length=100, blank=True)
    on_unreachable = models.CharField(max_length=5)
    estimate = models.ForeignKey(
        Estimate,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="The version whose tokens the ceilings were computed from.",
    )
    notice_text = models.TextField(max_length=2000, blank=True)
    notice_audience = models.CharField(max_length=200, blank=True)
    notice_activates_on = models.DateField(null=True, blank=True)
    no_notice_reason = models.TextField(max_length=2000, blank=True)
    ends_on = models.DateField(
        null=True, blank=True, help_text="Last day of a version that only observes."
    )
    spend_limit = money(
        "What a version that only observes may cost a month.", null=True, blank=True
    )
    created_by = person()
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField()
    owner_agreed_by = person()
    owner_agreed_at = models.DateTimeField(null=True, blank=True)
    finance_agreed_by = person()
    finance_agreed_at = models.DateTimeField(null=True, blank=True)
    shadow_at = models.DateTimeField(null=True, blank=True)
    activated_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was superseded or discarded."
    )
    floor = models.PositiveSmallIntegerField(
        default=500, help_text="Thousandths of the ceiling; below it nothing is said."
    )
    notice_at = models.PositiveSmallIntegerField(default=700)
    banner_at = models.PositiveSmallIntegerField(default=900)

    class Meta:
        ordering = ["workload_id", "-version"]
        verbose_name = "gate"
        constraints = [
            models.UniqueConstraint(
                fields=["workload", "version"], name="gate_version_once"
            ),
            models.UniqueConstraint(
                fields=["workload"],
                condition=Q(state=GateState.ACTIVE),
                name="gate_one_active",
            ),
            models.UniqueConstraint(
                fields=["workload"],
                condition=Q(state__in=[GateState.DRAFT, GateState.SHADOW]),
                name="gate_one_open",
            ),
            one_of("state", GateState, "gate_state_known"),
            one_of("mode", GateMode, "gate_mode_known"),
            one_of("on_unreachable", OnUnreachable, "gate_on_unreachable_known"),
            models.CheckConstraint(
                condition=Q(mode=GateMode.ENFORCE)
                | Q(ends_on__isnull=False, spend_limit__isnull=False),
                name="gate_observer_has_an_end_and_a_limit",
            ),
            models.CheckConstraint(
                condition=~Q(state=GateState.ACTIVE)
                | Q(owner_agreed_by__isnull=False, finance_agreed_by__isnull=False),
                name="gate_active_has_two_people",
            ),
            models.CheckConstraint(
                condition=Q(owner_agreed_by__isnull=True)
                | Q(finance_agreed_by__isnull=True)
                | ~Q(owner_agreed_by=models.F("finance_agreed_by")),
                name="gate_two_different_people",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="gate_starts_draft",
                operation=pgtrigger.Insert,
                condition=~pgtrigger.Q(new__state="draft"),
            ),
            pgtrigger.FSM(
                name="gate_state_steps",
                field="state",
                transitions=[
                    ("draft", "shadow"),
                    ("draft", "active"),
                    ("draft", "superseded"),
                    ("shadow", "active"),
                    ("shadow", "superseded"),
                    ("active", "superseded"),
                ],
            ),
            pgtrigger.Protect(
                name="gate_frozen_after_draft",
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
            pgtrigger.Trigger(
                name="gate_can_hold",
                operation=pgtrigger.Insert
                | pgtrigger.UpdateOf("primary_model", "degrade_model", "state"),
                when=pgtrigger.Before,
                condition=pgtrigger.Condition("NEW.state <> 'superseded'"),
                func=_refuse(
                    f"NEW.primary_model = '' OR {_unknown('primary_model')}",
                    "the rate card does not know the primary model of this gate",
                    "gate_primary_model_known",
                )
                + _refuse(
                    _unknown("degrade_model"),
                    "the rate card does not know the second model of this gate",
                    "gate_degrade_model_known",
                )
                + _refuse(
                    "NEW.degrade_model = '' AND "
                    + _of_this_gate("tier.overage = 'soft_cap'"),
                    "a soft cap has nothing to degrade to",
                    "gate_soft_cap_degrades",
                )
                + _refuse(
                    f"NEW.state <> 'draft' AND NOT {_of_this_gate('true')}",
                    "a gate without a tier holds nobody",
                    "gate_has_a_tier",
                )
                + "RETURN NEW;",
            ),
            pgtrigger.Protect(name="gate_no_delete", operation=pgtrigger.Delete),
            no_truncate("gate"),
        ]

    def __str__(self) -> str:
        return f"{self.workload_id} gate v{self.version}"


class GateTier(models.Model):
    """One tier of one version: its ceiling, and what happens at it."""

    policy = models.ForeignKey(
        GatePolicy, on_delete=models.PROTECT, related_name="tiers"
    )
    tier = tier_code("A code in snake_case.", default="standard")
    ceiling_tokens = models.PositiveBigIntegerField(
        validators=[MinValueValidator(1)], help_text="Tokens a user and month."
    )
    overage = models.CharField(max_length=20)
    ceiling_basis = models.CharField(max_length=10, default=CeilingBasis.FIXED)
    allowance = models.DecimalField(
        max_digits=6,
        decimal_places=3,
        null=True,
        blank=True,
        help_text="Times the estimate's tokens a user and month.",
    )
    amount = money("Money a user and month.", null=True, blank=True)
    overage_limit_tokens = models.PositiveBigIntegerField(null=True, blank=True)
    overage_price_per_million = price(
        "Money a million tokens over the ceiling.", null=True, blank=True
    )
    opt_in = models.ForeignKey(
        "capacity.MeteredOptIn",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    reason = models.TextField(max_length=2000, blank=True)

    class Meta:
        ordering = ["policy_id", "tier"]
        verbose_name = "tier of a gate"
        verbose_name_plural = "tiers of gates"
        constraints = [
            models.UniqueConstraint(fields=["policy", "tier"], name="gatetier_once"),
            written_as("tier", NAME, "gatetier_code"),
            one_of("overage", CostGate, "gatetier_overage_known"),
            one_of("ceiling_basis", CeilingBasis, "gatetier_basis_known"),
            models.CheckConstraint(
                condition=Q(ceiling_tokens__gte=1, ceiling_tokens__lte=MOST_CEILING),
                name="gatetier_ceiling_in_range",
            ),
            models.CheckConstraint(
                condition=~Q(overage=CostGate.PAY_AS_YOU_GO) | Q(opt_in__isnull=False),
                name="gatetier_metered_is_opted_in",
            ),
            models.CheckConstraint(
                condition=~Q(ceiling_basis=CeilingBasis.MONEY) | Q(amount__gt=0),
                name="gatetier_money_has_an_amount",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="gatetier_frozen_with_its_gate",
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                when=pgtrigger.Before,
                func="""
                    IF EXISTS (
                        SELECT 1 FROM capacity_gatepolicy
                        WHERE id = COALESCE(NEW.policy_id, OLD.policy_id)
                        AND state <> 'draft'
                    ) THEN
                        RAISE EXCEPTION 'a tier changes with a draft of its gate only';
                    END IF;
                    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="gatetier_can_hold",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.Before,
                func=_refuse(  # noqa: S608
                    "NEW.overage = 'soft_cap' AND EXISTS ("
                    "SELECT 1 FROM capacity_gatepolicy"
                    " WHERE id = NEW.policy_id AND degrade_model = '')",
                    "a soft cap has nothing to degrade to",
                    "gate_soft_cap_degrades",
                )
                + _refuse(
                    "NEW.overage = 'pay_as_you_go' AND NOT EXISTS ("
                    "SELECT 1 FROM capacity_meteredoptin opt_in"
                    " JOIN capacity_gatepolicy gate"
                    " ON gate.workload_id = opt_in.workload_id"
                    " WHERE opt_in.id = NEW.opt_in_id AND gate.id = NEW.policy_id"
                    " AND opt_in.tier = NEW.tier AND opt_in.withdrawn_at IS NULL)",
                    "pay-as-you-go needs the standing opt-in of this tier",
                    "gatetier_metered_is_opted_in",
                )
                + "RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tier} of gate {self.policy_id}"
