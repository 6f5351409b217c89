"""What every use case of a gate asks of its locked rows, and what the plan then shows."""

from capacity.enums import GateState
from capacity.models import GatePolicy
from capacity.selectors.gates import deciding_gate, default_tier, terms_of, to_gate
from portal.kernel.models import User
from workloads.enums import Status
from workloads.models import Workload
from workloads.services.errors import NotADraft, WorkloadRetired
from workloads.services.gates import show_gate

AGREEMENTS = (
    "owner_agreed_by",
    "owner_agreed_at",
    "finance_agreed_by",
    "finance_agreed_at",
)


def require_not_retired(workload: Workload) -> None:
    if workload.status == Status.RETIRED:
        raise WorkloadRetired(
            f"{workload.ref} is retired: its gate blocks every call and stays as it was."
        )


def require_draft(policy: GatePolicy) -> None:
    if policy.state == GateState.DRAFT:
        return
    raise NotADraft(
        f"Gate v{policy.version} of {policy.workload.ref} is {policy.state}. The next "
        "version can be drafted.",
        link=to_gate(policy.workload.ref),
    )


def show_on_plan(workload: Workload, actor: User) -> None:
    """The plan's cells show the active gate, else the newest draft."""
    policy = deciding_gate(workload)
    if policy is None:
        return
    terms = terms_of(policy)
    show_gate(
        workload,
        primary_model=terms.primary_model,
        degrade_model=terms.degrade_model,
        cost_gate=str(default_tier(terms).overage),
        actor=actor,
    )
