"""Fields, constraints and triggers of the plan. No rule, no side effect in save()."""

from workloads.models.baselines import PlanBaseline, Reminder
from workloads.models.criteria import ReadinessItem, SuccessCriterion
from workloads.models.departments import Department
from workloads.models.estimates import INPUT_FIELDS, Estimate
from workloads.models.imports import PlanImport
from workloads.models.plan import StatusStep, Workload
from workloads.models.signoffs import Deputy, Signoff, SignoffEnd

__all__ = [
    "INPUT_FIELDS",
    "Department",
    "Deputy",
    "Estimate",
    "PlanBaseline",
    "PlanImport",
    "ReadinessItem",
    "Reminder",
    "Signoff",
    "SignoffEnd",
    "StatusStep",
    "SuccessCriterion",
    "Workload",
]
