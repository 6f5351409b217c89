"""Short ways to a workload in a given state, always through the use cases."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from unittest import mock

from capacity.models import GatePolicy, ModelPrice
from capacity.runtime.bundle import acknowledge_bundle, read_bundle
from capacity.selectors.staffing import row_of
from capacity.services.gates import activate_gate, open_gate_draft
from capacity.services.staffing import enter_staffing
from portal.kernel.models import User
from portal.kernel.periods import Quarter
from tests.conftest import NOW, enter_prices
from workloads.enums import ReadinessCheck, Shape, SignRole, Status, Verdict
from workloads.models import Estimate, Signoff, Workload
from workloads.services.criteria import record_readiness, write_criterion
from workloads.services.estimates import open_draft, submit_estimate
from workloads.services.lifecycle import advance
from workloads.services.plan import propose_workload
from workloads.services.signoffs import Press, sign

COMPLETE: dict[str, Any] = {
    "users": 4200,
    "sessions_per_user_month": 18,
    "declared_tokens_per_user_month": 520_000,
    "ops_hours_week": 6,
}

SIGNERS = {
    SignRole.ENGINEERING: "ines",
    SignRole.FINANCE: "felix",
    SignRole.OPS: "noor",
}


def stating(inputs: dict[str, Any], *, alone: bool = False) -> Any:
    """Inside, an estimate states these inputs too, or these alone; then it is over."""
    return mock.patch.dict(COMPLETE, inputs, clear=alone)


def proposed(cast: SimpleNamespace, **values: Any) -> Workload:
    """The models have their prices by then: without one nothing is submitted."""
    enter_prices()
    return propose_workload(
        actor=cast.pia,
        values={
            "name": "Customer support chat",
            "owner": cast.sarah,
            "ship_quarter": "2026Q2",
            "primary_model": "Sonnet",
            "degrade_model": "Haiku",
            "cost_gate": "soft_cap",
            "shape": Shape.CHAT,
            **values,
        },
        now=NOW,
    )


def drafted(workload: Workload, actor: User, now: datetime = NOW, **inputs: Any):
    return open_draft(
        number=workload.number, actor=actor, changes={**COMPLETE, **inputs}, now=now
    )


def submitted(workload: Workload, actor: User, now: datetime = NOW, **inputs: Any):
    draft = drafted(workload, actor, now, **inputs)
    return submit_estimate(
        number=workload.number, version=draft.version, actor=actor, now=now
    )


def press(
    estimate: Estimate,
    actor: User,
    role: SignRole,
    verdict: Verdict = Verdict.APPROVE,
    reason: str = "",
    now: datetime = NOW,
) -> Signoff:
    return sign(
        number=estimate.workload.number,
        version=estimate.version,
        press=Press(role, verdict, reason, estimate.sha256),
        actor=actor,
        now=now,
    )


def signed(
    workload: Workload, cast: SimpleNamespace, now: datetime = NOW, **inputs: Any
) -> Estimate:
    estimate = submitted(workload, cast.sarah, now, **inputs)
    for role, name in SIGNERS.items():
        press(estimate, getattr(cast, name), role, now=now)
    return estimate


def moved(
    workload: Workload, to: Status, actor: User, reason: str = "", now: datetime = NOW
) -> Workload:
    return advance(number=workload.number, to=to, actor=actor, reason=reason, now=now)


def planned(cast: SimpleNamespace, now: datetime = NOW, **values: Any) -> Workload:
    workload = proposed(cast, **values)
    signed(workload, cast, now)
    return moved(workload, Status.PLANNED, cast.sarah, now=now)


def with_criterion(workload: Workload, actor: User) -> None:
    write_criterion(
        number=workload.number,
        actor=actor,
        metric="Minutes saved per chat",
        baseline="0",
        target="6",
        due_on=date(2026, 9, 30),
        now=NOW,
    )


def staffed(cast: SimpleNamespace, quarter: str, people: str = "100") -> None:
    """People for a quarter that has none yet: room for whatever a test commits."""
    wanted = Quarter.parse(quarter)
    if row_of(wanted) is None:
        enter_staffing(
            actor=cast.noor,
            quarter=wanted,
            full_time_equivalents=Decimal(people),
            reason="As planned.",
            now=NOW,
        )


def gated(workload: Workload, cast: SimpleNamespace, now: datetime = NOW) -> GatePolicy:
    """A draft of its gate, with the pattern that the row wishes for where one can hold."""
    workload.refresh_from_db(fields=["primary_model", "degrade_model", "cost_gate"])
    overage, degrade = workload.cost_gate or "hard_cap", workload.degrade_model
    # A test's own rate card may know less than the plan names.
    if not ModelPrice.objects.filter(model=degrade).exists():
        degrade = ""
    if overage == "soft_cap" and not degrade:
        overage = "hard_cap"
    tier: dict[str, Any] = {"tier": "standard", "overage": overage}
    tier |= {"ceiling_tokens": 780_000, "reason": "Its users asked for it."}
    if overage == "pay_as_you_go":
        opt_in = {"by": "Jo Berg", "at": NOW, "reference": "MSA-2026-17"}
        tier["metered_opt_in"] = opt_in
    return open_gate_draft(
        number=workload.number,
        actor=cast.pia,
        values={"degrade_model": degrade, "tiers": [tier]},
        now=now,
    )


def activated(
    policy: GatePolicy, cast: SimpleNamespace, now: datetime = NOW
) -> GatePolicy:
    """Agreed to by its owner and by finance; one who is both, or none, leaves it open."""
    workload = policy.workload
    for actor in (workload.owner, cast.felix):
        if actor is not None:
            policy = activate_gate(
                number=workload.number, version=policy.version, actor=actor, now=now
            )
    return policy


def enforced(workload: Workload, actor: User, now: datetime = NOW) -> None:
    """A runtime says that it holds the active version: good for a day."""
    acknowledge_bundle(
        etag=read_bundle([workload.ref]).etag,
        runtime=f"runtime of {workload.ref}",
        only=[workload.ref],
        actor=actor,
        now=now,
    )


def committable(cast: SimpleNamespace, now: datetime = NOW, **values: Any) -> Workload:
    """Planned, with all that committing asks for."""
    workload = planned(cast, now, **values)
    with_criterion(workload, cast.sarah)
    staffed(cast, workload.ship_quarter)
    activated(gated(workload, cast, now), cast, now)
    enforced(workload, cast.felix, now)
    return workload


def committed(cast: SimpleNamespace, now: datetime = NOW, **values: Any) -> Workload:
    workload = committable(cast, now, **values)
    return moved(workload, Status.COMMITTED, cast.sarah, now=now)


def ready(workload: Workload, actor: User) -> None:
    for item in ReadinessCheck:
        record_readiness(
            number=workload.number,
            actor=actor,
            item=item,
            link="https://wiki.example.com/proof",
            done_on=(NOW - timedelta(days=3)).date(),
            now=NOW,
        )


def live(cast: SimpleNamespace, now: datetime = NOW, **values: Any) -> Workload:
    workload = committed(cast, now, **values)
    ready(workload, cast.sarah)
    return moved(workload, Status.LIVE, cast.sarah, now=now)
