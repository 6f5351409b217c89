"""The row of the plan, and the history of its status."""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django_fsm import FSMField, FSMModelMixin, transition

from portal.kernel.models.guards import append_only, no_truncate
from workloads.enums import Audience, CostGate, Shape, Status
from workloads.lifecycle import STEPS
from workloads.models.departments import Department
from workloads.rules.shown import model_tier_of, ref_of

QUARTER_PATTERN = r"^[0-9]{4}Q[1-4]$"


def _one_of(field: str, values: type[Status | CostGate | Shape | Audience]) -> models.Q:
    return models.Q(**{f"{field}__in": [str(value) for value in values]})


def _choices(
    values: type[Status | CostGate | Shape | Audience],
) -> list[tuple[str, str]]:
    return [(str(value), str(value).replace("_", " ")) for value in values]


class Workload(FSMModelMixin, models.Model):
    """One job that agents do for users: one row of the plan.

    `status` has one writer, `workloads.services.lifecycle`; the trigger below refuses any
    other door. `shown_estimate`, `submitted_estimate` and `draft_estimate` point at the
    versions whose numbers the row shows; `workloads.services.pointers` is their writer.
    """

    number = models.PositiveIntegerField(unique=True)
    name = models.CharField(max_length=200)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="workloads_owned",
    )
    owner_text = models.CharField(
        max_length=200,
        blank=True,
        help_text="The owner as an imported sheet named them, while no account matches.",
    )
    purpose = models.TextField(max_length=4000, blank=True)
    department = models.ForeignKey(
        Department, on_delete=models.PROTECT, null=True, blank=True
    )
    stakeholders = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="workloads_followed"
    )
    shape = models.CharField(max_length=30, blank=True, choices=_choices(Shape))
    audience = models.CharField(
        max_length=20, choices=_choices(Audience), default=Audience.INTERNAL
    )
    compliance_sensitive = models.BooleanField(default=False)
    status = FSMField(
        default=Status.CANDIDATE,
        protected=True,
        choices=_choices(Status),
        max_length=20,
    )
    status_steps = models.PositiveIntegerField(default=0, editable=False)
    status_since = models.DateTimeField()
    requested_status = models.CharField(
        max_length=20,
        blank=True,
        help_text="The status that an imported sheet asked for.",
    )
    ship_quarter = models.CharField(max_length=6, blank=True)
    primary_model = models.CharField(max_length=100, blank=True)
    degrade_model = models.CharField(max_length=100, blank=True)
    cost_gate = models.CharField(
        max_length=20,
        blank=True,
        choices=_choices(CostGate),
        help_text="Overage pattern of the default tier; empty is an unbounded cost.",
    )
    gate_decides = models.BooleanField(
        default=False,
        editable=False,
        help_text="A gate says what model tier and cost gate are: the active version, "
        "or the newest draft.",
    )
    hours_to_add = models.DecimalField(
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Hours people spent to add this workload to the platform.",
    )
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    proposed_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1, editable=False)
    shown_estimate = models.ForeignKey(
        "workloads.Estimate",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
    )
    submitted_estimate = models.ForeignKey(
        "workloads.Estimate",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
    )
    draft_estimate = models.ForeignKey(
        "workloads.Estimate",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
    )

    class Meta:
        ordering = ["number"]
        indexes = [
            models.Index(fields=["status", "ship_quarter"]),
            models.Index(fields=["ship_quarter", "number"]),
        ]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="workload_name_unique"),
            models.CheckConstraint(
                condition=models.Q(number__gt=0), name="workload_number_positive"
            ),
            models.CheckConstraint(condition=~models.Q(name=""), name="workload_named"),
            models.CheckConstraint(
                condition=_one_of("status", Status), name="workload_status_known"
            ),
            models.CheckConstraint(
                condition=_one_of("requested_status", Status)
                | models.Q(requested_status=""),
                name="workload_requested_status_known",
            ),
            models.CheckConstraint(
                condition=models.Q(ship_quarter="")
                | models.Q(ship_quarter__regex=QUARTER_PATTERN),
                name="workload_ship_quarter_is_a_quarter",
            ),
            models.CheckConstraint(
                condition=_one_of("cost_gate", CostGate) | models.Q(cost_gate=""),
                name="workload_cost_gate_known",
            ),
            models.CheckConstraint(
                condition=_one_of("shape", Shape) | models.Q(shape=""),
                name="workload_shape_known",
            ),
            models.CheckConstraint(
                condition=_one_of("audience", Audience), name="workload_audience_known"
            ),
            models.CheckConstraint(
                condition=models.Q(owner__isnull=True) | models.Q(owner_text=""),
                name="workload_owner_is_account_or_text",
            ),
            models.CheckConstraint(
                condition=models.Q(degrade_model="") | ~models.Q(primary_model=""),
                name="workload_degrades_from_a_model",
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="workload_legal_steps",
                field="status",
                transitions=[(str(s.source), str(s.target)) for s in STEPS],
            ),
            pgtrigger.Protect(
                name="workload_starts_candidate",
                operation=pgtrigger.Insert,
                condition=~pgtrigger.Q(new__status=str(Status.CANDIDATE))
                | ~pgtrigger.Q(new__status_steps=0),
            ),
            # The one writer records the step first; a status that changes without its
            # record, whichever door it came through, is refused.
            pgtrigger.Trigger(
                name="workload_step_on_record",
                operation=pgtrigger.UpdateOf("status", "status_steps"),
                when=pgtrigger.Before,
                condition=pgtrigger.Condition(
                    "OLD.status IS DISTINCT FROM NEW.status"
                    " OR OLD.status_steps IS DISTINCT FROM NEW.status_steps"
                ),
                declare=[("signed_roles", "integer")],
                func="""
                    IF NEW.status_steps <> OLD.status_steps + 1 OR NOT EXISTS (
                        SELECT 1 FROM workloads_statusstep
                        WHERE workload_id = NEW.id AND sequence = NEW.status_steps
                          AND source = OLD.status AND target = NEW.status
                    ) THEN
                        RAISE EXCEPTION 'the status of a workload changes only by a '
                            'recorded step (from % to %)', OLD.status, NEW.status
                            USING ERRCODE = 'check_violation',
                                  CONSTRAINT = 'workload_step_on_record';
                    END IF;
                    IF OLD.status = 'candidate' AND NEW.status = 'planned' THEN
                        SELECT count(DISTINCT s.role) INTO signed_roles
                        FROM workloads_signoff s
                        JOIN workloads_estimate e ON e.id = s.estimate_id
                        WHERE e.id = NEW.submitted_estimate_id
                          AND e.workload_id = NEW.id
                          AND e.state = 'submitted' AND s.verdict = 'approve'
                          AND NOT EXISTS (
                              SELECT 1 FROM workloads_signoffend x
                              WHERE x.signoff_id = s.id);
                        IF signed_roles < 3 THEN
                            RAISE EXCEPTION 'planned needs three standing signatures '
                                'on the newest submitted estimate, found %', signed_roles
                                USING ERRCODE = 'check_violation',
                                      CONSTRAINT = 'workload_planned_is_signed';
                        END IF;
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Protect(name="workload_is_kept", operation=pgtrigger.Delete),
            no_truncate("workload"),
        ]

    def __str__(self) -> str:
        return f"{self.ref} {self.name}"

    @property
    def ref(self) -> str:
        return ref_of(self.number)

    @property
    def model_tier(self) -> str:
        return model_tier_of(self.primary_model, self.degrade_model)

    @property
    def owner_name(self) -> str:
        return self.owner.display_name if self.owner else self.owner_text

    # The state machine: no conditions and no side effects here. The conditions are the
    # requirements, which the one writer checks under the row's lock before it calls these.
    @transition(field=status, source=Status.CANDIDATE, target=Status.PLANNED)
    def to_planned(self) -> None:
        """candidate → planned"""

    @transition(field=status, source=Status.PLANNED, target=Status.COMMITTED)
    def to_committed(self) -> None:
        """planned → committed"""

    @transition(field=status, source=Status.COMMITTED, target=Status.LIVE)
    def to_live(self) -> None:
        """committed → live"""

    @transition(field=status, source=Status.PLANNED, target=Status.CANDIDATE)
    def back_to_candidate(self) -> None:
        """planned → candidate"""

    @transition(field=status, source=Status.COMMITTED, target=Status.PLANNED)
    def back_to_planned(self) -> None:
        """committed → planned"""

    @transition(
        field=status,
        source=[Status.CANDIDATE, Status.PLANNED, Status.COMMITTED, Status.LIVE],
        target=Status.RETIRED,
    )
    def to_retired(self) -> None:
        """any → retired"""


class StatusStep(models.Model):
    """One step that a workload's status took. Append-only; `sequence` has no gaps."""

    workload = models.ForeignKey(
        Workload, on_delete=models.PROTECT, related_name="steps"
    )
    sequence = models.PositiveIntegerField()
    source = models.CharField(max_length=20)
    target = models.CharField(max_length=20)
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="Empty where the system took the step.",
    )
    reason = models.TextField(blank=True)
    estimate = models.ForeignKey(
        "workloads.Estimate", on_delete=models.PROTECT, null=True, related_name="+"
    )
    requirements = ArrayField(
        models.CharField(max_length=60),
        default=list,
        help_text="Codes of the requirements that were met when the step was taken.",
    )

    class Meta:
        ordering = ["workload", "sequence"]
        verbose_name = "step of the lifecycle"
        verbose_name_plural = "steps of the lifecycle"
        constraints = [
            models.UniqueConstraint(
                fields=["workload", "sequence"], name="status_step_sequence_unique"
            ),
        ]
        triggers = append_only("status_step")

    def __str__(self) -> str:
        return f"{self.source} → {self.target}"
