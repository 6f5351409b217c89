"""What a gate says of its row of the plan: model tier and cost gate."""

from portal.kernel.models import User
from workloads.models import Workload
from workloads.services.plan import wrote_models


def show_gate(
    workload: Workload,
    *,
    primary_model: str,
    degrade_model: str,
    cost_gate: str,
    actor: User,
) -> None:
    """Write a gate's words on its locked row; from then on the gate alone writes them.

    Called by the use cases of gates, in their transaction, which record the change.
    """
    wanted = {
        "primary_model": primary_model,
        "degrade_model": degrade_model,
        "cost_gate": cost_gate,
        "gate_decides": True,
    }
    changed = {
        name: new for name, new in wanted.items() if new != getattr(workload, name)
    }
    if not changed:
        return
    for name, new in changed.items():
        setattr(workload, name, new)
    workload.version += 1
    workload.save(update_fields=[*changed, "version"])
    wrote_models(workload, changed, actor)
