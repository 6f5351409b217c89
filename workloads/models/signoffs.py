"""Signatures on estimates, and how they ended. Both tables are append-only."""

import pgtrigger
from django.conf import settings
from django.db import models

from portal.kernel.models.guards import append_only
from workloads.enums import SignoffEndKind, SignRole, Verdict
from workloads.models.estimates import Estimate

# The rules of signing once more, where no code can go round them. The row of the workload
# is locked first, so that two signatures at once are judged one after the other.
_JUDGE_SIGNOFF = """
    SELECT e.state, e.sha256, w.owner_id INTO estimate_state, estimate_sha, owner
    FROM workloads_estimate e JOIN workloads_workload w ON w.id = e.workload_id
    WHERE e.id = NEW.estimate_id FOR UPDATE OF w;
    IF estimate_state <> 'submitted' THEN
        RAISE EXCEPTION 'only a submitted estimate is signed, this one is %',
            estimate_state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'signoff_on_submitted';
    END IF;
    IF estimate_sha <> NEW.sha256 THEN
        RAISE EXCEPTION 'the signature names other numbers than the version holds'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'signoff_on_same_numbers';
    END IF;
    IF EXISTS (
        SELECT 1 FROM workloads_signoff s
        WHERE s.estimate_id = NEW.estimate_id AND s.role = NEW.role
          AND NOT EXISTS (
              SELECT 1 FROM workloads_signoffend x WHERE x.signoff_id = s.id)
    ) THEN
        RAISE EXCEPTION 'the % signature of this version is given', NEW.role
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'signoff_once_a_role';
    END IF;
    IF NOT NEW.attested AND (
        NEW.signer_id = owner OR NEW.on_behalf_of_id = owner
        OR EXISTS (
            SELECT 1 FROM workloads_estimate_contributors c
            WHERE c.estimate_id = NEW.estimate_id
              AND c.user_id IN (NEW.signer_id, NEW.on_behalf_of_id))
        OR EXISTS (
            SELECT 1 FROM workloads_signoff s
            WHERE s.estimate_id = NEW.estimate_id AND s.role <> NEW.role
              AND NOT EXISTS (
                  SELECT 1 FROM workloads_signoffend x WHERE x.signoff_id = s.id)
              AND (s.signer_id IN (NEW.signer_id, NEW.on_behalf_of_id)
                   OR s.on_behalf_of_id IN (NEW.signer_id, NEW.on_behalf_of_id)))
    ) THEN
        RAISE EXCEPTION 'separation of duties: owner, contributors and signers of '
            'another role do not sign'
            USING ERRCODE = 'check_violation',
                  CONSTRAINT = 'signoff_separation_of_duties';
    END IF;
    RETURN NEW;
"""


class Signoff(models.Model):
    """One role's signature or refusal on one version.

    It stands until a `SignoffEnd` (withdrawn, lapsed, renewed) names it.
    """

    estimate = models.ForeignKey(
        Estimate, on_delete=models.PROTECT, related_name="signoffs"
    )
    role = models.CharField(max_length=20)
    verdict = models.CharField(max_length=20)
    signer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="signoffs"
    )
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="signoffs_by_deputy",
    )
    at = models.DateTimeField()
    reason = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64)
    lapses_on = models.DateField(
        null=True, help_text="Last day on which an approval holds."
    )
    renews = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="renewals"
    )
    attested = models.BooleanField(
        default=False,
        help_text="Brought in from minutes of a decision taken elsewhere.",
    )

    class Meta:
        ordering = ["at", "id"]
        verbose_name = "signature"
        verbose_name_plural = "signatures"
        indexes = [models.Index(fields=["lapses_on"], name="signoff_by_last_day")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role__in=[str(role) for role in SignRole]),
                name="signoff_role_known",
            ),
            models.CheckConstraint(
                condition=models.Q(verdict__in=[str(verdict) for verdict in Verdict]),
                name="signoff_verdict_known",
            ),
            models.CheckConstraint(
                condition=models.Q(verdict="approve", lapses_on__isnull=False)
                | models.Q(~models.Q(reason=""), verdict="refuse"),
                name="signoff_refusal_has_a_reason",
            ),
        ]
        triggers = [
            *append_only("signoff"),
            pgtrigger.Trigger(
                name="signoff_is_lawful",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                declare=[
                    ("estimate_state", "text"),
                    ("estimate_sha", "text"),
                    ("owner", "bigint"),
                ],
                func=_JUDGE_SIGNOFF,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.verdict} by {self.signer}"


class SignoffEnd(models.Model):
    """Why a signature no longer stands. A signature ends at most once."""

    signoff = models.OneToOneField(
        Signoff, on_delete=models.PROTECT, related_name="end"
    )
    kind = models.CharField(max_length=20)
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ["at", "id"]
        verbose_name = "end of a signature"
        verbose_name_plural = "ends of signatures"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=[str(kind) for kind in SignoffEndKind]),
                name="signoff_end_kind_known",
            ),
        ]
        triggers = append_only("signoff_end")

    def __str__(self) -> str:
        return self.kind


class Deputy(models.Model):
    """Who signs for a signer during a span of days, in their own name."""

    role = models.CharField(max_length=20)
    signer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="deputies"
    )
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="deputised_for"
    )
    from_day = models.DateField()
    until_day = models.DateField(help_text="Last day, included.")
    named_at = models.DateTimeField()

    class Meta:
        ordering = ["-from_day", "-id"]
        verbose_name_plural = "deputies"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role__in=[str(role) for role in SignRole]),
                name="deputy_role_known",
            ),
            models.CheckConstraint(
                condition=models.Q(until_day__gte=models.F("from_day")),
                name="deputy_span_in_order",
            ),
            models.CheckConstraint(
                condition=~models.Q(signer=models.F("deputy")),
                name="deputy_is_another_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deputy} for {self.signer} ({self.role})"
