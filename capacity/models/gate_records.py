"""What stands around a gate: opt-ins, proposals, exceptions, accounts, bundles."""

import pgtrigger
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from capacity.enums import ProposalCause, ProposalState
from capacity.models.columns import one_of, person, tier_code
from capacity.models.gates import MOST_CEILING, GatePolicy
from portal.kernel.models.guards import append_only, no_truncate
from workloads.models import Workload

EVERY_TIER = ""


class MeteredOptIn(models.Model):
    """A tier's consent to pay for overage. Withdrawn, the runtime holds it as a hard cap."""

    workload = models.ForeignKey(
        Workload, on_delete=models.PROTECT, related_name="opt_ins"
    )
    tier = tier_code("The tier that opted in.")
    by = models.CharField(max_length=200, help_text="Who opted in.")
    at = models.DateTimeField(help_text="When they did.")
    reference = models.CharField(max_length=200, help_text="The contract.")
    recorded_by = person()
    recorded_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = person()
    withdrawal_reason = models.TextField(max_length=2000, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "metered opt-in"
        constraints = [
            models.UniqueConstraint(
                fields=["workload", "tier"],
                condition=Q(withdrawn_at__isnull=True),
                name="optin_one_standing",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="optin_no_delete", operation=pgtrigger.Delete),
            no_truncate("optin"),
        ]

    def __str__(self) -> str:
        return f"opt-in {self.pk} of {self.tier}"


class CeilingProposal(models.Model):
    """New ceilings that a job found: accepted into a draft or refused, never applied."""

    workload = models.ForeignKey(
        Workload, on_delete=models.PROTECT, related_name="ceiling_proposals"
    )
    policy = models.ForeignKey(GatePolicy, on_delete=models.PROTECT, related_name="+")
    cause = models.CharField(max_length=10)
    cause_key = models.CharField(
        max_length=100, help_text="2026Q2, card-7, estimate-3: asked for once each."
    )
    ceilings = models.JSONField(
        help_text="[{tier, basis, ceiling_tokens, proposed_tokens, formula}]"
    )
    state = models.CharField(max_length=10, default=ProposalState.OPEN)
    created_at = models.DateTimeField()
    decided_by = person()
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(max_length=2000, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "proposal of ceilings"
        verbose_name_plural = "proposals of ceilings"
        constraints = [
            models.UniqueConstraint(
                fields=["policy", "cause_key"], name="proposal_once_a_cause"
            ),
            one_of("cause", ProposalCause, "proposal_cause_known"),
            one_of("state", ProposalState, "proposal_state_known"),
        ]

    def __str__(self) -> str:
        return f"proposal {self.pk}"


class GateException(models.Model):
    """A temporary ceiling of one user's or one account's own."""

    workload = models.ForeignKey(
        Workload, on_delete=models.PROTECT, related_name="gate_exceptions"
    )
    tier = tier_code("Empty for every tier.", blank=True, default=EVERY_TIER)
    user_ref = models.CharField(max_length=100, blank=True)
    account = models.ForeignKey(
        "capacity.Account",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="exceptions",
    )
    ceiling_tokens = models.PositiveBigIntegerField(help_text="In place of the tier's.")
    reason = models.TextField(max_length=2000)
    approved_by = person()
    created_at = models.DateTimeField()
    ends_on = models.DateField(help_text="The last day on which it holds.")
    ended_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was taken back before its end."
    )

    class Meta:
        ordering = ["-id"]
        verbose_name = "exception of a gate"
        verbose_name_plural = "exceptions of gates"
        constraints = [
            models.CheckConstraint(
                condition=Q(user_ref="") ^ Q(account__isnull=True),
                name="gateexception_of_one",
            ),
            models.CheckConstraint(
                condition=Q(ceiling_tokens__gte=1, ceiling_tokens__lte=MOST_CEILING),
                name="gateexception_ceiling_in_range",
            ),
        ]
        indexes = [models.Index(fields=["workload", "user_ref"])]
        triggers = [
            pgtrigger.Protect(
                name="gateexception_no_delete", operation=pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"exception {self.pk}"


class Account(models.Model):
    """Who pays for a group of users: mails about their gates go to its owner."""

    code = models.CharField(
        max_length=100,
        unique=True,
        validators=[RegexValidator(r"^[A-Za-z0-9][A-Za-z0-9._:-]*\Z")],
        help_text="As runtimes send it.",
    )
    name = models.CharField(max_length=200)
    owner_email = models.EmailField()
    billing_email = models.EmailField(
        blank=True, help_text="Who is told of metered overage; empty for the owner."
    )
    version = models.PositiveIntegerField(default=1)
    edited_at = models.DateTimeField()

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class BundleAcknowledgement(models.Model):
    """A runtime said that it holds a bundle; evidence of enforcement."""

    at = models.DateTimeField()
    runtime = models.CharField(max_length=200)
    etag = models.CharField(max_length=100)
    versions = models.JSONField(help_text="{workload reference: gate version}")
    by = person()

    class Meta:
        ordering = ["-id"]
        verbose_name = "acknowledged bundle"
        indexes = [models.Index(fields=["-at"])]
        triggers = append_only("bundle")

    def __str__(self) -> str:
        return f"{self.runtime} {self.etag[:12]}"
