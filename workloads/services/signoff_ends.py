"""How signatures end: withdrawn by their signer, or lapsed."""

from datetime import date, datetime

from django.db import transaction

from portal.kernel import access, clock
from portal.kernel.errors import FieldError, Invalid, NotAllowed
from portal.kernel.models import User
from portal.kernel.services import audit
from workloads.enums import EstimateState, SignoffEndKind, SignRole, Status, Verdict
from workloads.models import Estimate, Signoff, SignoffEnd, Workload
from workloads.rules.signing import status_rests_on
from workloads.selectors.estimates import get_estimate
from workloads.selectors.signoffs import principals_by_role, standing_rows
from workloads.services import lifecycle
from workloads.services.errors import (
    NoSuchSignature,
    NotOpenForSigning,
    SignatureInUse,
    StaleEstimate,
)
from workloads.services.links import to_version
from workloads.services.locks import lock_workload
from workloads.services.pointers import point_at_estimates


@transaction.atomic
def withdraw_signature(
    *,
    number: int,
    version: int,
    role: SignRole,
    actor: User,
    reason: str,
    now: datetime,
    if_match: str | None = None,
) -> SignoffEnd:
    """Take one's own standing signature back, while the status does not rest on it.

    Raises NotAllowed (403), StaleEstimate (412), Invalid (400), NoSuchSignature,
    NotOpenForSigning or SignatureInUse (409).
    """
    workload = lock_workload(number)
    estimate = get_estimate(workload, version)
    given = require_withdrawer(estimate, role, actor, clock.today(now))
    if if_match is not None and if_match != estimate.sha256:
        raise StaleEstimate(
            f"The numbers you saw are not those of {name_of(estimate)}.",
            link=to_version(estimate),
        )
    if not reason.strip():
        raise Invalid(
            "A withdrawal needs a reason.",
            errors=[FieldError("/reason", "required", "Say why.")],
        )
    given = _require_withdrawable(workload, estimate, given, role)
    end = SignoffEnd.objects.create(
        signoff=given,
        kind=SignoffEndKind.WITHDRAWN,
        at=now,
        actor=actor,
        reason=reason.strip(),
    )
    if estimate.signed_at is not None:
        Estimate.objects.filter(pk=estimate.pk).update(signed_at=None)
        point_at_estimates(workload)
    audit.record(
        "signoff.withdrawn",
        f"workload/{workload.ref}",
        actor=actor,
        now=now,
        before={"role": str(role), "version": version},
        reason=reason.strip(),
    )
    return end


def require_withdrawer(
    estimate: Estimate, role: SignRole, actor: User, today: date
) -> Signoff | None:
    """The standing signature of a role, if it is this person's to withdraw (403).

    Where none stands, who could have given it learns that; nobody else.
    """
    given = next((row for row in standing_rows(estimate) if row.role == role), None)
    if given is not None and given.signer_id != actor.pk:
        raise NotAllowed(
            f"Only {given.signer.display_name} can withdraw this signature."
        )
    if given is None and role not in principals_by_role(actor, today):
        access.require(actor, f"signoff.{role}", estimate.workload)
    return given


def _require_withdrawable(
    workload: Workload, estimate: Estimate, given: Signoff | None, role: SignRole
) -> Signoff:
    if workload.status == Status.RETIRED:
        raise NotOpenForSigning(
            f"{workload.ref} is retired; its signatures stay as they are."
        )
    if given is None or given.verdict != Verdict.APPROVE:
        raise NoSuchSignature(
            f"There is no {role} signature on {name_of(estimate)} to withdraw."
        )
    if estimate.state != EstimateState.SUBMITTED:
        raise NotOpenForSigning(f"{name_of(estimate)} is {estimate.state}.")
    signed = estimate.signed_at is not None
    if status_rests_on(Status(workload.status), signed=signed):
        raise SignatureInUse(
            f"{workload.ref} is {workload.status} on this signature. Submit a new "
            "version, or move it back to candidate first.",
            link=to_version(estimate),
        )
    return given


@transaction.atomic
def lapse_signatures(*, number: int, now: datetime) -> int:
    """End what has lapsed on one workload; returns how many. Twice is as once."""
    return end_lapsed(lock_workload(number), now=now)


def end_lapsed(workload: Workload, *, now: datetime) -> int:
    """The same on a locked row; a planned workload falls back to candidate."""
    estimate = workload.submitted_estimate
    if estimate is None or estimate.state != EstimateState.SUBMITTED:
        return 0
    today = clock.today(now)
    lapsed = [
        row
        for row in standing_rows(get_estimate(workload, estimate.version))
        if row.lapses_on is not None and row.lapses_on < today
    ]
    for row in lapsed:
        SignoffEnd.objects.create(signoff=row, kind=SignoffEndKind.LAPSED, at=now)
    if lapsed and workload.status == Status.PLANNED:
        lifecycle.fall_back_to_candidate(
            workload, reason=f"A signature on v{estimate.version} lapsed.", now=now
        )
    for row in lapsed:
        audit.record(
            "signoff.lapsed",
            f"workload/{workload.ref}",
            actor=None,
            now=now,
            before={"role": row.role, "version": estimate.version},
        )
    return len(lapsed)


def name_of(estimate: Estimate) -> str:
    return f"{estimate.workload.ref} v{estimate.version}"
